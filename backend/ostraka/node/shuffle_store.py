"""What a node stores about runs of the shuffle: own signatures, a certified run, opened ballots,
and their outcome.

Every write is one transaction, which is on the disk before the method returns.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Engine, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from ostraka.storage.node_tables import (
    CertifiedRun,
    OpenedBallots,
    ShuffleSignature,
    SignedOutcome,
)


class ShuffleStore:
    """Part of `NodeStore`."""

    def __init__(
        self, engine: Engine, write: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        """Args:
        write: Opens the only writing transaction.
        """
        self._engine = engine
        self._write = write

    def keep_signature(self, signed: ShuffleSignature) -> ShuffleSignature:
        """Store the only state that this node signs in a turn; return the one that it signed."""
        with self._write() as session:
            earlier = session.get(ShuffleSignature, (signed.poll_id, signed.turn))
            if earlier is None:
                session.add(signed)
                return signed
            return earlier

    def certify(self, run: CertifiedRun) -> None:
        """Store a certified run in place of an earlier one that was not opened."""
        with self._write() as session:
            session.merge(run)

    def certified(self, poll_id: int) -> CertifiedRun | None:
        """Return the certified run whose shares peers may ask for; None without one."""
        with Session(self._engine) as session:
            return session.get(CertifiedRun, poll_id)

    def is_certified(self, poll_id: int) -> bool:
        """Whether there is a certified run."""
        query = select_columns(func.count()).where(col(CertifiedRun.poll_id) == poll_id)
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar_one())

    def forget(self, poll_id: int) -> None:
        """Delete the certified run with this node's shares of its last state."""
        with self._write() as session:
            run = session.get(CertifiedRun, poll_id)
            if run is not None:
                session.delete(run)

    def open(self, opened: OpenedBallots) -> bool:
        """Store the opened ballots, unless there are some; return whether there were none."""
        with self._write() as session:
            if session.get(OpenedBallots, opened.poll_id) is not None:
                return False
            session.add(opened)
            return True

    def opened(self, poll_id: int) -> bytes | None:
        """Return section 14 of the board; None before ballots are open."""
        with Session(self._engine) as session:
            found = session.get(OpenedBallots, poll_id)
            return None if found is None else found.section

    def is_open(self, poll_id: int) -> bool:
        """Whether this node has the opened ballots."""
        query = select_columns(func.count()).where(col(OpenedBallots.poll_id) == poll_id)
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar_one())

    def outcome(self, poll_id: int) -> SignedOutcome | None:
        """Return the outcome that this node signed; None before."""
        with Session(self._engine) as session:
            return session.get(SignedOutcome, poll_id)

    def sign_outcome(self, signed: SignedOutcome) -> SignedOutcome:
        """Store the only outcome that this node signs for a poll; return the one that it signed."""
        with self._write() as session:
            earlier = session.get(SignedOutcome, signed.poll_id)
            if earlier is None:
                session.add(signed)
                return signed
            return earlier
