"""Tables of a tallying node.

No table has a share of a voter's ballot or a key that opens one. A node keeps the sealed boxes
until it destroys its poll key, whose secret is in a separate file (`ostraka.node.poll_secrets`).
Shares of a certified run of the shuffle are public; those of other states are in memory only.
"""

from sqlalchemy import BigInteger, Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ostraka_verifier.units import UnixSeconds


class NodeTable(SQLModel):
    """Base of a node's tables; separates them from the gateway's."""

    metadata = MetaData()


class StoreIdentity(NodeTable, table=True):
    """Which store this is: the folder of poll secrets names it, too (`ostraka.node.identity`)."""

    __tablename__ = "store_identity"

    id: int = Field(default=1, primary_key=True)
    identity: bytes
    """16 random bytes."""
    node: bytes
    """Address of the node's signing key."""
    starts: int = Field(default=0, sa_type=BigInteger)
    """Number of times that a node opened this store."""
    generation: int = Field(default=0, sa_type=BigInteger)
    """Grows at each start of the node, and while it writes: an older copy has a lower one."""
    rebuilding: bool = False
    """Whether `ostraka node rebuild` has begun with it and not ended."""
    rebuilt_at_unix_s: UnixSeconds | None = Field(default=None, sa_type=BigInteger)
    """When its rebuild ended: what the node signed before is lost. None for one that never was."""


class NodePoll(NodeTable, table=True):
    """A poll that this node serves."""

    __tablename__ = "node_poll"

    poll_id: int = Field(primary_key=True)
    poll_context: bytes = Field(primary_key=True)
    """Identifies the poll: before opening, a reorganization may reuse its id for another poll."""
    census: bytes
    redemptions: bytes | None = None
    """Section 12 of the board, for polls by invitation."""
    public_key: bytes
    announcement: bytes
    key_destroyed: bool = False
    """Whether the poll key and all boxes were destroyed."""
    inventory_signature: bytes | None = None
    """Set on freezing; from then on the node signs no receipts."""
    rebuilt: bool = False
    """Whether the store was lost while the poll was open: the node does not know what it has signed
    about ballots, and signs no receipt, inventory, root or `Lacking`."""
    may_have_stated_final: bool = False
    """Whether the store was lost when the root could be final: the node signs no `Final`."""


class AnnouncedKey(NodeTable, table=True):
    """Another node's poll key: its latest announcement, or the key pinned on chain."""

    __tablename__ = "announced_key"

    poll_id: int = Field(primary_key=True)
    poll_context: bytes = Field(primary_key=True)
    node: int = Field(primary_key=True)
    public_key: bytes
    signature: bytes
    """Its `PollKey` statement."""


