"""Gateway: HTTP endpoints in front of chain and nodes, trusted with availability only."""
