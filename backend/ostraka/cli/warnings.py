"""Warnings of what a poll's result may reveal, shown to organizers before they create it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from ostraka.cli.output import note

Yes = Annotated[
    bool,
    typer.Option("--yes", help="Create without confirmation, even if the result may reveal votes."),
]


def asks(yes: bool, as_json: bool) -> bool:
    """Return whether a person can be asked for confirmation."""
    return not yes and not as_json and _someone_types()


def _someone_types() -> bool:
    return sys.stdin.isatty()


def show(as_json: bool, warnings: Iterable[Mapping[str, Any]]) -> None:
    """Print a line for each warning, for people."""
    for one in warnings:
        prefix = "Nodes refuse this" if one["refused"] else "Warning"
        note(as_json, f"{prefix}: {one['sentence']}")


def agree(warnings: list[Mapping[str, Any]]) -> None:
    """Ask whether to continue despite warnings. If not, end the command."""
    show(False, warnings)
    if warnings and not typer.confirm("Create it anyway?", err=True):
        raise typer.Abort
