"""What a node tells everybody of a poll's keys: announcements, signatures, and whom it waits for.

Full keys are nowhere on chain, only the words that stand for them; whoever seals to them takes them
from any node and compares.

Source: docs/protocol.md §4.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.encoding import tagged_hash, unsigned
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import check_poll_keys, node_key, node_keys_hash
from ostraka_verifier.typed_data import Domain, recover
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class PollKeyList:
    """The poll keys of a whole committee, node 1 first, 1,216 bytes each."""

    public_keys: tuple[bytes, ...]

    @cached_property
    def node_keys(self) -> tuple[bytes, ...]:
        """The words that stand for them on chain."""
        return tuple(node_key(one) for one in self.public_keys)

    @cached_property
    def hash(self) -> bytes:
        """`pollKeys`, 32 bytes."""
        return node_keys_hash(self.node_keys)

    def check(self) -> None:
        """Malformed when a key is refused, or two share a half; names the nodes."""
        check_poll_keys(self.public_keys)


Opening = tuple[PollKeyList, tuple[bytes, ...]]
"""What opens a poll: all keys, and all nodes' signatures of their list."""


class Stage(Enum):
    """What a node waits for; the number is what its statement hashes."""

    KEY = 0
    """An announcement of a poll key that is not refused."""
    POSSESSION = 1
    """The answer to a challenge."""
    SIGNATURE = 2
    """The signature of the same list of keys."""


@dataclass(frozen=True)
class Waiting:
    """That a node waits for another one, and since when by its own clock."""

    node: int
    stage: Stage
    since_unix_s: UnixSeconds


def waiting_hash(waiting: Sequence[Waiting]) -> bytes:
    """What a `Waiting` statement signs."""
    parts = [bytes([one.node, one.stage.value]) + unsigned(one.since_unix_s, 8) for one in waiting]
    return tagged_hash("waiting", *parts)


