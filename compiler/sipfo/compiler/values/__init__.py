"""Words to values, one kind of value per file; a file's docstring is its error's page."""
