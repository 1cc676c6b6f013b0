"""Code of each release's contracts, and the values that a deployment sets in it.

`releases.json` is generated from the compiled contracts. Each entry gives the keccak-256 of a
contract's runtime code in which all immutables are zero, and the places of the immutables. The
deployer sets their values, so those that follow from the deployment are compared, too.

Source: docs/protocol.md §18; scripts/releases.py writes the file and describes its form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ostraka_verifier.encoding import WORD_BYTES, keccak256, word
from ostraka_verifier.typed_data import Domain

MEMBER_REGISTRY = "MemberRegistry"
_MAX_NONCE = 0x7F


@dataclass(frozen=True)
class Place:
    """Place of an immutable in the code. The same one may have several places."""

    name: str
    start: int


@dataclass(frozen=True)
class ContractCode:
    """Runtime code of a contract in one release.

    Attributes:
        release: Name of the release.
        contract: Name of its artifact.
        masked_hash: keccak-256 of the code with zeros for all immutables.
        size: Bytes of the code.
        immutables: Of 32 bytes each.
    """

    release: str
    contract: str
    masked_hash: bytes
    size: int
    immutables: tuple[Place, ...]

    def read(self, code: bytes) -> dict[str, bytes] | None:
        """Return the immutables, 32 bytes each; None if the code is different."""
        if len(code) != self.size:
            return None
        masked, values = bytearray(code), dict[str, bytes]()
        for place in self.immutables:
            span = slice(place.start, place.start + WORD_BYTES)
            if values.setdefault(place.name, code[span]) != code[span]:
                # The compiler writes the same value in all places.
                return None
            masked[span] = bytes(WORD_BYTES)
        return values if keccak256(bytes(masked)) == self.masked_hash else None


@dataclass(frozen=True)
class Found:
    """A release's contract, with the values of its immutables, 32 bytes each."""

    release: str
    immutables: Mapping[str, bytes]

    def differing(self, expected: Mapping[str, bytes]) -> str | None:
        """Return the name of an immutable with an unexpected value; None if all agree."""
        for name, value in expected.items():
            if self.immutables.get(name) != value:
                return name
        return None


@dataclass(frozen=True)
class Releases:
    """The releases that a verifier knows."""

    codes: tuple[ContractCode, ...]

    def find(self, contract: str, code: bytes) -> Found | None:
        """Return the contract of a known release that has this code, or None."""
        for known in self.codes:
            values = known.read(code) if known.contract == contract else None
            if values is not None:
                return Found(known.release, values)
        return None

    @classmethod
    def from_json(cls, content: Any) -> "Releases":
        """Read the content of `releases.json`. The file is ours, so errors are bugs."""
        return cls(
            tuple(
                ContractCode(
                    release,
                    name,
                    bytes.fromhex(one["codeHash"][2:]),
                    one["codeLength"],
                    tuple(
                        Place(immutable, start)
                        for immutable, starts in one["immutables"].items()
                        for start in starts
                    ),
                )
                for release, contracts in content.items()
                for name, one in contracts.items()
            )
        )


@cache
def known_releases() -> Releases:
    """Return the releases in `releases.json`."""
    text = files("ostraka_verifier").joinpath("releases.json").read_text("utf-8")
    return Releases.from_json(json.loads(text))


def created_address(creator: bytes, nonce: int) -> bytes:
    """Return the address of the contract that another makes by its `nonce`th CREATE, 20 bytes.

    Args:
        creator: 20-byte address.
        nonce: 1 to 127; a contract's first is 1.

    Source: Ethereum Yellow Paper §7; EIP-161.
    """
    if not 1 <= nonce <= _MAX_NONCE:
        raise ValueError(f"nonce {nonce} outside 1 to {_MAX_NONCE}")
    # RLP of a list of 20 bytes and one byte.
    return keccak256(b"\xd6\x94", creator, bytes([nonce]))[12:]


def domain_immutables(chain_id: int, contract: bytes) -> dict[str, bytes]:
    """Return the immutables that OpenZeppelin's EIP712 sets in one of our contracts."""
    return {
        "_cachedDomainSeparator": Domain(chain_id, contract).separator,
        "_cachedChainId": word(chain_id),
        "_cachedThis": word(contract),
        "_hashedName": keccak256(b"Ostraka"),
        "_hashedVersion": keccak256(b"2"),
        "_name": _short_string(b"Ostraka"),
        "_version": _short_string(b"2"),
    }


def _short_string(text: bytes) -> bytes:
    """Pack up to 31 bytes as OpenZeppelin's ShortStrings does."""
    return text.ljust(WORD_BYTES - 1, b"\0") + bytes([len(text)])
