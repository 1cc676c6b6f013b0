"""Open a database so that what was committed survives a crash."""

from enum import Enum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlmodel import create_engine

from ostraka.files import create_private, require_private

_MIGRATIONS = Path(__file__).parent / "migrations"


class Schema(Enum):
    """Whose database it is; each has migrations of its own."""

    NODE = "node"
    GATEWAY = "gateway"


def open_database(url: str, schema: Schema) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…`, migrated to the newest schema.

    Raises:
        ValueError: No such URL, a server out of reach, an SQLite file that others may read or that
            is damaged, or a database of a newer version.
    """
    try:
        _keep_private(url)
        # Parameters carry ballots; an error message must not.
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        # Not shown: it may hold a password.
        known = "sqlite:///FILE or postgresql+psycopg://…"
        raise ValueError(f"the database's URL: expected {known}") from error
    try:
        return _opened(engine, url, schema)
    except OperationalError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise ValueError(f"{shown}: {str(error.orig).splitlines()[0]}") from error


def _opened(engine: Engine, url: str, schema: Schema) -> Engine:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        with engine.connect() as connection:
            verdict = connection.execute(text("PRAGMA quick_check")).scalar()
        if verdict != "ok":
            raise ValueError(f"{url}: damaged database: {verdict}")
    _migrate(engine, schema)
    return engine


def _keep_private(url: str) -> None:
    """Make an SQLite file that only its owner reads; SQLite makes those beside it alike.

    Raises:
        ValueError: Others may read one of them, or look into their folder.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    if parsed.database.startswith("file:"):
        raise ValueError(f"{url}: name the file by sqlite:///FILE")
    path = Path(parsed.database)
    require_private(path.parent)
    create_private(path)
    for suffix in ("", "-wal", "-shm", "-journal", ".leader"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            require_private(file)


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
    """Move everything out of SQLite's write-ahead log, so that what was deleted is gone.

    Raises:
        RuntimeError: Somebody reads the database all the time; it is to be tried again.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar()
        if busy:
            raise RuntimeError("the database is busy, its write-ahead log cannot be emptied")


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A receipt is a promise: its ballot must be on the disk, not in a cache.
    cursor.execute("PRAGMA synchronous=FULL")
    # Deleted boxes are overwritten, not only unlinked.
    cursor.execute("PRAGMA secure_delete=ON")
    # Else SQLite keeps what a statement overwrites in a file elsewhere until the statement's end.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
