"""Invitations as an organizer's program makes them, and as people without a browser redeem them."""

from collections.abc import Sequence
from typing import Any

from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census
from ostraka_verifier.signatures import recover
from tests.support.api import Api

REDEMPTION = "/invitations/redemption"


def by_invitation(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The electorate of these invitations."""
    return {"kind": "invitations", "invitations": [{"address": key.address_hex} for key in keys]}


def place_of(api: Api, invitation: SigningKey, plan: str | None = None) -> dict[str, Any]:
    """The gateway's data of an invitation in a plan, by default the newest that has it."""
    places = api.good("GET", f"/invitations/{invitation.address_hex}")
    return next(place for place in places if plan in (None, place["plan"]))


def redemption(
    api: Api, invitation: SigningKey, key: SigningKey, plan: str | None = None
) -> dict[str, Any]:
    """What binds an invitation to a key."""
    place = place_of(api, invitation, plan)
    signed = InvitedElectorate.from_json(place["electorate"]).redeem(invitation, key)
    return {
        "plan": place["plan"],
        "invitation": invitation.address_hex,
        "signing_key": key.address_hex,
        "by_invitation": to_hex(signed.by_invitation),
        "by_signing_key": to_hex(signed.by_signing_key),
    }


def redeem(api: Api, invitation: SigningKey, key: SigningKey, plan: str | None = None) -> None:
    """Bind an invitation to a key; the gateway must sign that it did."""
    body = redemption(api, invitation, key, plan)
    answer = api.good("POST", REDEMPTION, body)
    place = place_of(api, invitation, body["plan"])
    assert (answer["signing_key"], answer["weight"]) == (key.address_hex, place["weight"])
    assert (place["signing_key"], place["open"]) == (key.address_hex, True)
    electorate = InvitedElectorate.from_json(place["electorate"])
    statement = electorate.domain.digest(
        typed_data.REDEEMED, electorate.digest, invitation.address, key.address
    )
    signer = recover(statement, from_hex(answer["statement"], "statement"))
    assert to_hex(signer) == api.good("GET", "/config")["account"]
    # Said again, it is the same.
    assert api.good("POST", REDEMPTION, body) == answer


def check_electorate(
    api: Api, poll_id: int, invited: Sequence[SigningKey], keys: Sequence[SigningKey]
) -> None:
    """The census binds each invitation that was redeemed to its key, and has nobody else."""
    census = Census.decode(api.good("GET", f"/polls/{poll_id}/census"))
    bound = {key.address: one.address for one, key in zip(invited, keys, strict=True)}
    assert {entry.signing_key: entry.account for entry in census.entries} == bound
    for one, key in zip(invited, keys, strict=True):
        for address in (one.address_hex, key.address_hex):
            (entry,) = api.good("GET", f"/polls/{poll_id}/voters/{address}")
            assert (entry["account"], entry["signing_key"]) == (one.address_hex, key.address_hex)
