"""Composition roots of gateway and node: settings, logs and the server."""
