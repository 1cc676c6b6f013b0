"""The browser's audit gives the verdict of the verifier on honest polls and on every lie."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from random import Random
from typing import Any

import pytest

from ostraka_verifier.board import SECTIONS, Board, join_sections, split_sections
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.releases import Releases
from tests.support.audits import (
    BOARD,
    CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    ROUND_BOARD,
    ROUND_CHAIN,
    Case,
    Raw,
    findings,
    of_round,
)
from tests.support.corrupted_boards import with_other_sections
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll
from tests.verifier.checks import test_attested_outcome, test_opened
from tests.verifier.checks.mutations import MUTATIONS
from tests.web.bridge import Browser, Refused

OTHER_SECTIONS = 60


def audited(browser: Browser, board: bytes, chain: ChainEvidence, **more: str) -> dict[str, Any]:
    found = browser.call("audit", registry=REGISTRY, poll_id=1, chain=chain, board=board, **more)
    return {finding["check"]: finding for finding in found}


def same_verdicts(browser: Browser, board: Board, chain: ChainEvidence) -> dict[str, Any]:
    expected = findings(board, chain)
    found = audited(browser, board.encode(), chain)
    assert {
        number: (one["claim"], one["verdict"], one["item"], one["assumes"])
        for number, one in found.items()
    } == {
        number: (one.claim, one.verdict.value, one.item, one.assumes)
        for number, one in expected.items()
    }
    return found


@pytest.mark.parametrize(
    ("board", "chain"), [(BOARD, CHAIN), (ROUND_BOARD, ROUND_CHAIN)], ids=["poll", "round"]
)
def test_an_honest_poll_holds(browser: Browser, board: Board, chain: ChainEvidence) -> None:
    found = same_verdicts(browser, board, chain)
    assert {one["verdict"] for one in found.values()} == {"holds"}


@pytest.mark.parametrize(("address", "assumed"), [(bytes([42] * 20), False), (bytes(20), True)])
def test_a_treasury_at_its_creation_codes_address_needs_no_assumption(
    browser: Browser, address: bytes, assumed: bool
) -> None:
    content = json.loads(files("ostraka_verifier").joinpath("releases.json").read_text("utf-8"))
    for contracts in content.values():
        contracts["BudgetTreasury"]["address"] = "0x" + address.hex()
    releases = Releases.from_json(content)
    expected = findings(ROUND_BOARD, ROUND_CHAIN, releases=releases)["D4"]
    board = ROUND_BOARD.encode()
    found = audited(browser, board, ROUND_CHAIN, releases=json.dumps(content))["D4"]
    assert found["detail"] == expected.detail
    assert found["assumes"] == expected.assumes
    assert bool(found["assumes"]) == assumed


def test_weights_count(browser: Browser) -> None:
    found = same_verdicts(browser, *approval_poll(weights=[1 << 90] * 7).finish())
    assert {one["verdict"] for one in found.values()} == {"holds"}


@pytest.mark.parametrize(
    ("mutate", "failing"), MUTATIONS, ids=lambda one: getattr(one, "__name__", "")
)
def test_every_lie_is_found(
    browser: Browser, mutate: Callable[[], Case], failing: set[str]
) -> None:
    found = same_verdicts(browser, *mutate())
    assert {number for number, one in found.items() if one["verdict"] == "fails"} == failing


def test_an_honest_shuffled_poll_holds(browser: Browser) -> None:
    found = same_verdicts(browser, *test_opened.HONEST)
    assert {one["verdict"] for one in found.values()} == {"holds"}
    expected = findings(*test_opened.HONEST)
    assert {number: found[number]["detail"] for number in test_opened.NUMBERS} == {
        number: expected[number].detail for number in test_opened.NUMBERS
    }


def test_larger_groups_and_slots(browser: Browser) -> None:
    made = test_opened.with_larger_groups_and_slots()
    found = same_verdicts(browser, made.board(), made.chain)
    assert {one["verdict"] for one in found.values()} == {"holds"}


def test_polls_without_opened_ballots(browser: Browser) -> None:
    board, chain = test_opened.HONEST
    none = replace(board, opened=None)
    waiting = replace(chain, tally=None, status="releasable", awards=None, tallied_at=0)
    few, chain_of_few = test_opened.too_few_ballots()
    for case in (
        (none, chain),
        (replace(few, opened=None), chain_of_few),
        test_opened.no_run_in_time(),
        (replace(none, shares=()), waiting),
        (replace(board, shares=()), waiting),
    ):
        found = same_verdicts(browser, *case)
        assert "fails" not in {one["verdict"] for one in found.values()}


_ATTESTED = ["vetoed", "other awards", "other ballots", "summed ballots"]
_VOID = [name for name in test_attested_outcome.CASES if name.startswith("a void round")]


@pytest.mark.parametrize("name", _ATTESTED + _VOID)
def test_attested_outcomes_are_judged_alike(browser: Browser, name: str) -> None:
    case = test_attested_outcome.CASES[name]
    found, expected = same_verdicts(browser, *case), findings(*case)
    for check in ("O1", "D2", "D3"):
        assert found[check]["detail"] == expected[check].detail


def test_boards_with_other_sections_are_judged_alike(browser: Browser) -> None:
    random = Random("other sections")
    for _ in range(OTHER_SECTIONS):
        board, chain = with_other_sections(random)
        found, expected = audited(browser, board, chain), findings(Raw(board), chain)
        assert {number: one["verdict"] for number, one in found.items()} == {
            number: one.verdict.value for number, one in expected.items()
        }


def test_unfinished_polls_are_not_checked(browser: Browser) -> None:
    open_poll = replace(CHAIN, anchored=None, tally=None, awards=None, status="open")
    for board, chain in (
        (replace(BOARD, root=None, shares=()), open_poll),
        (BOARD, replace(CHAIN, node_keys=())),
        of_round(status=5),
        (ROUND_BOARD, replace(ROUND_CHAIN, round=None)),
    ):
        found = same_verdicts(browser, board, chain)
        assert "not checked" in {one["verdict"] for one in found.values()}
        assert "fails" not in {one["verdict"] for one in found.values()}


def test_a_quadratic_poll_holds(browser: Browser, quadratic: SyntheticPoll) -> None:
    found = same_verdicts(browser, *quadratic.finish())
    assert {one["verdict"] for one in found.values()} == {"holds"}


@pytest.mark.parametrize("tag", range(1, 13))
def test_a_section_cut_short_never_passes(browser: Browser, tag: int) -> None:
    sections = split_sections(INVITED_BOARD.encode())
    contents = {number: sections[name] for number, name in SECTIONS.items() if name in sections}
    cut = join_sections(contents | {tag: contents[tag][:-1]})
    found = audited(browser, cut, INVITED_CHAIN)
    assert "fails" in {one["verdict"] for one in found.values()}


@pytest.mark.parametrize("cut", [0, 15, 20, 1000, -1])
def test_bytes_that_are_no_board(browser: Browser, cut: int) -> None:
    with pytest.raises(Refused, match="Malformed"):
        audited(browser, BOARD.encode()[:cut], CHAIN)
