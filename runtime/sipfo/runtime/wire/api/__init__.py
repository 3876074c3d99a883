"""The control API: HTTP requests to what a running server is asked and told, in a thread of its own."""
