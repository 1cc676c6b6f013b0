"""Organizers, their sign-ins, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "organizer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("wallet", sa.LargeBinary(), nullable=True),
        sa.Column("created_at_unix_s", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_unix_s", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at_unix_s", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for member in ("name", "wallet"):
        op.create_index(
            f"ix_organizer_active_{member}",
            "organizer",
            [member],
            unique=True,
            sqlite_where=sa.text("revoked_at_unix_s IS NULL"),
            postgresql_where=sa.text("revoked_at_unix_s IS NULL"),
        )
    op.create_table(
        "sign_in_challenge",
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organizer_id", sa.String(), nullable=False),
        sa.Column("expires_at_unix_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_hash"),
    )
    op.create_index("ix_sign_in_challenge_organizer_id", "sign_in_challenge", ["organizer_id"])
    op.create_table(
        "organizer_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organizer_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at_unix_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_organizer_session_organizer_id", "organizer_session", ["organizer_id"])
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_unix_s", sa.BigInteger(), nullable=False),
        sa.Column("organizer", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("audit_entry")
    op.drop_table("organizer_session")
    op.drop_table("sign_in_challenge")
    op.drop_table("organizer")
