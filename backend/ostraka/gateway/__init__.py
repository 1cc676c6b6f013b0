"""Gateway: web endpoints around chain and nodes, trusted for being there and nothing else."""
