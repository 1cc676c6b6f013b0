"""The voter's side: prepare, seal, sign and cast a ballot. Also the Python SDK."""
