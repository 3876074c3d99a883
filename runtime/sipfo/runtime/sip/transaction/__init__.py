"""RFC 3261 §17 with RFC 6026: four machines, each a total table, and the layer that matches."""
