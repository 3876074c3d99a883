"""Plan to a script for OpenSIPS, which none has run yet. Start reading at `emit.py`."""
