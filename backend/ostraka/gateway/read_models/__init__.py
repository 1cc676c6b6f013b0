"""What a gateway shows, read from chain, index and plans."""
