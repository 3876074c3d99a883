"""A plan back to the text of a policy. Start reading at `write.py`."""
