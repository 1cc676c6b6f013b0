"""Open a database so that committed data survives a crash, or refuse one that is damaged."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Engine, ExceptionContext, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session, create_engine

from ostraka.files import create_private, require_private, sync_folder

_MIGRATIONS = Path(__file__).parent / "migrations"
# https://www.sqlite.org/fileformat.html#the_database_header
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"
_PAGE_BYTES = 16
_APPLICATION_ID = 68
_LOGS = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps beside a database."""


class Schema(Enum):
    """The program that owns a database; each has its own migrations.

    Attributes:
        application_id: `PRAGMA application_id` of its SQLite files.
        way_out: What an operator does about a damaged database.
    """

    NODE = (
        "node",
        0x4F53544E,
        "build it again: `ostraka node rebuild --settings …/node.toml` moves this one aside "
        "(docs/operations.md, Restore a node)",
    )
    GATEWAY = (
        "gateway",
        0x4F535447,
        "restore a backup (docs/operations.md, Restore a gateway); a new database has the chain's "
        "index again, but no plans",
    )

    def __init__(self, folder: str, application_id: int, way_out: str) -> None:
        self.folder = folder
        self.application_id = application_id
        self.way_out = way_out


class DamagedDatabase(ValueError):
    """A database has lost data or is another program's; starting again does not help."""


def open_database(url: str, schema: Schema) -> Engine:
    """Return an engine for a database, migrated to the newest schema.

    An SQLite file that does not exist is made, whole or not at all. So one that is empty was
    truncated.

    Args:
        url: `sqlite:///FILE` or `postgresql+psycopg://…`.

    Raises:
        DamagedDatabase: The SQLite file is truncated, changed or another program's; states the
            way out.
        ValueError: The URL is invalid, the server unreachable or not durable, the database cannot
            be written, others may read its file, or it is of a newer version.
    """
    try:
        parsed = make_url(url)
        file = sqlite_file(parsed)
        if file is not None:
            _require_private_files(file)
            if not file.exists():
                _create(file, schema)
        engine = _engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        # The URL is not shown: it may contain a password.
        known = "sqlite:///FILE or postgresql+psycopg://…"
        raise ValueError(f"the database's URL: expected {known}") from error
    try:
        if file is not None:
            _require_whole(engine, file, schema)
        _migrate(engine, schema)
        _require_durable(engine)
    except DBAPIError as error:
        engine.dispose()
        raise _refusal(engine, error, schema) from error
    except ValueError:
        engine.dispose()
        raise
    return engine


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite URL; None for a server, or for a database in memory.

    Raises:
        ValueError: The file is named in the form `file:…`.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    if url.database.startswith("file:"):
        raise ValueError(f"{url}: name the file as in sqlite:///FILE")
    return Path(url.database)


def files_of(file: Path) -> list[Path]:
    """Return the existing files of an SQLite database, the database itself first."""
    return [one for one in (file, *(_beside(file, suffix) for suffix in _LOGS)) if one.exists()]


def _engine(url: URL) -> Engine:
    # Parameters contain ballots, which error messages must not show.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    configure = _configure_sqlite if engine.dialect.name == "sqlite" else _configure_postgresql
    event.listen(engine, "connect", configure)
    event.listen(engine, "handle_error", _drop_after_failed_commit)
    return engine


def _drop_after_failed_commit(context: ExceptionContext) -> None:
    # A COMMIT that failed may leave its transaction open. The library would give the connection
    # back to the pool like that, and others would read as stored what is not.
    if context.statement is None:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def _require_private_files(file: Path) -> None:
    """Refuse a database if others may read one of its files or their folder: ValueError."""
    require_private(file.parent)
    for one in (*files_of(file), _beside(file, ".leader")):
        if one.exists():
            require_private(one)


def _create(file: Path, schema: Schema) -> None:
    """Make a new SQLite database under another name, and give it its name once it is whole.

    Raises:
        DamagedDatabase: The database was removed, but not its log.
    """
    if files_of(file):
        raise DamagedDatabase(f"{file}: gone, while its log is still there; {schema.way_out}")
    unfinished = _beside(file, f".new-{os.getpid()}")
    for left in files_of(unfinished):
        left.unlink()
    # SQLite gives its other files the same mode.
    create_private(unfinished)
    engine = _engine(make_url(f"sqlite:///{unfinished}"))
    try:
        with engine.connect() as connection:
            connection.execute(text(f"PRAGMA application_id = {schema.application_id}"))
        _migrate(engine, schema)
        checkpoint(engine)
        engine.dispose()
        # Unlike a renaming, a link does not replace what another process has just made.
        os.link(unfinished, file)
    except FileExistsError:
        pass
    except DBAPIError as error:
        raise ValueError(f"{file}: cannot be made: {_reason(error)}") from error
    finally:
        engine.dispose()
        for left in files_of(unfinished):
            left.unlink()
    sync_folder(file.parent)


