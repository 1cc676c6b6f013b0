"""Databases of a node and a gateway: migrations, and versions that are newer."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import GatewayTable
from ostraka.storage.node_tables import NodeTable


@pytest.mark.parametrize("schema", list(Schema))
def test_migrations_give_the_schema_of_the_code(url: str, schema: Schema) -> None:
    metadata = {Schema.NODE: NodeTable.metadata, Schema.GATEWAY: GatewayTable.metadata}[schema]
    for _ in range(2):
        with open_database(url, schema).connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, metadata) == []


def test_a_database_of_a_newer_version_is_not_changed(url: str) -> None:
    engine = open_database(url, Schema.NODE)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match="newer version"):
        open_database(url, Schema.NODE)


def test_a_transaction_whose_commit_failed_is_undone(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE)
    commit = engine.dialect.do_commit

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE noted (n INTEGER)"))
        connection.commit()
    engine.dialect.do_commit = fail  # type: ignore[assignment, method-assign]
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO noted VALUES (1)"))
        with pytest.raises(OperationalError):
            connection.commit()
    engine.dialect.do_commit = commit  # type: ignore[method-assign]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM noted")).scalar() == 0
