"""First policies to start from, as .sipfo files that `sipfo init` writes: `plain`, and one for each
provider whose library is bundled.

All compile without a finding, and their tests pass. Addresses and numbers in them are those that
documentation may use (RFC 5737, NANP 555-01xx).
"""
