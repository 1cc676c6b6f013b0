"""Redeem invitations: the electorate that a redemption is bound to, and its two signatures.

An invitation is a key pair. Its address is public from the start; its secret is the code that the
invited person gets. To redeem it, they sign with that key and with their own voting key.

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
        domain: The treasury's for a round, otherwise the registry's.
        root: Census root of all invitations, 32 bytes.
        round_id: None for a poll without a round.
        nonce: 32 bytes that identify a poll without a round; None for a round.
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
            raise ValueError("an electorate needs either a round or a nonce")
        return round_electorate(chain_id, contract, self.round_id, self.root)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of the gateway."""
        return {
            "chain_id": self.domain.chain_id,
            "contract": to_hex(self.domain.registry),
            "round": None if self.round_id is None else str(self.round_id),
            "nonce": None if self.nonce is None else to_hex(self.nonce),
            "root": to_hex(self.root),
        }

    @classmethod
    def from_json(cls, shown: Any) -> "InvitedElectorate":
        """Read the form of `to_json`; Malformed if it is invalid."""
        try:
            number, nonce = shown["round"], shown["nonce"]
            if (number is None) == (nonce is None):
                raise Malformed("electorate", "names neither a round nor a poll")
            return cls(
                Domain(int(shown["chain_id"]), from_hex(shown["contract"], "electorate.contract")),
                from_hex(shown["root"], "electorate.root"),
                None if nonce is not None else int(number),
                None if nonce is None else from_hex(nonce, "electorate.nonce"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("electorate", repr(error)) from error

    def redeem(self, invitation: SigningKey, key: SigningKey) -> Redemption:
        """Return both keys' signatures that bind an invitation to a voting key."""
        digest = self.domain.digest(
            typed_data.REDEMPTION, self.digest, invitation.address, key.address
        )
        return Redemption(invitation.sign(digest), key.sign(digest))

    def replaced(self, code: SigningKey, signing_key: bytes) -> bytes:
        """Return the signature by which a code that replaced an invitation's own binds a key."""
        digest = self.domain.digest(typed_data.REDEMPTION, self.digest, code.address, signing_key)
        return code.sign(digest)


@dataclass(frozen=True)
class InvitationCode:
    """What an invitee receives.

    Attributes:
        invitation: Key of the invitation.
        replacement: Key of the code that replaces the invitation's own, after its key was lost.
    """

    invitation: SigningKey
    replacement: SigningKey | None = None

    def __str__(self) -> str:
        """The code as text: 64 hexadecimal digits for each key."""
        keys = (self.invitation, self.replacement)
        return "".join(key.secret().hex() for key in keys if key is not None)

    @classmethod
    def read(cls, text: str) -> "InvitationCode":
        """Return the code of a text.

        Raises:
            Malformed: It is invalid; the message describes a code, but does not show this one.
        """
        try:
            secrets = bytes.fromhex(text)
            if secrets.hex() != text or len(text) not in (_CODE_DIGITS, 2 * _CODE_DIGITS):
                raise ValueError
            places = range(0, len(secrets), _CODE_DIGITS // 2)
            return cls(*(SigningKey(secrets[at : at + _CODE_DIGITS // 2]) for at in places))
        except ValueError:
            detail = f"not {_CODE_DIGITS} or {2 * _CODE_DIGITS} hexadecimal digits in lower case"
            raise Malformed("code", detail) from None
