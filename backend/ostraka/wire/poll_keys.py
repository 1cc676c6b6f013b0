"""A node's public report of a poll's keys: announcements, signatures, and nodes it waits for.

The chain has only the hashes of the keys. Clients take the full keys from any node, and compare
them with the hashes before they seal to them.

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
from ostraka_verifier.signatures import recover
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class PollKeyList:
    """The poll keys of a whole committee, node 1 first, 1,216 bytes each."""

    public_keys: tuple[bytes, ...]

    @cached_property
    def node_keys(self) -> tuple[bytes, ...]:
        """The hashes that the chain pins, node 1 first."""
        return tuple(node_key(one) for one in self.public_keys)

    @cached_property
    def hash(self) -> bytes:
        """`pollKeys`, 32 bytes."""
        return node_keys_hash(self.node_keys)

    def check(self) -> None:
        """Raise Malformed if a key is invalid, or two keys share a half; names the nodes."""
        check_poll_keys(self.public_keys)


Opening = tuple[PollKeyList, tuple[bytes, ...]]
"""The data that opens a poll: all keys, and all nodes' signatures of their list."""


class Stage(Enum):
    """What a node waits for; its statement hashes the number."""

    KEY = 0
    """A valid announcement of a poll key."""
    POSSESSION = 1
    """The answer to a challenge."""
    SIGNATURE = 2
    """The signature of the same list of keys."""


@dataclass(frozen=True)
class Waiting:
    """A node that the reporting node waits for, and since when by the latter's clock."""

    node: int
    stage: Stage
    since_unix_s: UnixSeconds


def waiting_hash(waiting: Sequence[Waiting]) -> bytes:
    """Return the hash that a `Waiting` statement signs."""
    parts = [bytes([one.node, one.stage.value]) + unsigned(one.since_unix_s, 8) for one in waiting]
    return tagged_hash("waiting", *parts)


@dataclass(frozen=True)
class Announcement:
    """A node's poll key and its `PollKey` signature."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True)
class KeyReport:
    """One node's report of a poll's keys.

    Attributes:
        node: Index of the reporting node.
        announcements: Known announcements by node.
        poll_keys: Hash of the list of all keys; empty while a key is missing or invalid.
        signatures: Known signatures of that list (`PollKeys`) by node.
        waiting: Nodes that it waits for.
        said_at_unix_s: Time of the report by the node's own clock.
        statement: The node's signature of the report (`Waiting`).
    """

    node: int
    announcements: Mapping[int, Announcement]
    poll_keys: bytes
    signatures: Mapping[int, bytes]
    waiting: tuple[Waiting, ...]
    said_at_unix_s: UnixSeconds
    statement: bytes

    def to_json(self, nodes: int) -> dict[str, Any]:
        """Return the JSON form; lists have a place for each node, None if nothing is known.

        Members: the full `public_keys`; each node's `PollKey` signature in `announcements`; the
        `poll_keys` hash; the `PollKeys` signature of this node in `signature`, and of all in
        `signatures`; `waiting_for` with reason and time; the node's time `said_at` and `statement`.
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
        """Read the report of a node in a committee of `nodes` nodes; checks no signature.

        Raises:
            Malformed: It is invalid.
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
                raise Malformed(name, "expected an entry for each node")
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
            raise Malformed("opening", f"not a report of a poll's keys: {error!r}") from error

    def check_statement(
        self, node: int, address: bytes, domain: Domain, poll_context: bytes
    ) -> None:
        """Check that this is a node's report, and that the node signed its statement.

        Raises:
            Malformed: It is another node's, or the node did not sign it.
        """
        statement = (
            typed_data.WAITING,
            poll_context,
            waiting_hash(self.waiting),
            self.said_at_unix_s,
        )
        if self.node != node or recover(domain.digest(*statement), self.statement) != address:
            raise Malformed("statement", "not signed by this node")

    def announced_by(
        self, committee: Committee, domain: Domain, poll_context: bytes
    ) -> tuple[int, ...]:
        """Return the nodes whose announcement in this report has their own signature."""

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
        """Return the full keys whose hashes are pinned on chain.

        Raises:
            Malformed: A key is invalid, or two keys share a half.
            Rejected: A key is missing, or is not the pinned one (check P4).
        """
        found = [self.announcements.get(node) for node in range(1, len(node_keys) + 1)]
        keys = PollKeyList(tuple(b"" if one is None else one.public_key for one in found))
        for node, (expected, given) in enumerate(zip(node_keys, keys.node_keys, strict=True), 1):
            if expected != given:
                raise Rejected("P4", f"poll key of node {node}", "not the one pinned on chain")
        keys.check()
        return keys

    def opening(self, committee: Committee, domain: Domain, poll_context: bytes) -> Opening | None:
        """Return all keys and all nodes' signatures; None while any is missing.

        Raises:
            Malformed: A key is invalid, or two keys share a half.
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
    """Check that every node of the committee signed the list of poll keys.

    Raises:
        Malformed: A signature cannot be read.
        Rejected: A signature is missing or of another signer; names the node (check P4).
    """
    digest = domain.digest(typed_data.POLL_KEYS, poll_context, poll_keys)
    for number, member in enumerate(committee.members):
        # Prevents the account that opened the poll from replacing nodes' keys by its own.
        if number >= len(signatures) or recover(digest, signatures[number]) != member.address:
            raise Rejected("P4", f"poll keys of node {number + 1}", "not signed by that node")


def _hex_or_none(data: bytes | None) -> str | None:
    return to_hex(data) if data else None
