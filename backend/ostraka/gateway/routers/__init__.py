"""Routes of a gateway, one file for each noun."""
