"""The only room with sockets, clocks and randomness. Start reading at `server.py`."""
