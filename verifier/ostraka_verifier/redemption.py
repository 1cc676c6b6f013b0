"""Electorates by invitation: the invitations, and the key bound to each redeemed one.

The maker of the invitations can use those that never reached a person. No signature shows that, so
an audit states it as an assumption.

Source: docs/protocol.md §6.7. Vectors: tests/vectors/redemptions.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka_verifier import typed_data
from ostraka_verifier.census import Census, CensusEntry, CensusView
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    SIGNATURE_BYTES,
    Reader,
    tagged_hash,
    unsigned,
    word,
)
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain

_WEIGHT_BYTES = 16
_INVITATION_BYTES = ADDRESS_BYTES + _WEIGHT_BYTES
_RECORD_BYTES = 2 * SIGNATURE_BYTES


def round_electorate(chain_id: int, treasury: bytes, round_id: int, root: bytes) -> bytes:
    """Return the id of a round's electorate, which redemptions sign, 32 bytes."""
    return tagged_hash("electorate", word(chain_id), word(treasury), word(round_id), root)


def poll_electorate(chain_id: int, registry: bytes, nonce: bytes, root: bytes) -> bytes:
    """Return the id of the electorate of a poll without a round, 32 bytes.

    Args:
        nonce: 32 random bytes that the poll's description names.
    """
    return tagged_hash("electorate", word(chain_id), word(registry), nonce, root)


def invitations(weights: Sequence[tuple[bytes, int]]) -> Census:
    """Return the tree of invitations: each address signs for itself until it is redeemed.

    Args:
        weights: Address and weight of each invitation, in strict order of address.

    Raises:
        Rejected: They are out of order or range (check C1).
    """
    return Census(tuple(CensusEntry(address, address, weight) for address, weight in weights))


@dataclass(frozen=True)
class Redemption:
    """Both keys' signatures of `Redemption(electorate, invitation, signingKey)`, 65 bytes each."""

    by_invitation: bytes
    by_signing_key: bytes


@dataclass(frozen=True)
class Redemptions:
    """Section 12 of a board: all invitations, and the binding of each census entry to its key.

    Attributes:
        invited: Every invitation, redeemed or not.
        records: One for each entry of the poll's census, in its order.
    """

    invited: Census
    records: tuple[Redemption, ...]

    def encode(self) -> bytes:
        """Return `u32 count`, the invitations, the records."""
        parts = [unsigned(len(self.invited), 4)]
        for entry in self.invited.entries:
            parts += [entry.account, unsigned(entry.weight, _WEIGHT_BYTES)]
        for record in self.records:
            parts += [record.by_invitation, record.by_signing_key]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes, voters: int) -> "Redemptions":
        """Read section 12 of a poll with this number of voters.

        Raises:
            Malformed: Bytes are missing or left over.
            Rejected: The invitations are out of order or range (check C1).
        """
        reader = Reader(data, "redemptions")
        count = reader.unsigned(4, "count")
        if len(data) != 4 + count * _INVITATION_BYTES + voters * _RECORD_BYTES:
            raise Malformed(
                "redemptions",
                f"{len(data)} bytes do not hold {count} invitations and {voters} redemptions",
            )
        invited = invitations(
            [
                (reader.take(ADDRESS_BYTES, "invitation"), reader.unsigned(_WEIGHT_BYTES, "weight"))
                for _ in range(count)
            ]
        )
        records = tuple(
            Redemption(
                reader.take(SIGNATURE_BYTES, "by_invitation"),
                reader.take(SIGNATURE_BYTES, "by_signing_key"),
            )
            for _ in range(voters)
        )
        return cls(invited, records)

    def check(self, census: CensusView, root: bytes, electorate: bytes, domain: Domain) -> None:
        """Check that each voter has an invitation, its weight and the key bound to it.

        Args:
            census: The poll's.
            root: Census root of the invitations, as the round or the poll's description fixes it.
            electorate: As `round_electorate` or `poll_electorate` gives it.
            domain: Of the treasury for a round, of the registry otherwise.

        Raises:
            Rejected: A voter fails; the item names the voter (check C4).
        """
        if self.invited.root != root:
            raise Rejected(
                "C4", "invitations", "they have a different root than the one fixed before"
            )
        if len(self.records) != len(census):
            raise Rejected("C4", "redemptions", "not one for each voter")
        keys = set[bytes]()
        for entry, record in zip(census.entries, self.records, strict=True):
            item = f"voter 0x{entry.account.hex()}"
            invited = self.invited.by_account.get(entry.account)
            if invited is None or invited.weight != entry.weight:
                raise Rejected("C4", item, "not an invitation, or of another weight")
            if entry.signing_key in keys:
                raise Rejected("C4", item, "its key redeemed another invitation as well")
            keys.add(entry.signing_key)
            check_redemption(record, entry.account, entry.signing_key, electorate, domain)


def check_redemption(
    redemption: Redemption, invitation: bytes, signing_key: bytes, electorate: bytes, domain: Domain
) -> None:
    """Check that both keys signed the binding of invitation and signing key.

    Raises:
        Rejected: A signature is missing or invalid (check C4).
    """
    digest = domain.digest(typed_data.REDEMPTION, electorate, invitation, signing_key)
    for name, address, signature in (
        ("invitation", invitation, redemption.by_invitation),
        ("signing key", signing_key, redemption.by_signing_key),
    ):
        item = f"voter 0x{invitation.hex()}"
        try:
            signer = recover(digest, signature)
        except Malformed as error:
            raise Rejected("C4", item, f"{name}: {error}") from None
        if signer != address:
            raise Rejected("C4", item, f"its {name} did not sign the redemption")
