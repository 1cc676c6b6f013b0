"""Audits by several processes: the verdict of one alone, whatever happens to the others."""

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from typer.testing import CliRunner

from ostraka.wire.file_answers import StoredFile, file_answer
from ostraka_verifier import board_ranges
from ostraka_verifier.board_ranges import board_at, find_board
from ostraka_verifier.checks import Finding, Verdict
from ostraka_verifier.cli import app
from ostraka_verifier.encoding import POINT_BYTES
from ostraka_verifier.errors import Undecided
from ostraka_verifier.workers.crew import Answer
from ostraka_verifier.workers.division import _ranges
from ostraka_verifier.workers.processes import Processes
from tests.support.corrupted_boards import corrupted, findings, honest_polls, keep_generators
from tests.support.endpoint import hexed, serving
from tests.support.polls import REGISTRY
from tests.support.workers import NATIVE, Watched, divided, without_assumptions, written
from tests.verifier.checks import test_ballots, test_tree

CORRUPTIONS = 60
_ENDS, _SUMS = 65, 114
"""Where an encoded part without faults has its first voter, and its sums for the shares."""


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostraka_verifier.workers.division._SMALLEST", 1)
    keep_generators(monkeypatch.setattr)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(2) as crew:
        yield crew


def b1(found: list[Finding]) -> Finding:
    return next(one for one in found if one.check == "B1")


def test_the_findings_are_those_of_one_process(processes: Processes, tmp_path: Path) -> None:
    random, said = Random("divided"), list[str]()
    cases = [corrupted(random) for _ in range(CORRUPTIONS)]
    for mutate, _ in [*test_ballots.MUTATIONS, *test_tree.MUTATIONS]:
        board, chain = mutate()
        cases.append((board.encode(), chain))
    failed = set[str]()
    for number, (data, chain) in enumerate(cases):
        divided_ = divided(processes, written(tmp_path, data), chain, said)
        alone = findings(NATIVE, data, chain, "weights")
        assert without_assumptions(divided_) == without_assumptions(alone), number
        failed.update(one.check for one in alone if one.verdict is Verdict.FAILS)
    assert failed >= {"B1", "B2", "B3", "B4", "B5", "B6", "T1"}
    # Boards are at fault here, and no worker is.
    assert not [one for one in said if one.startswith("Worker")]


def test_the_verdict_names_whom_it_trusts(processes: Processes, tmp_path: Path) -> None:
    for honest in honest_polls():
        said = list[str]()
        found = divided(processes, written(tmp_path, honest.board.encode()), honest.chain, said)
        assert {one.verdict for one in found} == {Verdict.HOLDS}
        ballots, first = len(honest.board.leaves), sorted(processes.names)[0]
        assert first in b1(found).assumes
        assert f"honestly checked {ballots} of {ballots} ballots" in b1(found).assumes
        assert not said


def _other_range(part: bytes) -> bytes:
    return part[:8] + (int.from_bytes(part[8:16]) + 1).to_bytes(8) + part[16:]


def _shifted(part: bytes) -> bytes:
    """The same findings on the leaves before or behind: as of an empty range there."""
    return (1).to_bytes(8) + bytes(8) + b"\xff" * 40 + bytes(8) + bytes(2)


def _other_voters(part: bytes) -> bytes:
    return part[:_ENDS] + bytes(20) + part[_ENDS + 20 :]


def _false_alarm(part: bytes) -> bytes:
    """The first leaf is said to be unsigned."""
    return part[:40] + part[:8] + part[48:]


def _other_root(part: bytes) -> bytes:
    at = len(part) - POINT_BYTES - 1
    return part[:at] + bytes([part[at] ^ 1]) + part[at + 1 :]


def _other_sums(part: bytes) -> bytes:
    """Sums that only the published shares refute."""
    point = part[-POINT_BYTES:]
    return part[:_SUMS] + point + part[_SUMS + POINT_BYTES :]


def _fewer_sums(part: bytes) -> bytes:
    number = int.from_bytes(part[_SUMS - 8 : _SUMS]) - 1
    return part[: _SUMS - 8] + number.to_bytes(8) + part[_SUMS + POINT_BYTES :]


