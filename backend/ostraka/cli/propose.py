"""`ostraka propose …`: members propose, change and withdraw by signature."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from ostraka.cli.amounts import AMOUNT_HELP, amount_text, round_currency, typed_units
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
from ostraka.gateway_client.proposing import (
    Member,
    Wanted,
    account_of,
    described,
    upload_picture,
    wanted_of,
)
from ostraka.planning.proposal_details import Place, ProposalDetails, place_of
from ostraka.wire.records import to_hex
from ostraka_verifier.errors import Malformed

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Submit, change and withdraw proposals. A member signs, and the gateway sends.",
    no_args_is_help=True,
)

Account = Annotated[
    bytes | None,
    address_option(
        "--account",
        "Your account. Default: the invitation that is bound to the key, or the key's own account.",
    ),
]
Amount = Annotated[
    str,
    typer.Option(
        metavar="AMOUNT",
        parser=amount_text,
        help=f"{AMOUNT_HELP} 0 if votes divide the budget (proportional).",
    ),
]
Title = Annotated[str, typer.Option(help="Title, at most 150 bytes.")]
Recipient = Annotated[bytes, address_option("--recipient", "Account that receives the money.")]

PlaceOption = Annotated[
    str | None,
    typer.Option(
        "--place",
        metavar="LAT,LONG",
        help="Where it is: latitude and longitude in degrees, such as 52.2297,21.0122.",
    ),
]
PlaceLabel = Annotated[
    str | None, typer.Option("--place-label", help="Name of the place, such as a street.")
]
ImageFile = Annotated[
    Path | None,
    typer.Option(
        "--image",
        exists=True,
        dir_okay=False,
        help="A picture (JPEG, PNG or WebP). The gateway makes it smaller and removes metadata.",
    ),
]
Alt = Annotated[
    str | None,
    typer.Option("--alt", help="What the picture shows, for people who cannot see it."),
]


@app.command()
def new(
    number: RoundNumber,
    title: Title,
    amount: Amount,
    recipient: Recipient,
    key: KeyFile,
    text: Annotated[str, typer.Option(help="What the money is for.")] = "",
    category: Annotated[
        int,
        typer.Option(min=0, help="Number of the category, from 0, if the round has categories."),
    ] = 0,
    place: PlaceOption = None,
    place_label: PlaceLabel = None,
    image: ImageFile = None,
    alt: Alt = None,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Submit a proposal to a round. Keep the id that is printed: you need it for changes.

    Example: ostraka propose new 1 --key me.key --title Bench --amount "4 ETH" --recipient 0x7099…
    """
    signer = opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        currency = round_currency(to, number)
        units = typed_units(amount, currency, "--amount")
        details = _details(to, ProposalDetails(), place, place_label, image, alt)
        wanted = described(Wanted(recipient, units, title, text, category), details)
        member = Member(to, signer, account or account_of(to, number, signer))
        sent = member.propose(number, wanted)
    shown = {
        "Proposal": sent["proposal"],
        "Amount": currency.written(units),
        "Transaction": sent["transaction"],
    }
    emit(as_json, sent, facts(shown))


@app.command()
def edit(
    proposal: ProposalId,
    recipient: Recipient,
    key: KeyFile,
    title: Annotated[str | None, typer.Option(help="New title.")] = None,
    amount: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", parser=amount_text, help=f"New amount. {AMOUNT_HELP}"),
    ] = None,
    text: Annotated[str | None, typer.Option(help="New text.")] = None,
    category: Annotated[int | None, typer.Option(min=0, help="New category.")] = None,
    place: PlaceOption = None,
    place_label: PlaceLabel = None,
    image: ImageFile = None,
    alt: Alt = None,
    plain_key: PlainKey = False,
    account: Account = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Change a proposal while proposals are open. Values that are not given stay as they are.

    Always state the recipient: a lying gateway could state a different one.

    Example: ostraka propose edit 0x5d1c… --key me.key --recipient 0x7099… --amount 3.5
    """
    signer = opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        stored = to.get(f"/proposals/{to_hex(proposal)}")
        now = wanted_of(stored, recipient)
        currency = round_currency(to, _round_of(stored))
        wanted = Wanted(
            recipient,
            now.amount if amount is None else typed_units(amount, currency, "--amount"),
            now.title if title is None else title,
            now.text if text is None else text,
            now.category if category is None else category,
            now.details,
            now.document,
        )
        if place or place_label or image or alt:
            before = now.document or ProposalDetails()
            details = _details(to, before, place, place_label, image, alt)
            wanted = described(wanted, details)
        member = Member(to, signer, account or account_of(to, _round_of(stored), signer))
        sent = member.revise(proposal, wanted)
    shown = {
        "Title": wanted.title,
        "Amount": currency.written(wanted.amount),
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
    signer = opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        number = _round_of(to.get(f"/proposals/{to_hex(proposal)}"))
        member = Member(to, signer, account or account_of(to, number, signer))
        sent = member.withdraw(proposal)
    emit(as_json, sent, facts({"Transaction": sent["transaction"]}))


def _details(
    to: Gateway,
    before: ProposalDetails,
    place: str | None,
    place_label: str | None,
    image: Path | None,
    alt: str | None,
) -> ProposalDetails:
    """Return the details that the options state; those that are not given stay as they are."""
    try:
        at = before.place if place is None else place_of(place)
        if place_label is not None:
            if at is None:
                raise typer.BadParameter("needs --place", param_hint="--place-label")
            at = Place(latitude=at.latitude, longitude=at.longitude, label=place_label)
        picture = before.image
        if image is not None:
            if alt is None:
                raise typer.BadParameter("needs --alt, what it shows", param_hint="--image")
            picture = upload_picture(to, image, alt)
        elif alt is not None:
            raise typer.BadParameter("needs --image", param_hint="--alt")
        return ProposalDetails(place=at, image=picture)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise typer.BadParameter(f"{name}: {first['msg']}", param_hint="--place") from error
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--place") from error


def _round_of(shown: Any) -> int:
    """Return the round of a proposal, as a gateway shows it."""
    try:
        return int(shown["round"])
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("proposal", repr(error)) from error
