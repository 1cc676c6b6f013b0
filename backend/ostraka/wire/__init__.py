"""What voters, nodes and gateway say to one another over HTTP."""
