"""The gateway's journal of transactions in its database; several gateways may share it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from sqlalchemy import Engine, delete, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.chain.journal import Outgoing, Signed
from ostraka.storage.gateway_tables import OutgoingTransaction, SignedTransaction


class DatabaseJournal:
    """`ostraka.chain.journal.Journal` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = Lock()

    def current(self, purpose: str) -> Outgoing | None:
        """See `Journal`."""
        with Session(self._engine) as session:
            row = session.exec(
                select(OutgoingTransaction).where(
                    OutgoingTransaction.purpose == purpose,
                    col(OutgoingTransaction.given_up).is_(False),
                )
            ).first()
            return None if row is None else _outgoing(session, row)

    def open(self, account: bytes, count: int) -> list[Outgoing]:
        """See `Journal`."""
        query = (
            select(OutgoingTransaction)
            .where(
                OutgoingTransaction.account == account,
                col(OutgoingTransaction.given_up).is_(False),
                col(OutgoingTransaction.settled).is_(False) | (OutgoingTransaction.nonce >= count),
            )
            .order_by(col(OutgoingTransaction.nonce))
        )
        with Session(self._engine) as session:
            return [_outgoing(session, row) for row in session.exec(query).all()]

    def nonces(self, account: bytes, first: int) -> set[int]:
        """See `Journal`."""
        query = select(OutgoingTransaction.nonce).where(
            OutgoingTransaction.account == account, OutgoingTransaction.nonce >= first
        )
        with Session(self._engine) as session:
            return set(session.exec(query).all())

    def add(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        try:
            with self._write() as session:
                session.add(
                    OutgoingTransaction(
                        account=outgoing.account,
                        nonce=outgoing.nonce,
                        purpose=outgoing.purpose,
                        fields=dict(outgoing.fields),
                    )
                )
                session.add_all(_version(outgoing, one) for one in outgoing.versions)
        except IntegrityError:
            return False
        return True

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """See `Journal`."""
        # Two gateways that replace it at the same moment sign the same bytes.
        with suppress(IntegrityError), self._write() as session:
            session.add(_version(outgoing, signed))

    def resend(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        with self._write() as session:
            row = self._locked(session, outgoing)
            known = select(SignedTransaction).where(
                SignedTransaction.hash == outgoing.versions[-1].hash
            )
            # By now, its nonce and even its purpose may belong to another transaction.
            if row is None or session.exec(known).first() is None:
                return False
            row.resent = True
            session.add(row)
        return True

    def drop(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        with self._write() as session:
            row = self._locked(session, outgoing)
            if row is not None and row.resent:
                return False
            for table in (SignedTransaction, OutgoingTransaction):
                session.execute(
                    delete(table).where(
                        col(table.account) == outgoing.account, col(table.nonce) == outgoing.nonce
                    )
                )
        return True

    @staticmethod
    def _locked(session: Session, outgoing: Outgoing) -> OutgoingTransaction | None:
        """Return its row, locked until the session ends."""
        key = outgoing.account, outgoing.nonce
        return session.get(OutgoingTransaction, key, with_for_update=True)

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """See `Journal`."""
        with self._write() as session:
            row = session.get_one(OutgoingTransaction, (outgoing.account, outgoing.nonce))
            row.settled = settled
            session.add(row)

    def give_up(self, outgoing: Outgoing) -> None:
        """See `Journal`."""
        with self._write() as session:
            row = session.get_one(OutgoingTransaction, (outgoing.account, outgoing.nonce))
            row.given_up = True
            session.add(row)

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self._writing, Session(self._engine) as session:
            if self._engine.dialect.name == "sqlite":
                session.execute(text("BEGIN IMMEDIATE"))
            yield session
            session.commit()


def _outgoing(session: Session, row: OutgoingTransaction) -> Outgoing:
    query = (
        select(SignedTransaction)
        .where(SignedTransaction.account == row.account, SignedTransaction.nonce == row.nonce)
        .order_by(col(SignedTransaction.id))
    )
    versions = tuple(
        Signed(one.hash, one.raw, one.max_fee, one.priority_fee, one.head, one.signed_at_unix_s)
        for one in session.exec(query)
    )
    return Outgoing(row.purpose, row.account, row.nonce, row.fields, versions, row.settled)


def _version(outgoing: Outgoing, signed: Signed) -> SignedTransaction:
    return SignedTransaction(
        account=outgoing.account,
        nonce=outgoing.nonce,
        hash=signed.hash,
        raw=signed.raw,
        max_fee=signed.max_fee,
        priority_fee=signed.priority_fee,
        head=signed.head,
        signed_at_unix_s=signed.signed_at_unix_s,
    )
