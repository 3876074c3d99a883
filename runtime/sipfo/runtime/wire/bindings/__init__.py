"""Where bindings are kept: errands to a database, and what is there to answers."""
