"""Every example of docs/examples, run: votes, ballots with proofs, tally, audit, results."""

import secrets
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ostraka.planning.poll_outcomes import (
    CategoriesWanted,
    EqualSharesWanted,
    GreedyWanted,
    NoOutcomeWanted,
    ProportionalWanted,
    poll_outcome_rule,
)
from ostraka.planning.round_rules import ballot_json, outcome_json, question_of
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.outcome import (
    BallotOutcome,
    EqualShares,
    OutcomeRule,
    Phragmen,
    TransferableVote,
)
from ostraka_verifier.question import KINDS, Question, ballot_bits, poll_labels, poll_rule
from ostraka_verifier.statistics import poll_statistics
from tests.support import plain
from tests.support.polls import REGISTRY, SyntheticPoll

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.toml"))
ROUNDS = [path for path in EXAMPLES if "proposals_close_at" in tomllib.loads(path.read_text())]
OPENED = [path for path in EXAMPLES if "counting" in tomllib.loads(path.read_text())]
POLLS = [path for path in EXAMPLES if path not in [*ROUNDS, *OPENED]]
NOW = int(time.time())
# Each weight is shared by enough voters for the poll to be secret.
WEIGHTS = [1] * 5 + [3] * 6


def specification(path: Path, kind: Any) -> Any:
    return kind.model_validate(read_specification(path, kind, NOW))


def run(
    questions: Sequence[Question], rule: OutcomeRule, seed: str, **more: Any
) -> tuple[list[list[plain.Voter]], list[int], list[int] | None]:
    """Votes on each question with their weights, the tally, and what it awards."""
    random = Random(seed)
    votes = [[plain.random_vote(one, random) for one in questions] for _ in WEIGHTS]
    single = len(questions) == 1
    described = {
        "questions": [one.to_json() for one in questions],
        "options": list(poll_labels(questions)),
        # A round's poll asks under the round's title (D1).
        "title": questions[0].title,
    }
    poll = SyntheticPoll(
        [ballot_bits(questions, vote[0] if single else vote) for vote in votes],
        poll_rule(questions),
        rule,
        weights=WEIGHTS,
        members=described,
        round_title=questions[0].title,
        seed=seed,
        curve=load("native"),
        **more,
    )
    board, chain = poll.finish()
    claimed = Claimed(REGISTRY, 1)
    findings = Audit(poll.curve, claimed, chain, board.encode(), secrets.randbits).run(CHECKS)
    assert {one.verdict for one in findings} == {Verdict.HOLDS}, findings
    assert chain.tally is not None
    by_question = [
        [(vote[place], weight) for vote, weight in zip(votes, WEIGHTS, strict=True)]
        for place in range(len(questions))
    ]
    awards = None if chain.awards is None else list(chain.awards)
    return by_question, list(chain.tally.values), awards


def awards_of_ballots(question: Question, rule: BallotOutcome, seed: str) -> Sequence[int]:
    """Awards of 99 ballots at random; some options win and some do not."""
    random = Random(seed)
    ballots = [
        tuple(plain.count(question, [(plain.random_vote(question, random), 1)])) for _ in range(99)
    ]
    awards = rule.awards_of(ballots)
    assert set(awards) == {0, 1}
    return awards


@pytest.mark.parametrize("path", POLLS, ids=lambda path: path.stem)
def test_a_poll(path: Path) -> None:
    wanted = specification(path, PollSpecification)
    questions = wanted.asked
    votes, tally, awards = run(questions, wanted.outcome_rule(questions), path.stem)
    counted = [plain.count(one, given) for one, given in zip(questions, votes, strict=True)]
    assert tally == [slot for slots in counted for slot in slots]
    found = [one.to_json() for one in poll_statistics(questions, tally)]
    assert found == [
        plain.described(one, given) for one, given in zip(questions, votes, strict=True)
    ]
    outcomes = wanted.outcomes or [NoOutcomeWanted() for _ in questions]
    decided = zip(outcomes, questions, counted, strict=True)
    expected = [award for one in decided for award in plain.winners(*one)]
    assert expected == (awards if awards is not None else [0] * len(tally))


