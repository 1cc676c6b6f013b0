"""One synthetic poll at one node: the real parts, at the phase and moment that a test names."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ostraka.chain.contract import Head
from ostraka.node.observation import Observation
from ostraka.node.phases import Accepting, HeldSecret, Phase, Settling
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.poll_service import PollService
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import NodeStore
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import NodePoll
from tests.support.polls import CLOSES_AT, SyntheticPoll, open_view

ME = 2
"""The node."""
_P = TypeVar("_P", bound=Phase)


def node_row(poll: SyntheticPoll, **changes: Any) -> NodePoll:
    """The poll as the node stores it."""
    columns = {
        "poll_id": 1,
        "poll_context": poll.context,
        "census": poll.census.encode(),
        "public_key": poll.poll_keys[ME - 1].public_key,
        "announcement": b"",
    }
    return NodePoll(**columns | changes)


def served_poll(
    poll: SyntheticPoll, folder: Path, peers: Sequence[Any] = (), store: NodeStore | None = None
) -> ServedPoll:
    """The poll with its secret on the disk.

    Args:
        store: In which the poll is; None for a new one.
    """
    if store is None:
        store = NodeStore(open_database(f"sqlite:///{folder / 'node.db'}", Schema.NODE))
        store.add_poll(node_row(poll))
    key = poll.node_keys[ME - 1]
    secrets = PollSecrets(folder / "secrets", key)
    secrets.keep(poll.context, poll.poll_keys[ME - 1].secret() + bytes(32))
    return ServedPoll(poll.curve, store, secrets, [], poll.published, node_row(poll), key, peers)


def observation(
    poll: SyntheticPoll, unix_s: int = CLOSES_AT - 1, /, **changes: object
) -> Observation:
    """The chain at a time, with the poll open unless the test defines otherwise."""
    view = replace(open_view(poll), **changes)  # type: ignore[arg-type]
    return Observation(Head(1, bytes(32), unix_s), view)


def accepting_service(poll: SyntheticPoll, folder: Path, peers: Sequence[Any] = ()) -> PollService:
    """The node while ballots are cast."""
    served = served_poll(poll, folder, peers)
    secret = HeldSecret.read(served, served.announcements[ME].public_key)
    return PollService(served, Accepting(served, secret), observation(poll))


def settling_service(
    poll: SyntheticPoll, folder: Path, peers: Sequence[Any] = (), ballots: int = 0
) -> tuple[PollService, Settling]:
    """The node after it froze, and its phase.

    Args:
        ballots: How many of the poll's were cast at it.
    """
    service = accepting_service(poll, folder, peers)
    records = [prepared.record for prepared in poll.prepared[:ballots]]
    asyncio.run(service.accepting.ingest(records))
    settling = move(service, in_phase(service, Accepting).freeze)
    at(service, poll.parameters.freezes_at)
    return service, settling


def move(service: PollService, transition: Callable[[], _P]) -> _P:
    """Go to the next phase."""
    asyncio.run(service.progress.move(transition))
    return service.progress.phase  # type: ignore[return-value]


def in_phase(service: PollService, kind: type[_P]) -> _P:
    """The phase that the node is in."""
    assert isinstance(service.phase, kind)
    return service.phase


def at(service: PollService, unix_s: int) -> None:
    """Let chain time pass."""
    service.see(Head(2, bytes(32), unix_s))
