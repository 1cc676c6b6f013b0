"""Routes of a node, one file for each noun."""
