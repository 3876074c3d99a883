"""Plan to the configuration of engines that are not ours: a room for each, and what they share."""