class AskedRepair(NodeTable, table=True):
    """A repair that another node requested, with its signed request."""

    __tablename__ = "asked_repair"
    __table_args__ = (UniqueConstraint("poll_id", "repair_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    poll_id: int = Field(index=True)
    target: int
    subject: bytes = Field(index=True)
    ballot_digest: bytes
    helpers: bytes
    """Indices, one byte each."""
    attempt: int = Field(sa_type=BigInteger)
    repair_hash: bytes
    signature: bytes
    """The target's `Repair` statement."""


class StoredBallot(NodeTable, table=True):
    """A ballot that passed every check, except possibly that of this node's own share."""

    __tablename__ = "stored_ballot"
    __table_args__ = (
        UniqueConstraint("poll_id", "digest"),
        # Versions of many voters at once: with an index for each column, SQLite reads all ballots.
        Index("ix_stored_ballot_poll_voter", "poll_id", "voter"),
        # Digests with receipts, once a minute, without reading the ballots themselves.
        Index(
            "ix_stored_ballot_with_receipt",
            "poll_id",
            "id",
            "digest",
            sqlite_where=text("receipt IS NOT NULL"),
            postgresql_where=text("receipt IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    poll_id: int = Field(index=True)
    voter: bytes
    cast_at_unix_s: UnixSeconds = Field(sa_type=BigInteger)
    digest: bytes
    signed: bytes
    """Ballot, hash of the boxes and signature, end to end; empty if they were damaged."""
    boxes: bytes
    """Received sealed boxes, end to end; empty once the poll key is destroyed, or if the signed
    parts were damaged."""
    receipt: bytes | None = None
    """This node's signature; None if the ballot came after freezing or its share is bad."""
    share_box: bytes | None = None
    """Sealed box with a good share, the voter's or a repaired one; None without a good share."""


class LoggedReceipt(NodeTable, table=True):
    """A place in the log of this node's receipts (docs/protocol.md §9.6)."""

    __tablename__ = "logged_receipt"
    __table_args__ = (UniqueConstraint("poll_id", "digest"),)

    poll_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    """From 0 without gaps."""
    digest: bytes


class StoredCheckpoint(NodeTable, table=True):
    """A checkpoint of this node or a peer: the only one of its number that this node accepted."""

    __tablename__ = "stored_checkpoint"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    signed: bytes
    """Checkpoint and signature, as `SignedCheckpoint.encode`."""
    proven: bool = False
    """Whether the node proved that its log only grew since the last one that is proven."""


class StoredCosignature(NodeTable, table=True):
    """A node's signature of another node's checkpoint."""

    __tablename__ = "stored_cosignature"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    """Whose checkpoint it is."""
    number: int = Field(primary_key=True, sa_type=BigInteger)
    witness: int = Field(primary_key=True)
    """The node that signed it too."""
    signature: bytes


class StoredContradiction(NodeTable, table=True):
    """The first proof that a node contradicted its checkpoints."""

    __tablename__ = "stored_contradiction"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    first: bytes
    """A checkpoint and its signature."""
    second: bytes
    """Another one; or the hash of the node's inventory and its signature, 97 bytes."""


class PeerReceipt(NodeTable, table=True):
    """Another node's receipt, from its inventory."""

    __tablename__ = "peer_receipt"

    poll_id: int = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    node: int = Field(primary_key=True)
    signature: bytes


class SignedRoot(NodeTable, table=True):
    """The only root that this node signed in a settling round."""

    __tablename__ = "signed_root"

    poll_id: int = Field(primary_key=True)
    round: int = Field(primary_key=True)
    root_digest: bytes
    leaves: bytes
    """Ballot digests in leaf order."""
    signature: bytes


class RootAttestation(NodeTable, table=True):
    """This node's or a peer's signature of a root."""

    __tablename__ = "root_attestation"

    poll_id: int = Field(primary_key=True)
    round: int = Field(primary_key=True)
    root: bytes = Field(primary_key=True)
    """Hash, sum and count."""
    node: int = Field(primary_key=True)
    signature: bytes


class FinalStatement(NodeTable, table=True):
    """The only `Final` statement of this node or a peer about a poll."""

    __tablename__ = "final_statement"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    root_digest: bytes
    signature: bytes


class ReleasedShare(NodeTable, table=True):
    """The aggregate share of this node or a peer."""

    __tablename__ = "released_share"

    poll_id: int = Field(primary_key=True)
    node: int = Field(primary_key=True)
    share: bytes
    signature: bytes


class ShuffleSignature(NodeTable, table=True):
    """The only state of a turn whose run this node signed (`Shuffled`)."""

    __tablename__ = "shuffle_signature"

    poll_id: int = Field(primary_key=True)
    turn: int = Field(primary_key=True, sa_type=BigInteger)
    state_hash: bytes
    signature: bytes


class CertifiedRun(NodeTable, table=True):
    """A run of the shuffle that `q` nodes signed, until this node destroys its poll key."""

    __tablename__ = "certified_run"

    poll_id: int = Field(primary_key=True)
    state_hash: bytes
    certificate: bytes
    """Run record and signatures."""
    commitments: bytes = b""
    """`V, A_1 …` of each position of the last state; empty if this node did not see the step."""
    shares: bytes = b""
    """This node's shares of the last state, public from now on; empty without good ones."""


class OpenedBallots(NodeTable, table=True):
    """Section 14 of a poll's board, with all its checks done."""

    __tablename__ = "opened_ballots"

    poll_id: int = Field(primary_key=True)
    section: bytes


class SignedOutcome(NodeTable, table=True):
    """The only outcome of a poll's opened ballots that this node signed (`Outcome`)."""

    __tablename__ = "signed_outcome"

    poll_id: int = Field(primary_key=True)
    ballots_hash: bytes
    awards: bytes
    """Of each slot, a byte that is 0 or 1."""
    signature: bytes
