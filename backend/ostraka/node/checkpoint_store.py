"""What a node stores about logs of receipts: its own log, checkpoints, cosignatures, and proofs.

Every write is one transaction, which is on the disk before the method returns.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from ostraka.storage.node_tables import (
    LoggedReceipt,
    NodePoll,
    StoredBallot,
    StoredCheckpoint,
    StoredContradiction,
    StoredCosignature,
)
from ostraka_verifier.receipt_log import SignedCheckpoint
from ostraka_verifier.units import UnixSeconds

_Entry = tuple[bytes, UnixSeconds, bytes, bytes]
"""Voter, cast time, digest, and this node's receipt of a ballot."""


@dataclass(frozen=True)
class LogHead:
    """A node's latest checkpoint.

    Attributes:
        cosignatures: The known ones, by witness.
    """

    signed: SignedCheckpoint
    cosignatures: dict[int, bytes]


class CheckpointStore:
    """Part of `NodeStore`."""

    def __init__(
        self, engine: Engine, write: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        """Args:
        write: Opens the only writing transaction.
        """
        self._engine = engine
        self._write = write

    def digests(self, poll_id: int, after: int = 0) -> list[bytes]:
        """Return the log from a position on, as digests of ballots."""
        query = (
            select_columns(col(LoggedReceipt.digest))
            .where(col(LoggedReceipt.poll_id) == poll_id, col(LoggedReceipt.position) >= after)
            .order_by(col(LoggedReceipt.position))
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def position(self, poll_id: int, digest: bytes) -> int | None:
        """Return where the log has a ballot; None if it does not."""
        query = select_columns(col(LoggedReceipt.position)).where(
            col(LoggedReceipt.poll_id) == poll_id, col(LoggedReceipt.digest) == digest
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def unlogged(self, poll_id: int) -> list[bytes]:
        """Return the ballots with this node's receipt that the log lacks, in order of arrival."""
        logged = (
            select_columns(col(LoggedReceipt.digest))
            .where(
                col(LoggedReceipt.poll_id) == poll_id,
                col(LoggedReceipt.digest) == col(StoredBallot.digest),
            )
            .exists()
        )
        query = (
            select_columns(col(StoredBallot.digest))
            .where(
                col(StoredBallot.poll_id) == poll_id,
                col(StoredBallot.receipt).is_not(None),
                ~logged,
            )
            .order_by(col(StoredBallot.id))
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def entries(self, poll_id: int) -> list[_Entry]:
        """Return what this node has receipts of, in the order of its log; ballots that the log
        lacks follow in order of arrival."""
        query = (
            select_columns(
                col(StoredBallot.voter),
                col(StoredBallot.cast_at_unix_s),
                col(StoredBallot.digest),
                col(StoredBallot.receipt),
            )
            .outerjoin(
                LoggedReceipt,
                (col(LoggedReceipt.poll_id) == col(StoredBallot.poll_id))
                & (col(LoggedReceipt.digest) == col(StoredBallot.digest)),
            )
            .where(col(StoredBallot.poll_id) == poll_id, col(StoredBallot.receipt).is_not(None))
            .order_by(
                col(LoggedReceipt.position).is_(None),
                col(LoggedReceipt.position),
                col(StoredBallot.id),
            )
        )
        with self._engine.connect() as connection:
            return [
                (voter, UnixSeconds(at), digest, own or b"")
                for voter, at, digest, own in connection.execute(query)
            ]

    def extend(
        self, poll_id: int, start: int, digests: Sequence[bytes], signed: SignedCheckpoint
    ) -> None:
        """Add ballots to the log from a position on, and this node's checkpoint over all."""
        with self._write() as session:
            self._extend(session, poll_id, start, digests, signed)

    def freeze(
        self,
        poll_id: int,
        context: bytes,
        inventory_signature: bytes,
        start: int,
        digests: Sequence[bytes],
        signed: SignedCheckpoint | None,
    ) -> None:
        """Note that no more receipts are signed for a poll, with its last checkpoint, if any."""
        with self._write() as session:
            poll = session.get_one(NodePoll, (poll_id, context))
            poll.inventory_signature = inventory_signature
            session.add(poll)
            if signed is not None:
                self._extend(session, poll_id, start, digests, signed)

    def _extend(
        self,
        session: Session,
        poll_id: int,
        start: int,
        digests: Sequence[bytes],
        signed: SignedCheckpoint,
    ) -> None:
        session.add_all(
            LoggedReceipt(poll_id=poll_id, position=position, digest=digest)
            for position, digest in enumerate(digests, start)
        )
        session.add(_row(poll_id, signed, proven=True))

    def add(self, poll_id: int, checkpoints: Iterable[SignedCheckpoint]) -> None:
        """Store checkpoints of a peer that follow those that are stored; known numbers are left
        as they are."""
        with self._write() as session:
            for one in checkpoints:
                key = poll_id, one.checkpoint.node, one.checkpoint.number
                if session.get(StoredCheckpoint, key) is None:
                    session.add(_row(poll_id, one, proven=False))

    def latest(self, poll_id: int, node: int, *, proven: bool = False) -> SignedCheckpoint | None:
        """Return a node's latest checkpoint; None without one.

        Args:
            proven: Only one up to which its log is proven to have only grown.
        """
        query = (
            select(StoredCheckpoint)
            .where(StoredCheckpoint.poll_id == poll_id, StoredCheckpoint.node == node)
            .order_by(col(StoredCheckpoint.number).desc())
            .limit(1)
        )
        if proven:
            query = query.where(col(StoredCheckpoint.proven))
        with Session(self._engine) as session:
            found = session.exec(query).first()
        return None if found is None else SignedCheckpoint.decode(found.signed)

    def heads(self, poll_id: int) -> dict[int, LogHead]:
        """Return the latest checkpoints of all nodes that have one, by node."""
        checkpoint, cosignature = StoredCheckpoint, StoredCosignature
        numbers = (
            select_columns(col(checkpoint.node), func.max(checkpoint.number).label("number"))
            .where(col(checkpoint.poll_id) == poll_id)
            .group_by(col(checkpoint.node))
            .subquery()
        )
        query = (
            select_columns(
                col(checkpoint.node),
                col(checkpoint.signed),
                col(cosignature.witness),
                col(cosignature.signature),
            )
            .join(
                numbers,
                (col(checkpoint.node) == numbers.c.node)
                & (col(checkpoint.number) == numbers.c.number),
            )
            .outerjoin(
                cosignature,
                (col(cosignature.poll_id) == col(checkpoint.poll_id))
                & (col(cosignature.node) == col(checkpoint.node))
                & (col(cosignature.number) == col(checkpoint.number)),
            )
            .where(col(checkpoint.poll_id) == poll_id)
            .order_by(col(checkpoint.node), col(cosignature.witness))
        )
        found: dict[int, LogHead] = {}
        with self._engine.connect() as connection:
            for node, signed, witness, signature in connection.execute(query):
                if node not in found:
                    found[node] = LogHead(SignedCheckpoint.decode(signed), {})
                if witness is not None:
                    found[node].cosignatures[witness] = signature
        return found

    def chain(self, poll_id: int, node: int, after: int, limit: int) -> list[SignedCheckpoint]:
        """Return a node's checkpoints with numbers above one, in their order."""
        query = (
            select(StoredCheckpoint)
            .where(
                StoredCheckpoint.poll_id == poll_id,
                StoredCheckpoint.node == node,
                col(StoredCheckpoint.number) > after,
            )
            .order_by(col(StoredCheckpoint.number))
            .limit(limit)
        )
        with Session(self._engine) as session:
            return [SignedCheckpoint.decode(one.signed) for one in session.exec(query)]

    def prove(self, poll_id: int, node: int, number: int) -> None:
        """Note that a peer proved that its log only grew up to a checkpoint."""
        with self._write() as session:
            stored = session.get_one(StoredCheckpoint, (poll_id, node, number))
            stored.proven = True
            session.add(stored)

    def cosign(self, poll_id: int, node: int, number: int, witness: int, signature: bytes) -> None:
        """Store a cosignature; those of checkpoints before the previous one are deleted."""
        columns = StoredCosignature.__table__.columns  # type: ignore[attr-defined]
        with self._write() as session:
            session.merge(
                StoredCosignature(
                    poll_id=poll_id,
                    node=node,
                    number=number,
                    witness=witness,
                    signature=signature,
                )
            )
            session.connection().execute(
                delete(StoredCosignature).where(
                    columns.poll_id == poll_id,
                    columns.node == node,
                    columns.number < number - 1,
                )
            )

    def cosignatures(self, poll_id: int, node: int, number: int) -> dict[int, bytes]:
        """Return the known cosignatures of a checkpoint, by witness."""
        query = (
            select(StoredCosignature)
            .where(
                StoredCosignature.poll_id == poll_id,
                StoredCosignature.node == node,
                StoredCosignature.number == number,
            )
            .order_by(col(StoredCosignature.witness))
        )
        with Session(self._engine) as session:
            return {one.witness: one.signature for one in session.exec(query)}

    def contradict(self, found: StoredContradiction) -> bool:
        """Store a proof, if it is the first about its node; return whether it is."""
        with self._write() as session:
            key = found.poll_id, found.node
            if session.get(StoredContradiction, key) is not None:
                return False
            session.add(found)
            return True

    def contradictions(self, poll_id: int) -> list[StoredContradiction]:
        """Return the proofs about a poll, by node."""
        query = (
            select(StoredContradiction)
            .where(StoredContradiction.poll_id == poll_id)
            .order_by(col(StoredContradiction.node))
        )
        with Session(self._engine) as session:
            return list(session.exec(query))


def _row(poll_id: int, signed: SignedCheckpoint, *, proven: bool) -> StoredCheckpoint:
    return StoredCheckpoint(
        poll_id=poll_id,
        node=signed.checkpoint.node,
        number=signed.checkpoint.number,
        signed=signed.encode(),
        proven=proven,
    )
