"""Invitations: what a redemption is bound to, and the codes that people get (§6.7)."""

from dataclasses import replace

import pytest

from ostraka.keys import SigningKey
from ostraka.wire.invitations import InvitationCode, InvitedElectorate
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain

DOMAIN = Domain(31337, bytes([5]) * 20)
ROUND = InvitedElectorate(DOMAIN, bytes([1]) * 32, 7, None)
POLL = InvitedElectorate(DOMAIN, bytes([1]) * 32, None, bytes([2]) * 32)


@pytest.mark.parametrize("electorate", [ROUND, POLL], ids=["round", "poll"])
def test_an_electorate_survives_its_json_form(electorate: InvitedElectorate) -> None:
    assert InvitedElectorate.from_json(electorate.to_json()) == electorate


def test_a_redemption_is_valid_in_one_electorate_only() -> None:
    electorates = [
        ROUND,
        POLL,
        replace(ROUND, round_id=8),
        replace(ROUND, root=bytes(32)),
        replace(POLL, nonce=bytes(32)),
        replace(ROUND, domain=Domain(1, DOMAIN.registry)),
        replace(ROUND, domain=Domain(31337, bytes(20))),
    ]
    assert len({one.digest for one in electorates}) == len(electorates)
    with pytest.raises(ValueError, match="needs either a round or a nonce"):
        _ = InvitedElectorate(DOMAIN, bytes(32), None, None).digest


def test_both_keys_sign_both_addresses() -> None:
    invitation, key = SigningKey(), SigningKey()
    signed = POLL.redeem(invitation, key)
    digest = DOMAIN.digest(typed_data.REDEMPTION, POLL.digest, invitation.address, key.address)
    assert recover(digest, signed.by_invitation) == invitation.address
    assert recover(digest, signed.by_signing_key) == key.address


@pytest.mark.parametrize(
    "changes",
    [
        {"round": None},
        {"nonce": "0x" + "00" * 32},
        {"root": "0xZZ"},
        {"contract": 5},
        {"chain_id": "x"},
        {"round": "seven"},
    ],
    ids=str,
)
def test_invalid_electorates_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="electorate"):
        InvitedElectorate.from_json(ROUND.to_json() | changes)
    for shown in (None, [], {}, "text"):
        with pytest.raises(Malformed, match="electorate"):
            InvitedElectorate.from_json(shown)


@pytest.mark.parametrize(
    "code", ["", "00", "G" * 64, "AB" * 32, "00" * 32, "ff" * 32, " " + "1" * 64]
)
def test_an_invalid_code_is_not_repeated_in_the_error(code: str) -> None:
    with pytest.raises(Malformed) as raised:
        InvitationCode.read(code)
    assert "not 64 or 128 hexadecimal digits" in str(raised.value)
    assert not code or code not in str(raised.value)


def test_a_code_is_its_invitations_key() -> None:
    key = SigningKey()
    assert InvitationCode.read(key.secret().hex()).invitation.address == key.address
    code = InvitationCode(key, SigningKey())
    read = InvitationCode.read(str(code))
    assert (read.invitation.address, str(read)) == (key.address, str(code))
