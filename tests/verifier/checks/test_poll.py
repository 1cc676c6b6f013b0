"""Checks P1 to P6: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ostraka_verifier.checks import Verdict
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Ranking
from tests.support.audits import (
    BOARD,
    CHAIN,
    OPTIONS,
    POLL,
    QUESTION,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    section_of,
    with_parameters,
)
from tests.support.polls import SHUFFLED, approval_poll


def another_poll() -> Case:
    return replace(BOARD, poll=BOARD.poll[:-1] + b"\2"), CHAIN


def a_parameter() -> Case:
    changed = replace(POLL.parameters, minimum_ballots=2)
    return replace(BOARD, parameters=changed.encode()), CHAIN


def a_parameter_out_of_range() -> Case:
    return replace(BOARD, parameters=BOARD.parameters[:-32] + b"\xff" * 32), CHAIN


def the_description() -> Case:
    return replace(BOARD, description=BOARD.description.replace(b"option 0", b"option X")), CHAIN


def the_outcome_rule() -> Case:
    return replace(BOARD, outcome_rule=BOARD.outcome_rule[:-1] + b"\1"), CHAIN


def a_node_url() -> Case:
    return replace(BOARD, committee=BOARD.committee[:-1] + b"x"), CHAIN


def the_committee_on_chain() -> Case:
    return BOARD, replace(CHAIN, committee=bytes(32))


def a_poll_key_signature() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], signature=keys[0].signature)
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def a_poll_key() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], public_key=keys[0].public_key)
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def a_poll_key_cut_short() -> Case:
    keys = list(BOARD.poll_keys)
    keys[1] = replace(keys[1], public_key=keys[1].public_key[:-1])
    return replace(BOARD, poll_keys=tuple(keys)), CHAIN


def parameters_out_of_bounds() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, minimum_ballots=8)
    return with_parameters(poll)


def a_delay_by_disputes_without_disputes() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, max_dispute_delay=1)
    return with_parameters(poll)


def questions(*asked: object) -> Case:
    """The poll with a description that asks these from the start."""
    return approval_poll(members={"questions": list(asked)}).finish()


def questions_of_other_options() -> Case:
    options = [*OPTIONS[:3], "option X"]
    return questions(QUESTION | {"options": options})


def a_question_nobody_can_answer() -> Case:
    return questions(QUESTION | {"at_most": 5})


def shuffled(**changes: object) -> Case:
    """A poll that opens every ballot."""
    return approval_poll(times=SHUFFLED, **changes).finish()


def ranked(scores: tuple[int, ...], *, stated: bool) -> Case:
    """A shuffled poll that asks for a ranking."""
    question = Ranking("Which?", tuple(OPTIONS), scores)
    return shuffled(
        rule=question.rule,
        votes=[question.vote_bits(list(range(len(scores))))] * 7,
        outcome=NoOutcome(),
        members={"questions": [question.to_json()]} if stated else {},
    )


MUTATIONS: Mutations = [
    (another_poll, {"P1"}),
    (a_parameter, {"P1"}),
    (a_parameter_out_of_range, {"P1"}),
    (the_description, {"P2"}),
    (the_outcome_rule, {"P2", "O1"}),
    (a_node_url, {"P3"}),
    (the_committee_on_chain, {"P3"}),
    (a_poll_key_signature, {"P4"}),
    (a_poll_key, {"P4"}),
    (a_poll_key_cut_short, {"P4"}),
    (parameters_out_of_bounds, {"P6", "T4"}),
    (a_delay_by_disputes_without_disputes, {"P6"}),
    (questions, {"P5"}),
    (lambda: questions(QUESTION | {"at_most": 2}), {"P5"}),
    (lambda: questions(QUESTION, QUESTION), {"P5"}),
    (lambda: questions(QUESTION | {"kind": "guess"}), {"P5"}),
    (lambda: questions(QUESTION | {"hidden": 1}), {"P5"}),
    (questions_of_other_options, {"P5"}),
    (a_question_nobody_can_answer, {"P5"}),
    (lambda: shuffled(nodes=5, threshold=3), {"P6"}),
    (lambda: shuffled(nodes=8), {"P6"}),
    (lambda: approval_poll(times=dict(SHUFFLED, open_minimum=4)).finish(), {"P6"}),
    (lambda: approval_poll(times=dict(SHUFFLED, counting=0)).finish(), {"P6"}),
    (lambda: approval_poll(times=dict(SHUFFLED, counting=2)).finish(), {"P1", "P6"}),
    (lambda: shuffled(weights=[2] * 6 + [1]), {"P6", "C3"}),
    (lambda: ranked((1, 1), stated=True), {"P5"}),
    (lambda: ranked((2, 1, 1), stated=False), {"P5"}),
    (lambda: ranked((1, 0), stated=True), {"P5"}),
    (section_of(1, b""), {"P1"}),
    (section_of(2, b""), {"P1"}),
    (section_of(3, b""), {"P2"}),
    (section_of(4, b""), {"P2"}),
    (section_of(5, b"{"), {"P2"}),
    (section_of(6, b""), {"P3"}),
    (section_of(7, b"x"), {"P4"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_an_honest_poll_with_questions_holds() -> None:
    found = findings(*questions(QUESTION))
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["P5"].detail == "approval"


@pytest.mark.parametrize("scores", [(2, 1), (3, 2, 1, 0)], ids=str)
@pytest.mark.parametrize("stated", [True, False])
def test_rankings_whose_slots_tell_the_order_may_be_opened(
    scores: tuple[int, ...], stated: bool
) -> None:
    assert not failing(*ranked(scores, stated=stated))
