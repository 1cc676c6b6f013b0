"""A node's receipts of ballots, as it sends them to voters.

Source: docs/protocol.md §9.2.
"""

from dataclasses import dataclass
from typing import Any

from ostraka.wire.records import to_hex
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class Receipt:
    """A node's promise that it holds a ballot."""

    node: int
    voter: bytes
    cast_at_unix_s: UnixSeconds
    ballot_digest: bytes
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Return the members that are sent to the voter."""
        return {
            "node": self.node,
            "voter": to_hex(self.voter),
            "cast_at": self.cast_at_unix_s,
            "ballot_digest": to_hex(self.ballot_digest),
            "signature": to_hex(self.signature),
        }
