"""Stored databases of every schema open in this version, on SQLite and on PostgreSQL: data kept."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError

from ostraka.storage import database
from ostraka.storage.database import Schema, open_database
from tests.support.stored_databases import TABLES, load, path_of, revisions, rows_of

STORED = [(schema, revision) for schema in Schema for revision in revisions(schema)]
_BROKEN = '''
"""A migration that fails in the middle."""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{head}"
branch_labels = depends_on = None
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO half VALUES (1)")
    op.execute("INSERT INTO nowhere VALUES (1)")
'''


@pytest.mark.parametrize(("schema", "revision"), STORED)
def test_a_stored_database_is_migrated_and_keeps_its_data(
    url: str, schema: Schema, revision: str
) -> None:
    dialect = make_url(url).get_backend_name()
    file = path_of(schema, revision, dialect)
    assert file.exists(), "run: python -m tests.support.stored_databases"
    content = file.read_text()
    load(url, content)
    stored_names = set(re.findall(r'CREATE TABLE (?:public\.)?"?(\w+)', content))
    tables = [one for one in TABLES[schema].sorted_tables if one.name in stored_names]
    assert len(tables) == len(stored_names - {"alembic_version"})
    engine = open_database(url, schema)
    with engine.connect() as connection:
        # If this fails for the newest schema: it was changed, and its stored database not.
        assert compare_metadata(MigrationContext.configure(connection), TABLES[schema]) == []
        for table in tables:
            stored = [dict(row) for row in connection.execute(select(table)).mappings()]
            if revision == revisions(schema)[0]:
                assert sorted(stored, key=repr) == sorted(rows_of(table), key=repr), table.name
            assert len(stored) == 2, table.name
    for table in tables:
        with engine.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(insert(table), rows_of(table)[0])
    with engine.connect() as connection:
        for table in TABLES[schema].sorted_tables:
            unique = inspect(connection).get_unique_constraints(table.name)
            wanted = [one for one in table.constraints if type(one).__name__ == "UniqueConstraint"]
            assert len(unique) == len(wanted), table.name
    engine.dispose()


def test_a_migration_that_fails_leaves_the_old_schema(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema.NODE
    head = revisions(schema)[0]
    load(url, path_of(schema, head, make_url(url).get_backend_name()).read_text())
    migrations = tmp_path / "migrations"
    source = database._MIGRATIONS / schema.folder
    (migrations / schema.folder / "versions").mkdir(parents=True)
    for one in source.rglob("*.py"):
        (migrations / schema.folder / one.relative_to(source)).write_text(one.read_text())
    (migrations / schema.folder / "versions" / "9999.py").write_text(_BROKEN.format(head=head))
    with monkeypatch.context() as patched:
        patched.setattr(database, "_MIGRATIONS", migrations)
        with pytest.raises(ValueError, match="nowhere"):
            open_database(url, schema)
    engine = open_database(url, schema)
    with engine.connect() as connection:
        assert not inspect(connection).has_table("half")
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == head
        assert connection.scalar(text("SELECT count(*) FROM stored_ballot")) == 2
    engine.dispose()


def test_by_the_drivers_own_rule_half_of_a_migration_stays(tmp_path: Path) -> None:
    """Why `database` begins the transaction itself."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE half (id)")
        assert not connection.in_transaction
