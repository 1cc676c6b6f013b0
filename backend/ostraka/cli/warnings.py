"""Warnings of what a poll's result may reveal, shown to organizers before they create it."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ostraka.cli.errors import REFUSED
from ostraka.cli.output import emit, facts, note
from ostraka.clock import unix_now
from ostraka.planning.account_file import WrongLines
from ostraka.wire.problems import Problem
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.wording import counted

if TYPE_CHECKING:
    from ostraka.planning.specification import PollSpecification, RoundSpecification

_Wanted = TypeVar("_Wanted", "RoundSpecification", "PollSpecification")

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


def check(file: Path, kind: "type[_Wanted]", as_json: bool) -> None:
    """Check a file without a gateway. End with an error if nodes refuse what it asks for.

    Raises:
        WrongLines: The file is invalid; names every problem with its member.
    """
    # Slow to import, and nothing else needs them.
    from ostraka.planning.asked_poll import census_so_far, planned_poll
    from ostraka.planning.feasibility import impossibilities
    from ostraka.planning.leaks import leak_warnings
    from ostraka.planning.specification_file import read_specification

    now = unix_now()
    wanted = kind.model_validate(read_specification(file, kind, now))
    try:
        rule = wanted.check()
        census = census_so_far(None, wanted)
        if census is not None:
            rule.check_weight(census.total_weight)
        impossible = list(impossibilities(wanted, census, rule, now))
    except (Malformed, Rejected) as error:
        impossible = [(error.item, error.reason)]
    except Problem as error:
        impossible = [(error.field, error.detail)]
    if impossible:
        lines = [(str(file), field, reason) for field, reason in impossible]
        raise WrongLines([": ".join(filter(None, line)) for line in lines])
    found = [one.to_json() for one in leak_warnings(planned_poll("this one", wanted, census))]
    answer = {
        "title": wanted.title,
        "bits": rule.bits,
        "slots": len(rule.slots),
        "voters": None if census is None else len(census),
        "total_weight": None if census is None else str(census.total_weight),
        "warnings": found,
    }
    shown = {
        "Title": wanted.title,
        "Ballot": f"{counted(rule.bits, 'bit', 'bits')}, "
        f"{counted(len(rule.slots), 'slot', 'slots')}",
        "Voters": "not known yet" if census is None else len(census),
        "Total weight": answer["total_weight"],
    }
    emit(as_json, answer, facts(shown))
    show(as_json, found)
    if any(one["refused"] for one in found):
        raise typer.Exit(REFUSED)
