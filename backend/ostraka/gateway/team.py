"""Organizers of a gateway: who they are, whose token a request carries, how they change.

The token in the gateway's settings is the first administrator's. Administrators add further
organizers, who sign in by a token of their own, by a wallet or by both. A token is
`token.ID.SECRET`, and a session after a sign-in by wallet has `session.ID.SECRET`; the database has
only their SHA-256.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from ostraka.clock import unix_now
from ostraka.gateway.roles import BY_CODE, Role
from ostraka.randomness import Randomness, system
from ostraka.storage.gateway_tables import Organizer, OrganizerSession
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.units import UnixSeconds

FIRST = "first"
"""Id of the administrator whose token is in the settings."""
_FIRST_NAME = "First administrator"
_TOKEN = re.compile(r"(token|session)\.([0-9a-f]{16})\.[A-Za-z0-9_-]{32}")
_ID_BYTES, _SECRET_BYTES = 8, 24


@dataclass(frozen=True)
class Actor:
    """An organizer who acts.

    Attributes:
        id: Identifies the organizer for good.
        name: Name that an administrator gave.
    """

    id: str
    name: str
    role: Role


class Team:
    """The organizers of the gateways on one database."""

    def __init__(
        self, engine: Engine, first_token_sha256: bytes | None, randomness: Randomness = system
    ) -> None:
        """Args:
        first_token_sha256: SHA-256 of the first administrator's token; None without one.
        """
        self.engine = engine
        self.first_token_sha256 = first_token_sha256
        self._randomness = randomness

    @property
    def first(self) -> Actor | None:
        """The administrator of the settings, if they have a token."""
        if self.first_token_sha256 is None:
            return None
        return Actor(FIRST, _FIRST_NAME, Role.ADMINISTRATOR)

    def require_administrator(self) -> None:
        """Raise ValueError if nobody could ever add or revoke an organizer."""
        with Session(self.engine) as session:
            if not self._has_administrator(session):
                raise ValueError(
                    "organizer_token_sha256: missing, and no administrator without expiry exists; "
                    "docs/operations.md, Rotate, shows how to make a token"
                )

    def actor_of(self, token: str) -> Actor | None:
        """Return the organizer to whom a token belongs; None if it is nobody's, or no longer."""
        offered = hash_of(token)
        if self.first_token_sha256 is not None and hmac.compare_digest(
            offered, self.first_token_sha256
        ):
            return self.first
        form = _TOKEN.fullmatch(token)
        if form is None:
            return None
        kind, name = form.groups()
        with Session(self.engine) as session:
            if kind == "session":
                opened = session.get(OrganizerSession, name)
                if opened is None or opened.expires_at_unix_s <= unix_now():
                    return None
                organizer, known = session.get(Organizer, opened.organizer_id), opened.token_hash
            else:
                organizer = session.get(Organizer, name)
                known = (organizer and organizer.token_hash) or bytes(32)
            if not hmac.compare_digest(offered, known) or organizer is None:
                return None
            return actor(organizer) if is_active(organizer) else None

    def all(self) -> Sequence[Organizer]:
        """Return all organizers that were ever added, in order of their addition."""
        query = select(Organizer).order_by(col(Organizer.created_at_unix_s), col(Organizer.id))
        with Session(self.engine) as session:
            return session.exec(query).all()

    def add(
        self, name: str, role: Role, wallet: bytes | None, expires_at: UnixSeconds | None
    ) -> tuple[Organizer, str | None]:
        """Add an organizer.

        Args:
            name: Unique among the organizers who are not revoked.
            wallet: Address of the wallet to sign in with, 20 bytes; None makes a token instead.
            expires_at: When the access ends; None for never.

        Returns:
            The organizer, and the new token or None. The token is not stored.

        Raises:
            Problem: Name or wallet is in use, or the time has passed.
        """
        if expires_at is not None and expires_at <= unix_now():
            raise Problem(ProblemType.INVALID_REQUEST, "this time has passed", "expires_at")
        added = Organizer(
            id=self._randomness.bytes(_ID_BYTES).hex(),
            name=name,
            role=role.code,
            wallet=wallet,
            created_at_unix_s=unix_now(),
            expires_at_unix_s=expires_at,
        )
        token = None if wallet is not None else self._renew(added)
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                session.add(added)
                session.commit()
        except IntegrityError as error:
            detail = "an organizer with this name or wallet exists; revoke that access first"
            raise Problem(ProblemType.ORGANIZER_EXISTS, detail, "name") from error
        return added, token

    def rotate(self, name: str) -> tuple[Organizer, str]:
        """Give an organizer a new token, which ends the old one and all sessions.

        Args:
            name: Id of the organizer.

        Raises:
            Problem: No such organizer has access.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            organizer = self._active(session, name)
            token = self._renew(organizer)
            session.add(organizer)
            _end_sessions(session, name)
            session.commit()
            return organizer, token

    def change_role(self, name: str, role: Role) -> Organizer:
        """Give an organizer another role, from the next request on.

        Args:
            name: Id of the organizer.

        Raises:
            Problem: No such organizer has access, or no administrator without expiry would remain.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            organizer = self._locked(session, name)
            former = organizer.role
            organizer.role = role.code
            self._commit(session, organizer, former)
            return organizer

    def revoke(self, name: str) -> Organizer:
        """End an organizer's access: token, wallet and sessions.

        Args:
            name: Id of the organizer.

        Raises:
            Problem: No such organizer has access, or no administrator without expiry would remain.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            organizer = self._locked(session, name)
            organizer.revoked_at_unix_s = unix_now()
            _end_sessions(session, name)
            self._commit(session, organizer, organizer.role)
            return organizer

    def _locked(self, session: Session, name: str) -> Organizer:
        """Return an organizer to change, while no administrator is changed elsewhere.

        Two administrators may revoke each other at the same time. PostgreSQL waits at these rows;
        SQLite at the change, after which administrators are counted.
        """
        session.exec(_administrators().with_for_update()).all()
        return self._active(session, name)

    def _commit(self, session: Session, organizer: Organizer, former_role: str) -> None:
        """Store a change of an organizer, unless it takes the last administrator away."""
        session.add(organizer)
        session.flush()
        if former_role == Role.ADMINISTRATOR.code and not self._has_administrator(session):
            detail = "no administrator without expiry would remain; add one first"
            raise Problem(ProblemType.LAST_ADMINISTRATOR, detail, "organizer")
        session.commit()

    def _has_administrator(self, session: Session) -> bool:
        if self.first_token_sha256 is not None:
            return True
        return session.exec(_administrators().limit(1)).first() is not None

    def _active(self, session: Session, name: str) -> Organizer:
        if name == FIRST:
            detail = "this token is in the gateway's settings; change it there"
            raise Problem(ProblemType.NO_SUCH_ORGANIZER, detail, "organizer")
        organizer = session.get(Organizer, name)
        if organizer is None or organizer.revoked_at_unix_s is not None:
            detail = "no organizer with this id has access"
            raise Problem(ProblemType.NO_SUCH_ORGANIZER, detail, "organizer")
        return organizer

    def _renew(self, organizer: Organizer) -> str:
        token = new_token("token", organizer.id, self._randomness)
        organizer.token_hash = hash_of(token)
        return token


def actor(organizer: Organizer) -> Actor:
    """Return an organizer as the one who acts."""
    return Actor(organizer.id, organizer.name, BY_CODE[organizer.role])


def is_active(organizer: Organizer) -> bool:
    """Return whether an organizer has access now."""
    ends = organizer.expires_at_unix_s
    return organizer.revoked_at_unix_s is None and (ends is None or ends > unix_now())


def hash_of(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_token(kind: str, name: str, randomness: Randomness) -> str:
    """Return a new token of 192 random bits.

    Args:
        kind: "token" or "session".
        name: Id of the organizer or session, 16 hexadecimal digits.
    """
    secret = base64.urlsafe_b64encode(randomness.bytes(_SECRET_BYTES)).decode()
    return f"{kind}.{name}.{secret}"


def _administrators() -> SelectOfScalar[Organizer]:
    """Administrators whose access does not end by itself."""
    return (
        select(Organizer)
        .where(
            Organizer.role == Role.ADMINISTRATOR.code,
            col(Organizer.revoked_at_unix_s).is_(None),
            col(Organizer.expires_at_unix_s).is_(None),
        )
        .order_by(col(Organizer.id))
    )


def _end_sessions(session: Session, name: str) -> None:
    session.exec(delete(OrganizerSession).where(col(OrganizerSession.organizer_id) == name))
