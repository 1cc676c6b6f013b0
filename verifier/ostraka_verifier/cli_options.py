"""Options that several commands of `ostraka-verify` share."""

from typing import Annotated

import typer

_MAX_WORKERS = 256

Rpc = Annotated[str, typer.Option(help="JSON-RPC endpoint of the chain, ideally a node you run.")]
Registry = Annotated[str, typer.Option(help="Address of the PollRegistry, 0x-hex.")]
PollNumber = Annotated[int, typer.Option(help="Number of the poll in that registry.", min=1)]
Engine = Annotated[
    str | None,
    typer.Option(
        help="native or reference. Default: the fastest one that is installed. The reference engine"
        " uses no Rust code and is about a thousand times slower."
    ),
]
FromBlock = Annotated[
    int,
    typer.Option(
        help="Block in which the contracts were deployed. Earlier events are not requested, which"
        " saves many requests if the endpoint limits the blocks of each.",
        min=0,
    ),
]
Board = Annotated[
    str,
    typer.Option(
        help="The poll's board: a URL of any node, or of several with commas between them, or a"
        " file."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Number of processes on this machine that check the ballots.", min=1, max=_MAX_WORKERS
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Address of the scheduler of a Dask cluster, whose workers check the ballots."
        " They read the board themselves, from the place that --board names. The verdict relies on"
        " them, and your machine trusts whoever runs the cluster."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Quiet = Annotated[bool, typer.Option(help="Show no progress.")]
