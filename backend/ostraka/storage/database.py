"""Open a database so that what was committed survives a crash."""

from enum import Enum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, event, text
from sqlmodel import create_engine

_MIGRATIONS = Path(__file__).parent / "migrations"


class Schema(Enum):
    """Whose database it is; each has migrations of its own."""

    NODE = "node"
    GATEWAY = "gateway"


def open_database(url: str, schema: Schema) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…`, migrated to the newest schema.

    Raises:
        ValueError: An SQLite file that is damaged, or a database of a newer version.
    """
    # Parameters carry poll keys; an error message must not.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        with engine.connect() as connection:
            verdict = connection.execute(text("PRAGMA quick_check")).scalar()
        if verdict != "ok":
            raise ValueError(f"{url}: damaged database: {verdict}")
    _migrate(engine, schema)
    return engine


def _migrate(engine: Engine, schema: Schema) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS / schema.value))
    # In one transaction: a migration that fails half-way leaves the old schema.
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        try:
            command.upgrade(configuration, "head")
        except CommandError as error:
            raise ValueError(
                f"{engine.url.render_as_string(hide_password=True)}: written by a newer version: "
                f"{error}"
            ) from error


def checkpoint(engine: Engine) -> None:
    """Move everything out of SQLite's write-ahead log, so that what was deleted is gone."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A receipt is a promise: its ballot must be on the disk, not in a cache.
    cursor.execute("PRAGMA synchronous=FULL")
    # Deleted poll keys are overwritten, not only unlinked.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
