"""Routes of a node, one file for each kind of thing."""
