"""Transactions have the signatures that eth-account's own Python would give them."""

from collections.abc import Mapping
from typing import Any

import pytest
from eth_account import Account
from hexbytes import HexBytes
from web3 import Web3

from ostraka.chain.errors import ChainError
from ostraka.chain.signers import KeySigner, RemoteSigner
from ostraka.keys import SigningKey
from ostraka_verifier.signatures import SECP256K1_ORDER

KEY = SigningKey(bytes(31) + b"\7")
FIELDS: Mapping[str, Any] = {
    "type": 2,
    "chainId": 31337,
    "nonce": 3,
    "to": "0x" + "11" * 20,
    "value": 5,
    "gas": 21_000,
    "maxFeePerGas": 7,
    "maxPriorityFeePerGas": 1,
    "data": b"\1\2",
}


class Answering:
    """A provider whose signer gives one answer."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def make_request(self, _method: str, _arguments: Any) -> dict[str, str]:
        return {"result": "0x" + self._raw.hex()}


def remote(raw: bytes, address: bytes = KEY.address) -> RemoteSigner:
    web3 = Web3()
    web3.provider = Answering(raw)  # type: ignore[assignment]
    return RemoteSigner(web3, address)


@pytest.mark.parametrize("nonce", range(8))
def test_transactions_are_signed_alike(nonce: int) -> None:
    fields = {**FIELDS, "nonce": nonce}
    digest, raw = KeySigner(KEY).sign_transaction(fields)
    theirs = Account.sign_transaction(fields, KEY.secret())
    assert (digest, raw) == (bytes(theirs.hash), bytes(theirs.raw_transaction))
    assert remote(raw).sign_transaction(fields) == (digest, raw)


def test_a_signer_with_another_account_is_refused() -> None:
    _, raw = KeySigner(KEY).sign_transaction(FIELDS)
    with pytest.raises(ChainError, match="a different account"):
        remote(raw, SigningKey().address).sign_transaction(FIELDS)


def test_signatures_that_chains_refuse_are_refused() -> None:
    _, raw = KeySigner(KEY).sign_transaction(FIELDS)
    s = Account.sign_transaction(dict(FIELDS), KEY.secret()).s
    low, high = (HexBytes(one.to_bytes(32, "big")) for one in (s, SECP256K1_ORDER - s))
    assert raw.count(low) == 1
    for changed in (high, bytes(31) + b"\0", b"\xff" * 32):
        with pytest.raises(ChainError):
            remote(raw.replace(low, changed)).sign_transaction(FIELDS)
