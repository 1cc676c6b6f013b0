"""Boards of the benchmarks' native prover: every check holds on them, by both engines."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from benchmarks.made_boards import made_poll

from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict
from ostraka_verifier.curve import load
from ostraka_verifier.question import Approval, Points, Quadratic, Question, SingleChoice
from tests.support.polls import REGISTRY, SHUFFLED

OPTIONS = ("A", "B", "C", "D", "E")
ONE = SingleChoice("Which?", OPTIONS)


def audited(board: bytes, chain: Any, engine: str) -> list[Finding]:
    audit = Audit(load(engine), Claimed(REGISTRY, 1), chain, board, secrets.randbits)
    return audit.run(CHECKS)


def test_fifty_ballots_hold_by_both_engines(tmp_path: Path) -> None:
    poll = made_poll(tmp_path, ONE, [0, 1, 1, 4], 50)
    chain = poll.write(tmp_path / "board")
    board = (tmp_path / "board").read_bytes()
    native, reference = (audited(board, chain, engine) for engine in ("native", "reference"))
    assert native == reference
    assert {one.verdict for one in native} == {Verdict.HOLDS}
    assert chain.tally is not None
    assert chain.tally.values == (13, 25, 0, 0, 12)


@pytest.mark.parametrize(
    ("question", "votes", "changes"),
    [
        (ONE, [2], {"voters": 1, "secret": False}),
        (ONE, [0, 4], {"voters": 1030, "weights": [1, 2**90, 7]}),
        (Approval("Which?", OPTIONS, 1, 3), [[0, 1], [4]], {"threshold": 3, "nodes": 7}),
        (Points("How much?", OPTIONS, 100), [[100, 0, 0, 0, 0], [1, 2, 3, 4, 5]], {}),
        (
            Approval("Which?", OPTIONS, 0, 5),
            [[0, 1], [4], []],
            {"threshold": 3, "nodes": 7, "faults": 2, "times": SHUFFLED},
        ),
        (Quadratic("How much?", OPTIONS, 50), [[7, 0, 1, 0, 0], [1, 2, 3, 4, 0]], {}),
    ],
    ids=["one ballot", "two subtrees", "approval", "points", "shuffled", "quadratic"],
)
def test_ballots_of_every_form_hold(
    tmp_path: Path, question: Question, votes: list[object], changes: dict[str, Any]
) -> None:
    changes = {"voters": 33, "faults": 1} | changes
    poll = made_poll(tmp_path, question, votes, **changes)
    chain = poll.write(tmp_path / "board")
    findings = audited((tmp_path / "board").read_bytes(), chain, "native")
    assert [one for one in findings if one.verdict is not Verdict.HOLDS] == []


def test_a_seed_fixes_the_board(tmp_path: Path) -> None:
    boards = []
    for name, seed in (("first", "a"), ("second", "a"), ("third", "b")):
        folder = tmp_path / name
        folder.mkdir()
        made_poll(folder, ONE, [0], 5, seed=seed).write(folder / "board")
        boards.append((folder / "board").read_bytes())
    assert boards[0] == boards[1] != boards[2]


def test_a_poll_that_it_cannot_make_is_refused(tmp_path: Path) -> None:
    poll = made_poll(tmp_path, ONE, [0], 2)
    poll.choices = [[1, 0]]
    with pytest.raises(RuntimeError, match="not a bit for each of the rule"):
        poll.write(tmp_path / "board")
