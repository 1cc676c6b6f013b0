"""The audit log: what organizers did, each entry with the hash of the entry before.

Entries are only added. They name no secrets: no tokens, no contents of ballots or invitations.

Source: `ostraka.wire.audit_entries`.
"""

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.clock import unix_now
from ostraka.gateway.team import Actor
from ostraka.storage.gateway_tables import AuditEntry
from ostraka.wire import audit_entries
from ostraka.wire.records import to_hex

DONE = "done"
"""Result of an action that succeeded; otherwise the result is the code of a problem type."""
_MAX_TARGET = 200
_ATTEMPTS = 20


class AuditLog:
    """The log of the gateways on one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, actor: Actor, action: str, target: str, result: str = DONE) -> None:
        """Append an entry.

        Args:
            actor: The acting organizer, with the role of now.
            action: What the organizer wanted to do, such as "poll.create".
            target: What it concerns; text beyond 200 characters is cut off.
            result: `DONE`, or the code of the problem type.
        """
        for attempt in range(_ATTEMPTS):
            try:
                self._add(actor, action, target[:_MAX_TARGET], result)
            except IntegrityError:
                # Another request, or another gateway, added an entry of this number first.
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return

    def _add(self, actor: Actor, action: str, target: str, result: str) -> None:
        with Session(self._engine) as session:
            newest = session.exec(
                select(AuditEntry).order_by(col(AuditEntry.number).desc()).limit(1)
            ).first()
            entry = AuditEntry(
                number=1 if newest is None else newest.number + 1,
                at_unix_s=unix_now(),
                organizer=actor.id,
                name=actor.name,
                role=actor.role.code,
                action=action,
                target=target,
                result=result,
                previous=audit_entries.START if newest is None else newest.hash,
                hash=b"",
            )
            entry.hash = audit_entries.hash_of(to_json(entry), entry.previous)
            session.add(entry)
            session.commit()

    def newest(self, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return up to `limit` entries, the newest first.

        Args:
            before: Only entries with smaller numbers; None for no limit.
        """
        query = select(AuditEntry).order_by(col(AuditEntry.number).desc()).limit(limit)
        if before is not None:
            query = query.where(AuditEntry.number < before)
        with Session(self._engine) as session:
            return session.exec(query).all()


def to_json(entry: AuditEntry) -> dict[str, object]:
    """Return an entry's JSON members."""
    return {
        "number": entry.number,
        "at": entry.at_unix_s,
        "organizer": entry.organizer,
        "name": entry.name,
        "role": entry.role,
        "action": entry.action,
        "target": entry.target,
        "result": entry.result,
        "previous": to_hex(entry.previous),
        "hash": to_hex(entry.hash),
    }
