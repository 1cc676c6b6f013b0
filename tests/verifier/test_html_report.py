"""The report that anybody can read: what it states, and that no stranger's text changes it."""

import base64
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ostraka_verifier import __version__, rpc
from ostraka_verifier.checks import CHECKS, no_board
from ostraka_verifier.cli import app
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import RoundEvidence
from ostraka_verifier.html_report import (
    References,
    facts_of,
    public_url,
    render,
    report_json,
)
from ostraka_verifier.html_report.explanations import EXPLANATIONS, GROUPS
from ostraka_verifier.html_report.formats import amount, decimal, duration, short, utc, with_dates
from ostraka_verifier.html_report.markup import element, readable
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import Number, ballot_bits, poll_labels, poll_rule
from ostraka_verifier.report import Report
from ostraka_verifier.rpc import Unanswered
from ostraka_verifier.units import UnixSeconds
from tests.support.audits import (
    BOARD,
    CHAIN,
    DIVISION_BOARD,
    DIVISION_CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    POLL,
    ROUND_BOARD,
    ROUND_CHAIN,
    ROUND_POLL,
    Raw,
    name_of,
)
from tests.support.endpoint import Endpoint, Reply, hexed, serving
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll
from tests.support.reports import HOSTILE, RUN, report_on
from tests.support.round_endpoint import telling_of_round
from tests.verifier.checks.mutations import MUTATIONS

VOID = ("meta", "br", "link")
NEVER = {"script", "iframe", "img", "link", "object", "embed", "form", "base", "image", "use"}


