"""A seeded simulator: whole polls by the very classes of `node run`, in virtual time.

Clock, network, disk and chain are virtual, and one seed determines everything that happens. See
docs/simulator.md.
"""
