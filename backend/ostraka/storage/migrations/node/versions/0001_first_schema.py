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
        "announced_key",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("poll_context", sa.LargeBinary(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "poll_context", "node"),
    )
    op.create_table(
        "asked_repair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("ballot_digest", sa.LargeBinary(), nullable=False),
        sa.Column("helpers", sa.LargeBinary(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("repair_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("poll_id", "repair_hash"),
    )
    with op.batch_alter_table("asked_repair", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_asked_repair_poll_id"), ["poll_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_asked_repair_subject"), ["subject"], unique=False)

    op.create_table(
        "final_statement",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("root_digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "node"),
    )
    op.create_table(
        "logged_receipt",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "position"),
        sa.UniqueConstraint("poll_id", "digest"),
    )
    op.create_table(
        "node_poll",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("poll_context", sa.LargeBinary(), nullable=False),
        sa.Column("census", sa.LargeBinary(), nullable=False),
        sa.Column("redemptions", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("announcement", sa.LargeBinary(), nullable=False),
        sa.Column("key_destroyed", sa.Boolean(), nullable=False),
        sa.Column("inventory_signature", sa.LargeBinary(), nullable=True),
        sa.Column("rebuilt", sa.Boolean(), nullable=False),
        sa.Column("may_have_stated_final", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "poll_context"),
    )
    op.create_table(
        "peer_receipt",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "digest", "node"),
    )
    op.create_table(
        "released_share",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "node"),
    )
    op.create_table(
        "root_attestation",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "round", "root", "node"),
    )
    op.create_table(
        "signed_root",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("root_digest", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "round"),
    )
    op.create_table(
        "store_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("node", sa.LargeBinary(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("rebuilding", sa.Boolean(), nullable=False),
        sa.Column("rebuilt_at_unix_s", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "stored_ballot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("voter", sa.LargeBinary(), nullable=False),
        sa.Column("cast_at_unix_s", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("boxes", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("share_box", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("poll_id", "digest"),
    )
    with op.batch_alter_table("stored_ballot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stored_ballot_poll_id"), ["poll_id"], unique=False)
        batch_op.create_index("ix_stored_ballot_poll_voter", ["poll_id", "voter"], unique=False)
        batch_op.create_index(
            "ix_stored_ballot_with_receipt",
            ["poll_id", "id", "digest"],
            unique=False,
            sqlite_where=sa.text("receipt IS NOT NULL"),
            postgresql_where=sa.text("receipt IS NOT NULL"),
        )

    op.create_table(
        "stored_checkpoint",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "node", "number"),
    )
    op.create_table(
        "stored_contradiction",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("second", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "node"),
    )
    op.create_table(
        "stored_cosignature",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("witness", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "node", "number", "witness"),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("stored_cosignature", "stored_contradiction", "stored_checkpoint"):
        op.drop_table(table)
    with op.batch_alter_table("stored_ballot", schema=None) as batch_op:
        batch_op.drop_index("ix_stored_ballot_with_receipt")
        batch_op.drop_index("ix_stored_ballot_poll_voter")
        batch_op.drop_index(batch_op.f("ix_stored_ballot_poll_id"))

    op.drop_table("stored_ballot")
    op.drop_table("store_identity")
    op.drop_table("signed_root")
    op.drop_table("root_attestation")
    op.drop_table("released_share")
    op.drop_table("peer_receipt")
    op.drop_table("node_poll")
    op.drop_table("logged_receipt")
    op.drop_table("final_statement")
    with op.batch_alter_table("asked_repair", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_asked_repair_subject"))
        batch_op.drop_index(batch_op.f("ix_asked_repair_poll_id"))

    op.drop_table("asked_repair")
    op.drop_table("announced_key")
