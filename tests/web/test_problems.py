"""Every problem that services report has a text in the web client's catalogues."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from ostraka.gateway.api import describe_api as describe_gateway
from ostraka.node.api import describe_api as describe_node
from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.openapi import kinds_of
from ostraka.wire.problem_types import URI_PREFIX, ProblemType

SOURCES = Path(__file__).parents[2] / "web/src"
MESSAGES = SOURCES / "messages"


# What voters' programs ask nodes for without a gateway.
OF_NODES = ("/api/v1/polls/{poll_id}/ballots", "/api/v1/polls/{poll_id}/board")


def codes_in(path: Path) -> list[str]:
    return re.findall(r'^msgid "problems\.(.*)"$', path.read_text(), re.MULTILINE)


def codes_of(app: FastAPI, *, of_nodes: bool) -> set[str]:
    """Codes of the problems of all routes that voters need."""
    operations = [
        kinds_of(operation)
        for path, by_method in app.openapi()["paths"].items()
        for operation in by_method.values()
        if not of_nodes or path in OF_NODES
    ]
    return {
        uri.removeprefix(URI_PREFIX)
        for kinds in operations
        for uri in kinds
        # Voters have no token of the organizer.
        if ProblemType.NOT_ORGANIZER.uri not in kinds
    }


@pytest.mark.parametrize("language", ["en", "de", "es", "pl"])
def test_each_problem_has_one_text(language: str) -> None:
    found = []
    for audience in ("voter", "proposals", "results", "organizer"):
        found += codes_in(MESSAGES / audience / f"{language}.po")
    assert sorted(found) == sorted(kind.code for kind in ProblemType)


def test_voters_load_the_text_of_each_problem_that_they_can_meet() -> None:
    """Voters' pages load only the voters' catalogue; without a text they show the English one."""
    met = codes_of(describe_gateway(), of_nodes=False) | codes_of(describe_node(), of_nodes=True)
    assert met <= set(codes_in(MESSAGES / "voter/en.po"))


def test_the_browser_knows_the_reasons_that_concern_a_ballot() -> None:
    source = (SOURCES / "client/problem.ts").read_text()
    (listed,) = re.findall(r"BALLOT_CODES: .*? = \[(.*?)\]", source, re.DOTALL)
    assert re.findall(r'"(.*?)"', listed) == [kind.code for kind in BALLOT_PROBLEMS]
