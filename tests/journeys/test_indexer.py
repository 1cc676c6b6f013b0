"""Events indexed from a chain that takes blocks back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ostraka.chain.contract import connect
from ostraka.demo.chains import Anvil
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.indexer import Indexer
from ostraka.storage.database import Schema, open_database
from ostraka.wire.records import to_hex
from tests.support.committees import KeyCommittee


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("indexer"), 0, Anvil()) as stack:
        stack.start_chain()
        yield stack


def indexer(stack: LocalStack, folder: Path) -> Indexer:
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    return Indexer(engine, {"registry": stack.registry}, stack.deployment.block)


def register(stack: LocalStack, name: str) -> str:
    """A fresh committee at the latest block; its digest as events show it."""
    return to_hex(KeyCommittee.register(stack, 3, 2, 0, name).committee.digest)


def committees(index: Indexer) -> list[str]:
    return [event.subject for event in index.events("registry", ["CommitteeRegistered"])]


def test_a_reorganization_is_undone_in_the_index(stack: LocalStack, tmp_path: Path) -> None:
    index, provider = indexer(stack, tmp_path), connect(stack.rpc_url).provider
    stays = register(stack, "stays")
    assert index.follow() == 0
    before = provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    lost = register(stack, "lost")
    index.follow()
    assert committees(index) == [stays, lost]
    provider.make_request("evm_revert", [before])  # type: ignore[arg-type]
    # As many blocks again, and more, so that numbers alone tell nothing.
    instead = register(stack, "instead")
    stack.move_time(stack.registry.head().timestamp + 60)
    assert index.follow() >= 1
    assert committees(index) == [stays, instead]
    assert index.indexed_to >= stack.registry.head().number - 1
    # Another program reads the same from what is stored.
    assert committees(indexer(stack, tmp_path)) == [stays, instead]


def test_a_rebuilt_index_is_the_same(stack: LocalStack, tmp_path: Path) -> None:
    index = indexer(stack, tmp_path)
    index.follow()
    assert len(committees(index)) == 2
    assert index.follow() == 0
    assert len(committees(index)) == 2
