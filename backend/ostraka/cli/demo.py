"""`ostraka demo`: a real city's vote on this machine."""

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ostraka.demo.demo import Demo


def demo(
    file: Annotated[Path, typer.Argument(help="Pabulib .pb file, or PrefLib .soc, .soi, .cat.")],
    voters: Annotated[
        int | None, typer.Option(metavar="N", help="Use only the file's first N voters.")
    ] = None,
    nodes: Annotated[int, typer.Option(help="Tallying nodes: 3, 4, 5 or 7.")] = 5,
    kill_node: Annotated[
        bool,
        typer.Option("--kill-node", help="Kill f nodes permanently after half of the ballots."),
    ] = False,
    greedy: Annotated[
        bool,
        typer.Option("--greedy", help="Fund greedily by votes, regardless of the file's rule."),
    ] = False,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the audit.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run an election from a file: chain, contracts, nodes, voters, tally, audit.

    The file determines the kind of ballot and the outcome rule, which are printed in a sentence. A
    file that cannot be honoured is refused, with the reason. Ballots that break the file's own rule
    are left out and listed.

    Exit code 0: the audit holds, the tally equals the file's count, and the winners are the city's.

    Example: ostraka demo data/poland_lodz_2020_nad-nerem.pb --kill-node --exit
    """
    # Slow to import.
    from ostraka.demo.demo import Demo
    from ostraka.demo.result import print_result

    console = Console(stderr=json_)
    with tempfile.TemporaryDirectory(prefix="ostraka-demo-") as folder:
        run = Demo(
            file,
            Path(folder),
            console,
            voters=voters,
            nodes=nodes,
            kill=kill_node,
            greedy=greedy,
        )

        def leave(number: int, _: object) -> None:
            # Not by an exception, which the interrupted code could catch.
            run.stack.stop()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(128 + number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, leave)
        with run.stack:
            result = run.run()
            if json_:
                typer.echo(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
            else:
                print_result(result, console)
            if not exit_:
                _stay(run, console)
    raise typer.Exit(0 if result.good else 1)


def _stay(run: "Demo", console: Console) -> None:
    console.print(f"[bold]Web client: {run.stack.gateway_url}/[/bold]")
    console.print(f"Chain {run.stack.rpc_url}, nodes {', '.join(run.stack.node_urls)}")
    console.print(f"Gateway {run.stack.gateway_url}, its API at {run.stack.gateway_url}/api/docs")
    console.print(f"Organizer's token: {run.stack.organizer_token}")
    console.print("All services keep running. Press Ctrl-C to stop them.")
    while True:
        time.sleep(1)
