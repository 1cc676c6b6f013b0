"""A node's store as its process uses it: opened, its own, and used by no other process."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from ostraka.clock import unix_now
from ostraka.files import sync_folder
from ostraka.node.identity import StoreState, begin_rebuild, claim, mark, state_of
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.store import Conflict, NodeStore
from ostraka.storage.database import (
    DamagedDatabase,
    Schema,
    files_of,
    open_database,
    sqlite_file,
)
from ostraka.storage.leadership import Leadership

log = structlog.get_logger()

MARK_S = 10
"""Shortest time between two marks of the store as newer than its copies."""
_LOOK_S = 1
_PATIENCE_S = 5
_USED_MEANWHILE = "another node used this database meanwhile"


class OpenStore:
    """A node's store, which this process alone uses until it ends."""

    def __init__(self, engine: Engine, lock: Leadership) -> None:
        self.store = NodeStore(engine)
        self.engine = engine
        self._lock = lock
        self._starts = self._marked_writes = 0
        self._mark_at_monotonic_s = 0.0

    @property
    def name(self) -> str:
        """The database's URL without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def claim(self, secrets: PollSecrets) -> None:
        """Refuse a store that is not the node's own: ValueError; states the way out."""
        self._starts = claim(self.store, secrets, self.name)
        self._marked_writes = self.store.writes

    async def guard(self, secrets: PollSecrets) -> None:
        """Watch over the lock, and mark the store as newer than its copies, until cancelled.

        A server that restarts releases it. Whoever gets it again may go on only if no other process
        used the store in between: this node would not know what that one signed.

        Raises:
            ValueError: Another process uses or used the store.
        """
        whole = True
        while True:
            await asyncio.sleep(_LOOK_S)
            held = await asyncio.to_thread(self._lock.held)
            if held and whole:
                await asyncio.to_thread(self._mark, secrets)
                continue
            if whole:
                log.warning("the database's lock is lost", database=self.name)
            alone = await asyncio.to_thread(self._is_alone)
            if alone is False:
                raise ValueError(f"{self.name}: {_USED_MEANWHILE}")
            whole = held and alone is True
            if whole:
                log.warning("the database's lock is held again", database=self.name)

    def _mark(self, secrets: PollSecrets) -> None:
        """After writes, not at rest: mark the store as newer than its copies."""
        now_monotonic_s, writes = time.monotonic(), self.store.writes
        if writes == self._marked_writes or now_monotonic_s < self._mark_at_monotonic_s:
            return
        self._mark_at_monotonic_s = now_monotonic_s + MARK_S
        try:
            mark(self.store, secrets, self._starts)
        except Conflict:
            raise ValueError(f"{self.name}: {_USED_MEANWHILE}") from None
        except (DBAPIError, OSError) as error:
            log.warning("the database is not marked as newer than its copies", error=repr(error))
            return
        # The mark is a write, too.
        self._marked_writes = writes + 1

    def _is_alone(self) -> bool | None:
        """Whether no node has opened the store since; None if the database does not answer."""
        try:
            identity = self.store.identity()
        except DBAPIError:
            return None
        return identity is not None and identity.starts == self._starts

    def close(self) -> None:
        """Release the lock, and close all connections."""
        self._lock.release()
        self.engine.dispose()


def open_store(url: str) -> OpenStore:
    """Open a node's database and lock it.

    Raises:
        ValueError: As `open_database`; or another process uses it.
    """
    engine = open_database(url, Schema.NODE)
    return OpenStore(engine, _locked(engine))


def open_for_rebuild(
    url: str, secrets: PollSecrets, moved: Callable[[Path, Path], None]
) -> OpenStore:
    """Open the database of a node's rebuild; an SQLite file that is damaged is moved aside.

    Args:
        moved: Called with the old and new name of each file that was moved.

    Raises:
        ValueError: There is nothing to build again, or the database is another node's.
    """
    file = sqlite_file(make_url(url))
    if file is None:
        engine = open_database(url, Schema.NODE)
        opened = OpenStore(engine, _locked(engine))
    else:
        # Before anything is moved: a node may still be running with it.
        lock = _locked(create_engine(url))
        try:
            engine = open_database(url, Schema.NODE)
        except DamagedDatabase:
            _move_aside(file, moved)
            engine = open_database(url, Schema.NODE)
        opened = OpenStore(engine, lock)
    match state_of(opened.store, secrets):
        case StoreState.LOST | StoreState.UNFINISHED:
            begin_rebuild(opened.store, secrets)
            return opened
        case StoreState.OWN:
            reason = "this node's own, and not damaged: there is nothing to build again"
        case StoreState.NEW:
            reason = "this node never ran: start it with `ostraka node run`"
        case StoreState.FOREIGN:
            reason = "another store's; name a new database in database_url"
        case StoreState.OLDER:
            reason = "an older copy; move it away, or name a new database in database_url"
    opened.close()
    raise ValueError(f"{opened.name}: {reason}")


def _locked(engine: Engine) -> Leadership:
    lock = Leadership(engine)
    # What a killed process held on a server is released only after its connection is known as gone.
    deadline_monotonic_s = time.monotonic() + _PATIENCE_S
    while not lock.held():
        if time.monotonic() > deadline_monotonic_s:
            name = engine.url.render_as_string(hide_password=True)
            raise ValueError(f"{name}: another process uses this database; stop it first")
        time.sleep(0.1)
    return lock


def _move_aside(file: Path, moved: Callable[[Path, Path], None]) -> None:
    suffix = f".damaged-{unix_now()}"
    # The database first: a log without its database is refused, and moved at the next attempt.
    for one in files_of(file):
        aside = one.with_name(one.name + suffix)
        one.rename(aside)
        moved(one, aside)
    sync_folder(file.parent)
