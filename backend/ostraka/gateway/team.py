"""Organizers of a gateway: who a token belongs to.

The token in the gateway's settings is the first administrator. Administrators add further
organizers, whose tokens are `token.ID.SECRET`; only the SHA-256 of a token is stored.
"""

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import Engine

from ostraka.gateway.roles import Role

FIRST = "first"
"""Id of the administrator whose token is in the settings."""


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

    def __init__(self, engine: Engine, first_token_sha256: bytes) -> None:
        """Args:
        first_token_sha256: SHA-256 of the first administrator's token.
        """
        self.engine = engine
        self._first = first_token_sha256

    def actor_of(self, token: str) -> Actor | None:
        """Return the organizer to whom a token belongs; None if it is nobody's."""
        offered = hashlib.sha256(token.encode()).digest()
        if hmac.compare_digest(offered, self._first):
            return Actor(FIRST, "First administrator", Role.ADMINISTRATOR)
        return None
