"""Sign an account's transactions: with a key of this process, or through an external signer.

Source: EIP-1559, EIP-2718; `eth_signTransaction` of the Ethereum JSON-RPC specification.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from rlp.exceptions import RLPException
from web3 import Web3

from ostraka.chain.errors import ChainError
from ostraka.keys import SigningKey
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed
from ostraka_verifier.signatures import recover

_FIRST_V = 27
"""What our signatures add to the parity that transactions state."""


class Signer(Protocol):
    """Signs the transactions of one account."""

    @property
    def address(self) -> bytes:
        """Return the account, 20 bytes."""

    def sign_transaction(self, fields: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Return hash and raw bytes of a signed transaction.

        Args:
            fields: All fields of an EIP-1559 transaction, numbers as integers.

        Raises:
            ChainError: The signer cannot be reached, refuses, or signs something else.
        """


class KeySigner:
    """Signs with a key that this process holds."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.address = key.address

    def sign_transaction(self, fields: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """See `Signer`."""
        # The library's own signing is in Python, slow and not constant-time.
        signature = self._key.sign(TypedTransaction.from_dict(dict(fields)).hash())
        signed = {
            "v": signature[64] - _FIRST_V,
            "r": int.from_bytes(signature[:32], "big"),
            "s": int.from_bytes(signature[32:64], "big"),
        }
        raw = TypedTransaction.from_dict({**fields, **signed}).encode()
        return keccak256(raw), raw


class RemoteSigner:
    """Asks a signer that holds the key elsewhere, and checks what comes back."""

    def __init__(self, web3: Web3, address: bytes, method: str = "eth_signTransaction") -> None:
        """Args:
        web3: Connection to the signer.
        address: The account that it signs for, 20 bytes.
        method: `eth_signTransaction` (web3signer, nodes), or clef's `account_signTransaction`.
        """
        self._web3 = web3
        self._method = method
        self.address = address

    def sign_transaction(self, fields: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """See `Signer`."""
        asked = {name: _json_value(value) for name, value in fields.items() if name != "type"}
        asked["from"] = Web3.to_checksum_address(self.address)
        answer = self._web3.provider.make_request(self._method, [asked])  # type: ignore[arg-type]
        if "error" in answer:
            error = answer["error"]
            said = error.get("message", error) if isinstance(error, dict) else error
            raise ChainError(f"the signer refuses: {said}")
        result = answer.get("result")
        text = result.get("raw") if isinstance(result, dict) else result
        try:
            raw = bytes(HexBytes(str(text)))
            self._require_asked(raw, fields)
        except (
            TypeError,
            ValueError,
            KeyError,
            OverflowError,
            RLPException,
            Malformed,
        ) as error:
            raise ChainError("the signer's answer is not a signed transaction") from error
        return keccak256(raw), raw

    def _require_asked(self, raw: bytes, fields: Mapping[str, Any]) -> None:
        """Refuse a transaction that differs: the journal relies on its nonce and fees."""
        transaction = TypedTransaction.from_bytes(HexBytes(raw))
        signed = transaction.as_dict()
        for name, value in fields.items():
            found = signed["type"] if name == "type" else signed[name]
            if _comparable(found) != _comparable(value):
                raise ChainError(f"the signer signed a different {name} than requested")
        v, r, s = transaction.vrs()
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([_FIRST_V + v])
        if recover(transaction.hash(), signature) != self.address:
            raise ChainError("the signer signed with a different account than requested")


def _json_value(value: Any) -> Any:
    if isinstance(value, int):
        return hex(value)
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _comparable(value: Any) -> int | bytes:
    """Return integers as they are, addresses and data as bytes."""
    if isinstance(value, int):
        return value
    return bytes(HexBytes(value))
