"""Checks A1 to A6: a run of the shuffle, and the ballots that it opens."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ostraka_verifier import board_opened
from ostraka_verifier.board import Attestation, Board
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.checks import opened as checks_opened
from ostraka_verifier.curve import R, load
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.estimate import estimate_of
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Score
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import Group
from tests.support.audits import BOARD, CHAIN, Case, Mutations, failing, findings, not_checked
from tests.support.polls import REGISTRY, SyntheticPoll
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

NUMBERS = ("A1", "A2", "A3", "A4", "A5", "A6")
POLL = ShuffledPoll.of(shuffled_approval_poll())
HONEST: Case = POLL.board(), POLL.chain


@cache
def other_run(turn: int = 1, groups: Sequence[Group] | None = None) -> ShuffledPoll:
    """Another run of the same ballots."""
    made = ShuffledPoll.of(shuffled_approval_poll(), turn, groups)
    assert made.chain.root == POLL.chain.root
    return made


def lie(**parts: Any) -> Case:
    return POLL.board(POLL.section(**parts)), POLL.chain


def with_first_step(proof: bytes) -> Case:
    """The run with another proof in its first step."""
    first, *others = POLL.made.steps
    return lie(steps=(replace(first, proof=proof), *others))


def a_section_cut_short() -> Case:
    return POLL.board(POLL.section()[:-1]), POLL.chain


def a_blinding_that_is_not_reduced() -> Case:
    data = POLL.section()
    blinding = int.from_bytes(data[-32:], "big") + R
    return POLL.board(data[:-32] + unsigned(blinding, 32)), POLL.chain


def a_point_off_the_curve() -> Case:
    proof = POLL.made.steps[0].proof
    return with_first_step(proof[:63] + bytes([proof[63] ^ 1]) + proof[64:])


def too_few_ballots() -> Case:
    """Opened although fewer ballots were counted than the poll demands."""
    made = shuffled_approval_poll(times={"counting": 1, "open_minimum": 7, "shuffle_period": 600})
    made.prepared = made.prepared[:6]
    poll = ShuffledPoll.of(made)
    return poll.board(), poll.chain


def opened_without_ballots() -> Case:
    return replace(HONEST[0], leaves=()), POLL.chain


def opened_in_a_summed_poll() -> Case:
    return replace(BOARD, opened=b"whatever"), CHAIN


def no_cover() -> Case:
    """Node 1 is in every group, and so knows the whole order."""
    made = other_run(0, ((1, 2), (1, 3)))
    return made.board(), made.chain


def a_group_out_of_order() -> Case:
    made = other_run(0, ((1, 2), (3, 4)))
    first, second = made.made.steps
    return made.board(made.section(steps=(first, replace(second, group=(4, 3))))), made.chain


def a_node_that_there_is_not() -> Case:
    first, second = POLL.made.steps
    return lie(steps=(first, replace(second, group=(3, 5))))


def a_ballot_copied_over_another() -> Case:
    """The first output appears twice, and the last one, which is computed, makes up for it."""
    proof = POLL.made.steps[0].proof
    return with_first_step(proof[:64] * 2 + proof[128:])


def a_changed_response() -> Case:
    proof = POLL.made.steps[-1].proof
    response = (int.from_bytes(proof[-32:], "big") + 1) % R
    first, last = POLL.made.steps
    return lie(steps=(first, replace(last, proof=proof[:-32] + unsigned(response, 32))))


def a_proof_of_another_turn() -> Case:
    """Turn and signatures are of one run, the proofs of another."""
    return lie(turn=1)


def steps_in_another_order() -> Case:
    first, second = POLL.made.steps
    return lie(steps=(second, first))


def a_run_of_another_poll() -> Case:
    made = ShuffledPoll.of(shuffled_approval_poll(seed="another"))
    return POLL.board(made.section()), POLL.chain


def signatures_by(*nodes: int) -> Callable[[], Case]:
    def made() -> Case:
        return lie(attestations=POLL.sign(nodes))

    made.__name__ = "signatures_by_" + "_".join(map(str, nodes))
    return made


def signatures_of_another_turn() -> Case:
    return lie(attestations=other_run().sign((1, 2, 3)))


def signatures_of_the_state_before() -> Case:
    return lie(attestations=POLL.sign((1, 2, 3), POLL.made.states[0]))


def a_signature_under_another_name() -> Case:
    one, two, three = POLL.sign((1, 2, 3))
    return lie(attestations=(one, two, Attestation(4, three.signature)))


def exchanged_ballots() -> Case:
    """The sum stays the same, and the order is not that of the run."""
    openings = list(POLL.openings)
    at = next(at for at in range(1, 7) if openings[at].values != openings[0].values)
    openings[0], openings[at] = openings[at], openings[0]
    return lie(openings=openings)


def votes_moved_between_ballots() -> Case:
    """One voter's vote appears in another ballot: the sum stays the same."""
    openings = list(POLL.openings)
    givers = [at for at, opening in enumerate(openings) if opening.values[0]]
    takers = [at for at, opening in enumerate(openings) if not opening.values[0]]
    for at, vote in ((givers[0], 0), (takers[0], 1)):
        openings[at] = Share((vote, *openings[at].values[1:]), openings[at].blinding)
    return lie(openings=openings)


