"""`ostraka register`: people without a wallet bind their invitation to a key."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli.client import DEFAULT_GATEWAY, AsJson, GatewayUrl
from ostraka.cli.errors import CommandError
from ostraka.cli.key_options import PASSPHRASES, PlainKey, chosen, opened
from ostraka.cli.output import emit, facts
from ostraka.gateway_client.gateway import Gateway
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitationCode, InvitedElectorate
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover


def register(
    code: Annotated[
        str, typer.Argument(help="Your code, or - to read it from standard input.", metavar="CODE")
    ],
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            help="Key file to propose and vote with, created if it does not exist. Keep it safe.",
        ),
    ],
    plan: Annotated[
        str | None,
        typer.Option(help="Plan to register for. Default: the newest one that is open."),
    ] = None,
    plain_key: PlainKey = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Register by an invitation: make a key, and bind the invitation to it.

    You propose and vote with the key file. The command asks for its passphrase, unless it comes
    from OSTRAKA_KEY_PASSPHRASE_FILE or OSTRAKA_KEY_PASSPHRASE. Repeating the command with the same
    code and key does no harm.

    Example: ostraka register 0f9d… --key me.key
    """
    if code == "-":
        code = sys.stdin.readline().strip()
    try:
        # Letters print codes in groups.
        redeemed = InvitationCode.read("".join(code.split()))
    except Malformed as error:
        raise typer.BadParameter(str(error), param_hint="CODE") from None
    invitation = redeemed.invitation
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        signer = SigningKey()
        write_key(key, signer, chosen(key, PASSPHRASES, plain_key, as_json))
    else:
        signer = opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        place = _place(to.get(f"/invitations/{invitation.address_hex}"), plan)
        electorate = InvitedElectorate.from_json(place["electorate"])
        redemption = electorate.redeem(invitation, signer)
        body: dict[str, str] = {
            "plan": place["plan"],
            "invitation": invitation.address_hex,
            "signing_key": signer.address_hex,
            "by_invitation": to_hex(redemption.by_invitation),
            "by_signing_key": to_hex(redemption.by_signing_key),
        }
        if redeemed.replacement is not None:
            body["by_code"] = to_hex(electorate.replaced(redeemed.replacement, signer.address))
        answer = to.post("/invitations/redemption", body)
        if answer.get("signing_key") != signer.address_hex:
            raise CommandError(
                "Not registered", "the gateway registered a different key", "signing_key"
            )
        _check_statement(to, answer, electorate, invitation, signer)
    shown = {
        "Title": place["title"],
        "Account": invitation.address_hex,
        "Signing key": signer.address_hex,
        "Weight": answer["weight"],
        "Plan": answer["plan"],
        "Key file": key,
    }
    emit(as_json, {**answer, "key_file": str(key)}, facts(shown))


def _place(places: Any, plan: str | None) -> Any:
    """Return the plan in which an invitation is redeemed."""
    if not isinstance(places, list) or not places:
        raise Problem(
            ProblemType.NO_SUCH_INVITATION, "the gateway has no invitation for this code", "code"
        )
    for place in places:
        if place["plan"] == plan or (plan is None and place["open"]):
            return place
    if plan is None:
        raise Problem(ProblemType.REGISTRATION_CLOSED, "the census is already fixed", "code")
    raise Problem(
        ProblemType.NO_SUCH_INVITATION, f"this code does not belong to plan {plan}", "plan"
    )


def _check_statement(
    to: Gateway,
    answer: Any,
    electorate: InvitedElectorate,
    invitation: SigningKey,
    signer: SigningKey,
) -> None:
    """Check that the gateway signed the registration, which proves it if the census lacks it."""
    digest = electorate.domain.digest(
        typed_data.REDEEMED, electorate.digest, invitation.address, signer.address
    )
    account = to.get("/config")["account"]
    if to_hex(recover(digest, bytes.fromhex(answer["statement"][2:]))) != account:
        detail = "the gateway did not sign that it registered this key"
        raise CommandError("Not confirmed", detail, "statement")
