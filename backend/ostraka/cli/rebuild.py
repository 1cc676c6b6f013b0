"""`ostraka node rebuild`: build a node's lost or damaged database again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.client import AsJson
from ostraka.cli.output import emit, note
from ostraka.cli.settings_errors import load_settings

if TYPE_CHECKING:
    from ostraka.node.rebuild import PollReport

_INCOMPLETE = 3


def rebuild(
    settings: Annotated[
        Path | None, typer.Option(help="TOML file, as created by `ostraka node init`.")
    ] = None,
    leave_out: Annotated[
        list[int] | None,
        typer.Option(help="Number of a poll that is not to be built again; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build the node's database again after it was lost or damaged. The node must not be running.

    A damaged SQLite file is moved aside, never deleted. For PostgreSQL, name a new, empty database
    in `database_url` first. The command reads this node's key and poll secrets, the chain, and the
    boards and ballots of the other nodes, which must be running.

    What this node signed cannot be restored: its receipts, inventories, roots and `Final`
    statements. So that it never contradicts them, it signs no receipt and takes no part in settling
    for a poll that was open, and states no root as final where it may have done so before. Those
    polls count it as one of the f nodes that may fail. It still repairs shares of an anchored root,
    and releases its own. Polls that were not open need their census from their creator again; if
    all nodes had signed their keys, the running node builds them again once they open.

    It can be interrupted and run again. Exit code 3: some poll has no census yet, because no other
    node gave it; run it again later, or leave that poll out.

    Example: ostraka node rebuild --settings /srv/ostraka/node.toml
    """
    # Slow to import.
    import asyncio

    from ostraka.services import logs
    from ostraka.services.rebuild_node import Progress, rebuild_node
    from ostraka.services.settings import NodeSettings

    loaded = load_settings(lambda: NodeSettings.load(settings), "OSTRAKA_NODE_", settings)
    # On standard error, as those of a running node.
    logs.configure(loaded.log_level, loaded.log_format)
    moved: list[dict[str, str]] = []
    polls: list[dict[str, object]] = []

    def move(old: object, new: object) -> None:
        moved.append({"from": str(old), "to": str(new)})
        _say(as_json, f"Moved aside: {old} to {new}")

    def report(one: "PollReport") -> None:
        polls.append(
            {
                "poll": str(one.poll_id),
                "outcome": one.outcome.name.lower(),
                "ballots": one.ballots,
                "detail": one.detail,
            }
        )
        _say(as_json, _in_words(one))

    progress = Progress(warn=lambda line: typer.echo(line, err=True), moved=move, poll=report)
    complete = asyncio.run(rebuild_node(loaded, set(leave_out or ()), progress))
    done = "Complete: start the node again with `ostraka node run`." if complete else ""
    emit(as_json, {"complete": complete, "moved": moved, "polls": polls}, done)
    if not complete:
        note(as_json, "Not complete: run the command again when the other nodes answer.")
        raise typer.Exit(_INCOMPLETE)


def _say(as_json: bool, line: str) -> None:
    """Print what was done as soon as it is done; programs get all of it at the end."""
    if not as_json:
        typer.echo(line)


def _in_words(report: "PollReport") -> str:
    from ostraka.node.rebuild import Outcome

    said = {
        Outcome.BUILT: f"built again, with {report.ballots} ballots of the other nodes",
        Outcome.NOT_OPEN: "not open yet: its creator must send its census again",
        Outcome.NO_SECRET: "its secret cannot be read; this node does not serve it any more",
        Outcome.NO_CENSUS: "no other node gave its census",
        Outcome.LEFT_OUT: "left out",
    }[report.outcome]
    reasons = f" ({report.detail})" if report.detail else ""
    return f"Poll {report.poll_id}: {said}{reasons}"
