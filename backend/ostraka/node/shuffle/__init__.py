"""A node's part in a shuffle of shared ballots (docs/protocol.md §19).

`dealing`, `proving` and `resharing` compute one step. `messages` has the requests between nodes,
`states` what a node holds in memory, `member` what it answers, `leading` what the leader of a turn
asks, `opening` how ballots are opened, `attesting` what they decide, and `shuffling` when all of it
happens.
"""
