"""What a voter's device does: prepare, seal, sign and cast a ballot. Also the Python SDK."""
