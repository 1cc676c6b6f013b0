"""Censuses that anyone can read again from the chain at a past block.

Source: docs/protocol.md §6.5, §6.6; ERC-5805 (votes), ERC-6372 (clocks).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.contracts import (
    CLOCK_MODE,
    DELEGATE_VOTES_CHANGED,
    MEMBER_SET,
    PAST_VOTES,
    VOTING_KEY_REGISTERED,
)
from ostraka_verifier.encoding import canonical_json, word
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.rpc import (
    JsonRpc,
    Reverted,
    Unanswered,
    address_in,
    answers_of_the_endpoint,
    event_data,
    read_topic,
)
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.weight_classes import ClassRule, in_classes, read_class_rule

_MEMBERS = frozenset({"kind", "contract", "block", "unit", "keys", "classes"})


class SourceKind(StrEnum):
    """Kind of source of a census."""

    MEMBERS = "members"
    VOTES = "votes"


@dataclass(frozen=True)
class InvitedCensus:
    """A census of voters who redeemed invitations (§6.7).

    Attributes:
        root: Census root of all invitations, 32 bytes.
        nonce: 32 random bytes if the poll belongs to no round; None in a round.
    """

    root: bytes
    nonce: bytes | None = None

    def to_json(self) -> dict[str, object]:
        """Return the member `census` of a poll's description."""
        content: dict[str, object] = {"kind": "invitations", "root": "0x" + self.root.hex()}
        if self.nonce is not None:
            content["nonce"] = "0x" + self.nonce.hex()
        return content


def read_census_origin(content: Any) -> "CensusSource | InvitedCensus":
    """Read the member `census` of a description; Malformed if it is invalid."""
    if not isinstance(content, Mapping) or content.get("kind") != "invitations":
        return CensusSource.from_json(content)
    if not {"kind", "root", "nonce"}.issuperset(content):
        raise Malformed("description.census", "not a census by invitation")
    nonce = content.get("nonce")
    return InvitedCensus(
        _hash(content.get("root"), "root"), None if nonce is None else _hash(nonce, "nonce")
    )


@dataclass(frozen=True)
class CensusSource:
    """The source of a census.

    Attributes:
        contract: 20-byte address of a MemberRegistry, or of a token with votes (ERC-5805).
        block: Past block whose state counts.
        unit: Votes for a weight of 1; a remainder is dropped. 1 for members.
        keys: 20-byte address of the VotingKeys contract, None if every account signs itself.
        classes: How weights are made equal within classes, None if they stay unchanged.
    """

    kind: SourceKind
    contract: bytes
    block: int
    unit: int = 1
    keys: bytes | None = None
    classes: ClassRule | None = None

    def to_json(self) -> dict[str, object]:
        """Return the member `census` of a poll's description (§6.5)."""
        content: dict[str, object] = {
            "kind": self.kind.value,
            "contract": "0x" + self.contract.hex(),
            "block": self.block,
        }
        if self.kind is SourceKind.VOTES:
            content["unit"] = str(self.unit)
        if self.keys is not None:
            content["keys"] = "0x" + self.keys.hex()
        if self.classes is not None:
            content["classes"] = self.classes
        return content

    def at_time(self, unix_s: UnixSeconds) -> bytes:
        """Return canonical JSON as a round fixes it (§17.4): a time in place of the block."""
        content = self.to_json()
        del content["block"]
        return canonical_json(content | {"at": unix_s})

    @classmethod
    def from_json(cls, content: Any) -> "CensusSource":
        """Read the member `census` of a description; Malformed if it is invalid."""
        if not isinstance(content, Mapping) or not _MEMBERS.issuperset(content):
            raise Malformed("description.census", "not a source of a census")
        try:
            kind = SourceKind(str(content.get("kind")))
        except ValueError:
            raise Malformed("description.census.kind", "unknown") from None
        block, unit = content.get("block"), content.get("unit")
        if type(block) is not int or not 0 <= block < 1 << 63:
            raise Malformed("description.census.block", "not a number of a block")
        if kind is SourceKind.MEMBERS and unit is not None:
            raise Malformed("description.census.unit", "members have weights, not votes")
        unit = "1" if unit is None else unit
        if not isinstance(unit, str) or not re.fullmatch("[1-9][0-9]{0,38}", unit):
            raise Malformed("description.census.unit", "not a positive decimal")
        keys, classes = content.get("keys"), content.get("classes")
        return cls(
            kind,
            _address(content.get("contract"), "contract"),
            block,
            int(unit),
            None if keys is None else _address(keys, "keys"),
            None if classes is None else read_class_rule(classes, "description.census.classes"),
        )


