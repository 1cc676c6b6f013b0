"""Index the events of registry and treasury, and undo blocks that a reorganization removed."""

import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from ostraka.chain.contract import ChainError, DeployedContract
from ostraka.chain.log_ranges import LOG_BLOCKS
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
        self._read = 0, b""
        self._read_again_at_monotonic_s = 0.0
        self.sight: Sight | None = None
        """The newest block up to which events are indexed; None before the first time."""

    def ping(self) -> None:
        """Ask the database for something; raises an exception if it does not answer."""
        ping(self._engine)

    @property
    def indexed_to(self) -> int:
        """Last indexed block; without any, the block before deployment."""
        with Session(self._engine) as session:
            newest = session.exec(
                select(Checkpoint).order_by(col(Checkpoint.number).desc()).limit(1)
            ).first()
        return newest.number if newest else self._deployment_block - 1

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
        taken_back = self._take_back()
        contract = next(iter(self._contracts.values()))
        head = contract.head()
        indexed_to = self.indexed_to
        same_head = (head.number, head.hash) == self._read
        if same_head and time.monotonic() < self._read_again_at_monotonic_s:
            self.sight = Sight(head.number, head.timestamp, time.monotonic())
            return taken_back
        # Logs may lag behind blocks, so new blocks are read again a while later.
        first = max(self._deployment_block, min(indexed_to + 1, head.number - REREAD_BLOCKS + 1))
        while first <= head.number:
            last = min(head.number, first + LOG_BLOCKS - 1)
            block = contract.head(last)
            events = [
                (name, event)
                for name, source in self._contracts.items()
                for event in source.logs(first, last)
            ]
            if any(
                event["blockNumber"] == last and bytes(event["blockHash"]) != block.hash
                for _, event in events
            ):
                raise ChainError(f"blocks and logs of block {last} belong to different chains")
            with Session(self._engine) as session:
                known = set(
                    session.exec(
                        select(IndexedEvent.block, IndexedEvent.log_index).where(
                            col(IndexedEvent.block).between(first, last)
                        )
                    )
                )
                session.add_all(
                    _row(name, event)
                    for name, event in events
                    if (event["blockNumber"], event["logIndex"]) not in known
                )
                if last > indexed_to:
                    session.add(Checkpoint(number=last, hash=block.hash))
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
            first = last + 1
        if (head.number, head.hash) != self._read:
            self._read = head.number, head.hash
            self._read_again_at_monotonic_s = time.monotonic() + _READ_AGAIN_S
        else:
            self._read_again_at_monotonic_s = time.monotonic() + _REST_S
        self.sight = Sight(head.number, head.timestamp, time.monotonic())
        return taken_back

    def _take_back(self) -> int:
        """Delete the index of blocks that the chain has replaced.

        A block that the provider does not show is kept: a replica may lag behind.
        """
        contract = next(iter(self._contracts.values()))
        before = self.indexed_to
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
        with Session(self._engine) as session:
            session.execute(delete(IndexedEvent).where(col(IndexedEvent.block) > standing))
            session.execute(delete(Checkpoint).where(col(Checkpoint.number) > standing))
            session.commit()
        log.warning("reorganization", taken_back=before - standing, to=standing)
        return before - standing

    def events(
        self, contract: str, names: Sequence[str], subject: str | None = None
    ) -> list[IndexedEvent]:
        """Return events in the order of the chain.

        Args:
            subject: Only those about this poll, round or committee.
        """
        query = (
            select(IndexedEvent)
            .where(IndexedEvent.contract == contract, col(IndexedEvent.name).in_(names))
            .order_by(col(IndexedEvent.block), col(IndexedEvent.log_index))
        )
        if subject is not None:
            query = query.where(IndexedEvent.subject == subject)
        with Session(self._engine) as session:
            return list(session.exec(query))


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
