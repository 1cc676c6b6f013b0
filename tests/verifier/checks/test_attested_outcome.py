"""Check O1 where opened ballots decide: nodes attest, and an audit recomputes."""

import secrets
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.board import Board
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Undecided
from ostraka_verifier.evidence import (
    ROUND_VOID,
    ChainEvidence,
    OutcomeEvidence,
    RoundEvidence,
)
from ostraka_verifier.outcome import EqualShares
from tests.support.polls import REGISTRY, approval_poll
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

RULE = EqualShares(objection_time=60, costs=(50, 40, 30, 20), budget=100)
POLL = ShuffledPoll.of(shuffled_approval_poll(outcome=RULE))
ROUND = ShuffledPoll.of(shuffled_approval_poll(outcome=RULE, treasury=bytes([0xAA] * 20)))
HONEST = POLL.chain.outcome
assert isinstance(HONEST, OutcomeEvidence)
AWAITED, OBJECTABLE, FINAL, VETOED, MISSED = range(1, 6)
NOTHING: dict[str, object] = {"ballots_hash": bytes(32), "awards": ()}


def attesting(board: Board | None = None, **changes: object) -> tuple[Board, ChainEvidence]:
    """The poll, with changes of what nodes attested."""
    assert isinstance(HONEST, OutcomeEvidence)
    outcome = replace(HONEST, **changes)  # type: ignore[arg-type]
    return board or POLL.board(), replace(POLL.chain, outcome=outcome)


def summed() -> tuple[Board, ChainEvidence]:
    """A summed poll with a rule on ballots and a section 14 that its parameters do not allow."""
    board, chain = approval_poll(outcome=RULE).finish()
    return replace(board, opened=POLL.board().opened), replace(chain, outcome=HONEST)


def void(board: Board | None = None, /, **changes: Any) -> tuple[Board, ChainEvidence]:
    """The round after a veto of its outcome, with changes of what its treasury shows."""
    assert isinstance(ROUND.chain.outcome, OutcomeEvidence)
    assert isinstance(ROUND.chain.round, RoundEvidence)
    outcome = replace(ROUND.chain.outcome, state=changes.pop("outcome", VETOED))
    unpaid = tuple(replace(one, funded=False, paid=False) for one in ROUND.chain.round.proposals)
    given = {"proposals": unpaid, "committed": 0, "payouts": (), "moved": (), "paid_out": 0}
    shown = replace(ROUND.chain.round, status=ROUND_VOID, **(given | changes))
    return board or ROUND.board(), replace(ROUND.chain, round=shown, outcome=outcome)


def payouts() -> dict[str, Any]:
    """What the treasury of the round has paid."""
    found = ROUND.chain.round
    assert isinstance(found, RoundEvidence)
    return {"payouts": found.payouts, "moved": found.moved, "paid_out": found.paid_out}


def funded() -> dict[str, Any]:
    """What the treasury of the round funds."""
    assert isinstance(ROUND.chain.round, RoundEvidence)
    return {"proposals": ROUND.chain.round.proposals}


CASES = {
    "final": (POLL.board(), POLL.chain),
    "a round": (ROUND.board(), ROUND.chain),
    "objectable": attesting(state=OBJECTABLE),
    "vetoed": attesting(state=VETOED),
    "missed": attesting(state=MISSED, **NOTHING),
    "awaited": attesting(state=AWAITED, **NOTHING),
    "other awards": attesting(awards=(1, 1, 0, 0)),
    "too few awards": attesting(awards=(1,)),
    "other ballots": attesting(ballots_hash=bytes(32)),
    "closed ballots": attesting(POLL.plain),
    "closed ballots, missed": attesting(POLL.plain, state=MISSED, **NOTHING),
    "summed ballots": summed(),
    "no outcome": (POLL.board(), replace(POLL.chain, outcome=None)),
    "no answer": (POLL.board(), replace(POLL.chain, outcome=Undecided("no answer"))),
    "a void round": void(),
    "a void round, missed": void(outcome=MISSED),
    "a void round, not lost": void(outcome=FINAL),
    "a void round that funds": void(**funded()),
    "a void round that owes": void(committed=1),
    "a void round that paid": void(**funded() | payouts()),
    "a void round that paid a loser": void(**payouts()),
}
"""Other audits have to judge them alike."""


