"""Every check. None depends on another, and diagnostics are in the order of their places."""

from __future__ import annotations

from typing import Final

from sipfo.compiler.checks import (
    carrier_region,
    claimed_twice,
    contradicting_match,
    contradicting_result,
    duplicate_name,
    equal_addresses,
    foreign_destination,
    foreign_number,
    forward_egress,
    forward_loop,
    global_failover,
    impossible_behaviour,
    language_version,
    late_no_response,
    listen_twice,
    missing_block,
    missing_statement,
    nothing_expected,
    own_address,
    repeated_match,
    repeated_name,
    statement_twice,
    too_many_carriers,
    unknown_address,
    unknown_name,
    untried_carrier,
    unused_name,
)
from sipfo.compiler.checks.subject import Check

CHECKS: Final[tuple[Check, ...]] = (
    # names
    unknown_name.check,
    unknown_address.check,
    duplicate_name.check,
    # statements
    language_version.check,
    missing_statement.check,
    statement_twice.check,
    missing_block.check,
    listen_twice.check,
    forward_egress.check,
    # retry policies
    contradicting_match.check,
    repeated_match.check,
    late_no_response.check,
    global_failover.check,
    # trunks, regions and carriers
    too_many_carriers.check,
    repeated_name.check,
    untried_carrier.check,
    forward_loop.check,
    claimed_twice.check,
    equal_addresses.check,
    carrier_region.check,
    own_address.check,
    # tests
    foreign_destination.check,
    foreign_number.check,
    contradicting_result.check,
    impossible_behaviour.check,
)

ADVICE: Final[tuple[Check, ...]] = (unused_name.check, nothing_expected.check)
"""Checks for what is not there: told only when nothing is wrong, or a mistake would look like a
second one."""
