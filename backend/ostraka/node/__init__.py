"""A tallying node: accepts ballots, settles on one set of them, releases its aggregate share."""
