"""Text to syntax tree and back. Start reading at `parser.py`; `sipfo.lark` is the grammar."""