LIES: list[tuple[Callable[[bytes], bytes], str]] = [
    (_other_range, "cannot be read"),
    (_shifted, "of other ballots"),
    (_other_voters, "of other voters"),
    (_false_alarm, "named ballots as bad that are good"),
    (_other_root, "its result was wrong"),
    (_other_sums, "its result was wrong"),
    (_fewer_sums, "another number of sums"),
    (lambda part: part[:-1], "cannot be read"),
    (lambda part: b"", "cannot be read"),
]


@pytest.mark.parametrize(("lie", "reason"), LIES)
@pytest.mark.parametrize("after", [0, 1])
def test_a_wrong_result_is_refused(
    tmp_path: Path, lie: Callable[[bytes], bytes], reason: str, after: int
) -> None:
    honest, said = honest_polls()[1], list[str]()
    with Processes(2) as processes:
        liar, other = processes.names
        answers = list[Answer]()
        # The other worker must leave it something to lie about.
        os.kill(int(other.split()[-1]), signal.SIGSTOP)

        def answered(answer: Answer) -> Answer:
            if answer.worker != liar or answer.part is None:
                return answer
            answers.append(answer)
            if len(answers) > after:
                os.kill(int(other.split()[-1]), signal.SIGCONT)
            # A worker that was right before is not believed in that, either.
            return answer if len(answers) <= after else replace(answer, part=lie(answer.part))

        crew = Watched(processes, answered=answered)
        found = divided(crew, written(tmp_path, honest.board.encode()), honest.chain, said)
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    assert crew.dismissed == [liar]
    assert [one for one in said if one.startswith(f"Worker {liar}: ") and reason in one], said
    assert liar not in b1(found).assumes


def test_a_worker_that_hides_a_fault_is_trusted_and_named(tmp_path: Path) -> None:
    honest, said = honest_polls()[1], list[str]()
    leaf = honest.board.leaves[0]
    forged = replace(leaf, signature=bytes(31) + b"\1" + leaf.signature[32:])
    board = replace(honest.board, leaves=(forged, *honest.board.leaves[1:]))
    source = written(tmp_path, board.encode())
    with Processes(1) as processes:
        found = divided(processes, source, honest.chain, said)
        assert {one.check for one in found if one.verdict is Verdict.FAILS} == {"B4"}

        def answered(answer: Answer) -> Answer:
            assert answer.part is not None
            return replace(answer, part=answer.part[:40] + b"\xff" * 8 + answer.part[48:])

        found = divided(Watched(processes, answered=answered), source, honest.chain, said)
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    assert b1(found).assumes


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("lost", [1, 2])
def test_lost_workers_cost_no_ballot(tmp_path: Path, how: signal.Signals, lost: int) -> None:
    honest, said = honest_polls()[0], list[str]()
    with Processes(2) as processes:
        numbers = {name: int(name.split()[-1]) for name in processes.names}
        victims = list(processes.names[:lost])

        def given(worker: str) -> None:
            if worker in numbers and worker in victims:
                os.kill(numbers.pop(worker), how)

        crew = Watched(processes, given)
        source = written(tmp_path, honest.board.encode())
        # Afterwards, both have started: only those that stop are late.
        divided(processes, source, honest.chain, said)
        patience_s = 300 if how is signal.SIGKILL else 3
        found = divided(crew, source, honest.chain, said, patience_s=patience_s)
        assert sorted(crew.dismissed) == sorted(victims)
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    reason = "it ended with exit code -9" if how is signal.SIGKILL else "no result within"
    assert sum(reason in one for one in said) == lost
    assert any("No worker is left" in one for one in said) == (lost == 2)
    assert lost == 2 or processes.names[1] in b1(found).assumes


def test_ranges_cover_all_leaves_once() -> None:
    for total in (0, 1, 7, 4096, 100_001):
        for workers in (1, 2, 17):
            ranges = _ranges(total, 16384, workers)
            places = [place for first in ranges for place in (first, first + ranges[first])]
            assert places == sorted(places)
            assert sum(ranges.values()) == total
            assert not total or places[-1] == total


