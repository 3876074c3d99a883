"""Two plans to the calls that change between them, each with the outcomes that show it."""
