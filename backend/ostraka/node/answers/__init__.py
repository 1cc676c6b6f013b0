"""Models of a node's answers, one file for each noun."""
