"""Syntax tree to plan. Start reading at `pipeline.py`."""
