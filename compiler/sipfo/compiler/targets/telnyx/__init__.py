"""Plan to the requests that make Telnyx's API do it. Start reading at `emit.py`."""
