"""A policy × calls that took place → what it would have done with them. Start reading at `play.py`."""
