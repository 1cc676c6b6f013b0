"""Entry point: one command with a group for each kind of user."""

import os
import sys

import typer

from ostraka.cli import (
    board,
    census,
    chain,
    committee,
    demo,
    doctor,
    gateway,
    invite,
    key,
    members,
    node,
    poll,
    propose,
    round,
    vote,
)
from ostraka.cli.errors import REFUSED, OneLine

_ORGANIZE, _TAKE_PART = "Organize", "Take part"
_OPERATE, _LOOK = "Run the services", "Look and check"

app = typer.Typer(
    name="ostraka",
    cls=OneLine,
    help=(
        "Private voting and budgeting that anyone can audit.\n\n"
        "Most commands talk to a gateway: name it with --gateway or OSTRAKA_GATEWAY. Organizers "
        "pass their token with --token or OSTRAKA_ORGANIZER_TOKEN. With --json, answers and errors "
        "are JSON for programs."
    ),
    epilog=(
        "Exit codes: 0 done, 1 refused (the message states what and why), 2 wrong usage, or a file "
        "that is missing or has mistakes, 3 unreachable (gateway, nodes or chain); retry later."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(round.app, name="round", rich_help_panel=_ORGANIZE)
app.add_typer(poll.app, name="poll", rich_help_panel=_ORGANIZE)
app.add_typer(census.app, name="census", rich_help_panel=_ORGANIZE)
app.command("invite", rich_help_panel=_ORGANIZE)(invite.invite)
app.command("register", rich_help_panel=_TAKE_PART)(invite.register)
app.add_typer(key.app, name="key", rich_help_panel=_TAKE_PART)
app.add_typer(propose.app, name="propose", rich_help_panel=_TAKE_PART)
app.add_typer(vote.app, name="vote", rich_help_panel=_TAKE_PART)
app.command("watch", rich_help_panel=_LOOK)(poll.watch)
app.add_typer(board.app, name="board", rich_help_panel=_LOOK)
app.command("demo", rich_help_panel=_LOOK)(demo.demo)
app.add_typer(chain.app, name="chain", rich_help_panel=_OPERATE)
app.add_typer(committee.app, name="committee", rich_help_panel=_OPERATE)
app.add_typer(members.app, name="members", rich_help_panel=_ORGANIZE)
app.add_typer(doctor.app, name="doctor", rich_help_panel=_OPERATE)
app.add_typer(gateway.app, name="gateway", rich_help_panel=_OPERATE)
app.add_typer(node.app, name="node", rich_help_panel=_OPERATE)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Exception:
        # A bug of this program: users get a line, developers a traceback if they ask for it.
        if os.environ.get("OSTRAKA_TRACEBACK"):
            raise
        line = "internal error; set OSTRAKA_TRACEBACK=1 to see where it happened"
        typer.echo(f"ostraka: {line}", err=True)
        sys.exit(REFUSED)