def a_vote_more() -> Case:
    first, *others = POLL.openings
    return lie(openings=(Share((first.values[0] + 1, *first.values[1:]), first.blinding), *others))


def another_blinding() -> Case:
    first, *others = POLL.openings
    return lie(openings=(Share(first.values, (first.blinding + 1) % R), *others))


def no_run_in_time() -> Case:
    """The nodes released the sum only, after the time for shuffling had ended."""
    deadline = POLL.chain.dispute_window_ends_at + POLL.poll.parameters.shuffle_period
    return replace(HONEST[0], opened=None), replace(POLL.chain, tallied_at=deadline)


def different_weights() -> Case:
    """Voters whose weights differ, though they would allow equal ones."""
    poll = ShuffledPoll.of(shuffled_approval_poll(weights=[2, 2, 2, 2, 2, 1, 3], secret=False))
    return poll.board(), poll.chain


MUTATIONS: Mutations = [
    (a_section_cut_short, {"A1"}),
    (a_blinding_that_is_not_reduced, {"A1"}),
    (a_point_off_the_curve, {"A1"}),
    (too_few_ballots, {"A1"}),
    (opened_without_ballots, {"A1", "T1"}),
    (opened_in_a_summed_poll, {"A1"}),
    (no_cover, {"A2"}),
    # The group is part of the state and of the proof.
    (a_group_out_of_order, {"A2", "A3", "A4"}),
    (a_node_that_there_is_not, {"A2", "A3", "A4"}),
    (a_ballot_copied_over_another, {"A3", "A4"}),
    (a_changed_response, {"A3"}),
    (a_proof_of_another_turn, {"A3", "A4"}),
    (steps_in_another_order, {"A3", "A4", "A5"}),
    (a_run_of_another_poll, {"A3", "A4", "A5", "A6"}),
    (signatures_by(1, 2), {"A4"}),
    (signatures_by(), {"A4"}),
    (signatures_of_another_turn, {"A4"}),
    (signatures_of_the_state_before, {"A4"}),
    (a_signature_under_another_name, {"A4"}),
    (exchanged_ballots, {"A5"}),
    (votes_moved_between_ballots, {"A5"}),
    (a_vote_more, {"A5", "A6"}),
    (another_blinding, {"A5", "A6"}),
    (different_weights, {"C3", "A6"}),
]


