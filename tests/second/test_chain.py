"""The second verifier reads a chain over JSON-RPC, whatever an endpoint answers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.endpoint import (
    BOARD,
    CHAIN,
    POLL,
    Endpoint,
    Refusal,
    Reply,
    hexed,
    honest,
    poll_view,
    selector,
    serving,
    telling,
)
from tests.support.polls import REGISTRY, approval_poll
from tests.support.round_endpoint import telling_of_round
from tests.support.second_verifier import audited
from tests.verifier.checks.test_attested_outcome import POLL as SHARES
from tests.verifier.test_chain_reader import NONSENSE

ROUND_POLL = approval_poll(treasury=bytes([42] * 20), seed="round")
ROUND_BOARD, ROUND_CHAIN = ROUND_POLL.finish()
READS = [
    "eth_chainId",
    "eth_blockNumber",
    "eth_getCode",
    "eth_call",
    "eth_getLogs",
    "eth_getBlockByNumber",
]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as served:
        yield served


def run(program: Path, endpoint: Endpoint, board: str = "") -> tuple[int, dict[str, Any]]:
    return audited(program, endpoint.url, REGISTRY, 1, board or f"{endpoint.url}/board")


def test_an_honest_poll_holds(program: Path, endpoint: Endpoint, tmp_path: Path) -> None:
    code, report = run(program, endpoint)
    assert (code, report["verdict"], report["schema"]) == (0, "holds", "ostraka-audit/1"), report
    assert (report["block"], report["status"]) == (CHAIN.block, "tallied")
    file = tmp_path / "poll.ostraka"
    file.write_bytes(BOARD.encode())
    assert run(program, endpoint, str(file))[0] == 0


def test_an_honest_round_holds(program: Path, endpoint: Endpoint) -> None:
    endpoint.board = ROUND_BOARD.encode()
    endpoint.answer = telling_of_round(ROUND_POLL, ROUND_CHAIN)
    code, report = run(program, endpoint)
    assert code == 0, report
    assert {one["verdict"] for one in report["checks"]} == {"holds"}


def test_an_honest_outcome_of_opened_ballots_holds(program: Path, endpoint: Endpoint) -> None:
    board, chain = SHARES.board(), SHARES.chain
    endpoint.board, endpoint.answer = board.encode(), telling(SHARES.poll, chain)
    code, report = run(program, endpoint)
    assert code == 0, report
    assert {one["verdict"] for one in report["checks"]} == {"holds"}


def test_boards_that_are_none(program: Path, endpoint: Endpoint) -> None:
    endpoint.board = BOARD.encode()[:-1]
    code, report = run(program, endpoint)
    assert (code, report["verdict"]) == (1, "fails")
    endpoint.board_status = 500
    code, report = run(program, endpoint)
    assert (code, report["verdict"]) == (3, "not checked")
    assert run(program, endpoint, "no such file")[0] == 3


@pytest.mark.parametrize("position", [1, 2, 17, 19, 20, 21, 22, 23])
def test_a_lying_chain_never_holds(program: Path, endpoint: Endpoint, position: int) -> None:
    view = bytearray(poll_view(POLL, CHAIN))
    view[32 * position + 31] ^= 1

    def lie(method: str, parameters: list[Any]) -> Any:
        if method == "eth_call" and parameters[0]["data"].startswith(selector("poll(uint256)")):
            return hexed(bytes(view))
        return honest(method, parameters)

    endpoint.answer = lie
    code, report = run(program, endpoint)
    assert (code, report["verdict"]) == (1, "fails"), report


@pytest.mark.parametrize("method", READS)
def test_nonsense_decides_nothing(program: Path, endpoint: Endpoint, method: str) -> None:
    for nonsense in NONSENSE:
        endpoint.answer = lambda asked, given, said=nonsense: (
            said if asked == method else honest(asked, given)
        )
        code, report = run(program, endpoint)
        if method == "eth_getCode" and isinstance(nonsense, str) and len(nonsense) > 10:
            # A chain could well have such code at the table's place: then the generators are wrong.
            failed = [one["check"] for one in report["checks"] if one["verdict"] == "fails"]
            assert (code, failed) == (1, ["G1"]), report
        else:
            assert (code, report["verdict"]) == (3, "not checked"), (nonsense, report)


def test_a_refused_call_is_not_checked(program: Path, endpoint: Endpoint) -> None:
    def refusing(method: str, parameters: list[Any]) -> Any:
        if method == "eth_call" and parameters[0]["data"].startswith(
            selector("awards(uint256,uint256[],bytes,uint16[])")
        ):
            return Refusal(message="execution reverted")
        return honest(method, parameters)

    endpoint.answer = refusing
    code, report = run(program, endpoint)
    left = {one["check"] for one in report["checks"] if one["verdict"] != "holds"}
    assert (code, left) == (3, {"O1"})


def test_a_treasury_does_not_pass_for_a_wallet(program: Path, endpoint: Endpoint) -> None:
    def refused(message: str) -> Any:
        return lambda method, given: (
            Refusal(message=message)
            if method == "eth_call" and given[0]["data"] == selector("registry()")
            else honest(method, given)
        )

    endpoint.answer = refused("execution reverted")
    assert run(program, endpoint)[0] == 0
    endpoint.answer = refused("too many requests")
    assert run(program, endpoint)[0] == 3


def test_ranges_of_logs_are_split(program: Path, endpoint: Endpoint) -> None:
    ranges: list[tuple[int, int]] = []

    def bounded(method: str, parameters: list[Any]) -> Any:
        if method == "eth_blockNumber":
            return hex(25_000)
        if method == "eth_getLogs":
            first, last = (int(parameters[0][name], 16) for name in ("fromBlock", "toBlock"))
            if last - first >= 10_000:
                return Refusal(message="range too large")
            ranges.append((first, last))
            if not first <= 900 <= last:
                return []
        return honest(method, parameters)

    endpoint.answer = bounded
    code, report = run(program, endpoint)
    assert code == 0, report
    assert sorted(ranges)[0][0] == 0
    assert max(last for _, last in ranges) == 25_000


def test_a_busy_endpoint_is_asked_again(program: Path, endpoint: Endpoint) -> None:
    busy = iter([Reply(429, b"", retry_after="0"), Reply(503, b"")])
    endpoint.answer = lambda method, given: next(busy, None) or honest(method, given)
    assert run(program, endpoint)[0] == 0


def test_wrong_usage(program: Path) -> None:
    registry = hexed(REGISTRY)
    for arguments in (
        [],
        ["nothing"],
        ["audit"],
        ["audit", "--rpc", "x", "--registry", registry, "--poll", "1", "--board", "b"],
        ["audit", "--rpc", "http://x", "--registry", "0x12", "--poll", "1", "--board", "b"],
        ["audit", "--rpc", "http://x", "--registry", registry, "--poll", "0", "--board", "b"],
        ["audit", "--rpc", "http://x", "--registry", registry, "--poll", "1"],
        ["vectors"],
    ):
        completed = subprocess.run([str(program), *arguments], capture_output=True, check=False)
        assert completed.returncode == 2, arguments


def test_no_text_of_a_stranger_moves_the_cursor(program: Path, endpoint: Endpoint) -> None:
    hostile = "\x1b[2J\x1b[H\r\nVerdict: holds\u202e\x07"
    members = {"questions": [{"kind": hostile, "title": hostile}]}
    poll = approval_poll(members=members)
    board, _ = poll.finish()
    endpoint.board = board.encode()
    command = [str(program), "audit", "--rpc", endpoint.url, "--registry", hexed(REGISTRY)]
    command += ["--poll", "1", "--board", f"{endpoint.url}/board"]
    printed = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    lines = printed.splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("Verdict")] == ["Verdict: fails"]
    assert json.dumps(hostile) not in printed
