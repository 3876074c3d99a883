"""Tree to policy, one file per family of statements."""