@dataclass(frozen=True)
class Announcement:
    """A node's poll key and its `PollKey` signature."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True)
class KeyReport:
    """What one node says of a poll's keys.

    Attributes:
        node: Index of the node that says so.
        announcements: By node, as far as they are known.
        poll_keys: Hash of the list of all keys; empty as long as one is missing or refused.
        signatures: Of that list (`PollKeys`), by node.
        waiting: For whom it waits.
        said_at_unix_s: When, by its own clock.
        statement: Its signature of whom it waits for (`Waiting`).
    """

    node: int
    announcements: Mapping[int, Announcement]
    poll_keys: bytes
    signatures: Mapping[int, bytes]
    waiting: tuple[Waiting, ...]
    said_at_unix_s: UnixSeconds
    statement: bytes

    def to_json(self, nodes: int) -> dict[str, Any]:
        """As a node shows it: lists have a place for each node, None where nothing is known.

        Members: the full `public_keys`; each node's `PollKey` signature in `announcements`; the
        `poll_keys` hash; the `PollKeys` signature of this node in `signature`, and of all in
        `signatures`; `waiting_for` with reason and time, its own time `said_at`, its `statement`.
        """
        order = range(1, nodes + 1)
        keys = [self.announcements.get(node) for node in order]
        signatures = [_hex_or_none(self.signatures.get(node)) for node in order]
        return {
            "node": self.node,
            "public_keys": [None if one is None else to_hex(one.public_key) for one in keys],
            "announcements": [None if one is None else to_hex(one.signature) for one in keys],
            "poll_keys": _hex_or_none(self.poll_keys),
            "signature": signatures[self.node - 1],
            "signatures": signatures,
            "waiting_for": [
                {"node": one.node, "reason": one.stage.name.lower(), "since": one.since_unix_s}
                for one in self.waiting
            ],
            "said_at": self.said_at_unix_s,
            "statement": to_hex(self.statement),
        }

    @classmethod
    def from_json(cls, content: Any, nodes: int) -> "KeyReport":
        """Read a report in a committee of so many nodes; nothing in it is checked.

        Raises:
            Malformed: It is none.
        """

        def index(one: Any) -> int:
            node = one["node"]
            if type(node) is not int or not 1 <= node <= nodes:
                raise Malformed("opening", "a node that is not in the committee")
            return node

        def moment(one: Any, name: str) -> UnixSeconds:
            if type(one[name]) is not int or not 0 <= one[name] < 2**64:
                raise Malformed(name, "expected Unix seconds")
            return UnixSeconds(one[name])

        def waiting() -> tuple[Waiting, ...]:
            listed = content["waiting_for"]
            if not isinstance(listed, list) or len(listed) > nodes:
                raise Malformed("waiting_for", "no list of nodes")
            return tuple(
                Waiting(index(one), Stage[str(one["reason"]).upper()], moment(one, "since"))
                for one in listed
            )

        def by_node(name: str) -> dict[int, bytes]:
            listed = content[name]
            if not isinstance(listed, list) or len(listed) != nodes:
                raise Malformed(name, "not one for each node")
            given = enumerate(listed, start=1)
            return {node: from_hex(one, name) for node, one in given if one is not None}

        try:
            keys, announced = by_node("public_keys"), by_node("announcements")
            poll_keys = content["poll_keys"]
            return cls(
                index(content),
                {
                    node: Announcement(key, announced[node])
                    for node, key in keys.items()
                    if node in announced
                },
                b"" if poll_keys is None else from_hex(poll_keys, "poll_keys"),
                by_node("signatures"),
                waiting(),
                moment(content, "said_at"),
                from_hex(content["statement"], "statement"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed("opening", f"no report of a poll's keys: {error!r}") from error

    def check_statement(
        self, node: int, address: bytes, domain: Domain, poll_context: bytes
    ) -> None:
        """A node said this, and signed for whom it waits.

        Raises:
            Malformed: It is another's, or is not signed by it.
        """
        statement = (
            typed_data.WAITING,
            poll_context,
            waiting_hash(self.waiting),
            self.said_at_unix_s,
        )
        if self.node != node or recover(domain.digest(*statement), self.statement) != address:
            raise Malformed("statement", "for whom it waits is not signed by this node")

    def announced_by(
        self, committee: Committee, domain: Domain, poll_context: bytes
    ) -> tuple[int, ...]:
        """Nodes of which it shows a poll key that they announced themselves, by their signature."""

        def is_own(node: int, announced: Announcement) -> bool:
            digest = domain.digest(
                typed_data.POLL_KEY, poll_context, node_key(announced.public_key)
            )
            try:
                signer = recover(digest, announced.signature)
            except Malformed:
                return False
            return signer == committee.members[node - 1].address

        return tuple(node for node, one in sorted(self.announcements.items()) if is_own(node, one))

    def pinned(self, node_keys: Sequence[bytes]) -> PollKeyList:
        """The full keys whose words are pinned on chain.

        Raises:
            Malformed: A key is refused, or two share a half.
            Rejected: One is missing, or is not the pinned one (check P4).
        """
        found = [self.announcements.get(node) for node in range(1, len(node_keys) + 1)]
        keys = PollKeyList(tuple(b"" if one is None else one.public_key for one in found))
        for node, (expected, given) in enumerate(zip(node_keys, keys.node_keys, strict=True), 1):
            if expected != given:
                raise Rejected("P4", f"poll key of node {node}", "not the one pinned on chain")
        keys.check()
        return keys

    def opening(self, committee: Committee, domain: Domain, poll_context: bytes) -> Opening | None:
        """What opens a poll: all keys and all nodes' signatures, None as long as one is missing.

        Raises:
            Malformed: A key is refused, or two share a half.
            Rejected: A signature is not its node's (check P4).
        """
        order = range(1, len(committee.members) + 1)
        if not all(node in self.announcements and node in self.signatures for node in order):
            return None
        keys = PollKeyList(tuple(self.announcements[node].public_key for node in order))
        keys.check()
        signatures = tuple(self.signatures[node] for node in order)
        check_signatures(committee, domain, poll_context, keys.hash, signatures)
        return keys, signatures


def check_signatures(
    committee: Committee,
    domain: Domain,
    poll_context: bytes,
    poll_keys: bytes,
    signatures: Sequence[bytes],
) -> None:
    """Every node of the committee signed the list of poll keys.

    Raises:
        Malformed: A signature cannot be read.
        Rejected: One is missing or another's; the item names the node (check P4).
    """
    digest = domain.digest(typed_data.POLL_KEYS, poll_context, poll_keys)
    for number, member in enumerate(committee.members):
        # Else whoever opened the poll could have put keys of their own in the nodes' place.
        if number >= len(signatures) or recover(digest, signatures[number]) != member.address:
            raise Rejected("P4", f"poll keys of node {number + 1}", "not signed by that node")


def _hex_or_none(data: bytes | None) -> str | None:
    return to_hex(data) if data else None
