"""Invitations as an organizer's program makes them, and as people without a browser redeem them."""

from typing import Any

from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.records import to_hex
from tests.support.api import Api


def by_invitation(keys: list[SigningKey]) -> dict[str, Any]:
    """The electorate of those to whom these invitations are given."""
    return {
        "kind": "invitations",
        "invitations": [{"address": key.address_hex} for key in keys],
    }


def redeem(api: Api, invitation: SigningKey, key: SigningKey) -> None:
    """Bind an invitation to a key, in the newest plan that it belongs to."""
    place = api.good("GET", f"/invitations/{invitation.address_hex}")[0]
    redemption = InvitedElectorate.from_json(place["electorate"]).redeem(invitation, key)
    body = {
        "plan": place["plan"],
        "invitation": invitation.address_hex,
        "signing_key": key.address_hex,
        "by_invitation": to_hex(redemption.by_invitation),
        "by_signing_key": to_hex(redemption.by_signing_key),
    }
    assert api.good("POST", "/invitations/redemption", body)["signing_key"] == key.address_hex
