"""Plan to what Asterisk loads. Start reading at `emit.py`."""
