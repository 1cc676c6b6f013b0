"""Composition roots of gateway and node: settings, logs, serving."""