def findings(board: Board, chain: ChainEvidence) -> dict[str, Finding]:
    audit = Audit(load(), Claimed(REGISTRY, 1), chain, board.encode(), secrets.randbits)
    return {one.check: one for one in audit.run(CHECKS)}


def o1(board: Board | None = None, **changes: object) -> Finding:
    return findings(*attesting(board, **changes))["O1"]


def test_the_attested_outcome_is_that_of_the_opened_ballots() -> None:
    assert isinstance(HONEST, OutcomeEvidence)
    assert HONEST.awards == tuple(RULE.awards_of([one.values for one in POLL.openings]))
    assert 0 < sum(HONEST.awards) < 4
    found = findings(POLL.board(), POLL.chain)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["O1"].detail == f"{sum(HONEST.awards)} of 4 options awarded"
    assert o1(state=OBJECTABLE).verdict is Verdict.HOLDS


@pytest.mark.parametrize("state", [OBJECTABLE, FINAL, VETOED])
@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"awards": (1, 1, 0, 0)}, "nodes attested a different one"),
        ({"awards": ()}, "nodes attested a different one"),
        ({"ballots_hash": bytes(32)}, "nodes attested that of other ballots"),
    ],
)
def test_a_false_outcome_fails(state: int, changes: dict[str, object], detail: str) -> None:
    finding = o1(state=state, **changes)
    assert finding.verdict is Verdict.FAILS
    assert (finding.item, finding.detail) == ("outcome", detail)


def test_an_outcome_that_was_vetoed_or_missed_holds_and_says_so() -> None:
    assert o1(state=VETOED).detail.endswith("options awarded, but vetoed")
    missed = o1(state=MISSED, **NOTHING)
    assert missed.verdict is Verdict.HOLDS
    assert missed.detail.endswith("options awarded, but nobody attested it in time")


def test_before_nodes_attest_it_is_not_checked() -> None:
    finding = o1(state=AWAITED, **NOTHING)
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.detail == "nodes have not attested the outcome yet"


def test_without_the_opened_ballots_it_is_not_checked() -> None:
    finding = o1(POLL.plain)
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.detail.startswith("the board lacks the opened ballots")
    missed = o1(POLL.plain, state=MISSED, **NOTHING)
    assert missed.detail == "no ballot was opened, and nobody attested an outcome"


def test_in_a_summed_poll_no_section_decides() -> None:
    found = findings(*CASES["summed ballots"])
    assert {found[check].verdict for check in ("P2", "A1")} == {Verdict.FAILS}
    assert found["O1"].verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize("name", ["no outcome", "no answer"])
def test_without_an_answer_of_the_chain_it_is_not_checked(name: str) -> None:
    assert findings(*CASES[name])["O1"].verdict is Verdict.NOT_CHECKED


def test_a_round_pays_the_winners_of_the_opened_ballots() -> None:
    found = findings(ROUND.board(), ROUND.chain)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}, found
    evidence = ROUND.chain.round
    assert evidence is not None
    assert not isinstance(evidence, Exception)
    first, *others = evidence.proposals
    paid = replace(evidence, proposals=(replace(first, funded=not first.funded), *others))
    found = findings(ROUND.board(), replace(ROUND.chain, round=paid))
    assert found["D2"].verdict is Verdict.FAILS
    assert found["D2"].detail == "the treasury funds other proposals"


@pytest.mark.parametrize("name", ["a void round", "a void round, missed"])
def test_a_round_whose_outcome_was_lost_holds_if_nothing_is_funded_or_paid(name: str) -> None:
    found = findings(*CASES[name])
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["D2"].detail == "the round is void; nothing is funded"
    assert found["D3"].detail == "the round is void; nothing was paid"


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("a void round that funds", "D2"),
        ("a void round that owes", "D2"),
        ("a void round that paid", "D3"),
        ("a void round that paid a loser", "D3"),
    ],
)
def test_a_void_round_that_gives_money_away_fails(name: str, check: str) -> None:
    assert findings(*CASES[name])[check].verdict is Verdict.FAILS


def test_a_round_is_void_for_no_other_reason_once_there_is_a_tally() -> None:
    found = findings(*CASES["a void round, not lost"])
    assert {found[check].verdict for check in ("D2", "D3")} == {Verdict.NOT_CHECKED}
