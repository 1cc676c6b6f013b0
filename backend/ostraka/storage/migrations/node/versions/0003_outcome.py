"""Signed outcomes of opened ballots."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "signed_outcome",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("ballots_hash", sa.LargeBinary(), nullable=False),
        sa.Column("awards", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id"),
    )
