"""The formatter: a policy's text to the same policy in the house's layout. Start at formatter.py."""
