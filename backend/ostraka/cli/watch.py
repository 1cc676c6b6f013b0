"""`ostraka watch`: the turnout of a poll, or with --guard the roots of polls."""

import json
import time
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    address_option,
    url_option,
)
from ostraka.cli.key_options import PlainKey
from ostraka.cli.output import note, printable
from ostraka.cli.sender_options import KeyFile, Sender, SignerAccount, SignerUrl, journaled
from ostraka.cli.service_options import DeploymentFile, read_deployment

if TYPE_CHECKING:
    from ostraka.guard.hands import Step
    from ostraka.guard.sources import Source
    from ostraka.guard.tower import Tower

_WEI = 10**18
_DEFAULT_BOND, _DEFAULT_BUDGET = "0.1", "0.5"


def _wei(value: str) -> int:
    try:
        wei = Decimal(value) * _WEI
        if wei < 0 or wei != int(wei):
            raise InvalidOperation
        return int(wei)
    except (InvalidOperation, ValueError, OverflowError):
        raise typer.BadParameter("expected coins, as in 0.05, with at most 18 decimals") from None


def watch(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="POLL",
            help="Number of the poll, or id of its plan. With --guard: a number, or all polls.",
        ),
    ] = None,
    guard: Annotated[
        bool,
        typer.Option(
            "--guard",
            help="Check the anchored root of every poll against the board, dispute false roots, "
            "and answer challenges of correct ones. Needs --rpc, the registry and an account.",
        ),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Check once and exit. With --guard, without a delay.")
    ] = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    rpc: Annotated[
        str | None,
        url_option("--rpc", "JSON-RPC endpoint of the chain, for --guard.", envvar="OSTRAKA_RPC"),
    ] = None,
    registry: Annotated[
        bytes | None, address_option("--registry", "Address of the PollRegistry.")
    ] = None,
    deployment: DeploymentFile = None,
    deployed_at: Annotated[
        int, typer.Option(min=0, help="Block in which the contracts were deployed.")
    ] = 0,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    journal: Annotated[
        Path, typer.Option(help="Folder that remembers what was sent, from run to run.")
    ] = Path("watch"),
    receipts: Annotated[
        Path | None,
        typer.Option(help="Folder of receipts, such as voters' files: proves omitted ballots."),
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(
            help="File of a board, or URL of one in which {poll} stands for the number. May be "
            "repeated. The committees' nodes are always asked."
        ),
    ] = None,
    receipts_of: Annotated[
        list[str] | None,
        typer.Option("--receipts-of", help="URL of a gateway that passes receipts on."),
    ] = None,
    max_bond: Annotated[
        int,
        typer.Option(parser=_wei, metavar="COINS", help="Maximum bond, in coins."),
    ] = _DEFAULT_BOND,  # type: ignore[assignment]
    budget: Annotated[
        int,
        typer.Option(
            parser=_wei,
            metavar="COINS",
            help="Maximum sum of the open and lost bonds of one poll, in coins.",
        ),
    ] = _DEFAULT_BUDGET,  # type: ignore[assignment]
    delay: Annotated[
        int,
        typer.Option(
            min=0,
            max=3600,
            help="Longest random delay in seconds, so that several watchers do not all send.",
        ),
    ] = 30,
    interval: Annotated[
        int, typer.Option(min=1, max=3600, help="Seconds between two checks of the chain.")
    ] = 12,
    as_json: AsJson = False,
) -> None:
    """Show how many have voted, until the poll is tallied or void.

    With --guard, watch the roots of polls instead, until interrupted: a root that does not match
    the board is disputed, and false challenges are answered. Bonds are returned when the root is
    rejected. With --json, each line is an object.

    Example: ostraka watch 1

    Example: ostraka watch --guard --rpc https://rpc.example --deployment deployments/1.json
    --key watcher.key --receipts receipts
    """
    if not guard:
        # Slow to import.
        from ostraka.cli.poll import watch as turnout

        if name is None:
            raise typer.BadParameter("name a poll, or pass --guard", param_hint="POLL")
        turnout(name, once, gateway, as_json)
        return
    if rpc is None:
        raise typer.BadParameter("--guard needs it", param_hint="--rpc")
    contracts = read_deployment(deployment)
    if registry is None and contracts is None:
        raise typer.BadParameter("--guard needs it, or --deployment", param_hint="--registry")
    if name is not None and not name.isdecimal():
        raise typer.BadParameter("with --guard, expected the number of a poll", param_hint="POLL")
    if contracts is not None:
        registry = registry or contracts.address("PollRegistry")
        deployed_at = deployed_at or contracts.deployment_block
    from ostraka.chain.contract import connect
    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.registry import Registry
    from ostraka.guard.hands import Limits
    from ostraka.guard.tower import Tower, disputes_of
    from ostraka.services import logs
    from ostraka_verifier.curve import load

    logs.configure("WARNING" if as_json else "INFO")
    signs = Sender(key, plain_key, signer, account).open(as_json)
    to = Registry(rpc, registry or b"", deployed_at)
    with journaled(journal, ChainIdentity.of(connect(rpc)), signs) as payer:
        tower = Tower(
            load(),
            to,
            disputes_of(to),
            payer,
            _sources(receipts, board or [], receipts_of or []),
            Limits(max_bond, budget, 0 if once else delay),
            polls=() if name is None else (int(name),),
        )
        note(as_json, f"Account that pays bonds: 0x{payer.address.hex()}")
        _run(tower, once, interval, as_json)


def _sources(
    receipts: Path | None, boards: Sequence[str], gateways: Sequence[str]
) -> "list[Source]":
    from ostraka.guard.receipts import ReceiptFolder
    from ostraka.guard.sources import BoardsSource, FolderSource, GatewaysSource, NodesSource

    found: list[Source] = [NodesSource()]
    if boards:
        found.append(BoardsSource(boards))
    if gateways:
        found.append(GatewaysSource(gateways))
    if receipts is not None:
        found.append(FolderSource(ReceiptFolder(receipts)))
    return found


def _run(tower: "Tower", once: bool, interval: int, as_json: bool) -> None:
    from ostraka.chain.errors import ChainError
    from ostraka.chain.sending import MINING_S

    said: dict[int, tuple[str, str]] = {}
    while True:
        try:
            steps = tower.turn()
        except ChainError as error:
            if once:
                raise
            note(as_json, f"The chain cannot be reached: {error}")
            steps = []
        for poll, (finding, reason) in tower.findings.items():
            if said.get(poll) != (finding, reason):
                said[poll] = finding, reason
                _say_finding(poll, str(finding), reason, as_json)
        for step in steps:
            _say_step(step, as_json)
        if once:
            for step in tower.finish(MINING_S):
                _say_step(step, as_json)
            return
        time.sleep(interval)


def _say_finding(poll: int, finding: str, reason: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"poll": poll, "root": finding, "reason": reason}))
    else:
        because = f": {reason}" if reason else ""
        typer.echo(printable(f"Poll {poll}: the root is {finding}{because}"))


def _say_step(step: "Step", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(step.to_json()))
    else:
        detail = f" ({step.detail})" if step.detail else ""
        typer.echo(printable(f"Poll {step.poll or '-'}: {step.move}: {step.outcome}{detail}"))
