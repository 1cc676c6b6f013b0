"""Alembic's entry for the node's database; the connection comes from `open_database`."""

from alembic import context

from ostraka.storage.node_tables import NodeTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=NodeTable.metadata,
    # SQLite changes tables by making new ones.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
