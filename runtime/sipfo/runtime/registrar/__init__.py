"""Users that register: REGISTER to bindings (RFC 3261 §10), and bindings to where calls are sent."""
