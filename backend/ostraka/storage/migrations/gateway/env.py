"""Alembic's entry for the gateway's database; the connection comes from `open_database`."""

from alembic import context

from ostraka.storage.gateway_tables import GatewayTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=GatewayTable.metadata,
    # SQLite cannot alter most tables in place, so Alembic recreates them.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
