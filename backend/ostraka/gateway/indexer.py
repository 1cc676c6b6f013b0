"""Index the events of registry and treasury, and undo blocks that a reorganization removed."""

import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.chain.contract import ChainError, DeployedContract, Head
from ostraka.chain.log_ranges import LOG_BLOCKS
from ostraka.chain.pace import BlockPace
from ostraka.storage.database import ping
from ostraka.storage.gateway_tables import Checkpoint, IndexedEvent
from ostraka.wire.health import Sight
from ostraka.wire.records import to_hex

log = structlog.get_logger()

KEPT_CHECKPOINTS = 256
"""Number of checkpoints kept; after a deeper reorganization everything is indexed again."""
REREAD_BLOCKS = 64
"""Number of newest blocks whose events are always read again: a replica may show them late."""
_READ_AGAIN_S, _REST_S = 3, 30
"""When the newest blocks are read again without a newer one: once soon, then rarely."""
_READERS_S = 10
"""How long after a question to the index new blocks matter."""
_FIRST_BLOCKS, _MANY_EVENTS = 1000, 10_000
"""Blocks of the first range that is indexed; a range with more events than that is halved."""
_SUBJECTS = ("pollId", "roundId", "committee")


class Indexer:
    """Index of one chain."""

    def __init__(
        self, engine: Engine, contracts: Mapping[str, DeployedContract], deployment_block: int
    ) -> None:
        """Args:
        contracts: Contracts by the name under which their events are stored.
        deployment_block: First block to index.
        """
        self._engine = engine
        self._contracts = contracts
        self._deployment_block = deployment_block
        self._following = Lock()
        self._pace = BlockPace()
        self._newest: Head | None = None
        self._read: Head | None = None
        self._read_again_at_monotonic_s = 0.0
        self._blocks = _FIRST_BLOCKS
        self._asked_at_monotonic_s = 0.0
        self.sight: Sight | None = None
        """The newest block up to which events are indexed; None before the first time."""

    def ping(self) -> None:
        """Ask the database for something; raises an exception if it does not answer."""
        ping(self._engine)

    @property
    def indexed_to(self) -> int:
        """Last indexed block; without any, the block before deployment."""
        self._asked_at_monotonic_s = time.monotonic()
        newest = self._checkpoint()
        return newest.number if newest else self._deployment_block - 1

    @property
    def newest(self) -> Head | None:
        """The newest block when the chain was last followed; None before."""
        return self._newest

    @property
    def is_read(self) -> bool:
        """Whether somebody reads the index now."""
        return time.monotonic() < self._asked_at_monotonic_s + _READERS_S

    def is_due(self, *, waiting: bool) -> bool:
        """Whether to follow the chain now.

        Args:
            waiting: Whether the next block matters soon.
        """
        late_logs = waiting and time.monotonic() >= self._read_again_at_monotonic_s
        return late_logs or self._pace.is_due(waiting=waiting)

    def follow(self) -> int:
        """Index up to the newest block; return the number of blocks that were undone.

        Raises:
            ChainError: The chain is unreachable; the index is kept.
        """
        with self._following:
            try:
                return self._follow()
            except IntegrityError:
                # Another gateway on the same database has just indexed these blocks.
                return 0

    def _follow(self) -> int:
        self._pace.asked()
        contract = next(iter(self._contracts.values()))
        head = contract.head()
        self._pace.saw(head)
        self._newest = head
        sight = Sight(head.number, head.timestamp, time.monotonic())
        if head == self._read and time.monotonic() < self._read_again_at_monotonic_s:
            self.sight = sight
            return 0
        taken_back = self._take_back(head)
        known = self._checkpoint()
        indexed_to = known.number if known else self._deployment_block - 1
        # Logs may lag behind blocks, so new blocks are read again a while later.
        first = max(self._deployment_block, min(indexed_to + 1, head.number - REREAD_BLOCKS + 1))
        while first <= head.number:
            last = min(head.number, first + self._blocks - 1)
            block = head if last == head.number else contract.head(last)
            undone = self._index(first, block, indexed_to)
            if undone:
                return taken_back + undone
            first = last + 1
        again_s = _READ_AGAIN_S if head != self._read else _REST_S
        self._read = head
        self._read_again_at_monotonic_s = time.monotonic() + again_s
        self.sight = sight
        return taken_back

    def _index(self, first: int, last: Head, indexed_to: int) -> int:
        """Store the events of a range of blocks, and its last block unless it was indexed.

        Returns:
            The number of blocks that were undone instead, as they are of another branch.
        """
        events = [
            (name, event)
            for name, source in self._contracts.items()
            for event in source.logs(first, last.number)
        ]
        stated = {last.number: last.hash}
        for _, event in events:
            number, block_hash = event["blockNumber"], bytes(event["blockHash"])
            if stated.setdefault(number, block_hash) != block_hash:
                raise _mixed(number)
        undone = self._undo_branch(first, stated)
        if undone:
            return undone
        with Session(self._engine) as session:
            known = set(
                session.exec(
                    select(IndexedEvent.block, IndexedEvent.log_index).where(
                        col(IndexedEvent.block).between(first, last.number)
                    )
                )
            )
            session.add_all(
                _row(name, event)
                for name, event in events
                if (event["blockNumber"], event["logIndex"]) not in known
            )
            # Also of blocks before the last one, so that rows of another branch are found.
            have = session.exec(
                select(Checkpoint.number).where(col(Checkpoint.number).between(first, last.number))
            )
            new = stated.keys() - set(have)
            session.add_all(Checkpoint(number=one, hash=stated[one]) for one in new)
            if new:
                session.execute(
                    delete(Checkpoint).where(
                        col(Checkpoint.number).not_in(
                            select(Checkpoint.number)
                            .order_by(col(Checkpoint.number).desc())
                            .limit(KEPT_CHECKPOINTS)
                        )
                    )
                )
            session.commit()
        # Only so many events are in memory at a time.
        if len(events) > _MANY_EVENTS:
            self._blocks = max(1, self._blocks // 2)
        elif len(events) < _MANY_EVENTS // 4:
            self._blocks = min(LOG_BLOCKS, 2 * self._blocks)
        return 0

    def _undo_branch(self, first: int, stated: Mapping[int, bytes]) -> int:
        """Undo what a replica on another branch of the chain has shown before.

        Only blocks about which the logs now disagree with the index are asked for.

        Args:
            first: First block of a range of which the logs were read.
            stated: Hashes of the range's last block and of its blocks with events, by number.

        Raises:
            ChainError: The logs are of another branch than the chain.
        """
        with Session(self._engine) as session:
            known = dict(
                session.exec(
                    select(Checkpoint.number, Checkpoint.hash).where(
                        col(Checkpoint.number).between(first, max(stated))
                    )
                ).all()
            )
            filled = set(
                session.exec(
                    select(IndexedEvent.block).where(
                        col(IndexedEvent.block).between(first, max(stated))
                    )
                )
            )
        contract = next(iter(self._contracts.values()))
        for number in sorted(known):
            # Events that are not shown may only be late.
            if number in stated and stated[number] == known[number]:
                continue
            if number not in stated and number not in filled:
                continue
            block_hash = contract.block_hash(number)
            if block_hash not in (None, known[number]):
                return self._undo(number - 1)
            if number in stated:
                raise _mixed(number)
        return 0

    def _undo(self, standing: int) -> int:
        """Delete the index of all blocks after one; return their number."""
        found = self._checkpoint()
        newest = found.number if found else standing
        with Session(self._engine) as session:
            session.execute(delete(IndexedEvent).where(col(IndexedEvent.block) > standing))
            session.execute(delete(Checkpoint).where(col(Checkpoint.number) > standing))
            session.commit()
        log.warning("reorganization", taken_back=newest - standing, to=standing)
        return newest - standing

    def _checkpoint(self) -> Checkpoint | None:
        """Return the last indexed block; None without any."""
        with Session(self._engine) as session:
            return session.exec(
                select(Checkpoint).order_by(col(Checkpoint.number).desc()).limit(1)
            ).first()

    def _take_back(self, head: Head) -> int:
        """Delete the index of blocks that the chain has replaced.

        A block that the provider does not show is kept: a replica may lag behind.

        Args:
            head: Newest block.
        """
        newest = self._checkpoint()
        if newest is None or (newest.number, newest.hash) in (
            (head.number, head.hash),
            (head.number - 1, head.parent),
        ):
            return 0
        contract = next(iter(self._contracts.values()))
        with Session(self._engine) as session:
            checkpoints = list(
                session.exec(select(Checkpoint).order_by(col(Checkpoint.number).desc()))
            )
        standing, changed = self._deployment_block - 1, False
        for checkpoint in checkpoints:
            block = contract.block_hash(checkpoint.number)
            if block == checkpoint.hash:
                standing = checkpoint.number
                break
            changed = changed or block is not None
        if not changed:
            return 0
        return self._undo(standing)

    def events(
        self, contract: str, names: Sequence[str], subject: str | None = None
    ) -> list[IndexedEvent]:
        """Return events in the order of the chain.

        Args:
            subject: Only those about this poll, round or committee.
        """
        self._asked_at_monotonic_s = time.monotonic()
        query = (
            select(IndexedEvent)
            .where(IndexedEvent.contract == contract, col(IndexedEvent.name).in_(names))
            .order_by(col(IndexedEvent.block), col(IndexedEvent.log_index))
        )
        if subject is not None:
            query = query.where(IndexedEvent.subject == subject)
        with Session(self._engine) as session:
            return list(session.exec(query))


def _mixed(number: int) -> ChainError:
    return ChainError(f"blocks and logs of block {number} belong to different chains")


def _row(contract: str, event: Any) -> IndexedEvent:
    arguments = {name: plain(value) for name, value in event["args"].items()}
    return IndexedEvent(
        block=event["blockNumber"],
        log_index=event["logIndex"],
        contract=contract,
        name=event["event"],
        subject=next((str(arguments[name]) for name in _SUBJECTS if name in arguments), ""),
        arguments=arguments,
        transaction=to_hex(bytes(event["transactionHash"])),
    )


def plain(value: Any) -> Any:
    """Return an ABI value in JSON: integers in decimal, bytes and addresses in lower-case
    0x-hex."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return to_hex(bytes(value))
    if isinstance(value, str):
        return value.lower() if value.startswith("0x") and len(value) == 42 else value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value]
