"""Entry point: one command with a group for each kind of user."""

import os
import sys

import typer

from ostraka.cli.deferred import DeferredCommands, Place
from ostraka.cli.errors import REFUSED

_ORGANIZE, _TAKE_PART = "Organize", "Take part"
_OPERATE, _LOOK = "Run the services", "Look and check"


class _Commands(DeferredCommands):
    places = (
        Place(
            "round",
            "round:app",
            _ORGANIZE,
            "Rounds of a shared budget: members propose, voters decide, the treasury pays.",
        ),
        Place("poll", "poll:app", _ORGANIZE, "Polls: surveys, decisions, and the votes of rounds."),
        Place("census", "census:app", _ORGANIZE, "Electorates in files, before a poll uses them."),
        Place(
            "members",
            "members:app",
            _ORGANIZE,
            "Keep a member registry: who may propose or vote, with what weight.",
        ),
        Place(
            "organizer",
            "organizer:app",
            _ORGANIZE,
            "Who organizes at a gateway, with which role, and the audit log of what they did.",
        ),
        Place(
            "invite",
            "invite:app",
            _ORGANIZE,
            "Invite people without a wallet; `ostraka invite --count …` is short for `ostraka "
            "invite make --count …`.",
        ),
        Place(
            "register",
            "register:register",
            _TAKE_PART,
            "Register by an invitation: make a key, and bind the invitation to it.",
        ),
        Place("key", "key:app", _TAKE_PART, "Make a key file, or change its passphrase."),
        Place(
            "propose",
            "propose:app",
            _TAKE_PART,
            "Submit, change and withdraw proposals. A member signs, and the gateway sends.",
        ),
        Place(
            "talk",
            "talk:app",
            _TAKE_PART,
            "Comment on proposals and endorse them while proposals are open. Hide comments.",
        ),
        Place(
            "vote",
            "vote:app",
            _TAKE_PART,
            "Vote; `ostraka vote POLL` is short for `ostraka vote cast POLL`.",
        ),
        Place(
            "watch",
            "watch:watch",
            _LOOK,
            "Show how many have voted, until the poll is tallied or void.",
        ),
        Place("board", "board:app", _LOOK, "The bulletin board of a poll, for auditors."),
        Place(
            "demo",
            "demo:demo",
            _LOOK,
            "Run an election from a file: chain, contracts, nodes, voters, tally, audit.",
        ),
        Place(
            "governor",
            "governor:app",
            _OPERATE,
            "Decide the proposals of a DAO's Governor by private polls.",
        ),
        Place("chain", "chain:app", _OPERATE, "Deploy the contracts on a chain."),
        Place(
            "committee",
            "committee:app",
            _OPERATE,
            "Agree on the nodes of a committee and register it.",
        ),
        Place("node", "node:app", _OPERATE, "Run a tallying node."),
        Place(
            "gateway",
            "gateway:app",
            _OPERATE,
            "Run a gateway: rounds, polls and ballots over HTTP.",
        ),
        Place(
            "doctor",
            "doctor:app",
            _OPERATE,
            "Check the settings of a service end to end. Sends nothing.",
        ),
    )


app = typer.Typer(
    rich_markup_mode="markdown",
    name="ostraka",
    cls=_Commands,
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


@app.callback()
def _group() -> None:
    """Typer wants a callback or a command of its own, and these come later."""


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
