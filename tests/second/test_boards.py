"""Both verifiers give each check the same verdict, and name the same item.

They are asked about honest boards of every kind, about every mutation that kills a check, and about
chains that show less than everything.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed, Undecided
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import poll_labels, poll_rule, read_questions
from tests.support.audits import (
    BOARD,
    CHAIN,
    DIVISION_BOARD,
    DIVISION_CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    ROUND_BOARD,
    ROUND_CHAIN,
    Case,
    of_round,
    sourced,
)
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll
from tests.support.second_verifier import Question, SecondVerifier
from tests.support.two_verifiers import by_the_first, by_the_second
from tests.support.vectors import named, vectors
from tests.verifier.checks import test_attested_outcome, test_opened
from tests.verifier.checks.mutations import MUTATIONS
from tests.verifier.checks.test_ballots import tampered

NO_ROOT = SumRoot(bytes(32), bytes(64), 0)
OPEN: dict[str, Any] = {
    "status": "open",
    "root": NO_ROOT,
    "anchored": None,
    "anchored_at": 0,
    "tally": None,
    "tally_digest": bytes(32),
    "awards": None,
}


def agree(second: SecondVerifier, case: Case) -> dict[str, str]:
    """Require the same findings of both; return their verdicts."""
    board, chain = case
    second.use(chain)
    found = by_the_second(second.audit(Question(board.encode(), REGISTRY)))
    assert found == by_the_first(board.encode(), chain, REGISTRY)
    return {number: verdict for number, (verdict, _, _) in found.items()}


@pytest.mark.parametrize(
    "case",
    [
        (BOARD, CHAIN),
        (ROUND_BOARD, ROUND_CHAIN),
        (DIVISION_BOARD, DIVISION_CHAIN),
        (INVITED_BOARD, INVITED_CHAIN),
        approval_poll(unused_invitations=0).finish(),
        approval_poll(weights=[2, 2, 2, 2, 2, 3, 3], secret=False).finish(),
        sourced(),
        test_opened.HONEST,
        test_opened.no_run_in_time(),
    ],
    ids=[
        "listed",
        "round",
        "division",
        "invited",
        "invited to a poll",
        "weights",
        "source",
        "shuffled",
        "no run in time",
    ],
)
def test_honest_polls_hold(second: SecondVerifier, case: Case) -> None:
    assert set(agree(second, case).values()) == {"holds"}


@pytest.mark.parametrize("asked", named(vectors("votes")["polls"]))
def test_boards_of_every_ballot_kind(second: SecondVerifier, asked: dict[str, Any]) -> None:
    questions = read_questions(asked["questions"])
    votes = [[int(bit) for bit in one["bits"].split()] for one in asked["votes"]]
    poll = SyntheticPoll(
        votes=votes,
        rule=poll_rule(questions),
        outcome=NoOutcome(),
        secret=False,
        members={"questions": asked["questions"], "options": list(poll_labels(questions))},
    )
    assert set(agree(second, poll.finish()).values()) == {"holds"}
    good = poll.prepared[0].ballot.encoded
    last = unsigned((int.from_bytes(good[-32:], "big") + 1) % R, 32)
    changed = agree(second, tampered(poll, 0, good[:-32] + last))
    assert {number for number, verdict in changed.items() if verdict == "fails"} == {"B6"}


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
def test_a_mutation_kills_the_same_checks(second: SecondVerifier, number: int) -> None:
    mutate, expected = MUTATIONS[number]
    found = agree(second, mutate())
    assert {check for check, verdict in found.items() if verdict == "fails"} == expected


def shown(**changes: Any) -> Callable[[], Case]:
    """The honest board, with a chain that shows this otherwise."""
    return lambda: (BOARD, replace(CHAIN, **changes))


def sourced_by(**changes: Any) -> Callable[[], Case]:
    def made() -> Case:
        board, chain = sourced()
        return board, replace(chain, **changes)

    return made


def before_the_tally(**board: Any) -> Callable[[], Case]:
    return lambda: (replace(BOARD, **board), replace(CHAIN, **OPEN))


SHUFFLED_BOARD, SHUFFLED_CHAIN = test_opened.HONEST
UNOPENED_BOARD = replace(SHUFFLED_BOARD, opened=None)
UNTALLIED: dict[str, Any] = {
    "status": "releasable",
    "tally": None,
    "tally_digest": bytes(32),
    "awards": None,
}
UNREAD = Undecided("the endpoint does not say")
INVALID = Malformed("round", "no such answer")
PARTIAL: dict[str, Callable[[], Case]] = {
    "before the tally": before_the_tally(leaves=(), root=None, shares=()),
    "a board newer than the block": before_the_tally(),
    "no event of the tally": shown(tally=None, awards=None),
    "no event of the root": shown(anchored=None),
    "no event of the keys": shown(node_keys=()),
    "void": shown(status="void", tally=None, tally_digest=bytes(32), awards=None),
    "created": lambda: (
        replace(BOARD, leaves=(), root=None, shares=(), poll_keys=()),
        replace(CHAIN, **OPEN | {"poll_keys_digest": bytes(32), "node_keys": ()}),
    ),
    "opened ballots missing": lambda: (replace(test_opened.HONEST[0], opened=None), SHUFFLED_CHAIN),
    "opened before the tally": lambda: (
        test_opened.HONEST[0],
        replace(SHUFFLED_CHAIN, **UNTALLIED),
    ),
    "not opened before the tally": lambda: (
        replace(test_opened.HONEST[0], opened=None),
        replace(SHUFFLED_CHAIN, **UNTALLIED),
    ),
    "awards not read": shown(awards=UNREAD),
    "code not read": shown(deployment=UNREAD),
    "made by a contract": shown(creator_is_contract=True),
    "round not read": lambda: (ROUND_BOARD, replace(ROUND_CHAIN, round=UNREAD)),
    "an invalid round": lambda: (ROUND_BOARD, replace(ROUND_CHAIN, round=INVALID)),
    "source not read": sourced_by(census=UNREAD),
    "an invalid source": sourced_by(census=INVALID),
    "times not read": sourced_by(census_times=UNREAD),
    "the round of the source not read": sourced_by(round=UNREAD),
    **{f"round of status {status}": lambda s=status: of_round(status=s) for status in range(1, 10)},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", PARTIAL)
def test_what_a_chain_does_not_show(second: SecondVerifier, name: str) -> None:
    assert "not checked" in agree(second, PARTIAL[name]()).values() or name in (
        "made by a contract",
        "an invalid round",
        "an invalid source",
        "round of status 6",
        "round of status 7",
        "round of status 9",
    )


MEMBERS: list[dict[str, Any]] = [
    {"questions": None},
    {"round": None, "census": None},
    {"shared_keys": None},
    {"text": 1},
    {"title": ""},
    {"round": {"treasury": "0x" + "2a" * 20, "id": 0}},
    {"round": {"treasury": "0x" + "2a" * 20, "id": 2**128}},
    {"round": {"treasury": "0x" + "2A" * 20, "id": 1}},
    {"round": {"treasury": "0x" + "2a" * 20, "id": 1, "more": 1}},
    {"census": {"kind": "lottery"}},
    {"census": {"kind": "votes", "contract": "0x" + "ab" * 20, "block": 7, "unit": "0"}},
    {"census": {"kind": "votes", "contract": "0x" + "ab" * 20, "block": 2**63}},
    {"census": {"kind": "votes", "contract": "0x" + "ab" * 20, "block": "7"}},
    {"census": {"kind": "members", "contract": "0x" + "ab" * 20, "block": 7, "unit": None}},
    {"census": {"kind": "votes", "contract": "0x" + "ab" * 20, "block": 7, "more": None}},
    {"census": {"kind": "invitations", "root": "0x" + "ab" * 32}},
]


@pytest.mark.parametrize("members", MEMBERS, ids=str)
def test_descriptions_are_read_alike(second: SecondVerifier, members: dict[str, Any]) -> None:
    board, chain = approval_poll(members=members).finish()
    second.use(chain)
    found = by_the_second(second.audit(Question(board.encode(), REGISTRY)))
    first = by_the_first(board.encode(), chain, REGISTRY)
    # What of a description is wrong has several names; that it is wrong has one number.
    assert {number: one[0] for number, one in found.items()} == {
        number: one[0] for number, one in first.items()
    }


def test_evidence_that_is_none_ends_the_program(second: SecondVerifier) -> None:
    assert isinstance(CHAIN, ChainEvidence)
    second.use(CHAIN)
    with pytest.raises(RuntimeError, match="ended with 2"):
        second.audit(Question(BOARD.encode(), REGISTRY, 1, {"root": 5}))


@pytest.mark.parametrize("name", test_attested_outcome.CASES)
def test_attested_outcomes_are_judged_alike(second: SecondVerifier, name: str) -> None:
    agree(second, test_attested_outcome.CASES[name])
