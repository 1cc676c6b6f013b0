"""`ostraka-verify diff`: only what changed is checked, and the findings are those of an audit."""

import json
import secrets
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from ostraka_verifier.board import OpenedBoard
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict
from ostraka_verifier.cli import app
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.workers.earlier import Earlier
from tests.support.corrupted_boards import corrupted, findings, honest_polls, keep_generators
from tests.support.endpoint import hexed, serving
from tests.support.polls import REGISTRY
from tests.support.workers import NATIVE, without_assumptions, written


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostraka_verifier.workers.earlier.RANGE", 2)
    keep_generators(monkeypatch.setattr)


def again(state: Path, source: str, chain: ChainEvidence) -> tuple[list[Finding], str]:
    """Findings of another audit with a state, and how many ballots it checked."""
    earlier = Earlier(state, source)
    with earlier.opened() as content:
        board = OpenedBoard(content)
        board.read_to_leaves()
        board.read_rest()
        given = (NATIVE, Claimed(REGISTRY, 1), chain, board, secrets.randbits)
        found = Audit(*given, workers=earlier).run(CHECKS)
    earlier.save()
    return found, earlier.said


def test_only_what_changed_is_checked(tmp_path: Path) -> None:
    honest, state = honest_polls()[0], tmp_path / "state"
    source = written(tmp_path, honest.board.encode())
    first, said = again(state, source, honest.chain)
    assert said == "7 of 7 ballots checked anew."
    second, said = again(state, source, honest.chain)
    assert said == "0 of 7 ballots checked anew."
    assert without_assumptions(first) == without_assumptions(second)
    assert {one.verdict for one in second} == {Verdict.HOLDS}
    assumed = [one.assumes for one in second if one.check == "B1"]
    assert assumed == ["an audit of your own wrote state, from which 7 of 7 ballots are taken"]
    # One ballot of the second range is no longer signed.
    leaf = honest.board.leaves[2]
    leaves = (
        *honest.board.leaves[:2],
        replace(leaf, signature=bytes(65)),
        *honest.board.leaves[3:],
    )
    changed = replace(honest.board, leaves=leaves).encode()
    found, said = again(state, written(tmp_path, changed), honest.chain)
    assert said == "2 of 7 ballots checked anew."
    assert without_assumptions(found) == findings(NATIVE, changed, honest.chain, "a")
    # What fails is never known.
    assert again(state, source, honest.chain)[1] == "2 of 7 ballots checked anew."


def test_findings_are_those_of_an_audit(tmp_path: Path) -> None:
    random = Random("earlier")
    for number in range(60):
        data, chain = corrupted(random)
        honest = next(one for one in honest_polls() if one.chain is chain)
        state = tmp_path / f"state {number}"
        again(state, written(tmp_path, honest.board.encode()), chain)
        alone = findings(NATIVE, data, chain, "a")
        if {one.detail for one in alone[1:]} == {"needs P1"}:
            continue
        found, _ = again(state, written(tmp_path, data), chain)
        assert without_assumptions(found) == without_assumptions(alone), number


def test_a_state_of_something_else_is_not_used(tmp_path: Path) -> None:
    one, other = honest_polls()[0], honest_polls()[2]
    state = tmp_path / "state"
    again(state, written(tmp_path, one.board.encode()), one.chain)
    found, said = again(state, written(tmp_path, other.board.encode()), other.chain)
    assert said == "5 of 5 ballots checked anew."
    assert {one.verdict for one in found} == {Verdict.HOLDS}


def test_a_damaged_state_costs_time_only(tmp_path: Path) -> None:
    honest, state = honest_polls()[0], tmp_path / "state"
    source = written(tmp_path, honest.board.encode())
    again(state, source, honest.chain)
    content = json.loads(state.read_text())
    for damage in ("hash", "fault", "cut"):
        changed = dict(content["parts"])
        name = next(iter(changed))
        part = bytearray.fromhex(changed[name])
        if damage == "hash":
            part[-65] ^= 1
        elif damage == "fault":
            part[40:48] = part[:8]
        changed[name] = part[: -1 if damage == "cut" else None].hex()
        state.write_text(json.dumps(content | {"parts": changed}))
        found, said = again(state, source, honest.chain)
        assert {one.verdict for one in found} == {Verdict.HOLDS}
        expected = 7 if damage == "hash" else 2
        assert said.startswith((f"{expected} of 7", "1 of 7")), damage


def test_the_command_writes_and_uses_its_file(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving() as endpoint:
        source = written(tmp_path, endpoint.board)
        poll = ("--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1")
        command = ("diff", str(state), *poll, "--board", source)
        for anew in (True, False):
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, done.output
            assert ("0 of" in done.stdout) != anew
        for bad in ("", "[]", "{}", '{"schema": "x", "of": "", "parts": {}}', "\udcff"):
            state.write_text(bad, errors="surrogateescape")
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 2
            assert "state:" in done.stderr
            # It may be something else of the user's.
            assert state.read_text(errors="surrogateescape") == bad
