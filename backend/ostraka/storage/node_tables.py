"""Tables of a tallying node.

No table holds a share, nor a key that opens one: a node keeps the sealed boxes until it destroys
its poll key, whose secret is in a file of its own (`ostraka.node.poll_secrets`).
"""

from sqlalchemy import BigInteger, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

from ostraka_verifier.units import UnixSeconds


class NodeTable(SQLModel):
    """Keeps a node's tables apart from the gateway's."""

    metadata = MetaData()


class NodePoll(NodeTable, table=True):
    """A poll that this node serves."""

    __tablename__ = "node_poll"

    poll_id: int = Field(primary_key=True)
    poll_context: bytes = Field(primary_key=True)
    """Before opening a reorganization may put another poll under the same id."""
    census: bytes
    redemptions: bytes | None = None
    """Section 12 of the board, of polls by invitation."""
    public_key: bytes
    announcement: bytes
    key_destroyed: bool = False
    """Whether the poll key was destroyed, and all boxes with it."""
    inventory_signature: bytes | None = None
    """Set on freezing; no receipt is signed from then on."""


class AnnouncedKey(NodeTable, table=True):
    """Another node's poll key, as it announced it last or as it is pinned on chain."""

    __tablename__ = "announced_key"

    poll_id: int = Field(primary_key=True)
    poll_context: bytes = Field(primary_key=True)
    node: int = Field(primary_key=True)
    public_key: bytes
    signature: bytes
    """Its `PollKey` statement."""


class AskedRepair(NodeTable, table=True):
    """A repair for which another node asked this one, as it signed the request."""

    __tablename__ = "asked_repair"
    __table_args__ = (UniqueConstraint("poll_id", "repair_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    poll_id: int = Field(index=True)
    target: int
    subject: bytes = Field(index=True)
    ballot_digest: bytes
    helpers: bytes
    """Indices, a byte each."""
    attempt: int = Field(sa_type=BigInteger)
    repair_hash: bytes
    signature: bytes
    """The target's `Repair` statement."""


class StoredBallot(NodeTable, table=True):
    """A ballot that passed every check but perhaps that of this node's own share."""

    __tablename__ = "stored_ballot"
    __table_args__ = (UniqueConstraint("poll_id", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    poll_id: int = Field(index=True)
    voter: bytes = Field(index=True)
    cast_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)
    digest: bytes
    signed: bytes
    """Ballot, hash of the boxes, signature, end to end; empty where they were damaged."""
    boxes: bytes
    """Sealed boxes as they came, end to end; empty once the poll key is destroyed, or where what
    the voter signed was damaged."""
    receipt: bytes | None = None
    """This node's signature; None where it came after freezing or the share is bad."""
    share_box: bytes | None = None
    """Sealed box with a good share: the voter's, or a repaired one; None where there is none."""


class PeerReceipt(NodeTable, table=True):
    """Another node's receipt, from its inventory."""

    __tablename__ = "peer_receipt"

    poll_id: int = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    node: int = Field(primary_key=True)
    signature: bytes


class SignedRoot(NodeTable, table=True):
    """The one root that this node signed in a settling round."""

    __tablename__ = "signed_root"

    poll_id: int = Field(primary_key=True)
    round: int = Field(primary_key=True)
    root_digest: bytes
    leaves: bytes
    """Ballot digests in leaf order."""
    signature: bytes


class RootAttestation(NodeTable, table=True):
    """A node's signature of a root, own or of a peer."""

    __tablename__ = "root_attestation"

    poll_id: int = Field(primary_key=True)
    round: int = Field(primary_key=True)
    root: bytes = Field(primary_key=True)
    """Hash, sum and count."""
    node: int = Field(primary_key=True)
    signature: bytes


class FinalStatement(NodeTable, table=True):
    """A node's only `Final` statement of a poll, own or of a peer."""

    __tablename__ = "final_statement"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    root_digest: bytes
    signature: bytes


class ReleasedShare(NodeTable, table=True):
    """A node's aggregate share, own or of a peer."""

    __tablename__ = "released_share"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    share: bytes
    signature: bytes
