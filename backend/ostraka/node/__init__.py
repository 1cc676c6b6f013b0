"""A tallying node: accepts ballots, agrees on one set of them, releases its aggregate share."""
