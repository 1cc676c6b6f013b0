"""Reasons why invitations' codes were replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "member_replacement",
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("invitation", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "invitation", "code"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("member_replacement")
