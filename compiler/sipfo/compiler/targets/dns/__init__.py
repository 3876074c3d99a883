"""Policy to the DNS records by which callers find its addresses. Start reading at `site.py`."""
