"""`ostraka board …`: the bulletin board of a poll, for auditors."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import DEFAULT_GATEWAY, AsJson, GatewayUrl, PollName, poll_number
from ostraka.cli.output import emit, progress
from ostraka.gateway_client.gateway import Gateway
from ostraka_verifier.board import split_sections
from ostraka_verifier.wording import counted

app = typer.Typer(
    rich_markup_mode="markdown",
    help="The bulletin board of a poll, for auditors.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """The bulletin board of a poll, for auditors."""


@app.command()
def export(
    name: PollName,
    out: Annotated[
        Path | None, typer.Option(help="File to write [default: poll-POLL.ostraka]")
    ] = None,
    node: Annotated[
        str | None, typer.Option(help="URL of a node to ask instead of the gateway.")
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Save a poll's board to a file that anybody can audit, now or in ten years.

    Example: ostraka board export 1 && ostraka-verify audit --board poll-1.ostraka …
    """
    with Gateway(gateway) as to:
        number = poll_number(to, name)
    path = out or Path(f"poll-{number}.ostraka")
    unfinished = path.with_name(path.name + ".part")
    try:
        with Gateway(node or gateway) as source, progress(as_json) as bar:
            task = bar.add_task("bytes of the board", total=None)
            with unfinished.open("wb") as file:
                source.download(
                    f"/polls/{number}/board",
                    file.write,
                    lambda done, total: bar.update(task, completed=done, total=total or None),
                )
                file.flush()
                os.fsync(file.fileno())
        # A broken connection must not leave a file that looks like a board.
        split_sections(unfinished.read_bytes())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    size = path.stat().st_size
    answer = {"poll": str(number), "file": str(path), "bytes": size}
    shown = f"{path}: {counted(size, 'byte', 'bytes')}. Check it with ostraka-verify audit."
    emit(as_json, answer, shown)
