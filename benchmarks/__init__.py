"""Costs of Ostraka on this machine, compared with goals: `make bench`. A module is a group."""