@contextmanager
def node_serving(path: Path) -> Iterator[str]:
    """A server of a file with the ranges and tags of a node, and its URL."""
    service = FastAPI()

    @service.get("/board")
    def board(request: Request) -> Response:
        tag = f'"{hashlib.sha256(path.read_bytes()).hexdigest()}"'
        return file_answer(request, StoredFile(path, tag, path.stat().st_size))

    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/board"
    finally:
        server.should_exit = True
        thread.join()


def test_a_board_is_read_by_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_ranges, "_BLOCK_BYTES", 100)
    data, random = bytes(Random("board").randbytes(1000)), Random("ranges")
    path = Path(written(tmp_path, data))
    with node_serving(path) as url:
        # A server that is gone leaves the work to the next one.
        place = find_board(f"http://127.0.0.1:9/board,{url}")
        assert place.size_bytes == 1000
        with board_at(place) as content:
            for _ in range(40):
                start, size = random.randrange(1100), random.randrange(300)
                assert content.read(start, size) == data[start : start + size]
            assert content.reach(2000) == 1000
            path.write_bytes(data[::-1])
            with pytest.raises(Undecided, match="the board changed"):
                content.read(0, 500)
        # Of several states, each worker keeps to the one that it was told of.
        with board_at(place) as content, pytest.raises(Undecided, match="the board changed"):
            content.read(0, 500)
    with board_at(find_board(str(path))) as content:
        assert content.read(990, 20) == data[::-1][990:]
    place = find_board(str(path))
    path.write_bytes(data[:-1])
    with pytest.raises(Undecided, match="999 bytes, not 1000"), board_at(place):
        pass


def test_a_server_without_ranges_is_named(processes: Processes) -> None:
    with serving() as endpoint, pytest.raises(Undecided, match="sends no parts of its board"):
        find_board(f"{endpoint.url}/board")


def test_a_board_that_changes_is_refused_and_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise all of so small a board is read before it changes.
    monkeypatch.setattr(board_ranges, "_BLOCK_BYTES", 100)
    honest, other = honest_polls()[0], honest_polls()[1]
    path, said = Path(written(tmp_path, honest.board.encode())), list[str]()
    with Processes(2) as processes, node_serving(path) as url:

        def given(_: str) -> None:
            path.write_bytes(other.board.encode())

        found = divided(Watched(processes, given), url, honest.chain, said)
    assert Verdict.FAILS not in {one.verdict for one in found}
    unmade = b1(found)
    assert unmade.verdict is Verdict.NOT_CHECKED
    assert "the board changed" in unmade.detail


@pytest.mark.parametrize("by_http", [False, True])
def test_the_command_divides_its_work(tmp_path: Path, by_http: bool) -> None:
    data, html = tmp_path / "report.json", tmp_path / "report.html"
    with serving() as endpoint:
        path = Path(written(tmp_path, endpoint.board))
        with node_serving(path) as url:
            poll = ("--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1")
            board = ("--board", url if by_http else str(path), "--workers", "2")
            command = ("report", *poll, *board, "--output", str(html), "--json", str(data))
            done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert "Verdict: holds, assuming" in said
    assert "honestly checked" in said
    report = json.loads(data.read_text())
    assert any("(process " in one for one in report["assumes"])
    assert report["report"]["assumptions"] == report["assumes"]
    assert report["report"]["board"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    command_ = report["report"]["command"]
    assert command_[command_.index("--workers") + 1] == "2"
    assert "honestly checked" in html.read_text()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--workers", "2", "--scheduler", "tcp://127.0.0.1:9"), "not together with --workers"),
        (("--workers", "2", "--engine", "reference"), "needs the native engine"),
        (("--workers", "0"), "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_divided_is_refused(
    tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    poll = ("--rpc", "http://127.0.0.1:9", "--registry", hexed(REGISTRY), "--poll", "1")
    done = CliRunner().invoke(
        app, ["audit", *poll, "--board", written(tmp_path, b"board"), *options]
    )
    assert done.exit_code == 2
    assert reason in " ".join(done.stderr.replace("\u2502", " ").split())
