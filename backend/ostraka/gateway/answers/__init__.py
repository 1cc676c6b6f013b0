"""Models of a gateway's answers, one file for each noun."""
