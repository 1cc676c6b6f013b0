"""`ostraka-verify`: check a poll from chain and board alone."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ostraka_verifier import curve
from ostraka_verifier.checks import Claimed, Verdict
from ostraka_verifier.report import audit_poll, print_report

EXIT_CODES = {Verdict.HOLDS: 0, Verdict.FAILS: 1, Verdict.NOT_CHECKED: 3}
_ADDRESS_BYTES = 20

app = typer.Typer(
    name="ostraka-verify",
    help="Check Ostraka polls from chain and board alone, trusting neither nodes nor gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """Check Ostraka polls from chain and board alone, trusting neither nodes nor gateway."""


@app.command()
def audit(
    rpc: Annotated[str, typer.Option(help="JSON-RPC endpoint of the chain; best your own.")],
    registry: Annotated[str, typer.Option(help="Address of the PollRegistry, 0x-hex.")],
    poll: Annotated[int, typer.Option(help="Number of the poll in that registry.", min=1)],
    board: Annotated[str, typer.Option(help="The poll's board: a URL of any node, or a file.")],
    engine: Annotated[
        str | None, typer.Option(help="native or reference; by default the fastest there is.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option(help="Show no progress.")] = False,
) -> None:
    """Check everything about one poll, by numbered checks.

    Exit codes: 0 everything holds, 1 something fails, 2 wrong usage, 3 something could not be
    checked.

    Example: ostraka-verify audit --rpc http://127.0.0.1:8545 --registry 0x5FbD… --poll 1
    --board https://node.example/api/v1/polls/1/board
    """
    try:
        engine_used = curve.load(engine)
    except (RuntimeError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from None
    if not rpc.startswith(("http://", "https://")):
        raise typer.BadParameter("expected an http(s) URL", param_hint="--rpc")
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, disable=quiet, transient=True) as progress:
        task = progress.add_task("ballots checked", total=None)
        report = audit_poll(
            engine_used,
            rpc,
            Claimed(_address(registry), poll),
            board,
            lambda done, total: progress.update(task, completed=done, total=total or None),
        )
    if json_:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        print_report(report, Console())
    raise typer.Exit(EXIT_CODES[report.verdict])


def main() -> None:
    """Entry point."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _address(text: str) -> bytes:
    try:
        address = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != _ADDRESS_BYTES:
        raise typer.BadParameter("expected 0x and 40 hexadecimal digits", param_hint="--registry")
    return address
