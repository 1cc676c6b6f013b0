"""What organizers ask, of whom, with which rules: read, checked and put into bytes.

Pure but for electorates, which are read from a chain; used by gateway, command line and demo.
"""
