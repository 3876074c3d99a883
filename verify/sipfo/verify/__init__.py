"""Plan × scenario to verdict. Start reading at `simulate.py`."""
