"""Roles of organizers, and what each role may do. Nobody needs a role to read polls or to vote."""

from enum import Enum, StrEnum


class Permission(StrEnum):
    """Something that only some roles may do."""

    ADMINISTER = "administer"
    """Add and revoke organizers, and change the gateway's settings."""
    ORGANIZE = "organize"
    """Create plans, rounds, polls and invitations, and spend the gateway's money."""
    MODERATE = "moderate"
    """Hide what others wrote."""
    READ_LOG = "read-log"
    """Read the audit log."""


class Role(Enum):
    """A role of an organizer.

    Attributes:
        code: Its name in databases and over HTTP.
        permissions: What it may do.
    """

    ADMINISTRATOR = "administrator", frozenset(Permission)
    ORGANIZER = (
        "organizer",
        frozenset({Permission.ORGANIZE, Permission.MODERATE, Permission.READ_LOG}),
    )
    MODERATOR = "moderator", frozenset({Permission.MODERATE})
    OBSERVER = "observer", frozenset({Permission.READ_LOG})

    def __init__(self, code: str, permissions: frozenset[Permission]) -> None:
        self.code = code
        self.permissions = permissions


BY_CODE = {role.code: role for role in Role}
