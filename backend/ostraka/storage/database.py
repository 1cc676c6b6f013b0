"""Open a database so that what was committed survives a crash."""

from typing import Any

from sqlalchemy import Engine, event, text
from sqlmodel import SQLModel, create_engine


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…`, its tables created.

    Raises:
        ValueError: An SQLite file that is damaged.
    """
    # Parameters carry poll keys; an error message must not.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        with engine.connect() as connection:
            verdict = connection.execute(text("PRAGMA quick_check")).scalar()
        if verdict != "ok":
            raise ValueError(f"{url}: damaged database: {verdict}")
    SQLModel.metadata.create_all(engine)
    return engine


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
