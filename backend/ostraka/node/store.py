"""A node's database.

Every write is one transaction, which is on the disk before the method returns.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import ColumnElement, Engine, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from ostraka.node.ballot_queries import adding_ballots, chunks, of_digests, of_poll
from ostraka.node.checkpoint_store import CheckpointStore
from ostraka.node.shuffle_store import ShuffleStore
from ostraka.storage.database import checkpoint, ping
from ostraka.storage.node_tables import (
    AnnouncedKey,
    AskedRepair,
    FinalStatement,
    NodePoll,
    PeerReceipt,
    ReleasedShare,
    RootAttestation,
    SignedRoot,
    StoredBallot,
    StoreIdentity,
)
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.encoding import Reader
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.units import UnixSeconds

_VOTER = col(StoredBallot.voter)
_DIGEST = col(StoredBallot.digest)
_SIGNED = col(StoredBallot.signed)
_RECEIPT = col(StoredBallot.receipt)
_ROW = col(StoredBallot.id)
_RECEIPTS = select_columns(_VOTER, col(StoredBallot.cast_at_unix_s), _DIGEST, _RECEIPT)


class Conflict(Exception):
    """A statement contradicts an earlier one, which is never overwritten."""


@dataclass(frozen=True)
class BallotVersion:
    """Data of a stored ballot that settling needs."""

    voter: bytes
    cast_at_unix_s: UnixSeconds
    digest: bytes
    receipted: bool
    has_share: bool

    @property
    def order_key(self) -> tuple[UnixSeconds, bytes]:
        """Orders versions of one voter."""
        return self.cast_at_unix_s, self.digest


@dataclass(frozen=True)
class NewBallot:
    """A ballot to store, with the columns of `StoredBallot`, whose objects cost more to make than
    their receipts."""

    poll_id: int
    voter: bytes
    cast_at_unix_s: UnixSeconds
    digest: bytes
    signed: bytes
    boxes: bytes
    receipt: bytes | None
    share_box: bytes | None


class NodeStore:
    """All polls of one node."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = Lock()
        self.writes = 0
        """Number of writes since this object was made."""
        self._add_ballots = adding_ballots(engine.dialect.name)
        self.checkpoints = CheckpointStore(engine, self._write)
        self.shuffle = ShuffleStore(engine, self._write)

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """Open the only writing transaction, so that earlier reads in it stay valid."""
        with self._writing, Session(self._engine, expire_on_commit=False) as session:
            yield session
            session.commit()
            self.writes += 1

    def ping(self) -> None:
        """Ask the database for something; raises an exception if it does not answer."""
        ping(self._engine)

    def identity(self) -> StoreIdentity | None:
        """Return which store this is; None for one that no node has used."""
        with Session(self._engine) as session:
            return session.get(StoreIdentity, 1)

    def identify(self, identity: StoreIdentity) -> None:
        """Store which store this is, replacing an earlier statement."""
        with self._write() as session:
            session.merge(identity)

    def next_generation(self, starts: int | None = None) -> StoreIdentity:
        """Begin the store's next generation; return which store this is.

        Args:
            starts: Number of starts, this node's own the last; None if this is a start.

        Raises:
            Conflict: Another process started with the store since.
        """
        with self._write() as session:
            identity = session.get_one(StoreIdentity, 1, with_for_update=True)
            if starts is None:
                identity.starts += 1
            elif starts != identity.starts:
                raise Conflict("another process started with this store")
            identity.generation += 1
            session.add(identity)
        return identity

    def polls(self) -> list[NodePoll]:
        """Return all served polls."""
        with Session(self._engine) as session:
            return list(session.exec(select(NodePoll)))

    def poll(self, poll_id: int, context: bytes) -> NodePoll | None:
        """Return a served poll."""
        with Session(self._engine) as session:
            return session.get(NodePoll, (poll_id, context))

    def add_poll(self, poll: NodePoll) -> None:
        """Add a served poll."""
        with self._write() as session:
            session.add(poll)

    def restore_poll(self, poll: NodePoll) -> None:
        """Add a poll that a rebuild found, unless it is there: a rebuild may be repeated."""
        with self._write() as session:
            if session.get(NodePoll, (poll.poll_id, poll.poll_context)) is None:
                session.add(poll)

    def announce(self, announced: AnnouncedKey) -> None:
        """Store another node's poll key, replacing an earlier announcement."""
        with self._write() as session:
            session.merge(announced)

    def announced(self, poll_id: int, context: bytes) -> list[AnnouncedKey]:
        """Return other nodes' poll keys."""
        with Session(self._engine) as session:
            query = select(AnnouncedKey).where(
                AnnouncedKey.poll_id == poll_id, AnnouncedKey.poll_context == context
            )
            return list(session.exec(query))

    def destroy_boxes(self, poll_id: int, context: bytes) -> None:
        """Delete all boxes of a poll, and note that its key is destroyed."""
        with self._write() as session:
            poll = session.get_one(NodePoll, (poll_id, context))
            poll.key_destroyed = True
            session.add(poll)
            of_poll = col(StoredBallot.poll_id) == poll_id
            session.connection().execute(
                update(StoredBallot).where(of_poll).values(boxes=b"", share_box=None)
            )

    def checkpoint(self) -> None:
        """Remove deleted data from SQLite's write-ahead log."""
        checkpoint(self._engine)

    def add_ballots(self, ballots: Sequence[NewBallot]) -> None:
        """Store ballots in one transaction.

        A stored ballot is not changed, unless it had no receipt and has one now (it was pulled from
        a peer without a good share, and its voter has sent a good one since), or its bytes were
        damaged.
        """
        if ballots:
            with self._writing, self._engine.begin() as connection:
                connection.execute(self._add_ballots, [vars(ballot) for ballot in ballots])
                self.writes += 1

    def ballot(self, poll_id: int, digest: bytes) -> StoredBallot | None:
        """Return a stored ballot."""
        with Session(self._engine) as session:
            return self._find(session, poll_id, digest)

    def known(self, poll_id: int, digests: Iterable[bytes]) -> dict[bytes, StoredBallot]:
        """Return the stored ones of these ballots, by digest."""
        found: dict[bytes, StoredBallot] = {}
        with Session(self._engine) as session:
            for chosen in of_digests(digests):
                query = select(StoredBallot).where(StoredBallot.poll_id == poll_id, chosen)
                found |= {ballot.digest: ballot for ballot in session.exec(query)}
        return found

    def signed_parts(self, poll_id: int, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the signed parts of the stored ones of these ballots, by digest."""
        found: dict[bytes, bytes] = {}
        with self._engine.connect() as connection:
            for chosen in of_digests(digests):
                query = select_columns(_DIGEST, _SIGNED).where(of_poll(poll_id), chosen)
                found.update((digest, signed) for digest, signed in connection.execute(query))
        return found

    def receipts_of(
        self, poll_id: int, digests: Iterable[bytes]
    ) -> list[tuple[bytes, UnixSeconds, bytes, bytes]]:
        """Return (voter, cast time, digest, own receipt) of the receipted ones of these ballots."""
        rows = self._receipts(poll_id, of_digests(digests))
        return [(voter, at, digest, own) for voter, at, digest, own in rows if own is not None]

    def receipts_by(
        self, poll_id: int, voters: Iterable[bytes]
    ) -> list[tuple[bytes, UnixSeconds, bytes, bytes | None]]:
        """Return (voter, cast time, digest, own receipt) of all ballots of these voters."""
        return self._receipts(poll_id, chunks(voters, _VOTER))

    def _receipts(
        self, poll_id: int, chosen: Iterable[ColumnElement[bool]]
    ) -> list[tuple[bytes, UnixSeconds, bytes, bytes | None]]:
        found = []
        with self._engine.connect() as connection:
            for one in chosen:
                rows = connection.execute(_RECEIPTS.where(of_poll(poll_id), one))
                found += [(voter, UnixSeconds(at), digest, own) for voter, at, digest, own in rows]
        return found

    def whole(self, poll_id: int, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of these ballots that are stored with all their bytes."""
        found: set[bytes] = set()
        with self._engine.connect() as connection:
            for chosen in of_digests(digests):
                query = select_columns(_DIGEST).where(of_poll(poll_id), _SIGNED != b"", chosen)
                found.update(connection.execute(query).scalars())
        return found

    def versions_of(self, poll_id: int, voters: Iterable[bytes]) -> dict[bytes, int]:
        """Return the number of stored versions of each of these voters."""
        counts = dict.fromkeys(voters, 0)
        with self._engine.connect() as connection:
            for chosen in chunks(counts, _VOTER):
                query = (
                    select_columns(_VOTER, func.count())
                    .where(of_poll(poll_id), chosen)
                    .group_by(_VOTER)
                )
                counts.update((voter, count) for voter, count in connection.execute(query))
        return counts

    def ballots_after(self, poll_id: int, after: int, limit: int) -> list[StoredBallot]:
        """Return ballots in order of arrival, after a row id."""
        with Session(self._engine) as session:
            query = (
                select(StoredBallot)
                .where(StoredBallot.poll_id == poll_id, col(StoredBallot.id) > after)
                .order_by(col(StoredBallot.id))
                .limit(limit)
            )
            return list(session.exec(query))

    def digests_after(self, poll_id: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (row id, digest) of ballots in order of arrival, after a row id."""
        query = (
            select_columns(col(StoredBallot.id), _DIGEST)
            .where(of_poll(poll_id), col(StoredBallot.id) > after)
            .order_by(col(StoredBallot.id))
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [(row or 0, digest) for row, digest in connection.execute(query)]

    def versions(self, poll_id: int) -> list[BallotVersion]:
        """Return all stored ballots without their bytes."""
        query = select_columns(
            col(StoredBallot.voter),
            col(StoredBallot.cast_at_unix_s),
            col(StoredBallot.digest),
            col(StoredBallot.receipt).is_not(None),
            col(StoredBallot.share_box).is_not(None),
        ).where(col(StoredBallot.poll_id) == poll_id)
        with Session(self._engine) as session:
            return [
                BallotVersion(voter, cast_at, digest, bool(receipted), bool(has_share))
                for voter, cast_at, digest, receipted, has_share in session.connection().execute(
                    query
                )
            ]

    def voters(self, poll_id: int) -> int:
        """Return the number of voters with at least one stored ballot."""
        with Session(self._engine) as session:
            query = select(func.count(func.distinct(StoredBallot.voter))).where(
                StoredBallot.poll_id == poll_id
            )
            return session.exec(query).one()

    def give_share(self, poll_id: int, digest: bytes, box: bytes) -> None:
        """Store a repaired share, sealed to this node's own poll key."""
        with self._write() as session:
            ballot = self._find(session, poll_id, digest)
            # Once the boxes are deleted, so is the key that opens this one.
            if ballot is not None and ballot.boxes and ballot.share_box is None:
                ballot.share_box = box
                session.add(ballot)

    def mend_ballot(self, ballot: StoredBallot) -> None:
        """Replace a stored ballot, found by its row."""
        with self._write() as session:
            session.merge(ballot)

    def remove_ballot(self, ballot: StoredBallot) -> None:
        """Delete a ballot that cannot be recovered."""
        with self._write() as session:
            session.delete(session.get_one(StoredBallot, ballot.id))

    def gaps(self, poll_id: int) -> list[StoredBallot]:
        """Return the ballots whose bytes are missing."""
        with Session(self._engine) as session:
            query = select(StoredBallot).where(
                StoredBallot.poll_id == poll_id, StoredBallot.signed == b""
            )
            return list(session.exec(query))

    def add_peer_receipts(self, receipts: Sequence[PeerReceipt]) -> None:
        """Store other nodes' receipts."""
        with self._write() as session:
            for receipt in receipts:
                session.merge(receipt)

    def receipt_givers(self, poll_id: int) -> dict[bytes, set[int]]:
        """Return the other nodes whose receipt of a ballot is known, by its digest."""
        givers: dict[bytes, set[int]] = {}
        with Session(self._engine) as session:
            query = select(PeerReceipt).where(PeerReceipt.poll_id == poll_id)
            for receipt in session.exec(query):
                givers.setdefault(receipt.digest, set()).add(receipt.node)
        return givers

    def peer_receipts(self, poll_id: int, digest: bytes) -> dict[int, bytes]:
        """Return other nodes' receipts of one ballot, by node."""
        with Session(self._engine) as session:
            query = select(PeerReceipt).where(
                PeerReceipt.poll_id == poll_id, PeerReceipt.digest == digest
            )
            return {receipt.node: receipt.signature for receipt in session.exec(query)}

    def ask_repair(self, asked: AskedRepair, limit: int) -> None:
        """Store a request for a repair, unless it is known; a known one may be repeated.

        Args:
            limit: Most repairs of one subject for one target.

        Raises:
            Conflict: The target has reached the limit.
        """
        with self._write() as session:
            same = select(AskedRepair).where(
                AskedRepair.poll_id == asked.poll_id, AskedRepair.repair_hash == asked.repair_hash
            )
            if session.exec(same).first() is not None:
                return
            others = select(func.count()).where(
                AskedRepair.poll_id == asked.poll_id,
                AskedRepair.target == asked.target,
                AskedRepair.subject == asked.subject,
            )
            if session.exec(others).one() >= limit:
                raise Conflict(f"node {asked.target} already requested {limit} other repairs of it")
            session.add(asked)

    def asked_repairs(self, poll_id: int, after: int, limit: int) -> list[AskedRepair]:
        """Return the repairs that others requested, in order of arrival, after a row id."""
        with Session(self._engine) as session:
            query = (
                select(AskedRepair)
                .where(AskedRepair.poll_id == poll_id, col(AskedRepair.id) > after)
                .order_by(col(AskedRepair.id))
                .limit(limit)
            )
            return list(session.exec(query))

    def asked_repair_counts(self, poll_id: int) -> dict[int, int]:
        """Return the number of repairs that each other node requested."""
        query = (
            select_columns(col(AskedRepair.target), func.count())
            .where(col(AskedRepair.poll_id) == poll_id)
            .group_by(col(AskedRepair.target))
        )
        with Session(self._engine) as session:
            rows = session.connection().execute(query)
            return {int(node): int(count) for node, count in rows}

    def receipt_counts(self, poll_id: int) -> dict[bytes, int]:
        """Return the number of nodes, including this one, whose receipt of a ballot is known."""
        counts = {digest: len(nodes) for digest, nodes in self.receipt_givers(poll_id).items()}
        for version in self.versions(poll_id):
            if version.receipted:
                counts[version.digest] = counts.get(version.digest, 0) + 1
        return counts

    def sign_root(self, signed: SignedRoot) -> SignedRoot:
        """Store the only root of a round; Conflict if another one was signed in it."""
        with self._write() as session:
            earlier = session.get(SignedRoot, (signed.poll_id, signed.round))
            if earlier is None:
                session.add(signed)
                return signed
            if earlier.root_digest != signed.root_digest:
                raise Conflict(f"another root was signed in round {signed.round}")
            return earlier

    def signed_root(self, poll_id: int, number: int) -> SignedRoot | None:
        """Return the root that this node signed in a round."""
        with Session(self._engine) as session:
            return session.get(SignedRoot, (poll_id, number))

    def signed_roots(self, poll_id: int) -> list[SignedRoot]:
        """Return all roots that this node signed."""
        with Session(self._engine) as session:
            return list(session.exec(select(SignedRoot).where(SignedRoot.poll_id == poll_id)))

    def add_attestations(
        self, poll_id: int, number: int, root: SumRoot, signatures: Mapping[int, bytes]
    ) -> None:
        """Store nodes' signatures of a root."""
        encoded = root.encode()
        with self._write() as session:
            for node, signature in signatures.items():
                session.merge(
                    RootAttestation(
                        poll_id=poll_id, round=number, root=encoded, node=node, signature=signature
                    )
                )

    def attested_roots(self, poll_id: int) -> list[AnchoredRoot]:
        """Return all roots with known signatures, with these, by round."""
        found: dict[tuple[int, bytes], list[Attestation]] = {}
        with Session(self._engine) as session:
            query = select(RootAttestation).where(RootAttestation.poll_id == poll_id)
            for stored in session.exec(query):
                attestation = Attestation(stored.node, stored.signature)
                found.setdefault((stored.round, stored.root), []).append(attestation)
        return [
            AnchoredRoot(
                number,
                SumRoot.read(Reader(root, "root")),
                tuple(sorted(attestations, key=lambda attestation: attestation.node)),
            )
            for (number, root), attestations in sorted(found.items())
        ]

    def add_final(self, statement: FinalStatement) -> FinalStatement:
        """Store a node's `Final`; Conflict if it signed another one before."""
        with self._write() as session:
            earlier = session.get(FinalStatement, (statement.poll_id, statement.node))
            if earlier is None:
                session.add(statement)
                return statement
            if earlier.root_digest != statement.root_digest:
                raise Conflict(f"node {statement.node} stated another root as final")
            return earlier

    def finals(self, poll_id: int) -> list[FinalStatement]:
        """Return all known `Final` statements, by node."""
        with Session(self._engine) as session:
            query = select(FinalStatement).where(FinalStatement.poll_id == poll_id)
            return sorted(session.exec(query), key=lambda statement: statement.node)

    def add_share(self, share: ReleasedShare) -> None:
        """Store a verified aggregate share."""
        with self._write() as session:
            if session.get(ReleasedShare, (share.poll_id, share.node)) is None:
                session.add(share)

    def shares(self, poll_id: int) -> list[ReleasedShare]:
        """Return all known aggregate shares, by node."""
        with Session(self._engine) as session:
            query = select(ReleasedShare).where(ReleasedShare.poll_id == poll_id)
            return sorted(session.exec(query), key=lambda share: share.node)

    @staticmethod
    def _find(session: Session, poll_id: int, digest: bytes) -> StoredBallot | None:
        query = select(StoredBallot).where(
            StoredBallot.poll_id == poll_id, StoredBallot.digest == digest
        )
        return session.exec(query).first()
