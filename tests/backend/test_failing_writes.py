"""A node whose disk fails gives no receipt, says so, and accepts the same ballots afterwards."""

import asyncio
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ostraka.node.phases import Accepting, Settling
from ostraka.node.poll_service import PollService
from ostraka.node.receipts import Receipt
from ostraka.storage.database import Schema, open_database
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from tests.support.node_polls import accepting_service, in_phase, move
from tests.support.polls import SyntheticPoll, approval_poll

FULL_DISK = "full disk"


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


@contextmanager
def full_disk(log: Path) -> Iterator[None]:
    """Let the kernel refuse what would make SQLite's log longer. Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = log.stat().st_size if log.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing(service: PollService, moment: str) -> Iterator[list[str]]:
    """Let writes fail: at a statement, at the commit with its fsync, or as on a full disk."""
    if moment == FULL_DISK:
        with full_disk(Path(f"{service.served.store._engine.url.database}-wal")):
            yield [FULL_DISK]
        return
    dialect = service.served.store._engine.dialect
    failed: list[str] = []

    def failing_one(name: str) -> Callable[..., None]:
        working = getattr(dialect, name)

        def fail(*arguments: Any) -> None:
            statement = "COMMIT" if name == "do_commit" else str(arguments[1])
            if not statement.startswith(("INSERT", "UPDATE", "COMMIT")):
                working(*arguments)
                return
            failed.append(statement)
            raise sqlite3.OperationalError("disk I/O error")

        return fail

    with pytest.MonkeyPatch.context() as patched:
        # Several rows in one statement go another way.
        for name in (moment, "do_executemany") if moment == "do_execute" else (moment,):
            patched.setattr(dialect, name, failing_one(name))
        yield failed


async def cast(service: PollService, poll: SyntheticPoll) -> list[Receipt | Problem]:
    """Cast three ballots, one of them twice."""
    records = [poll.prepared[number].record for number in (0, 1, 2, 1)]
    worker = asyncio.create_task(service.accepting.work())
    try:
        async with asyncio.timeout(20):
            answers = [service.accepting.submit(one, "a client") for one in records]
            return list(await asyncio.gather(*answers))
    finally:
        worker.cancel()


@pytest.mark.parametrize("moment", ["do_execute", "do_commit", FULL_DISK])
def test_no_receipt_without_its_ballot_on_the_disk(
    poll: SyntheticPoll, tmp_path: Path, moment: str
) -> None:
    service = accepting_service(poll, tmp_path)
    store = service.served.store

    async def run() -> tuple[list[Receipt | Problem], list[Receipt | Problem]]:
        with failing(service, moment) as failed:
            refused = await cast(service, poll)
        assert failed
        assert store.checkpoints.entries(poll.published.poll_id) == []
        # The same ballots again: nothing of the failure stays.
        return refused, await cast(service, poll)

    refused, given = asyncio.run(run())
    for one in refused:
        assert isinstance(one, Problem)
        assert one.kind is ProblemType.UNAVAILABLE
        assert one.retry_after_s
    url = f"sqlite:///{tmp_path / 'node.db'}"
    assert all(isinstance(one, Receipt) for one in given)
    assert given[1] == given[3]
    engine = open_database(url, Schema.NODE)
    assert len(type(store)(engine).checkpoints.entries(poll.published.poll_id)) == 3
    engine.dispose()


@pytest.mark.parametrize("moment", ["do_execute", "do_commit", FULL_DISK])
def test_no_statement_leaves_before_it_is_on_the_disk(
    poll: SyntheticPoll, tmp_path: Path, moment: str
) -> None:
    """Inventory and root: a node that forgets either could contradict itself."""
    service = accepting_service(poll, tmp_path)
    assert all(isinstance(one, Receipt) for one in asyncio.run(cast(service, poll)))
    freeze = in_phase(service, Accepting).freeze
    with failing(service, moment), pytest.raises(OperationalError):
        move(service, freeze)
    assert isinstance(service.phase, Accepting)
    assert move(service, freeze).inventory_signature
    assert isinstance(service.phase, Settling)
    draft = service.settling._draft(0)
    with failing(service, moment), pytest.raises(OperationalError):
        service.settling._sign_root(draft)
    assert service.served.store.signed_roots(poll.published.poll_id) == []
    root, _ = service.settling._sign_root(draft)
    assert service.served.signed_root(root) is not None
