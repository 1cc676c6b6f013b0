"""`ostraka node rebuild`: build a node's lost or damaged database again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
) -> None:
    """Build the node's database again after it was lost or damaged. The node must not run.

    A damaged SQLite file is moved aside, never deleted. For PostgreSQL, name a new, empty database
    in `database_url` first. What the command reads are this node's key and poll secrets, the chain,
    and the boards and ballots of the other nodes, which must run.

    What cannot come back is what this node signed: its receipts, inventories, roots and `Final`
    statements. So that it never contradicts them, it signs no receipt and takes no part in settling
    for a poll that was open, and states no root as final where it may have done so before. Those
    polls count it as one of the f nodes that may fail. It still repairs shares of an anchored root,
    and releases its own. Polls that were not open need their census from their creator again.

    It can be interrupted and run again. Exit code 3: some poll has no census yet, because no other
    node gave it; run it again later, or leave that poll out.

    Example: ostraka node rebuild --settings /srv/ostraka/node.toml
    """
    # Slow to import.
    import asyncio

    from ostraka.services.rebuild_node import Progress, rebuild_node
    from ostraka.services.settings import NodeSettings

    loaded = load_settings(lambda: NodeSettings.load(settings), "OSTRAKA_NODE_", settings)
    progress = Progress(
        warn=lambda line: typer.echo(line, err=True),
        moved=lambda old, new: typer.echo(f"Moved aside: {old} to {new}"),
        poll=_report,
    )
    if not asyncio.run(rebuild_node(loaded, set(leave_out or ()), progress)):
        typer.echo("Not complete: run the command again when the other nodes answer.", err=True)
        raise typer.Exit(_INCOMPLETE)
    typer.echo("Complete: start the node again with `ostraka node run`.")


def _report(report: "PollReport") -> None:
    from ostraka.node.rebuild import Outcome

    said = {
        Outcome.BUILT: f"built again, with {report.ballots} ballots of the other nodes",
        Outcome.NOT_OPEN: "not open yet: its creator must send its census again",
        Outcome.NO_SECRET: "its secret cannot be read; this node does not serve it any more",
        Outcome.NO_CENSUS: "no other node gave its census",
        Outcome.LEFT_OUT: "left out",
    }[report.outcome]
    reasons = f" ({report.detail})" if report.detail else ""
    typer.echo(f"Poll {report.poll_id}: {said}{reasons}")
