"""Ostraka: private voting and budgeting that anyone can audit.

This package runs polls: voters' ballots, tallying nodes, gateway, chain and storage. Only
`ostraka_verifier` decides whether a poll is correct; it imports nothing of this package.
"""

__version__ = "0.1.0"
