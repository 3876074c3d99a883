"""How long a caller may wait: a plan to each trunk's longest set-up and the outcomes behind it."""
