"""Real sockets for a scenario: scripted SIP endpoints and a DNS server on loopback."""
