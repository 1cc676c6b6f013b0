"""Sign-in messages are not stored before they are used."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_table("sign_in_challenge")
    op.create_table(
        "sign_in_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "used_sign_in",
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at_unix_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_hash"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("used_sign_in")
    op.drop_table("sign_in_key")
    op.create_table(
        "sign_in_challenge",
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organizer_id", sa.String(), nullable=False),
        sa.Column("expires_at_unix_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_hash"),
    )
    op.create_index("ix_sign_in_challenge_organizer_id", "sign_in_challenge", ["organizer_id"])
