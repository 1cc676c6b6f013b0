"""Section 14 of a board (§16): what is read back, in parts, and what is refused."""

from dataclasses import replace
from secrets import randbits
from typing import Any

import pytest

from ostraka_verifier import board_opened
from ostraka_verifier.board import Board, OpenedBoard, split_sections
from ostraka_verifier.board_opened import OpenedBallots, OpenedShape, encode_opened
from ostraka_verifier.content import Within
from ostraka_verifier.curve import R
from ostraka_verifier.errors import Malformed
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import RunRecord, sum_of, verify_openings, verify_steps
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll
from tests.support.vectors import vectors

POLL = ShuffledPoll.of(shuffled_approval_poll())
CASES = vectors("opened")["sections"]


def shape_of(case: dict[str, Any]) -> OpenedShape:
    return OpenedShape(case["threshold"], case["ballots"], case["slots"], case["slot_bytes"])


def read_all(data: bytes, shape: OpenedShape) -> OpenedBallots:
    opened = OpenedBallots(Within.all_of(data), shape)
    assert len(opened.run.steps) == opened.steps
    assert len(opened.openings(0, shape.ballots)) == shape.ballots
    return opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["ballots"]))
def test_sections_are_read_as_the_vectors_say(case: dict[str, Any]) -> None:
    shape, data = shape_of(case), bytes.fromhex(case["section"][2:])
    opened = read_all(data, shape)
    assert opened.turn == case["turn"]
    assert [list(step.group) for step in opened.run.steps] == case["groups"]
    signatures = [(one.node, "0x" + one.signature.hex()) for one in opened.attestations]
    assert signatures == [(one["node"], one["signature"]) for one in case["signatures"]]
    openings = opened.openings(0, shape.ballots)
    assert [[list(one.values), str(one.blinding)] for one in openings] == [
        [one["slots"], one["blinding"]] for one in case["openings"]
    ]
    assert encode_opened(shape, opened.run, opened.attestations, openings) == data
    for wrong in case["refused"]:
        with pytest.raises(Malformed, match="board"):
            read_all(bytes.fromhex(wrong["section"][2:]), shape)


def test_a_board_carries_a_whole_run_with_what_it_opens() -> None:
    board = POLL.board()
    data = board.encode()
    read = OpenedBoard.of(data)
    assert "opened" not in read.sections
    assert read.opened is not None
    opened = OpenedBallots(read.opened, POLL.shape)
    ballots = POLL.made.ballots
    last = verify_steps(ballots.shuffle_key, POLL.made.start, opened.run.steps, randbits)
    assert last.hash == POLL.made.states[-1].hash
    verify_openings(ballots.curve, ballots.key, last.values, opened.openings(0, 7), randbits)
    cast = [tuple(votes[:4]) for votes in POLL.poll.votes]
    assert sorted(opening.values for opening in opened.openings(0, 7)) == sorted(cast)
    layout, slots = POLL.poll.factory.layout, len(POLL.poll.rule.slots)
    assert Board.decode(data, layout.size, slots) == board
    assert split_sections(data)["opened"] == board.opened
    assert OpenedBoard.of(replace(board, opened=None).encode()).opened is None


def test_ballots_are_read_in_parts() -> None:
    opened = OpenedBallots(Within.all_of(POLL.section()), POLL.shape)
    assert opened.openings(2, 3) == POLL.openings[2:5]
    assert opened.openings(5, 100) == POLL.openings[5:]
    assert opened.openings(7, 1) == []
    assert opened.step(1) == POLL.made.steps[1]


@pytest.mark.parametrize("at_once", [1, 3, 7, 100])
def test_the_sum_is_that_of_all_openings(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(board_opened, "CHUNK_BALLOTS", at_once)
    opened = OpenedBallots(Within.all_of(POLL.section()), POLL.shape)
    assert opened.total() == sum_of(POLL.openings)
    wide = OpenedShape(2, 3, 2, 3)
    openings = [Share((70_000, 1), R - 1), Share((2**24 - 1, 0), 5), Share((0, 258), 0)]
    section = encode_opened(wide, RunRecord(0, ()), (), openings)
    assert OpenedBallots(Within.all_of(section), wide).total() == sum_of(openings)


def test_a_slot_has_as_many_bytes_as_the_largest_vote() -> None:
    for largest, size in ((1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3)):
        rule = BallotRule(1, (((0, largest),),))
        assert OpenedShape.of(rule, 2, 1).slot_bytes == size
    with pytest.raises(Malformed):
        OpenedShape.of(POLL.poll.rule, 2, 0)
