"""A node's part in a shuffle of shared ballots: dealing, proving, resharing (docs/protocol.md §19).

Pure functions: what is sent to whom, and when, is not decided here. No node calls them yet.
"""
