"""What the command line says of an outcome that nodes attest."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from ostraka.cli.poll_veto import whose_word
from ostraka.gateway_client.gateway import Gateway

HOLDER = "0x" + "ab" * 20


def said(kind: str, **attested: Any) -> str:
    """The words for a poll whose gateway answers so."""
    known = {"veto_holder": HOLDER, "attest_by": 1_999_999_000, "objection_ends_at": 2_000_000_000}
    asked: list[str] = []
    to = SimpleNamespace(get=lambda path: asked.append(path) or known | attested)
    shown = whose_word(cast(Gateway, to), {"poll": "7", "outcome": {"kind": kind}})
    console = Console(width=200)
    with console.capture() as captured:
        console.print(*shown)
    assert asked == (["/polls/7/outcome"] if shown else [])
    return captured.get()


@pytest.mark.parametrize(
    ("attested", "words"),
    [
        ({"state": "awaited"}, "the nodes can bring it to the contract until 2033-05-18 03:16:40"),
        ({"state": "objectable"}, f"{HOLDER} may veto it until 2033-05-18 03:33:20"),
        ({"state": "objectable", "veto_holder": None}, "final from 2033-05-18 03:33:20"),
        ({"state": "final"}, "by the nodes' word, final since 2033-05-18 03:33:20"),
        ({"state": "vetoed"}, f"vetoed by {HOLDER}"),
        ({"state": "missed"}, "the nodes brought none in time"),
    ],
)
def test_the_words_say_whose_word_it_is(attested: dict[str, Any], words: str) -> None:
    assert words in said("equal_shares", **attested)


def test_a_poll_that_its_tally_decides_says_nothing() -> None:
    assert said("greedy", state="none").strip() == ""
