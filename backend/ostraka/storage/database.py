"""Open a database so that committed data survives a crash."""

from enum import Enum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, ExceptionContext, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlmodel import create_engine

from ostraka.files import create_private, require_private

_MIGRATIONS = Path(__file__).parent / "migrations"


class Schema(Enum):
    """The program that owns a database; each has its own migrations."""

    NODE = "node"
    GATEWAY = "gateway"


def open_database(url: str, schema: Schema) -> Engine:
    """Return an engine for a database, migrated to the newest schema.

    Args:
        url: `sqlite:///FILE` or `postgresql+psycopg://…`.

    Raises:
        ValueError: The URL is invalid, the server unreachable, the SQLite file damaged or readable
            by others, or the database of a newer version.
    """
    try:
        _keep_private(url)
        # Parameters contain ballots, which error messages must not show.
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "handle_error", _drop_after_failed_commit)
    except (ArgumentError, NoSuchModuleError) as error:
        # The URL is not shown: it may contain a password.
        known = "sqlite:///FILE or postgresql+psycopg://…"
        raise ValueError(f"the database's URL: expected {known}") from error
    try:
        return _opened(engine, url, schema)
    except OperationalError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise ValueError(f"{shown}: {str(error.orig).splitlines()[0]}") from error


def _drop_after_failed_commit(context: ExceptionContext) -> None:
    # A COMMIT that failed may leave its transaction open. The library would give the connection
    # back to the pool like that, and others would read as stored what is not.
    if context.statement is None:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


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
    """Create an SQLite file with mode 600; SQLite's other files get the same mode.

    Raises:
        ValueError: Others may read one of the files or their folder.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    if parsed.database.startswith("file:"):
        raise ValueError(f"{url}: name the file as in sqlite:///FILE")
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
    # In one transaction, so that a failed migration leaves the old schema.
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        try:
            command.upgrade(configuration, "head")
        except CommandError as error:
            raise ValueError(
                f"{engine.url.render_as_string(hide_password=True)}: written by a newer version: "
                f"{error}"
            ) from error


def ping(engine: Engine) -> None:
    """Ask the database for something; raises an exception of SQLAlchemy if it does not answer."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def checkpoint(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, so that deleted data is gone.

    Raises:
        RuntimeError: Another connection reads the database; try again later.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar()
        if busy:
            raise RuntimeError("the database is busy; its write-ahead log cannot be emptied")


def _configure_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A receipt is a promise: its ballot must be on the disk, not in a cache.
    cursor.execute("PRAGMA synchronous=FULL")
    # Deleted boxes are overwritten, not only marked as free.
    cursor.execute("PRAGMA secure_delete=ON")
    # Otherwise SQLite copies overwritten data to a temporary file during a statement.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
