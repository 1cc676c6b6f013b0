"""A node's disk: a real SQLite file and real secret files, which can fail and at which it dies.

Committed data survives the death of the node's process. A process can die before a commit, which
loses the transaction, and after it, so that the program never learns that it was committed.
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

from sqlalchemy import Engine

from ostraka.keys import SigningKey
from ostraka.node.poll_secrets import PollSecrets
from ostraka.storage.database import Schema, checkpoint, open_database
from tests.simulator.virtual_time import Crash, Process, current

FULL = "the virtual disk is full"


class Disk:
    """The disk of one node, used by one process after another."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: For the database and the secrets of polls, in memory if possible.
        """
        folder.mkdir(mode=0o700)
        self._file = folder / "node.db"
        self.engine: Engine = open_database(f"sqlite:///{self._file}", Schema.NODE)
        checkpoint(self.engine)
        self._empty = self._file.read_bytes()
        self._commit = self.engine.dialect.do_commit
        # Every write of every kind ends here.
        self.engine.dialect.do_commit = self._commit_or_fail  # type: ignore[method-assign]
        self.secrets = folder / "secrets"
        self.boards = folder / "boards"
        self.random = Random()
        self.crash_at: int | None = None
        """The process dies at this commit point, counted from now."""
        self.failing = 0.0
        """Probability that a write fails."""
        self.died: Callable[[], None] = lambda: None

    def wipe(self, random: Random) -> None:
        """Make it a new disk.

        Args:
            random: Decides which writes fail.
        """
        self.lose_database()
        for kept in (self.secrets, self.boards):
            shutil.rmtree(kept, ignore_errors=True)
        self.random = random
        self.crash_at, self.failing = None, 0.0

    def lose_database(self) -> None:
        """Put a new, empty database in place of the old one; the secrets stay."""
        self.engine.dispose()
        for file in self._file.parent.glob("node.db-*"):
            file.unlink()
        self._file.write_bytes(self._empty)

    def _commit_or_fail(self, connection: object) -> None:
        owner = current()
        if owner is not None and not owner.alive:
            raise Crash
        if self.failing and self.random.random() < self.failing:
            raise sqlite3.OperationalError(FULL)
        self.reach_commit_point()
        self._commit(connection)  # type: ignore[arg-type]
        self.reach_commit_point()

    def reach_commit_point(self) -> None:
        """Die here if a fault says so."""
        if self.crash_at is None:
            return
        self.crash_at -= 1
        if self.crash_at < 0:
            self.crash_at = None
            self.died()
            raise Crash


class VirtualSecrets(PollSecrets):
    """A node's secrets of polls on a virtual disk."""

    def __init__(self, disk: Disk, process: Process, key: SigningKey) -> None:
        super().__init__(disk.secrets, key)
        self._disk = disk
        self._process = process

    def keep(self, poll_context: bytes, secret: bytes) -> bytes:
        """As the base class; the process may die before or after it."""
        self._reach()
        kept = super().keep(poll_context, secret)
        self._reach()
        return kept

    def destroy(self, poll_context: bytes) -> None:
        """As the base class; the process may die before or after it."""
        self._reach()
        super().destroy(poll_context)
        self._reach()

    def _reach(self) -> None:
        if not self._process.alive:
            raise Crash
        self._disk.reach_commit_point()