def _has_log(file: Path) -> bool:
    log = _beside(file, "-wal")
    return log.exists() and log.stat().st_size > 0


def _require_whole(engine: Engine, file: Path, schema: Schema) -> None:
    """Refuse an SQLite file that is truncated, damaged or another program's: DamagedDatabase."""
    with file.open("rb") as content:
        header = content.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise DamagedDatabase(f"{file}: {len(header)} bytes, so it was truncated; {schema.way_out}")
    # Read without SQLite, which changes files of others when it opens them.
    found = int.from_bytes(header[_APPLICATION_ID:][:4], "big")
    if not header.startswith(_MAGIC) or found != schema.application_id:
        raise DamagedDatabase(
            f"{file}: not a database of an Ostraka {schema.folder}; name the right file in "
            f"database_url, or {schema.way_out}"
        )
    page_bytes = int.from_bytes(header[_PAGE_BYTES:][:2], "big") or 1
    if file.stat().st_size % page_bytes and not _has_log(file):
        # SQLite would take the missing end of the last page for zeros.
        raise DamagedDatabase(f"{file}: truncated within a page; {schema.way_out}")
    with engine.connect() as connection:
        verdict = str(connection.execute(text("PRAGMA quick_check(1)")).scalar())
    if verdict != "ok":
        # A heading, which names a part of the file, comes before the finding.
        verdict = verdict.splitlines()[-1]
        raise DamagedDatabase(f"{file}: damaged ({verdict}); {schema.way_out}")


def _require_durable(engine: Engine) -> None:
    """Refuse a database that does not store what is committed: ValueError, or the driver's error.

    A node would otherwise notice only with the first ballot.
    """
    name = engine.url.render_as_string(hide_password=True)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A write like any other. The number counts the starts, and is used for nothing.
            starts = int(connection.execute(text("PRAGMA user_version")).scalar_one())
            connection.execute(text(f"PRAGMA user_version = {(starts + 1) % 2**31}"))
            return
        if connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
            raise ValueError(f"{name}: read-only; name the primary server")
        if connection.execute(text("SHOW fsync")).scalar() == "off":
            raise ValueError(f"{name}: the server has fsync = off, so a crash would lose ballots")


def _refusal(engine: Engine, error: DBAPIError, schema: Schema) -> ValueError:
    name = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite" and not isinstance(error, OperationalError):
        return DamagedDatabase(f"{name}: damaged ({_reason(error)}); {schema.way_out}")
    return ValueError(f"{name}: {_reason(error)}")


def _reason(error: DBAPIError) -> str:
    """Return the first line of the database's own message."""
    return (str(error.orig).splitlines() or [""])[0]


def _migrate(engine: Engine, schema: Schema) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS / schema.folder))
    # In one transaction, so that a failed migration leaves the old schema.
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver begins none for changes of the schema.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        configuration.attributes["connection"] = connection
        try:
            command.upgrade(configuration, "head")
        except CommandError as error:
            raise ValueError(
                f"{engine.url.render_as_string(hide_password=True)}: written by a newer version: "
                f"{error}; run that version or a newer one"
            ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Return a session for one transaction that reads and then writes; it commits at the end."""
    with Session(engine, expire_on_commit=False) as session:
        if engine.dialect.name == "sqlite":
            # SQLite cannot lock rows: lock the whole file before reading.
            session.execute(text("BEGIN IMMEDIATE"))
        yield session
        session.commit()


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
    # First: the other settings may have to wait for another process.
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    # A receipt is a promise: its ballot must be on the disk, not in a cache.
    cursor.execute("PRAGMA synchronous=FULL")
    # Deleted boxes are overwritten, not only marked as free.
    cursor.execute("PRAGMA secure_delete=ON")
    # Otherwise SQLite copies overwritten data to a temporary file during a statement.
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _configure_postgresql(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    # For the same reason. Stronger settings of the server stay.
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()