class NobodyListed(Rejected):
    """The source lists nobody, or the endpoint lacks its events: both look alike."""


def read_census(rpc: JsonRpc, source: CensusSource, at: int) -> Census:
    """Return the census of a source, from the events of its contracts up to its block.

    Args:
        at: Block at which the contracts are asked, later than the source's.

    Raises:
        Undecided: The endpoint does not answer, or the block is not in its past.
        NobodyListed: The census is empty.
        Rejected: The census is invalid (check C1), or has too few voters for classes (check C3).
    """
    if source.block >= at:
        raise Undecided(f"block {source.block} of the census is not in the past of block {at}")
    if not rpc.code(source.contract, at):
        raise Unanswered(f"no contract at 0x{source.contract.hex()}, which the census is read from")
    with answers_of_the_endpoint():
        if source.kind is SourceKind.MEMBERS:
            weights = _member_weights(rpc, source)
        else:
            weights = _vote_weights(rpc, source, at)
        keys = _voting_keys(rpc, source)
    entries = tuple(
        CensusEntry(account, keys.get(account, account), weight)
        for account, weight in sorted(weights.items())
        if weight
    )
    if not entries:
        raise NobodyListed("C1", "census", "it has no entry")
    census = Census(entries)
    return census if source.classes is None else in_classes(census, source.classes)


def _member_weights(rpc: JsonRpc, source: CensusSource) -> dict[bytes, int]:
    weights = {}
    for log in rpc.logs(source.contract, MEMBER_SET.topics(), source.block):
        account = address_in(read_topic(log, MEMBER_SET.place("account")))
        weights[account] = MEMBER_SET.decode(event_data(log)).number("weight")
    return weights


def _vote_weights(rpc: JsonRpc, source: CensusSource, at: int) -> dict[bytes, int]:
    """Return weights from `getPastVotes`, of every account that ever had votes.

    Tokens count for the account to which their holder delegated them.
    """
    changes = rpc.logs(source.contract, DELEGATE_VOTES_CHANGED.topics(), source.block)
    place = DELEGATE_VOTES_CHANGED.place("delegate")
    delegates = sorted({address_in(read_topic(log, place)) for log in changes})
    timepoint = _timepoint(rpc, source, at)
    arguments = [word(delegate) + word(timepoint) for delegate in delegates]
    answers = rpc.call_each(source.contract, "getPastVotes(address,uint256)", arguments, at)
    return {
        delegate: PAST_VOTES.decode(answer, "getPastVotes()").number("votes") // source.unit
        for delegate, answer in zip(delegates, answers, strict=True)
    }


def _timepoint(rpc: JsonRpc, source: CensusSource, at: int) -> int:
    """Return the source's block by the token's clock (ERC-6372): its number, or its timestamp."""
    try:
        answer = rpc.call(source.contract, "CLOCK_MODE()", b"", at)
    except Reverted:
        # Tokens older than ERC-6372 count blocks.
        return source.block
    mode = CLOCK_MODE.decode(answer, "CLOCK_MODE()").byte_string("mode")
    if mode == b"mode=timestamp":
        return rpc.timestamp(source.block)
    if mode == b"mode=blocknumber&from=default":
        return source.block
    raise Undecided(f"the token's clock is {mode!r}")


def _voting_keys(rpc: JsonRpc, source: CensusSource) -> dict[bytes, bytes]:
    """Return the keys registered up to the source's block; zero revokes a key."""
    keys: dict[bytes, bytes] = {}
    if source.keys is None:
        return keys
    for log in rpc.logs(source.keys, VOTING_KEY_REGISTERED.topics(), source.block):
        account, key = (
            address_in(read_topic(log, VOTING_KEY_REGISTERED.place(name)))
            for name in ("account", "key")
        )
        if any(key):
            keys[account] = key
        else:
            keys.pop(account, None)
    return keys


def _hash(value: Any, member: str) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("0x[0-9a-f]{64}", value):
        raise Malformed(f"description.census.{member}", "not 32 bytes in lower-case 0x-hex")
    return bytes.fromhex(value[2:])


def _address(value: Any, member: str) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("0x[0-9a-f]{40}", value):
        raise Malformed(f"description.census.{member}", "not an address in lower-case 0x-hex")
    return bytes.fromhex(value[2:])
