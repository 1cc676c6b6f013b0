"""What attacks share with other tests, and with one another."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ostraka.chain import sending
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.rounds import Rounds
from ostraka.keys import SigningKey
from ostraka.planning.specification import RoundSpecification
from ostraka.storage.database import Schema, open_database
from tests.backend.conftest import url as url
from tests.support.faulty_chain import FaultyChain, round_wanted
from tests.support.faulty_rpc import FaultyRpc
from tests.support.shuffled_village import ShuffledVillage


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyChain]:
    with LocalStack(tmp_path_factory.mktemp("sent-twice"), 0) as stack:
        stack.start_chain()
        with FaultyRpc(stack.rpc_url) as rpc:
            yield FaultyChain(stack, rpc)


@pytest.fixture
def chain(whole: FaultyChain) -> Iterator[FaultyChain]:
    yield whole
    whole.rpc.healthy()
    whole.rpc.direct("evm_setAutomine", True)
    whole.rpc.direct("evm_setIntervalMining", 1000)
    whole.mine()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    # A folder of its own: the server of another database opens the test's to its user.
    folder = tmp_path / "gateway"
    folder.mkdir(mode=0o700)
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    yield engine
    engine.dispose()


@pytest.fixture
def gateway(chain: FaultyChain, engine: Engine) -> GatewayContext:
    return chain.gateway(engine)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long, and everything is sent again at once."""
    monkeypatch.setattr(sending, "MINING_S", 1)
    monkeypatch.setattr(sending, "PUSH_S", 0)


@pytest.fixture
def round_id(chain: FaultyChain, gateway: GatewayContext) -> int:
    wanted = RoundSpecification.model_validate(round_wanted(chain))
    plan = Rounds(gateway).create(wanted, SigningKey().address.hex())
    assert plan.round_id is not None
    return plan.round_id


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> ShuffledVillage:
    """Nodes that have all ballots, and whose root is final: shuffles go on from here."""
    village = ShuffledVillage(tmp_path_factory.mktemp("settled"))

    async def run() -> None:
        async with village.releasable():
            pass

    asyncio.run(run())
    return village
