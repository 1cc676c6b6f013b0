"""`ostraka propose …`: members propose, change and withdraw by signature."""

from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    ProposalId,
    RoundNumber,
    address_option,
)
from ostraka.cli.key_options import KeyFile, PlainKey, opened
from ostraka.cli.output import emit, facts
from ostraka.gateway_client.gateway import Gateway
from ostraka.gateway_client.proposing import Member, Wanted, wanted_of
from ostraka.wire.records import to_hex

app = typer.Typer(
    help="Propose, change a proposal, withdraw it: signed by a member, sent by the gateway.",
    no_args_is_help=True,
)

Account = Annotated[
    bytes | None,
    address_option("--account", "Your account, where the key only signs for it."),
]
Amount = Annotated[
    int,
    typer.Option(
        min=0, help="In the token's smallest unit; 0 where votes divide the budget (proportional)."
    ),
]
Title = Annotated[str, typer.Option(help="Up to 150 bytes.")]
Recipient = Annotated[bytes, address_option("--recipient", "Account that is to be paid.")]


@app.command()
def new(
    number: RoundNumber,
    title: Title,
    amount: Amount,
    recipient: Recipient,
    key: KeyFile,
    text: Annotated[str, typer.Option(help="What the money is for.")] = "",
    category: Annotated[
        int, typer.Option(min=0, help="Number of a category, from 0, where the round has some.")
    ] = 0,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Propose something to a round. Keep the id that it prints: changing it needs it.

    Example: ostraka propose new 1 --key me.key --title "A bench" --amount 400 --recipient 0x7099…
    """
    wanted = Wanted(recipient, amount, title, text, category)
    with Gateway(gateway) as to:
        sent = _member(to, key, plain_key, account, as_json).propose(number, wanted)
    shown = {"Proposal": sent["proposal"], "Transaction": sent["transaction"]}
    emit(as_json, sent, facts(shown))


@app.command()
def edit(
    proposal: ProposalId,
    recipient: Recipient,
    key: KeyFile,
    title: Annotated[str | None, typer.Option(help="New title.")] = None,
    amount: Annotated[int | None, typer.Option(min=0, help="New amount.")] = None,
    text: Annotated[str | None, typer.Option(help="New text.")] = None,
    category: Annotated[int | None, typer.Option(min=0, help="New category.")] = None,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Change a proposal while proposals are open; what is not given stays.

    Whom it pays is always given: a gateway that lies could say somebody else.

    Example: ostraka propose edit 0x5d1c… --key me.key --recipient 0x7099… --amount 350
    """
    with Gateway(gateway) as to:
        now = wanted_of(to.get(f"/proposals/{to_hex(proposal)}"), recipient)
        wanted = Wanted(
            recipient,
            now.amount if amount is None else amount,
            now.title if title is None else title,
            now.text if text is None else text,
            now.category if category is None else category,
        )
        sent = _member(to, key, plain_key, account, as_json).revise(proposal, wanted)
    shown = {
        "Title": wanted.title,
        "Amount": wanted.amount,
        "Recipient": to_hex(recipient),
        "Transaction": sent["transaction"],
    }
    emit(as_json, sent, facts(shown))


@app.command()
def withdraw(
    proposal: ProposalId,
    key: KeyFile,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Withdraw a proposal while proposals are open.

    Example: ostraka propose withdraw 0x5d1c… --key me.key
    """
    with Gateway(gateway) as to:
        sent = _member(to, key, plain_key, account, as_json).withdraw(proposal)
    emit(as_json, sent, facts({"Transaction": sent["transaction"]}))


def _member(
    to: Gateway, key: Path, plain_key: bool, account: bytes | None, as_json: bool
) -> Member:
    signer = opened(key, plain_key, as_json)
    return Member(to, signer, account or signer.address)
