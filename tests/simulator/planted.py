"""Bugs planted into the nodes' classes, each of which the simulator must find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from ostraka.node import agreement, poll_service
from ostraka.node.agreement import LeafList
from ostraka.node.finality import FinalizedRoot
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.repair_exchange import RepairExchange
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import BallotVersion, NodeStore
from ostraka.storage.node_tables import NodePoll, StoredBallot
from tests.simulator.virtual_disk import VirtualSecrets


@contextmanager
def _changed(owner: object, name: str, changed: Any) -> Iterator[None]:
    with mock.patch.object(owner, name, changed):
        yield


def _write_later() -> Any:
    """Ballots wait in memory until the next ones come; their receipts go out at once."""
    write = NodeStore.add_ballots

    def add_ballots(store: NodeStore, ballots: Sequence[StoredBallot]) -> None:
        waiting = store.__dict__.setdefault("waiting", [])
        due, waiting[:] = list(waiting), list(ballots)
        write(store, due)

    return _changed(NodeStore, "add_ballots", add_ballots)


def _trust_newest_block() -> Any:
    """A root counts as final in the newest block."""

    def newest_root(served: ServedPoll) -> FinalizedRoot | None:
        view = served.registries[0].poll(served.poll_id, served.registries[0].head().number)
        return FinalizedRoot(view.root) if view.anchored_at else None

    return _changed(poll_service, "finalized_root", newest_root)


def _sign_anything() -> Any:
    """A node signs every proposal whose ballots it has, whatever the list leaves out."""
    return _changed(agreement, "objection", lambda *_: None)


def _count_first_ballot() -> Any:
    """A later ballot of a voter does not replace the earlier one."""
    draft, missing = agreement.draft, agreement.missing

    def first(versions: Sequence[BallotVersion]) -> list[BallotVersion]:
        found: dict[bytes, BallotVersion] = {}
        for one in sorted(versions, key=lambda version: version.order_key):
            if one.has_share:
                found.setdefault(one.voter, one)
        return list(found.values())

    def first_draft(number: int, versions: Any, *rest: Any) -> LeafList:
        return draft(number, first(list(versions)), *rest)

    def nothing_missing(entries: Any, versions: Any) -> list[BallotVersion]:
        return missing(entries, first(list(versions)))

    @contextmanager
    def planted() -> Iterator[None]:
        with (
            mock.patch.object(agreement, "draft", first_draft),
            mock.patch.object(agreement, "missing", nothing_missing),
        ):
            yield

    return planted()


def _forget_repairs() -> Any:
    """A node without a share of a ballot never asks for it."""

    async def nothing(*_: Any) -> None:
        return None

    return _changed(RepairExchange, "_repair", nothing)


def _keep_secrets() -> Any:
    """The secret of a poll outlives the poll."""

    def nothing(*_: Any) -> None:
        return None

    @contextmanager
    def planted() -> Iterator[None]:
        with (
            mock.patch.object(PollSecrets, "destroy", nothing),
            mock.patch.object(VirtualSecrets, "destroy", nothing),
        ):
            yield

    return planted()


def _forget_the_loss() -> Any:
    """A rebuilt node takes part in its polls as if it had never signed anything."""
    restore = NodeStore.restore_poll

    def restore_poll(store: NodeStore, row: NodePoll) -> None:
        row.rebuilt = row.may_have_stated_final = False
        restore(store, row)

    return _changed(NodeStore, "restore_poll", restore_poll)


PLANTED: Mapping[str, Callable[[], Any]] = {
    "receipts before the ballots are on the disk": _write_later,
    "releasing before the root is final": _trust_newest_block,
    "signing lists that leave ballots out": _sign_anything,
    "counting a replaced ballot": _count_first_ballot,
    "no repairs": _forget_repairs,
    "keeping the secret of a poll": _keep_secrets,
    "forgetting that the database was lost": _forget_the_loss,
}
"""Each returns a context in which the nodes have the bug."""
