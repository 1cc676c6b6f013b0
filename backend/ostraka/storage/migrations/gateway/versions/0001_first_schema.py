"""First schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "indexed_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("transaction", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("block", "log_index"),
    )
    with op.batch_alter_table("indexed_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_indexed_event_block"), ["block"], unique=False)
        batch_op.create_index(batch_op.f("ix_indexed_event_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_indexed_event_subject"), ["subject"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=True),
        sa.Column("by_invitation", sa.LargeBinary(), nullable=True),
        sa.Column("by_signing_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "address"),
        sa.UniqueConstraint("plan_id", "signing_key"),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_address"), ["address"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("is_round", sa.Boolean(), nullable=False),
        sa.Column("specification", sa.JSON(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("poll_id", sa.BigInteger(), nullable=True),
        sa.Column("members", sa.LargeBinary(), nullable=True),
        sa.Column("census", sa.LargeBinary(), nullable=True),
        sa.Column("redemptions", sa.LargeBinary(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.JSON(), nullable=True),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "relay_count",
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "member"),
    )
    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("transaction", sa.String(), nullable=False),
        sa.Column("gas_used", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "transaction"),
    )
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "outgoing_transaction",
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("resent", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "nonce"),
    )
    op.create_index(
        "ix_outgoing_transaction_current",
        "outgoing_transaction",
        ["purpose"],
        unique=True,
        sqlite_where=sa.text("NOT given_up"),
        postgresql_where=sa.text("NOT given_up"),
    )
    op.create_table(
        "signed_transaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", sa.BigInteger(), nullable=False),
        sa.Column("priority_fee", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("signed_at_unix_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    with op.batch_alter_table("signed_transaction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signed_transaction_nonce"), ["nonce"], unique=False)

    op.create_table(
        "idempotent_request",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("idempotent_request")
    op.drop_table("signed_transaction")
    op.drop_table("outgoing_transaction")
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_step_plan_id"))

    op.drop_table("step")
    op.drop_table("relay_count")
    op.drop_table("plan")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_address"))

    op.drop_table("invitation")
    with op.batch_alter_table("indexed_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_indexed_event_subject"))
        batch_op.drop_index(batch_op.f("ix_indexed_event_name"))
        batch_op.drop_index(batch_op.f("ix_indexed_event_block"))

    op.drop_table("indexed_event")
    op.drop_table("checkpoint")
