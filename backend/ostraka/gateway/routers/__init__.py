"""Routes of a gateway, one file for each kind of thing."""
