"""What a node answers, one file for each kind of thing."""