def test_an_honest_shuffled_poll_holds() -> None:
    found = findings(*HONEST)
    assert {number for number, one in found.items() if one.verdict is not Verdict.HOLDS} == set()
    assert found["A1"].detail == "2 steps over 7 ballots, in turn 0"
    assert found["A2"].detail == "groups 1-4, 2-3"
    assert found["A4"].detail == "nodes 1, 2, 3"
    assert {found[number].assumes for number in NUMBERS} == {""}


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS)
def test_a_lie_fails_just_its_checks(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_summed_poll_has_no_run() -> None:
    found = findings(BOARD, CHAIN)
    assert {found[number].detail for number in NUMBERS} == {checks_opened.ONLY_SUMMED}
    assert {found[number].verdict for number in NUMBERS} == {Verdict.HOLDS}


def test_what_cannot_be_read_keeps_the_others_from_being_made() -> None:
    found = findings(*a_blinding_that_is_not_reduced())
    assert found["A1"].item == "board.opened"
    assert found["A1"].detail == "blindings[6]: scalar >= r"
    others = {found[number].detail for number in NUMBERS[1:]}
    assert others == {"needs A1"}


def test_the_first_that_fails_is_named() -> None:
    assert findings(*a_changed_response())["A3"].item == "steps[1]"
    assert findings(*exchanged_ballots())["A5"].item == "positions[1]"
    assert findings(*no_cover())["A2"].item == "groups"
    bad = findings(*a_signature_under_another_name())["A4"].detail
    assert bad.startswith("2 good signatures, 3 needed; not counted: node 4: signed by 0x")


def test_more_signatures_than_needed_may_be_bad() -> None:
    one, two, three = POLL.sign((1, 2, 3))
    case = lie(attestations=(one, two, three, Attestation(4, three.signature)))
    found = findings(*case)["A4"]
    assert found.verdict is Verdict.HOLDS
    assert "not counted: node 4" in found.detail


def test_nothing_is_opened_of_few_ballots() -> None:
    board, chain = too_few_ballots()
    found = findings(replace(board, opened=None), chain)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert {found[number].detail for number in NUMBERS} == {
        "6 ballots, fewer than 7: none is opened"
    }


def test_where_no_run_ended_in_time_the_sum_alone_holds() -> None:
    board, chain = replace(HONEST[0], opened=None), HONEST[1]
    soon = not_checked(board, chain)
    reason = "the board lacks the opened ballots, which another node may have"
    assert soon == dict.fromkeys(NUMBERS, reason)
    found = findings(*no_run_in_time())
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["A1"].assumes == "no shuffle ended in time"
    assert {found[number].assumes for number in NUMBERS[1:]} == {""}
    deadline = no_run_in_time()[1].tallied_at
    just_before = replace(chain, tallied_at=deadline - 1)
    assert not_checked(board, just_before) == soon


def test_before_the_tally_nothing_is_claimed() -> None:
    board, chain = replace(HONEST[0], opened=None), HONEST[1]
    waiting = replace(chain, tally=None, status="releasable", awards=None, tallied_at=0)
    left = not_checked(replace(board, shares=()), waiting)
    assert set(NUMBERS) <= set(left)
    # A board may have opened ballots before the chain has their sum.
    opened = not_checked(replace(HONEST[0], shares=()), waiting)
    assert set(NUMBERS) & set(opened) == {"A6"}


def test_a_long_run_is_checked_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step, and two ballots, at once: the same verdicts, and the same names."""
    monkeypatch.setattr(checks_opened, "RUN_BYTES", 1)
    monkeypatch.setattr(checks_opened, "CHUNK_RECORDS", 2)
    monkeypatch.setattr(checks_opened, "CHUNK_BALLOTS", 2)
    monkeypatch.setattr(board_opened, "CHUNK_BALLOTS", 3)
    found = findings(*HONEST)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert failing(*a_ballot_copied_over_another()) == {"A3", "A4"}
    assert failing(*a_point_off_the_curve()) == {"A1"}
    assert failing(*a_vote_more()) == {"A5", "A6"}
    assert findings(*a_changed_response())["A3"].item == "steps[1]"
    assert findings(*another_blinding())["A5"].item == "positions[1]"
    late = list(POLL.openings)
    late[6] = Share(late[6].values, (late[6].blinding + 1) % R)
    assert findings(*lie(openings=late))["A5"].item == "positions[7]"


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_progress_ends_with_all_of_it(engine: str) -> None:
    told = list[tuple[int, int]]()
    audit = Audit(
        load(engine),
        Claimed(REGISTRY, 1),
        POLL.chain,
        HONEST[0].encode(),
        secrets.randbits,
        opening=lambda done, total: told.append((done, total)),
    )
    found = audit.run([check for check in CHECKS if check.number in NUMBERS])
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    assert told == [(14, 21), (21, 21)]


def with_larger_groups_and_slots() -> ShuffledPoll:
    """Three nodes in each group, five steps, and slots of two bytes."""
    question = Score("How many?", ("Park", "Square"), 300)
    poll = SyntheticPoll(
        [question.vote_bits([300 - 50 * number, number]) for number in range(6)],
        question.rule,
        NoOutcome(),
        nodes=7,
        threshold=3,
        faults=2,
        times={"counting": 1, "open_minimum": 5, "shuffle_period": 600},
    )
    return ShuffledPoll.of(poll)


def test_the_estimate_counts_run_and_openings() -> None:
    def each(board: Board) -> float:
        claimed, data = Claimed(REGISTRY, 1), board.encode()
        audit = Audit(load("native"), claimed, POLL.chain, data, secrets.randbits)
        estimate = estimate_of(audit, 1.0)
        assert estimate is not None
        return estimate.each_s

    unopened = each(replace(HONEST[0], opened=None))
    # Two steps; and a section that cannot be read takes no time.
    assert each(HONEST[0]) - unopened == pytest.approx(2 + 2 * 3.5 + 0.5)
    assert each(a_section_cut_short()[0]) == unopened


def test_larger_groups_and_slots() -> None:
    made = with_larger_groups_and_slots()
    assert made.shape.slot_bytes == 2
    found = findings(made.board(), made.chain)
    assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
    assert found["A1"].detail == "5 steps over 6 ballots, in turn 0"
