"""What passed on the network of a namespace, and the ladder that it was."""
