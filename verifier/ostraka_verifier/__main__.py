"""`python -m ostraka_verifier`."""

from ostraka_verifier.cli import main

main()
