"""Evidence over JSON-RPC and HTTP: any answer of an endpoint gives a verdict and no crash."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka_verifier import board_downloads, rpc
from ostraka_verifier.board_source import read_board
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.cli import app
from ostraka_verifier.errors import Undecided
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.outcome import Greedy
from tests.support.endpoint import (
    BOARD,
    CHAIN,
    POLL,
    Answer,
    Endpoint,
    Refusal,
    Reply,
    hexed,
    honest,
    poll_view,
    selector,
    serving,
)
from tests.support.polls import REGISTRY


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def read(endpoint: Endpoint) -> ChainEvidence:
    return ChainReader(endpoint.url, REGISTRY).read(
        1, POLL.outcome, POLL.outcome.encode(), None, None
    )


def run(endpoint: Endpoint, *more: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(
        app,
        [
            *("audit", "--rpc", endpoint.url, "--registry", hexed(REGISTRY), "--poll", "1"),
            *("--board", f"{endpoint.url}/board", "--json", "--quiet", *more),
        ],
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def test_an_honest_chain_is_read_as_it_is(endpoint: Endpoint) -> None:
    assert read(endpoint) == CHAIN


def test_the_program_holds_fails_and_abstains(endpoint: Endpoint, tmp_path: Path) -> None:
    code, report = run(endpoint)
    assert (code, report["verdict"], report["schema"]) == (0, "holds", "ostraka-audit/1")
    assert [option["votes"] for option in report["options"]] == ["4", "3", "3", "3"]
    file = tmp_path / "poll.ostraka"
    file.write_bytes(BOARD.encode())
    assert run(endpoint, "--board", str(file))[0] == 0

    endpoint.board = BOARD.encode()[:-1]
    code, report = run(endpoint)
    assert (code, report["verdict"]) == (1, "fails")
    endpoint.board = BOARD.encode()
    endpoint.board_status = 500
    code, report = run(endpoint)
    assert (code, report["verdict"]) == (3, "not checked")


def test_a_lying_chain_never_holds(endpoint: Endpoint) -> None:
    """Another context, root, tally, digest or code: each is noticed."""
    view = poll_view(POLL, CHAIN)
    for position in (1, 2, 17, 19, 20, 21, 22, 23):
        changed = bytearray(view)
        changed[32 * position + 31] ^= 1

        def lie(method: str, parameters: list[Any], said: bytes = bytes(changed)) -> Any:
            if method == "eth_call" and parameters[0]["data"].startswith(selector("poll(uint256)")):
                return hexed(said)
            return honest(method, parameters)

        endpoint.answer = lie
        code, report = run(endpoint)
        assert (code, report["verdict"]) == (1, "fails"), position


NONSENSE: list[Any] = [
    None,
    5,
    "",
    "0x",
    "0xzz",
    "hello",
    [],
    {},
    [5],
    [{}],
    [{"data": "0x", "blockNumber": "0x1"}],
    [{"data": 7, "blockNumber": None}],
    "0x" + "ff" * 32,
    "0x" + "ff" * 2000,
    "0x" + "00" * 2000,
    [{"data": "0x" + "ff" * 640, "blockNumber": "0x1"}],
    [{"data": "0x" + "00" * 640, "blockNumber": "0x1"}],
]


@pytest.mark.parametrize("method", ["eth_chainId", "eth_blockNumber", "eth_getCode", "eth_call"])
@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_gives_a_verdict(endpoint: Endpoint, method: str, nonsense: Any) -> None:
    endpoint.answer = lambda asked, given: nonsense if asked == method else honest(asked, given)
    code, report = run(endpoint)
    if method == "eth_getCode" and isinstance(nonsense, str) and len(nonsense) > 10:
        # A chain could well have such code at the table's place: then the generators are wrong.
        failed = [one["check"] for one in report["checks"] if one["verdict"] == "fails"]
        assert (code, failed) == (1, ["G1"]), report
        return
    assert (code, report["verdict"]) == (3, "not checked"), report


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_about_events_gives_a_verdict(
    endpoint: Endpoint, method: str, nonsense: Any
) -> None:
    endpoint.answer = lambda asked, given: nonsense if asked == method else honest(asked, given)
    code, report = run(endpoint)
    assert (code, report["verdict"]) == (3, "not checked"), report


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'{"error": {"message": "no"}}', b"[" * 200_000, b"\xff", b'"text"'],
    ids=range(7),
)
def test_answers_that_are_no_json_rpc(endpoint: Endpoint, raw: bytes) -> None:
    endpoint.answer = lambda *_: Reply(200, raw)
    with pytest.raises(Undecided):
        read(endpoint)
    assert run(endpoint)[0] == 3


def test_another_outcome_rule_is_named_though_the_contract_refuses_it(endpoint: Endpoint) -> None:
    def refusing(method: str, parameters: list[Any]) -> Any:
        if method == "eth_call" and parameters[0]["data"].startswith(
            selector("awards(uint256,uint256[],bytes,uint16[])")
        ):
            return Refusal(message="execution reverted")
        return honest(method, parameters)

    endpoint.answer = refusing
    endpoint.board = replace(BOARD, outcome_rule=Greedy((1, 1, 1, 1), 100).encode()).encode()
    code, report = run(endpoint)
    verdicts = {one["check"]: one["verdict"] for one in report["checks"]}
    assert (code, report["verdict"]) == (1, "fails")
    assert verdicts.pop("P2") == "fails"
    assert verdicts.pop("O1") == "not checked"
    assert set(verdicts.values()) == {"holds"}
    assert {option["award"] for option in report["options"]} == {None}


def test_an_unreachable_endpoint_decides_nothing(endpoint: Endpoint) -> None:
    with pytest.raises(Undecided):
        ChainReader("http://127.0.0.1:9", REGISTRY)
    with pytest.raises(Undecided):
        read_board("http://127.0.0.1:9/board")


def test_a_treasury_does_not_pass_for_a_wallet(endpoint: Endpoint) -> None:
    """Only a refusal by the creator itself shows that it is not a treasury."""

    def asked_for_registry(refusal: Refusal) -> Answer:
        def answer(method: str, parameters: list[Any]) -> Any:
            if method == "eth_call" and parameters[0]["data"] == selector("registry()"):
                return refusal
            return honest(method, parameters)

        return answer

    for message in ("execution reverted", "invalid opcode: INVALID", "out of gas"):
        endpoint.answer = asked_for_registry(Refusal(message=message))
        assert read(endpoint) == CHAIN
    endpoint.answer = asked_for_registry(Refusal(message="too many requests"))
    with pytest.raises(Undecided, match="too many requests"):
        read(endpoint)
    assert run(endpoint)[0] == 3


def test_endpoints_that_bound_the_range_of_logs(endpoint: Endpoint) -> None:
    def bounded(method: str, parameters: list[Any]) -> Any:
        if method == "eth_blockNumber":
            return hex(25_000)
        if method == "eth_getLogs":
            first = int(parameters[0]["fromBlock"], 16)
            last = int(parameters[0]["toBlock"], 16)
            if last - first >= 10_000:
                return Refusal(message="range too large")
            if not first <= 900 <= last:
                return []
        return honest(method, parameters)

    endpoint.answer = bounded
    assert read(endpoint).tally == CHAIN.tally
    assert read(endpoint).anchored == CHAIN.anchored


def test_wrong_usage() -> None:
    for arguments in (
        ["audit"],
        [*("audit", "--rpc", "x", "--registry", hexed(REGISTRY)), *("--poll", "1", "--board", "b")],
        ["audit", "--rpc", "http://x", "--registry", "0x12", "--poll", "1", "--board", "b"],
        [
            "audit",
            "--rpc",
            "http://x",
            "--registry",
            hexed(REGISTRY),
            "--poll",
            "0",
            "--board",
            "b",
        ],
        ["nothing"],
    ):
        assert CliRunner().invoke(app, arguments).exit_code == 2, arguments


def drip(server: socket.socket, head: bytes) -> None:
    """Answer requests without end, byte by byte after some bytes of the head."""
    with suppress(OSError):
        connection, _ = server.accept()
        connection.sendall(head)
        while True:
            connection.sendall(b"0")
            time.sleep(0.05)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["body", "head", "length of a chunk"],
)
def test_a_source_that_drips_is_given_up(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "_PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        for ask in (lambda: read_board(url), rpc.JsonRpc(url).chain_id):
            threading.Thread(target=drip, args=(server, head), daemon=True).start()
            started = time.monotonic()
            with pytest.raises(Undecided, match="no whole answer in time"):
                ask()
            assert time.monotonic() - started < 5


def test_a_large_board_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of it gives it more; the limit of the parts' speed is tested above."""
    monkeypatch.setattr(rpc, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(rpc, "_SLOWEST_BYTES_PER_S", 100)
    part = bytes(50)

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            for _ in range(10):
                connection.sendall(part)
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        assert read_board(f"http://127.0.0.1:{server.getsockname()[1]}") == 10 * part


def test_idle_connections_are_reused_after_an_answer(endpoint: Endpoint) -> None:
    """The deadline of an answer that came in time closes nothing later."""
    asking = rpc.JsonRpc(endpoint.url)
    for _ in range(3):
        assert asking.chain_id() == CHAIN.chain_id


def test_a_board_comes_from_the_first_node_that_gives_it(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_downloads, "STALL_S", 0.2)
    good, none = f"{endpoint.url}/board", "http://127.0.0.1:9/board"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # Its queue accepts connections, and nobody answers on them.
        mute = f"http://127.0.0.1:{silent.getsockname()[1]}/board"
        with socket.create_server(("127.0.0.1", 0)) as slow:
            drips = f"http://127.0.0.1:{slow.getsockname()[1]}/board"
            head = b"HTTP/1.1 200 OK\r\n\r\n"
            threading.Thread(target=drip, args=(slow, head), daemon=True).start()
            assert read_board(f"{drips},{good}") == BOARD.encode()
        for sources in ([good, mute], [mute, none, good], [none, mute, good]):
            assert read_board(",".join(sources)) == BOARD.encode()
    with pytest.raises(Undecided, match=f"{none}.*; {none}"):
        read_board(f"{none},{none}")


def test_a_block_that_is_gone_decides_nothing(endpoint: Endpoint) -> None:
    endpoint.answer = lambda method, given: (
        None if method == "eth_getBlockByNumber" else honest(method, given)
    )
    with pytest.raises(Undecided, match="no block"):
        read(endpoint)
