"""Ostraka: private voting and budgeting that anyone can audit.

What makes a poll happen: voters' ballots, tallying nodes, chain and storage. What is true of a poll
is decided by `ostraka_verifier`, which knows nothing of this package.
"""

__version__ = "0.1.0"
