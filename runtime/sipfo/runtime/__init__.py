"""Plan to calls on the wire. Start reading at `engine.py`."""
