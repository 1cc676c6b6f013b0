"""Composition roots: put the parts together and run them."""
