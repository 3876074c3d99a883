"""Plan to what Kamailio loads. Start reading at `emit.py`."""
