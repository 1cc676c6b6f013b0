"""`ostraka-verify report`: both files, what it refuses, and that no key of the auditor leaks."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ostraka_verifier import __version__, rpc
from ostraka_verifier.cli import app
from tests.support.audits import (
    BOARD,
    ROUND_BOARD,
    ROUND_CHAIN,
    ROUND_POLL,
)
from tests.support.endpoint import Endpoint, Reply, hexed, serving
from tests.support.polls import REGISTRY
from tests.support.reports import Page, require_sound
from tests.support.round_endpoint import telling_of_round


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def run(endpoint: Endpoint, *more: str) -> Result:
    return CliRunner().invoke(
        app,
        [
            *("report", "--rpc", f"{endpoint.url}/v3/s3cr3t?key=s3cr3t", "--poll", "1"),
            *("--registry", hexed(REGISTRY), "--board", f"{endpoint.url}/board?token=s3cr3t"),
            *more,
        ],
    )


def written(endpoint: Endpoint, folder: Path) -> tuple[Page, Any]:
    """Both files of the command."""
    html, data = folder / "report.html", folder / "report.json"
    done = run(endpoint, "--output", str(html), "--json", str(data))
    assert done.exit_code == 0, done.output
    page = Page(html.read_text())
    require_sound(page)
    return page, json.loads(data.read_text())


def test_the_command_writes_both_files(endpoint: Endpoint, tmp_path: Path) -> None:
    html, data = tmp_path / "report.html", tmp_path / "report.json"
    done = run(endpoint, "--output", str(html), "--json", str(data))
    assert done.exit_code == 0, done.output
    assert f"Written: {html}" in done.stdout
    content = json.loads(data.read_text())
    assert content["verdict"] == "holds"
    told = content["report"]
    assert told["board"]["sha256"] == hashlib.sha256(endpoint.board).hexdigest()
    events = [one["event"] for one in told["transactions"]]
    assert events == ["PollCreated", "PollOpened", "RootAnchored", "TallyAccepted"]
    # Keys of providers stay with the auditor.
    for path in (html, data):
        assert "s3cr3t" not in path.read_text()
    command = told["command"]
    assert command[command.index("--rpc") + 1] == f"{endpoint.url}/…"
    assert command[command.index("--output") + 1] == "report.html"

    before = html.read_bytes()
    again = run(endpoint, "--output", str(html))
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert html.read_bytes() == before
    endpoint.board = BOARD.encode()[:-1]
    forced = run(endpoint, "--output", str(html), "--json", str(data), "--force")
    assert forced.exit_code == 1
    assert json.loads(data.read_text())["verdict"] == "fails"
    require_sound(Page(html.read_text()))


def test_a_report_without_board_or_chain(endpoint: Endpoint, tmp_path: Path) -> None:
    html, data = tmp_path / "report.html", tmp_path / "report.json"
    endpoint.board_status = 500
    assert run(endpoint, "--output", str(html)).exit_code == 3
    page = Page(html.read_text())
    require_sound(page)
    assert "Nothing could be checked, so this report confirms nothing." in page.inside("p")
    assert f"{endpoint.url}/board?…: status 500" in page.text
    endpoint.board_status = 200
    endpoint.answer = lambda *_: Reply(403, b"")
    options = ("--output", str(html), "--json", str(data), "--force")
    assert run(endpoint, *options).exit_code == 3
    assert f"{endpoint.url}/…: status 403" in Page(html.read_text()).text
    for path in (html, data):
        assert "s3cr3t" not in path.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name a file to write"),
        (["--output", "same", "--json", "same"], "the same file"),
        (["--output", "none/report.html"], "not a folder"),
        (["--output", "/"], "directory"),
    ],
)
def test_files_that_cannot_be_written(endpoint: Endpoint, options: list[str], said: str) -> None:
    done = run(endpoint, *options)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert not endpoint.asked


def test_version_names_the_engine() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"ostraka-verify {__version__}, engine native\n")


def test_the_reference_engine_says_how_long_it_takes(endpoint: Endpoint, tmp_path: Path) -> None:
    done = run(endpoint, "--output", str(tmp_path / "report.html"), "--engine", "reference")
    assert done.exit_code == 0, done.stderr
    said = r"The reference engine checks 7 ballots in about \d+ seconds? \(\d+ ms for each ballot\)"
    assert re.search(said, done.stderr), done.stderr


def test_a_round_shows_its_money(tmp_path: Path) -> None:
    with serving() as endpoint:
        endpoint.answer = telling_of_round(ROUND_POLL, ROUND_CHAIN)
        endpoint.board = ROUND_BOARD.encode()
        page, content = written(endpoint, tmp_path)
    assert page.row("option 0")[1:] == [
        *("funded and paid", "0x010101…010101", "0x000000…000000", "0.5 EURX"),
    ]
    assert page.row("option 1")[1] == "funded, not paid yet"
    assert page.row("a withdrawn proposal")[1] == "withdrawn"
    assert "Budget 1 EURX" in page.text
    assert "For funded proposals 0.9 EURX" in page.text
    assert "Left of the budget 0.1 EURX" in page.text
    assert "the budget of 1 EURX lasts" in page.text
    steps = ("The poll was created", "Voting was opened", "The result was accepted")
    for step in (*steps, "The list of counted ballots was recorded"):
        assert page.row(step)[1:] == ["900", "15 January 2027, 09:11:41 UTC", "0x090909…090909"]
    money = content["report"]["poll"]["money"]
    assert (money["budget"], money["decimals"], money["symbol"]) == ("100", 2, "EURX")
