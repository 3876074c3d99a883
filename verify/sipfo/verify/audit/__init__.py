"""What fails with a single thing: a plan to the things whose loss loses calls, and how late."""
