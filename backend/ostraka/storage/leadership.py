"""Choose one leader among all programs on one database.

Only one of several gateways behind a load balancer may run plans. The leader holds a lock of the
database, so that clocks do not matter, and a crash releases the lock at once.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from ostraka.files import private

_LOCK = 0x6F737472616B61  # "ostraka"


class Leadership:
    """A role that one program holds at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._file: IO[bytes] | None = None

    def held(self) -> bool:
        """Whether this program is the leader; it becomes the leader if there is none."""
        if self._engine.dialect.name == "postgresql":
            return self._held_on_postgresql()
        return self._held_beside_a_file()

    @property
    def is_held(self) -> bool:
        """Whether this program was the leader when it last asked."""
        return self._connection is not None or self._file is not None

    def release(self) -> None:
        """Give up the role."""
        if self._connection is not None:
            # The server frees the lock of a closed connection a moment later.
            with suppress(DBAPIError):
                self._connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            # A connection whose state is unknown must not go back to the pool with the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _held_on_postgresql(self) -> bool:
        """Use an advisory lock, which exists as long as its connection."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                self._connection = connection
                return True
            connection.close()
        except DBAPIError:
            self.release()
        return False

    def _held_beside_a_file(self) -> bool:
        """Lock a file next to the database; the lock exists as long as the process."""
        if self._file is None:
            path = Path(f"{self._engine.url.database}.leader")
            file = os.fdopen(private(path, os.O_WRONLY | os.O_CREAT), "wb")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            self._file = file
        return True
