"""`ostraka demo`: a real city's vote on this machine."""

import json
import os
import shutil
import signal
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ostraka.cli.client import url_option
from ostraka.cli.key_options import PlainKey
from ostraka.cli.sender_options import SECRET_VARIABLE, KeyFile, secret_key
from ostraka.formats.ranked_rules import RankedRule

if TYPE_CHECKING:
    from ostraka.demo.chains import LocalChain
    from ostraka.demo.demo import Demo


class ChainName(StrEnum):
    """Development chains that come with the checkout."""

    HARDHAT = "hardhat"
    ANVIL = "anvil"


def demo(
    file: Annotated[
        Path, typer.Argument(help="Pabulib .pb file, or PrefLib .soc, .soi, .toc, .toi, .cat.")
    ],
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
    rule: Annotated[
        RankedRule | None,
        typer.Option(help="How the winner of a ranked file is found. [default: borda]"),
    ] = None,
    seats: Annotated[int, typer.Option(min=1, help="Winners of --rule stv.")] = 1,
    fraud: Annotated[
        bool,
        typer.Option(
            "--fraud",
            help="Let all nodes together anchor a root that nobody voted for, and watch the "
            "contract reject it. Needs a chain whose clock can be moved.",
        ),
    ] = False,
    chain: Annotated[
        ChainName, typer.Option(help="Development chain to start, whose clock skips waiting.")
    ] = ChainName.HARDHAT,
    rpc: Annotated[
        str | None,
        url_option(
            "--rpc",
            "Use a running chain, in real time. This takes a few minutes. The account of --key or "
            f"{SECRET_VARIABLE} pays.",
        ),
    ] = None,
    confirmations: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="On a chain without final blocks: how many blocks behind the newest one a block "
            "counts as final.",
        ),
    ] = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the audit.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run an election from a file: chain, contracts, nodes, voters, tally, audit.

    The file determines the kind of ballot and the outcome rule, which are printed in a sentence. A
    file that cannot be honoured is refused, with the reason. Ballots that break the file's own rule
    are left out and listed. For rules that need every ballot (equal shares, instant runoff, single
    transferable vote), the nodes open all ballots without their voters. Without --exit, the
    services stay up, a second round is open for proposals, and a poll for votes.

    Exit code 0: the audit holds, the tally equals the file's count, and the winners are the city's.

    Example: ostraka demo data/poland_lodz_2020_nad-nerem.pb --kill-node --exit
    """
    if fraud and rpc is not None:
        raise typer.BadParameter("not with --rpc", param_hint="--fraud")
    # Slow to import.
    from ostraka.demo.chains import Anvil, Hardhat, RunningChain
    from ostraka.demo.demo import Demo
    from ostraka.demo.result import print_result

    on: LocalChain
    if rpc is not None:
        on = RunningChain(rpc, secret_key(key, plain_key, json_))
    else:
        on = Anvil() if chain is ChainName.ANVIL else Hardhat()
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
            rule=rule,
            seats=seats,
            fraud=fraud,
            chain=on,
        )

        run.stack.confirmations = confirmations

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
                _stay(run, console, opens=not fraud)
    raise typer.Exit(0 if result.good else 1)


def _stay(run: "Demo", console: Console, opens: bool) -> None:
    """Print what to open, and wait.

    Args:
        opens: Whether a second round opens, in which a visitor can propose.
    """
    web = run.stack.gateway_url
    playground = run.open_playground() if opens else None
    console.print(f"Chain {run.stack.rpc_url}, nodes {', '.join(run.stack.node_urls)}")
    console.print(f"Gateway {web}, its API at {web}/api/docs")
    console.print(f"Organizer's token: {run.stack.organizer_token}")
    if playground is not None:
        console.print(f"Open for proposals: {web}/rounds/{playground.round_id}")
        console.print(f"Open for votes: {web}/polls/{playground.poll_id}")
        console.print(f"To propose and vote, load a member's key at {web}/key:", soft_wrap=True)
        console.print(f"    {playground.key_file}", soft_wrap=True)
    console.print(f"[bold]Open this in a browser: {web}/[/bold]")
    console.print("All services keep running. Press Ctrl-C to stop them.")
    while True:
        time.sleep(1)