class Page(HTMLParser):
    """A report, parsed.

    Attributes:
        opened: Name and attributes of each element in order.
        texts: Text of each element with all that is inside it, in the same order.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(len(self.opened))
        self.opened.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.opened[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for number in self._open:
            self.texts[number] += data

    def inside(self, name: str) -> list[str]:
        """The text of each element of this name."""
        return [text for (tag, _), text in zip(self.opened, self.texts, strict=True) if tag == name]

    @property
    def text(self) -> str:
        """All words that are shown, with single spaces between elements."""
        (body,) = re.findall("<body>(.*)</body>", self.html, re.DOTALL)
        return unescape(" ".join(re.sub("<[^>]*>", " ", body).split()))

    def row(self, first: str) -> list[str]:
        """The cells of the table row whose first cell has this text."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.html, re.DOTALL)
        cells = [
            [" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in re.split("</t[hd]>", row)]
            for row in rows
        ]
        return next(row[:-1] for row in cells if row[0] == first)


def page_of(report: Report, references: References | None = None) -> Page:
    page = Page(render(facts_of(report, references or References(), RUN)))
    require_sound(page)
    return page


def require_sound(page: Page) -> None:
    """No script, no request; headings in order; links that lead somewhere; tables with heads."""
    names = [name for name, _ in page.opened]
    assert not NEVER & set(names)
    assert (names.count("h1"), names.count("main"), names.count("html")) == (1, 1, 1)
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [given["id"] for _, given in page.opened if "id" in given]
    assert len(ids) == len(set(ids))
    for name, given in page.opened:
        assert not [key for key in given if key.startswith("on") or key in ("style", "src")]
        if "href" in given:
            assert given["href"][1:] in ids, given
            assert given["href"].startswith("#")
        if name == "th":
            assert given["scope"] in ("col", "row")
        if name == "svg":
            assert given["role"] == "img"
    assert names.count("table") == names.count("caption")
    assert names.count("svg") == names.count("title") - 1
    (style,) = page.inside("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (given["content"] for _, given in page.opened if "http-equiv" in given)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_every_check_is_explained_in_a_group() -> None:
    numbers = [check.number for check in CHECKS]
    assert list(EXPLANATIONS) == numbers
    assert {number[0] for number in numbers} == {group.initial for group in GROUPS}
    assert len({one.question for one in EXPLANATIONS.values()}) == len(numbers)
    assert all(one.question.endswith("?") for one in EXPLANATIONS.values())


def test_a_poll_that_holds() -> None:
    page = page_of(report_on(BOARD, CHAIN))
    sentences = page.inside("p")
    assert "The result is the correct count of the ballots, under 1 assumption." in sentences
    assert page.inside("h1") == ["A question"]
    assert "7 ballots of 7 voters, 100.0 %" in page.text
    # Seven ballots with up to three crosses each: support is of ballots, not of crosses.
    assert page.row("1. option 0") == ["1. option 0", "✓ funded", "4", "57.1 %"]
    assert page.row("3. option 2") == ["3. option 2", "–", "3", "42.9 %"]
    assert "Funded: option 0, option 1" in page.text.replace(" , ", ", ")
    assert "while a budget of 100 lasts" in page.text
    for check in CHECKS:
        assert f"{check.number}. {EXPLANATIONS[check.number].question}" in page.text
        assert EXPLANATIONS[check.number].failure in page.text
    assert page.text.count("✓ holds") == 29
    assert page.text.count("– does not apply") == 3
    assert "Nobody can check from the published data that the right people are in it." in page.text
    # Moments are dates, also in the details of checks.
    assert "from 15 January 2027, 08:00:00 UTC to 15 January 2027, 09:00:00 UTC" in page.text
    assert not re.search(r"\b18000\d{5}\b", page.text)
    assert "set up for tests" in page.text
    # Hashes are shortened; each has its whole in the last section.
    assert f"0x{POLL.context.hex()}" in page.inside("section")[-1]
    assert page.text.count(POLL.context.hex()) == 1
    # Four nodes; three signatures are enough.
    assert page.row("Node 1")[1] == "https://node-1.example"
    assert page.row("Node 1")[3:] == ["✓ signed", "✓ published"]
    assert page.row("Node 4")[3:] == ["no signature", "none"]
    assert "ostraka-verify report --poll 1" in page.text
    assert hashlib.sha256(BOARD.encode()).hexdigest() in page.text


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
    assert "a budget of 1 EURX lasts" in page.text
    steps = ("The poll was created", "Voting was opened", "The result was accepted")
    for step in (*steps, "The list of counted ballots was recorded"):
        assert page.row(step)[1:] == ["900", "15 January 2027, 09:11:41 UTC", "0x090909…090909"]
    money = content["report"]["poll"]["money"]
    assert (money["budget"], money["decimals"], money["symbol"]) == ("100", 2, "EURX")


def test_other_kinds_of_rounds() -> None:
    divided = page_of(report_on(DIVISION_BOARD, DIVISION_CHAIN))
    assert "A share goes to: option 0" in divided.text
    assert "divided in proportion to the votes" in divided.text
    # The token was not asked for its decimals.
    assert divided.row("1. option 0")[1] == "307 smallest units of the token"
    invited = page_of(report_on(INVITED_BOARD, INVITED_CHAIN))
    assert "each of 9 invitations (7 used) went to a different person" in invited.text
    assert "Voters registered by invitation." in invited.text


def test_a_poll_that_fails() -> None:
    assert CHAIN.tally is not None
    false = replace(CHAIN.tally, values=(9, *CHAIN.tally.values[1:]))
    page = page_of(report_on(BOARD, replace(CHAIN, tally=false)))
    assert "Do not rely on this result: 3 of 32 checks failed." in page.inside("p")
    assert "This audit does not confirm it." in page.text
    assert "✗ fails – tally digest: of a different tally" in page.text
    assert f"This means: {EXPLANATIONS['R1'].failure}" in page.text
    assert "under 1 assumption" not in page.text


def test_a_void_poll_says_why() -> None:
    poll = approval_poll(times={"minimum_ballots": 7})
    poll.prepared = poll.prepared[:2]
    board, chain = poll.finish()
    nothing = replace(chain, status="void", tally=None, awards=None, tallied_at=UnixSeconds(0))
    page = page_of(report_on(board, nothing))
    sentence = "The poll ended without a result: ballots cast: 2; at least 7 were required."
    assert sentence in page.inside("p")
    assert "2 ballots of 7 voters, 28.6 %" in page.text
    # Options, and no numbers as if there were a result.
    assert "Options, in the order of the ballot:" in page.text
    assert "Votes by option" not in page.text
    unopened = replace(
        nothing,
        anchored=None,
        anchored_at=UnixSeconds(0),
        root=SumRoot(bytes(32), bytes(64), 0),
        poll_keys_digest=bytes(32),
        node_keys=(),
    )
    assert "not every node gave its key" in page_of(report_on(board, unopened)).text


@pytest.mark.parametrize("status", ["created", "open", "closed", "anchored", "releasable"])
def test_an_undecided_poll(status: str) -> None:
    chain = replace(CHAIN, status=status, tally=None, awards=None, tallied_at=UnixSeconds(0))
    board = replace(BOARD, shares=())
    if status in ("created", "open", "closed"):
        board = replace(board, root=None)
        chain = replace(
            chain,
            anchored=None,
            anchored_at=UnixSeconds(0),
            root=SumRoot(bytes(32), bytes(64), 0),
        )
    page = page_of(report_on(board, chain))
    (sentence,) = [one for one in page.inside("p") if one.startswith("There is no result yet")][:1]
    assert sentence.startswith("There is no result yet: ")
    assert "✗" not in page.text
    assert "S2 to R3" in page.text or "no aggregate share" in page.text


def test_a_poll_without_any_evidence() -> None:
    findings = no_board(Malformed("board", "not an Ostraka board"))
    page = page_of(Report("Ostraka audit", None, "unknown", None, findings, ()))
    assert "Do not rely on this result: 1 of 32 checks failed." in page.inside("p")
    assert "P1 to" not in page.text
    assert "P2 to D4: needs P1." in page.text
    assert "What was decided" not in page.text


def test_text_of_strangers_stays_text() -> None:
    content = {"title": HOSTILE, "options": [HOSTILE] * 4, "text": HOSTILE}
    poll = approval_poll(treasury=bytes([42] * 20), members=content, round_title=HOSTILE)
    board, chain = poll.finish()
    assert isinstance(chain.round, RoundEvidence)
    titled = tuple(replace(one, title=HOSTILE) for one in chain.round.proposals)
    report = report_on(board, replace(chain, round=replace(chain.round, proposals=titled)))
    page = page_of(report)
    (title,) = page.inside("h1")
    assert title == readable(HOSTILE)
    assert title.startswith("</h1><script>alert(1)</script>")
    assert "&amp;lt;" in page.html
    controls = "\u202e\u2066\u200f\u061c\x00\x1b\x85\u2028"
    assert not [one for one in controls if one in page.html]
    assert "\u0301" * 6 in page.html
    assert "\u0301" * 7 not in page.html
    # Programs get the texts as they are.
    found = report_json(report, facts_of(report, References(), RUN))
    assert found["report"]["poll"]["questions"][0]["options"][0]["name"] == HOSTILE


def test_joiners_and_scripts_of_people_are_kept() -> None:
    for text in ("👩\u200d🌾 Garden", "می\u200cخواهم", "Łódź", "นี้ที่", "שָׁלוֹם"):
        assert readable(text) == text


def test_numbers_get_their_own_table() -> None:
    question = Number("Minutes?", 10, 100, "min", ("north", "south"))
    votes = [{"value": 20, "group": 0}, {"value": 60, "group": 0}, {"value": 90, "group": 1}]
    rule = poll_rule([question])
    poll = SyntheticPoll(
        votes=[ballot_bits([question], vote) for vote in votes],
        rule=rule,
        outcome=NoOutcome(),
        members={
            "options": list(poll_labels([question])),
            "questions": [question.to_json()],
        },
    )
    page = page_of(report_on(*poll.finish()))
    assert page.row("north") == ["north", "2", "40.00", "–"]
    assert page.row("all")[:3] == ["all", "3", "56.67"]


def test_weighted_votes_are_shares_of_weight() -> None:
    poll = approval_poll(weights=[1, 1, 1, 1, 1, 1, 4], secret=False)
    page = page_of(report_on(*poll.finish()))
    assert "Votes on counted ballots, by weight 10 (100.0 %)" in page.text
    assert "differs between voters" in page.text


ONE_OF_EACH = {frozenset(failing): make for make, failing in MUTATIONS}
"""A mutation for each set of checks that fail together."""


@pytest.mark.parametrize("failing", ONE_OF_EACH, ids=name_of)
def test_every_false_poll_has_a_report(failing: frozenset[str]) -> None:
    report = report_on(*ONE_OF_EACH[failing]())
    page = page_of(report)
    sentence = f"Do not rely on this result: {len(failing)} of 32 checks failed."
    assert sentence in page.inside("p")
    json.dumps(report_json(report, facts_of(report, References(), RUN)))


def test_damaged_boards_have_reports() -> None:
    choice, data = random.Random("report"), ROUND_BOARD.encode()
    for _ in range(40):
        place = choice.randrange(len(data))
        damaged = bytearray(data)
        damaged[place] ^= 1 << choice.randrange(8)
        try:
            report = report_on(Raw(bytes(damaged)), ROUND_CHAIN)
        except Malformed:
            # The command reports a board without sections as one without evidence.
            continue
        page = page_of(report)
        assert "The result is the correct count" not in page.text, place


def test_missing_evidence_leaves_out_what_is_missing() -> None:
    missing = Unanswered("the RPC endpoint is down")
    chain = replace(ROUND_CHAIN, round=missing, deployment=missing, awards=missing)
    page = page_of(report_on(ROUND_BOARD, chain))
    assert "This report does not confirm the result: 6 of 32 checks could not be made." in (
        page.inside("p")
    )
    assert "What happens with the money" not in page.text
    assert page.row("1. option 0") == ["1. option 0", "4", "57.1 %"]


def test_json_contains_what_audit_prints() -> None:
    report = report_on(BOARD, CHAIN)
    content = report_json(report, facts_of(report, References(), RUN))
    more = content.pop("report")
    assert content == report.to_json()
    assert more["schema"] == "ostraka-report/1"
    readme = Path(__file__).parents[2].joinpath("verifier", "README.md").read_text()
    for member in (*more, *more["poll"], *more["poll"]["participation"]):
        assert f"`{member}`" in readme, member


# The command.


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


# Formats.


def test_formats() -> None:
    assert amount(123_456, 2, "EUR") == "1,234.56 EUR"
    assert amount(10**18, 18, None) == "1"
    assert amount(1, 18, "coins") == "0.000000000000000001 coins"
    assert short(1_234_567) == "1,234,567"
    assert short(123_456_789_012_345_678_901) == "1.23e+20"
    assert decimal(Fraction(-1, 3)) == "-0.33"
    assert utc(UnixSeconds(0)) == "1 January 1970, 00:00:00 UTC"
    assert utc(UnixSeconds(1 << 63)) == "after the year 9999"
    assert with_dates("at 1800000000, not 18000000001") == (
        "at 15 January 2027, 08:00:00 UTC, not 18000000001"
    )
    assert [duration(one) for one in (0.2, 1, 61, 7_200, 90_000)] == [
        *("1 second", "1 second", "2 minutes", "2 hours", "2 days"),
    ]


@pytest.mark.parametrize(
    ("url", "keep_path", "shown"),
    [
        ("https://rpc.example", False, "https://rpc.example"),
        ("https://rpc.example/v3/KEY", False, "https://rpc.example/…"),
        ("https://user:pass@rpc.example:8545/?key=KEY", False, "https://rpc.example:8545/?…"),
        ("https://node.example/api/board?token=KEY", True, "https://node.example/api/board?…"),
        ("https://u:p@node.example/api/board", True, "https://node.example/api/board"),
    ],
)
def test_urls_without_passwords(url: str, keep_path: bool, shown: str) -> None:
    assert public_url(url, keep_path=keep_path) == shown


def test_attributes_are_escaped() -> None:
    written = element("p", "x", title='"><script>\u202e', data_kind=None, class_="a").html
    assert written == '<p title="&quot;&gt;&lt;script&gt;\ufffd" class="a">x</p>'
