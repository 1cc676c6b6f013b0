"""Statements as wallets take them are those that contracts and nodes check."""

from eth_account.messages import _hash_eip191_message, encode_typed_data

from ostraka.wire.typed_json import typed_json
from ostraka_verifier import typed_data
from ostraka_verifier.typed_data import Domain


def test_a_wallets_signature_passes_the_treasurys_check() -> None:
    domain = Domain(31337, bytes([9] * 20))
    values = (
        4,
        bytes([1] * 20),
        bytes([2] * 20),
        400,
        1,
        "Ławka",
        "Why",
        bytes(32),
        7,
        1_800_000_000,
    )
    shown = typed_json(domain, typed_data.PROPOSAL, *values)
    hashed = _hash_eip191_message(encode_typed_data(full_message=shown))
    assert hashed == domain.digest(typed_data.PROPOSAL, *values)
