"""`ostraka vote hand-in`: receipts for watchtowers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostraka.guard.receipts import Recorded
from ostraka.wire.records import to_hex
from tests.support.stub_gateway import StubGateway, answer
from tests.support.stub_town import BALLOTS, Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with StubGateway() as stub:
        yield Town(stub, tmp_path)


def test_receipts_are_handed_in_as_watchtowers_take_them(town: Town) -> None:
    omitted = "POST /polls/1/omitted"
    town.stub.routes[omitted] = lambda body: answer(200, json.loads(body))
    town.stub.routes[BALLOTS] = town.receipts
    first = json.loads(town.vote().stdout)
    # The last one has too few receipts: the first is the one that must be counted.
    town.stub.routes[BALLOTS] = lambda body: town.receipts(body, range(1, 3))
    assert town.vote().exit_code == 3
    done = town.run("vote", "hand-in", str(town.file), "--json")
    assert done.exit_code == 0, done.output
    (given,) = town.stub.bodies(omitted)
    assert json.loads(done.stdout) == given
    taken = Recorded.from_json(given, town.nodes.published)
    assert to_hex(taken.ballot.digest) == first["ballot_digest"]
    assert len(taken.receipts) == 4


def test_too_few_receipts_are_not_handed_in(town: Town) -> None:
    town.stub.routes[BALLOTS] = lambda body: town.receipts(body, range(1, 3))
    town.vote()
    done = town.run("vote", "hand-in", str(town.file))
    assert done.exit_code == 1
    assert "has no ballot with receipts of 3 nodes" in done.output
