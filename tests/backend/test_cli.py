"""The command line against a gateway that accepts, refuses, stays silent, or answers nonsense."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ostraka.cli import main as entry
from ostraka.cli.deferred import Deferred
from ostraka.cli.main import app
from ostraka.demo.processes import free_ports
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.board import MAGIC
from ostraka_verifier.encoding import unsigned
from tests.support.stub_gateway import CONFIG, PLN, TOKEN, StubGateway, answer, refusal, run

PLAN = "0123456789abcdef"


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, listed in group.commands.items():
        command = listed.command if isinstance(listed, Deferred) else listed
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(app)))
SHORT = {
    ("vote", "cast"): ("vote",),
    ("poll", "watch"): ("watch",),
    ("invite", "make"): ("invite",),
}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_teaches_by_an_example(path: tuple[str, ...]) -> None:
    assert f"Example: ostraka {' '.join(SHORT.get(path, path))}" in str(ALL[path].help)
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0


def test_help_names_exit_codes_and_who_opens_polls() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300"}).output
    assert "Exit codes: 0 done, 1 refused" in shown
    shown = CliRunner().invoke(app, ["poll", "--help"], env={"COLUMNS": "300"}).output
    assert "Polls open and close by themselves" in shown


def test_every_command_of_a_gateway_answers_programs() -> None:
    without = {"template", "init", "run"}
    for path, command in ALL.items():
        if path[-1] not in without:
            assert any("--json" in parameter.opts for parameter in command.params), path


def test_refusals_are_shown_with_their_field(stub: StubGateway) -> None:
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    stub.routes["POST /rounds/1/funding"] = refusal(
        ProblemType.INVALID_REQUEST, "too much", "amount"
    )
    result = run(stub, "round", "fund", "1", "5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "ostraka: Invalid request: amount: too much\n"
    result = run(stub, "round", "fund", "1", "5", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert json.loads(result.stderr)["error"] == {
        "exit_code": 1,
        "type": "urn:ostraka:problem:invalid-request",
        "title": "Invalid request",
        "status": 422,
        "field": "amount",
        "detail": "too much",
    }
    assert stub.requests[-1][1]["Authorization"] == f"Bearer {TOKEN}"


def test_programs_get_every_member_of_a_refusal(stub: StubGateway) -> None:
    """Above all when to try again, and which nodes hold it up."""
    problem = Problem(ProblemType.POLL_NOT_READY, "node 2 does not answer", "poll", 30)
    silent = Problem(ProblemType.NODE_SILENT, "no answer in time").to_json()
    waiting = {"node": 2, "announces_different_keys": False, "problem": silent}
    problem.nodes = (waiting,)
    stub.routes["GET /rounds/1"] = answer(200, PLN)
    stub.routes["POST /rounds/1/funding"] = answer(problem.status, problem.to_json())
    result = run(stub, "round", "fund", "1", "5", "--json")
    assert result.exit_code == 3
    shown = json.loads(result.stderr)["error"]
    assert shown == {"exit_code": 3} | problem.to_json()
    assert (shown["retry_after_s"], shown["nodes"]) == (30, [waiting])


def test_a_token_is_asked_for_before_anything_is_sent(stub: StubGateway) -> None:
    result = run(stub, "round", "fund", "1", "5", token=None)
    assert result.exit_code == 1
    assert "OSTRAKA_ORGANIZER_TOKEN" in result.stderr
    assert not stub.requests


def test_the_token_goes_only_where_it_is_asked_for(stub: StubGateway) -> None:
    stub.routes["GET /rounds"] = answer(200, [])
    assert run(stub, "round", "list", "--json").stdout == "[]\n"
    assert "Authorization" not in stub.requests[-1][1]


def test_an_unreachable_gateway_gives_exit_code_3(stub: StubGateway) -> None:
    (port,) = free_ports(1)
    result = run(f"http://user:secret@127.0.0.1:{port}", "round", "list")
    assert result.exit_code == 3
    assert f"http://127.0.0.1:{port} cannot be reached: no connection" in result.stderr
    assert "secret" not in result.output
    stub.routes["GET /rounds"] = answer(200, b"<html>")
    result = run(stub, "round", "list")
    assert (result.exit_code, "is not a gateway" in result.stderr) == (3, True)
    stub.routes["GET /rounds"] = answer(302, b"", Location="http://127.0.0.1:1/")
    assert run(stub, "round", "list").exit_code == 1
    # Reading is tried again while the gateway catches up, and then says so.
    stub.routes["GET /rounds"] = refusal(ProblemType.NOT_INDEXED, "catching up", retry_after_s=1)
    before = len(stub.requests)
    result = run(stub, "round", "list")
    assert (result.exit_code, len(stub.requests) - before) == (3, 4)
    assert "Not indexed yet: catching up" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("round", "show", "0"),
        ("round", "show", "one"),
        ("round", "fund", "1", "1,5"),
        ("round", "claim", "1", "--proposal", "0x12"),
        ("round", "refund", "1", "--funder", "0x12"),
        ("round", "refund", "1"),
        ("round", "open", "1"),
        ("poll", "show", "first"),
        ("poll", "results", "-1"),
        ("invite", "--out", "codes.csv"),
        ("invite", "1", "--out", "codes.csv", "--list", "list.csv"),
        ("propose", "withdraw", "12", "--key", "k"),
        ("round", "list", "--gateway", "ftp://example"),
    ],
    ids=" ".join,
)
def test_wrong_usage_gives_exit_code_2(stub: StubGateway, command: tuple[str, ...]) -> None:
    assert run(stub, *command).exit_code == 2
    assert not stub.requests


def test_mistakes_in_files_give_exit_code_2(stub: StubGateway, tmp_path: Path) -> None:
    path = tmp_path / "poll.toml"
    path.write_text('title = "T"\ncloses_at = "soon"\n')
    result = run(stub, "poll", "create", str(path))
    assert result.exit_code == 2
    assert f"ostraka: {path}: questions: missing\n" in result.stderr
    assert f"ostraka: {path}: voters: missing\n" in result.stderr
    found = run(stub, "poll", "create", str(path), "--json")
    assert len(json.loads(found.stderr)["error"]["problems"]) == len(result.stderr.splitlines())
    assert run(stub, "poll", "create", str(tmp_path / "none.toml")).exit_code == 2
    assert [name for name, _, _ in stub.requests if name != "GET /config"] == []


def test_creating_sends_the_files_specification(stub: StubGateway, tmp_path: Path) -> None:
    stub.routes["POST /polls"] = answer(201, {"plan": PLAN, "poll": None, "warnings": []})
    path = tmp_path / "poll.toml"
    template = run(stub, "poll", "template").stdout
    path.write_text(template)
    (tmp_path / "members.csv").write_text("account\n0x" + "11" * 20 + "\n")
    assert json.loads(run(stub, "poll", "create", str(path), "--json").stdout)["plan"] == PLAN
    (sent,) = stub.bodies("POST /polls")
    assert sent["closes_at"] == CONFIG["head"]["timestamp"] + 10 * 86_400  # type: ignore[index]
    assert sent["times"]["dispute_window"] == 86_400


WARNING = {"code": "tiny", "numbers": {}, "sentence": "Only 6 may vote.", "refused": False}


@pytest.mark.parametrize("noun", ["poll", "round"])
def test_warnings_are_shown_and_asked_about(
    stub: StubGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    created = {"plan": PLAN, "round": "7", "poll": None, "warnings": [WARNING]}
    stub.routes[f"POST /{noun}s"] = answer(201, created)
    stub.routes[f"POST /{noun}s?dry_run=true"] = answer(200, created | {"plan": None})
    path = tmp_path / "file.toml"
    path.write_text(run(stub, noun, "template").stdout)
    (tmp_path / "members.csv").write_text("account\n0x" + "11" * 20 + "\n")
    sent = [f"POST /{noun}s"]

    def asked(*more: str, typed: str = "") -> Result:
        before = len(stub.requests)
        environment = {"OSTRAKA_GATEWAY": stub.url, "OSTRAKA_ORGANIZER_TOKEN": TOKEN}
        command = [noun, "create", str(path), *more]
        result = CliRunner().invoke(app, command, env=environment, input=typed)
        sent[:] = [name for name, _, _ in stub.requests[before:] if name.startswith("POST")]
        return result

    # Nobody to ask: said, and done.
    result = asked()
    assert "Warning: Only 6 may vote." in result.stderr
    assert (result.exit_code, sent) == (0, [f"POST /{noun}s"])
    result = asked("--json")
    assert (json.loads(result.stdout)["warnings"], result.stderr) == ([WARNING], "")
    monkeypatch.setattr("ostraka.cli.warnings._someone_types", lambda: True)
    result = asked(typed="n\n")
    assert "Warning: Only 6 may vote." in result.stderr
    assert (result.exit_code, sent) == (1, [f"POST /{noun}s?dry_run=true"])
    result = asked(typed="y\n")
    assert result.stderr.count("Only 6 may vote.") == 1
    assert (result.exit_code, sent) == (0, [f"POST /{noun}s?dry_run=true", f"POST /{noun}s"])
    assert asked("--yes").exit_code == 0
    assert sent == [f"POST /{noun}s"]


def test_files_are_checked_without_a_gateway(tmp_path: Path) -> None:
    path = tmp_path / "poll.toml"
    accounts = [f"0x{number:040x},{1 + (number == 9)}" for number in range(1, 10)]
    (tmp_path / "members.csv").write_text("\n".join(["account,weight", *accounts]))
    text = run("http://127.0.0.1:1", "poll", "template").stdout
    path.write_text(text)
    result = run("http://127.0.0.1:1", "poll", "check", str(path), "--json")
    found = json.loads(result.stdout)
    assert (found["bits"], found["voters"], found["total_weight"]) == (4, 9, "10")
    refused = {one["code"]: one["refused"] for one in found["warnings"]}
    assert refused == {"identifying_weights": True, "tiny_electorate": False}
    assert result.exit_code == 1
    result = run("http://127.0.0.1:1", "poll", "check", str(path))
    assert "Nodes refuse this: 1 voter with 20 % of all weight has a weight" in result.stderr
    path.write_text(text.replace("accounts_file =", "classes = 3\naccounts_file ="))
    result = run("http://127.0.0.1:1", "poll", "check", str(path))
    assert result.exit_code == 0
    assert "Warning: Only 9 voters" in result.stderr
    twice = [{"account": "0x" + "11" * 20}] * 2
    path.write_text(text.replace("accounts_file =", f'kind = "list"\naccounts = {_toml(twice)} #'))
    result = run("http://127.0.0.1:1", "poll", "check", str(path))
    assert (result.exit_code, "accounts.1" in result.stderr) == (2, True)


def _toml(entries: list[dict[str, str]]) -> str:
    return "[" + ", ".join(f'{{ account = "{one["account"]}" }}' for one in entries) + "]"


def test_titles_cannot_move_the_cursor(stub: StubGateway) -> None:
    title = "Park\x1b[2J [red]x[/red] \u202eevil"
    listed = {"round": "1", "title": title, "organizer": "0x", "phase": "voting", "token": None}
    listed |= {"budget": "1", "deposited": "1", "voting_closes_at": 1_800_000_000}
    stub.routes["GET /rounds"] = answer(200, [listed])
    shown = run(stub, "round", "list").stdout
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "[red]x[/red]" in shown
    problem = {"title": "No", "detail": "\x1b[2Jgone"}
    stub.routes["GET /rounds"] = answer(404, problem)
    assert "\x1b" not in run(stub, "round", "list").stderr


def test_bugs_show_no_traceback(
    stub: StubGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.routes["GET /rounds"] = answer(200, [{"unexpected": TOKEN}])
    monkeypatch.setattr("sys.argv", ["ostraka", "round", "list", "--gateway", stub.url])
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == 1
    assert "internal error" in capsys.readouterr().err
    monkeypatch.setenv("OSTRAKA_TRACEBACK", "1")
    with pytest.raises(KeyError):
        entry()


def test_a_plan_without_a_poll_on_chain_is_shown(stub: StubGateway) -> None:
    plan = {
        "plan": PLAN,
        "poll": None,
        "problem": Problem(ProblemType.NOBODY_REGISTERED, "the census would be empty").to_json(),
        "specification": {"title": "Where?"},
        "census_fixed": False,
        "invitations": {"issued": 3, "redeemed": 1},
    }
    stub.routes[f"GET /plans/{PLAN}"] = answer(200, plan)
    assert "1 of 3 redeemed" in run(stub, "poll", "show", PLAN).stdout
    result = run(stub, "poll", "results", PLAN)
    assert result.exit_code == 1
    assert "Not on the chain yet: Nobody registered" in result.stderr


def test_claims_do_not_stop_at_one_that_fails(stub: StubGateway) -> None:
    proposals = [
        {
            "proposal": "0x" + f"{number:02x}" * 32,
            "title": f"P{number}",
            "amount": "5",
            "recipient": "0x" + "00" * 20,
            "funded": number < 4,
            "paid": number == 1,
            "withdrawn": False,
        }
        for number in range(1, 5)
    ]
    stub.routes["GET /rounds/1"] = answer(200, PLN | {"status": "decided"})
    stub.routes["GET /rounds/1/proposals"] = answer(200, proposals)
    refused = refusal(ProblemType.REJECTED_BY_CONTRACT, "reverted")
    stub.routes[f"POST /proposals/{proposals[1]['proposal']}/payout"] = refused
    sent = {"transaction": "0x", "gas_used": 1, "block": 1}
    stub.routes[f"POST /proposals/{proposals[2]['proposal']}/payout"] = answer(200, sent)
    result = run(stub, "round", "claim", "1", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [(one["title"], one["problem"] and one["problem"]["detail"]) for one in found] == [
        ("P2", "reverted"),
        ("P3", None),
    ]


def test_key_files(stub: StubGateway, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("11" * 32)
    path.chmod(0o644)
    command = ("propose", "withdraw", "0x" + "aa" * 32, "--key", str(path))
    result = run(stub, *command)
    assert (result.exit_code, "others may read" in result.stderr) == (1, True)
    assert "11" * 32 not in result.output
    path.unlink()
    assert run(stub, *command).exit_code == 2
    assert not stub.requests


def test_a_board_is_saved_completely_or_not_at_all(stub: StubGateway, tmp_path: Path) -> None:
    board = MAGIC + b"".join(unsigned(tag, 2) + unsigned(3, 8) + b"abc" for tag in range(1, 12))
    path = tmp_path / "poll.ostraka"
    command = ("board", "export", "1", "--out", str(path), "--json")
    stub.routes["GET /polls/1/board"] = answer(200, board[:-1])
    assert run(stub, *command).exit_code == 1
    stub.routes["GET /polls/1/board"] = answer(200, board, Content_Length=str(len(board) + 1))
    assert run(stub, *command).exit_code == 3
    stub.routes["GET /polls/1/board"] = answer(409, {"title": "Early", "detail": "no root yet"})
    assert run(stub, *command).exit_code == 1
    assert list(tmp_path.iterdir()) == []
    stub.routes["GET /polls/1/board"] = answer(200, board)
    result = run(stub, *command)
    assert json.loads(result.stdout) == {"poll": "1", "file": str(path), "bytes": len(board)}
    assert path.read_bytes() == board
    with StubGateway() as node:
        node.routes["GET /polls/1/board"] = answer(200, board)
        assert run("http://127.0.0.1:1", *command, "--node", node.url).exit_code == 0


def test_watching_counts(stub: StubGateway) -> None:
    def counts(status: str, voted: int) -> dict[str, Any]:
        nodes = [{"node": 1, "answers": True, "voted": voted}]
        return {"poll": "1", "status": status, "voters": 9, "voted": voted, "nodes": nodes}

    events = [counts("open", 1), {"poll": "1", "problem": "ChainError"}, counts("tallied", 2)]
    stream = b": ping\r\n\r\n" + b"".join(
        b"event: progress\r\ndata: " + json.dumps(one).encode() + b"\r\n\r\n" for one in events
    )
    stub.routes["GET /polls/1/events?once=false"] = answer(200, stream)
    stub.routes["GET /polls/1/events?once=true"] = answer(200, stream)
    for command in (("watch", "1", "--json"), ("poll", "watch", "1", "--json")):
        result = run(stub, *command)
        assert [json.loads(line) for line in result.stdout.splitlines()] == events
    assert len(run(stub, "watch", "1", "--once", "--json").stdout.splitlines()) == 1
    shown = run(stub, "watch", "1").stderr
    assert "tallied" in shown
    assert "2/9" in shown
    assert "Authorization" not in stub.requests[-1][1]


@pytest.mark.parametrize("url", ["http://[::1", f"http://{'a' * 70}.example"])
def test_invalid_server_urls_are_reported(url: str) -> None:
    result = CliRunner().invoke(app, ["poll", "list", "--gateway", url])
    assert result.exit_code == 3
    assert "this is not a server's address" in result.output


def test_paragraphs_of_help_fill_the_terminal() -> None:
    shown = CliRunner().invoke(app, ["poll", "export", "--help"], env={"COLUMNS": "300"}).output
    assert "because nobody can read single ballots" in shown
    assert "[default: poll-POLL.FORMAT" in shown


def test_a_reader_who_stops_early_sees_no_error() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [sys.executable, "-c", "from ostraka.cli.main import main; main()", "demo", "--help"],
        stdout=writes,
        stderr=subprocess.PIPE,
    )
    os.close(writes)
    assert (ended.returncode, ended.stderr) == (1, b"")
