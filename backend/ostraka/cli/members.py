"""`ostraka members …`: keep a member registry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.client import AsJson, address_option
from ostraka.cli.errors import CommandError
from ostraka.cli.key_options import PlainKey
from ostraka.cli.output import emit, facts, note, progress, table
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SentFolder,
    SignerAccount,
    SignerUrl,
    journaled,
)
from ostraka.cli.service_options import DeploymentFile, contract_address, read_deployment
from ostraka.wire.addresses import read_address
from ostraka.wire.records import to_hex
from ostraka_verifier.wording import counted

if TYPE_CHECKING:
    from ostraka.chain.members import MemberRegistry
    from ostraka.chain.sending import Payer

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Keep a member registry: who may propose or vote, with what weight.",
    no_args_is_help=True,
)

Registry = Annotated[
    bytes | None,
    address_option("--registry", "Address of the MemberRegistry. Default: that of --deployment."),
]


@app.command("list")
def list_(
    rpc: Rpc,
    registry: Registry = None,
    deployment: DeploymentFile = None,
    as_json: AsJson = False,
) -> None:
    """List the members with their weights.

    Example: ostraka members list --rpc https://rpc.example --deployment deployments/1.json
    """
    kept = _registry(rpc, registry, deployment)
    members = kept.members()
    owner, offered = kept.owner(), kept.pending_owner()
    answer = {
        "registry": to_hex(kept.address),
        "owner": to_hex(owner),
        "offered_to": None if offered is None else to_hex(offered),
        "members": [
            {"account": to_hex(account), "weight": str(weight)}
            for account, weight in members.items()
        ],
    }
    summary = {"Registry": to_hex(kept.address), "Owner": to_hex(owner), "Members": len(members)}
    if offered is not None:
        summary["Offered to"] = to_hex(offered)
    rows = [(to_hex(account), weight) for account, weight in members.items()]
    emit(as_json, answer, facts(summary), table(("Account", "Weight"), rows))


@app.command("set")
def set_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV file with the columns account and weight.")
    ],
    rpc: Rpc,
    registry: Registry = None,
    deployment: DeploymentFile = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Also remove all members that are not in the file."),
    ] = False,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Add the members in a file, and set their weights. Only what changes is sent.

    Without the column weight, every weight is 1. The same command continues after an interruption.

    Example: ostraka members set members.csv --deployment 1.json --rpc $RPC --key owner.key
    """
    from ostraka.planning.account_file import read_members

    wanted = read_members(file)
    kept = _registry(rpc, registry, deployment)
    known = kept.members()
    changes = {one: weight for one, weight in wanted.items() if known.get(one) != weight}
    if replace:
        changes |= dict.fromkeys(known.keys() - wanted.keys(), 0)
    with _owner(kept, Sender(key, plain_key, signer, account), deployments, as_json) as payer:
        _change(kept, payer, changes, as_json)


@app.command()
def remove(
    accounts: Annotated[
        list[str], typer.Argument(metavar="ACCOUNT…", help="Accounts that leave the list.")
    ],
    rpc: Rpc,
    registry: Registry = None,
    deployment: DeploymentFile = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Remove members.

    Example: ostraka members remove 0x70997970… --deployment 1.json --rpc $RPC --key owner.key
    """
    leaving = [_account(text) for text in accounts]
    kept = _registry(rpc, registry, deployment)
    known = kept.members()
    for one in leaving:
        if one not in known:
            raise CommandError("Not a member", "the registry does not list it", to_hex(one))
    with _owner(kept, Sender(key, plain_key, signer, account), deployments, as_json) as payer:
        _change(kept, payer, dict.fromkeys(leaving, 0), as_json)


@app.command()
def offer(
    to: Annotated[bytes, address_option("--to", "Account that will keep the list.")],
    rpc: Rpc,
    registry: Registry = None,
    deployment: DeploymentFile = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Offer the list to another account. It is theirs once they run `members accept`.

    Example: ostraka members offer --to 0x3C44CdDd… --deployment 1.json --rpc $RPC --key owner.key
    """
    kept = _registry(rpc, registry, deployment)
    with _owner(kept, Sender(key, plain_key, signer, account), deployments, as_json) as payer:
        if kept.pending_owner() != to:
            kept.offer(payer, to)
    answer = {"registry": to_hex(kept.address), "offered_to": to_hex(to)}
    emit(as_json, answer, f"Offered to {to_hex(to)}.")


@app.command()
def accept(
    rpc: Rpc,
    registry: Registry = None,
    deployment: DeploymentFile = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Accept a list that was offered to your account.

    Example: ostraka members accept --deployment 1.json --rpc $RPC --key new-owner.key
    """
    from ostraka.chain.deployment import ChainIdentity

    kept = _registry(rpc, registry, deployment)
    signs = Sender(key, plain_key, signer, account).open(as_json)
    if kept.owner() != signs.address:
        if kept.pending_owner() != signs.address:
            raise CommandError("Not offered", "the list is not offered to your account")
        with journaled(deployments, ChainIdentity.of(kept.web3), signs) as payer:
            kept.accept(payer)
    answer = {"registry": to_hex(kept.address), "owner": to_hex(signs.address)}
    emit(as_json, answer, f"Owner: {to_hex(signs.address)}.")


def _registry(rpc: str, address: bytes | None, deployment: Path | None) -> "MemberRegistry":
    from ostraka.chain.members import MemberRegistry

    record = read_deployment(deployment)
    address = contract_address(address, record, "--registry", "MemberRegistry")
    return MemberRegistry(rpc, address, 0 if record is None else record.deployment_block)


@contextmanager
def _owner(
    registry: "MemberRegistry", sender: Sender, folder: Path, as_json: bool
) -> Iterator["Payer"]:
    """Return a payer that may change the list.

    Raises:
        CommandError: The account does not keep this list.
    """
    from ostraka.chain.deployment import ChainIdentity

    signs = sender.open(as_json)
    owner = registry.owner()
    if owner != signs.address:
        detail = f"{to_hex(owner)} keeps this list, and your account is {to_hex(signs.address)}"
        raise CommandError("Not the owner", detail)
    with journaled(folder, ChainIdentity.of(registry.web3), signs) as payer:
        yield payer


def _change(
    registry: "MemberRegistry", payer: "Payer", changes: Mapping[bytes, int], as_json: bool
) -> None:
    from ostraka.chain.members import BATCH

    sent = []
    with progress(as_json) as bar:
        task = bar.add_task("members", total=len(changes))
        for one in registry.set_members(payer, changes):
            sent.append(one)
            bar.advance(task, BATCH)
    answer = {
        "registry": to_hex(registry.address),
        "changed": len(changes),
        "transactions": [to_hex(one.hash) for one in sent],
    }
    if not changes:
        note(as_json, "Nothing to change.")
    emit(as_json, answer, f"Changed {counted(len(changes), 'member', 'members')}.")


def _account(text: str) -> bytes:
    try:
        return read_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="ACCOUNT") from None
