"""Databases of both kinds, and a gateway that answers what a test tells it to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ostraka.storage.database import Schema, open_database
from tests.support.disputed import DisputedChain
from tests.support.postgresql import postgresql
from tests.support.stub_gateway import CONFIG, StubGateway, answer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ostraka.db'}"
        return
    with postgresql(tmp_path_factory.mktemp("postgresql")) as database:
        yield database("ostraka")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database of a gateway."""
    engine = open_database(f"sqlite:///{tmp_path / 'gateway.db'}", Schema.GATEWAY)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisputedChain]:
    """A chain for many polls whose roots can be disputed. Its clock only runs on."""
    with DisputedChain.start(tmp_path_factory.mktemp("chain")) as started:
        yield started


@pytest.fixture
def stub() -> Iterator[StubGateway]:
    with StubGateway() as stub:
        stub.routes["GET /config"] = answer(200, CONFIG)
        yield stub
