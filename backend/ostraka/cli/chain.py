"""`ostraka chain …`: bring the contracts onto a chain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from ostraka.cli.client import AsJson, address_option
from ostraka.cli.key_options import PlainKey
from ostraka.cli.output import emit, facts, note, table
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SignerAccount,
    SignerUrl,
    journaled,
)

if TYPE_CHECKING:
    from ostraka.chain.deployment import Deployment, TokenOrder
    from ostraka.chain.suitability import Suitability

app = typer.Typer(
    rich_markup_mode="markdown", help="Deploy the contracts on a chain.", no_args_is_help=True
)

_HOUR_S = 3600
_BOND_WEI = 10**15
_MAX_URI_BYTES = 2048

Folder = Annotated[
    Path,
    typer.Option(
        "--deployments", help="Folder of the record CHAIN_ID.json and of what was sent so far."
    ),
]


def _token(value: str) -> "TokenOrder":
    from ostraka.chain.deployment import TokenOrder

    parts = value.rsplit(":", 2)
    if len(parts) != 3 or not all(parts) or not parts[2].isdecimal():
        raise typer.BadParameter("expected NAME:SYMBOL:SUPPLY, as in 'Trial:TRY:1000000'")
    return TokenOrder(parts[0], parts[1], int(parts[2]))


def _uri(value: str) -> str:
    if len(value.encode()) > _MAX_URI_BYTES or (value and not urlsplit(value).scheme):
        reason = (
            f"expected a URI of at most {_MAX_URI_BYTES} bytes, as in https://dao.example/dao.json"
        )
        raise typer.BadParameter(reason, param_hint="--dao-uri")
    return value


@app.command()
def check(
    rpc: Rpc,
    account: Annotated[
        bytes | None, address_option("--account", "Account that will pay; its coin is checked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check whether a chain can run the contracts. Sends nothing.

    Example: ostraka chain check --rpc https://rpc.example --account 0x70997970…
    """
    from ostraka.chain.contract import connect
    from ostraka.chain.suitability import suitability

    found = suitability(connect(rpc), account)
    emit(as_json, _suitability_json(found), _suitability_table(found))
    found.require()


@app.command()
def deploy(
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: Folder = SENT,
    period_floor_s: Annotated[
        int,
        typer.Option(
            min=1,
            max=(1 << 32) - 1,
            help="Minimum length of a dispute window, tally period and claim period, in seconds. "
            "Audits report less than an hour as a test deployment.",
        ),
    ] = _HOUR_S,
    minimum_bond_wei: Annotated[
        int,
        typer.Option(
            min=0,
            max=(1 << 128) - 1,
            help="Minimum bond for a challenge of a result, in the coin's smallest unit. It is "
            "returned if the challenge is right.",
        ),
    ] = _BOND_WEI,
    dao_uri: Annotated[
        str,
        typer.Option(
            metavar="URI",
            help="Where the DAO describes itself (ERC-4824). The treasury states it permanently.",
        ),
    ] = "",
    members_owner: Annotated[
        bytes | None,
        address_option(
            "--members-owner", "Also deploy a member registry, which this account manages."
        ),
    ] = None,
    test_token: Annotated[
        str | None,
        typer.Option(
            metavar="NAME:SYMBOL:SUPPLY",
            help="Also deploy a token without value for trials; the account that pays gets all.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Deploy disputes, registry, treasury and voting keys, and record their addresses.

    The chain is checked first. What is on chain already is not deployed again, so the same command
    continues after an interruption. The record is DEPLOYMENTS/CHAIN_ID.json; `ostraka node init`,
    `ostraka gateway init` and `ostraka members` read it.

    Example: ostraka chain deploy --rpc https://rpc.example --key deployer.key
    """
    from ostraka.chain.contract import connect
    from ostraka.chain.deployment import ChainIdentity, Deployer, Deployment, Order
    from ostraka.chain.suitability import suitability

    token = None if test_token is None else _token(test_token)
    order = Order(period_floor_s, minimum_bond_wei, _uri(dao_uri), members_owner, token)
    signs = Sender(key, plain_key, signer, account).open(as_json)
    web3 = connect(rpc)
    chain = ChainIdentity.of(web3)
    record = deployments / f"{chain.id}.json"
    known = Deployment.read(record) if record.exists() else None
    if known is not None and not known.is_of(chain):
        note(as_json, f"{record} is of an earlier chain with this id, and will be replaced")
    with journaled(deployments, chain, signs) as payer:

        def done(so_far: Deployment, name: str) -> None:
            so_far.write(record)
            note(as_json, f"{name}: 0x{so_far.address(name).hex()}")

        deployer = Deployer(web3, chain, payer, order, known, done)
        found = suitability(web3, signs.address, deployer.owed_gas())
        for warning in found.warnings:
            note(as_json, f"Warning: {warning}")
        found.require()
        deployed = deployer.deploy()
    emit(as_json, _deployment_json(deployed, record), _deployment_table(deployed), _next(record))


@app.command()
def sources(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("standard-input.json"),
    as_json: AsJson = False,
) -> None:
    """Write the compiler's standard JSON input, which block explorers ask for to verify sources.

    The record of a deployment has the rest: compiler version, the contract's name with its file,
    and its constructor arguments.

    Example: ostraka chain sources --out standard-input.json
    """
    from ostraka.chain.deployment import standard_input

    out.write_text(standard_input(), encoding="utf-8")
    emit(as_json, {"file": str(out)}, f"Wrote {out}.")


def _suitability_json(found: "Suitability") -> dict[str, object]:
    return {
        "chain_id": found.chain_id,
        "head": found.head,
        "finalized": found.finalized,
        "block_gas_limit": found.block_gas_limit,
        "wei_per_gas": str(found.wei_per_gas),
        "cost": str(found.cost),
        "balance": None if found.balance is None else str(found.balance),
        "obstacles": list(found.obstacles),
        "warnings": list(found.warnings),
    }


def _suitability_table(found: "Suitability") -> Table:
    from ostraka.chain.suitability import coins

    behind = None if found.finalized is None else f"{found.head - found.finalized} blocks behind"
    return facts(
        {
            "Chain": found.chain_id,
            "Newest block": found.head,
            "Final block": behind or "none",
            "Gas of a block": f"{found.block_gas_limit:,}",
            "Deployment costs": f"about {coins(found.cost)} coins now",
            "Account has": None if found.balance is None else f"{coins(found.balance)} coins",
            "Warnings": "; ".join(found.warnings) or None,
            "Suitable": not found.obstacles,
        }
    )


def _deployment_json(deployed: "Deployment", record: Path) -> dict[str, object]:
    return {**deployed.model_dump(), "file": str(record)}


def _deployment_table(deployed: "Deployment") -> Table:
    rows = [
        (name, one.address, one.block, one.transaction or "already there")
        for name, one in deployed.contracts.items()
    ]
    return table(("Contract", "Address", "Block", "Transaction"), rows)


def _next(record: Path) -> str:
    return f"Written to {record}. Give it to every operator: ostraka node init … --deployment FILE"