@pytest.mark.parametrize("path", OPENED, ids=lambda path: path.stem)
def test_a_poll_that_opens_its_ballots(path: Path) -> None:
    wanted = specification(path, PollSpecification)
    assert wanted.counting == "shuffled"
    (question,) = wanted.asked
    rule = wanted.outcome_rule([question])
    assert isinstance(rule, BallotOutcome)
    awards = awards_of_ballots(question, rule, path.stem)
    match rule:
        case EqualShares() | Phragmen():
            spent = sum(cost for cost, award in zip(rule.costs, awards, strict=True) if award)
            assert rule.budget / 2 < spent <= rule.budget
        case TransferableVote():
            assert sum(awards) == rule.seats
        case _:
            assert sum(awards) == 1


def test_examples_show_every_kind_and_every_outcome() -> None:
    polls = [specification(path, PollSpecification) for path in [*POLLS, *OPENED]]
    rounds = [specification(path, RoundSpecification) for path in ROUNDS]
    asked = {one.kind for poll in polls for one in poll.asked}
    assert asked == set(KINDS), "write docs/examples/KIND.toml for each kind that is missing"
    outcomes = {one.kind for poll in polls for one in poll.outcomes or [NoOutcomeWanted()]}
    assert outcomes == {
        *("none", "majority", "plurality", "greedy", "categories", "proportional", "condorcet"),
        *("equal_shares", "instant_runoff", "transferable_vote", "phragmen"),
    }
    assert {one.outcome.kind for one in rounds} == {
        *("greedy", "categories", "proportional", "equal_shares"),
    }


@pytest.mark.parametrize("path", ROUNDS, ids=lambda path: path.stem)
def test_a_round(path: Path) -> None:
    """Its bytes match the file, and its poll has the question that they make."""
    wanted = specification(path, RoundSpecification)
    ballot, outcome = wanted.ballot.encoded, wanted.outcome.encoded
    assert ballot_json(ballot) == wanted.ballot.model_dump()
    written = wanted.outcome.model_validate(outcome_json(outcome))
    # The names of categories are in the round's text.
    assert written.model_dump(exclude={"names"}) == wanted.outcome.model_dump(exclude={"names"})
    assert wanted.check().bits <= 320

    asked_for = [("A bench", 300), ("Trees", 250), ("A stage", 450), ("Lamps", 150)]
    divides = wanted.outcome.kind == "proportional"
    if divides:
        asked_for = [(title, 0) for title, _ in asked_for]
    # As the treasury's rounds name proposals in synthetic polls.
    proposals = [(f"option {slot}", cost) for slot, (_, cost) in enumerate(asked_for)]
    question = question_of(ballot, wanted.title, proposals, wanted.budget)
    assert question.kind == wanted.ballot.kind
    costs = [cost for _, cost in proposals]
    decides: Any = {"kind": wanted.outcome.kind, "costs": costs, "budget": wanted.budget}
    ranked = wanted.outcome.model_dump(exclude={"kind", "names"})
    if wanted.is_shuffled:
        # A budget that not everything fits into.
        shared = EqualSharesWanted.model_validate(decides | ranked | {"budget": 800})
        opened = poll_outcome_rule([question], [shared])
        assert isinstance(opened, EqualShares)
        won = awards_of_ballots(question, opened, path.stem)
        assert sum(cost for cost, award in zip(costs, won, strict=True) if award) <= 800
        return
    if divides:
        outcome_wanted: Any = ProportionalWanted(kind="proportional", amount=wanted.budget)
    elif wanted.outcome.kind == "greedy":
        outcome_wanted = GreedyWanted.model_validate(decides | ranked)
    else:
        districts = {"categories": [0, 1, 1, 0]}
        outcome_wanted = CategoriesWanted.model_validate(decides | ranked | districts)
    rule = poll_outcome_rule([question], [outcome_wanted])
    (votes,), tally, awards = run([question], rule, path.stem, treasury=bytes([7] * 20))
    assert tally == plain.count(question, votes)
    assert awards == plain.winners(outcome_wanted, question, tally)
    assert any(awards)
