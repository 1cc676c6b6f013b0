"""The `ostraka` command."""

from ostraka.cli.main import main

__all__ = ["main"]
