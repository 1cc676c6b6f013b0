"""Every problem that services report has a text in the web client's catalogues."""

import re
from pathlib import Path

import pytest

from ostraka.wire.ballot_requests import BALLOT_PROBLEMS
from ostraka.wire.problem_types import ProblemType

SOURCES = Path(__file__).parents[2] / "web/src"
MESSAGES = SOURCES / "messages"


@pytest.mark.parametrize("language", ["en", "de", "es", "pl"])
def test_each_problem_has_one_text(language: str) -> None:
    found = []
    for audience in ("voter", "organizer"):
        content = (MESSAGES / audience / f"{language}.po").read_text()
        found += re.findall(r'^msgid "problems\.(.*)"$', content, re.MULTILINE)
    assert sorted(found) == sorted(kind.code for kind in ProblemType)


def test_the_browser_knows_the_reasons_that_concern_a_ballot() -> None:
    source = (SOURCES / "client/problem.ts").read_text()
    (listed,) = re.findall(r"BALLOT_CODES: .*? = \[(.*?)\]", source, re.DOTALL)
    assert re.findall(r'"(.*?)"', listed) == [kind.code for kind in BALLOT_PROBLEMS]
