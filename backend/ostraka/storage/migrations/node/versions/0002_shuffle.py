"""Shuffled polls: signatures, certified runs, opened ballots and signed outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "shuffle_signature",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "turn"),
    )
    op.create_table(
        "certified_run",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("commitments", sa.LargeBinary(), nullable=False),
        sa.Column("shares", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id"),
    )
    op.create_table(
        "opened_ballots",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id"),
    )
    op.create_table(
        "signed_outcome",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("ballots_hash", sa.LargeBinary(), nullable=False),
        sa.Column("awards", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id"),
    )
