"""Invitations: what a redemption is bound to, and what both keys sign.

An invitation is a key pair. Its address is public from the start; its secret is the code that its
invitee gets. Who redeems it signs with that key and with a key of their own, which votes.

Source: docs/protocol.md §6.7, §15.
"""

from dataclasses import dataclass
from typing import Any

from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.redemption import Redemption, poll_electorate, round_electorate
from ostraka_verifier.typed_data import Domain

_CODE_DIGITS = 64


@dataclass(frozen=True)
class InvitedElectorate:
    """A round's invitations, or those of a poll without a round.

    Attributes:
        domain: Of the treasury for a round, of the registry otherwise.
        root: Census root of all invitations, 32 bytes.
        round_id: Of a round; None otherwise.
        nonce: 32 bytes that tell a poll without a round from any other; None for a round.
    """

    domain: Domain
    root: bytes
    round_id: int | None
    nonce: bytes | None

    @property
    def digest(self) -> bytes:
        """`electorate`, 32 bytes."""
        chain_id, contract = self.domain.chain_id, self.domain.registry
        if self.nonce is not None:
            return poll_electorate(chain_id, contract, self.nonce, self.root)
        if self.round_id is None:
            raise ValueError("an electorate is of a round or has a nonce")
        return round_electorate(chain_id, contract, self.round_id, self.root)

    def to_json(self) -> dict[str, Any]:
        """As the gateway shows it."""
        return {
            "chain_id": self.domain.chain_id,
            "contract": to_hex(self.domain.registry),
            "round": None if self.round_id is None else str(self.round_id),
            "nonce": None if self.nonce is None else to_hex(self.nonce),
            "root": to_hex(self.root),
        }

    @classmethod
    def from_json(cls, shown: Any) -> "InvitedElectorate":
        """What `to_json` gives; Malformed when it is not that."""
        try:
            number, nonce = shown["round"], shown["nonce"]
            if (number is None) == (nonce is None):
                raise Malformed("electorate", "neither of a round nor of a poll")
            return cls(
                Domain(int(shown["chain_id"]), from_hex(shown["contract"], "electorate.contract")),
                from_hex(shown["root"], "electorate.root"),
                None if nonce is not None else int(number),
                None if nonce is None else from_hex(nonce, "electorate.nonce"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("electorate", repr(error)) from error

    def redeem(self, invitation: SigningKey, key: SigningKey) -> Redemption:
        """Both keys' signatures that bind an invitation to a key."""
        digest = self.domain.digest(
            typed_data.REDEMPTION, self.digest, invitation.address, key.address
        )
        return Redemption(invitation.sign(digest), key.sign(digest))


def invitation_of(code: str) -> SigningKey:
    """The key of an invitation's code, 64 hexadecimal digits.

    Raises:
        Malformed: It is none; says what a code looks like, never the code.
    """
    try:
        secret = bytes.fromhex(code)
        if len(code) != _CODE_DIGITS or secret.hex() != code:
            raise ValueError
        return SigningKey(secret)
    except ValueError:
        raise Malformed("code", f"not {_CODE_DIGITS} hexadecimal digits in lower case") from None
