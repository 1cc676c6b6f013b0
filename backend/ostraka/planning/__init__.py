"""Specifications of rounds and polls: electorates, ballots and outcome rules, read and checked.

Used by gateway, command line and demo. Pure, except that electorates can be read from a chain.
"""
