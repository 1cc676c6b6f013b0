"""The report that anybody can read: what it states, and that no stranger's text changes it."""

import hashlib
import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ostraka_verifier.checks import CHECKS, no_board
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import RoundEvidence
from ostraka_verifier.html_report import (
    References,
    facts_of,
    report_json,
)
from ostraka_verifier.html_report.decisions import rule_in_words
from ostraka_verifier.html_report.explanations import EXPLANATIONS, GROUPS
from ostraka_verifier.html_report.markup import readable
from ostraka_verifier.html_report.references import Currency
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import GreedyByCategory, NoOutcome, Plurality
from ostraka_verifier.question import Number, Score, ballot_bits, poll_labels, poll_rule
from ostraka_verifier.report import OPENED_LIMIT, Report
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
    Raw,
    name_of,
)
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.reports import HOSTILE, RUN, page_of, report_on
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll
from tests.verifier.checks.mutations import MUTATIONS
from tests.verifier.checks.test_attested_outcome import CASES as OUTCOMES


def test_every_check_is_explained_in_a_group() -> None:
    numbers = [check.number for check in CHECKS]
    assert list(EXPLANATIONS) == numbers
    assert {number[0] for number in numbers} == {group.initial for group in GROUPS}
    assert len({one.question for one in EXPLANATIONS.values()}) == len(numbers)
    assert all(one.question.endswith("?") for one in EXPLANATIONS.values())


def test_opened_ballots_are_explained_with_what_they_may_show() -> None:
    poll = ShuffledPoll.of(shuffled_approval_poll())
    page = page_of(report_on(*poll.finish()))
    assert "The result is the correct count of the ballots, under 1 assumption." in page.inside("p")
    assert "The opened ballots" in page.inside("h3")
    assert "2 steps over 7 ballots, in turn 0" in page.text
    assert page.text.count("– does not apply") == 3
    assert OPENED_LIMIT in page.text
    assert OPENED_LIMIT not in page_of(report_on(BOARD, CHAIN)).text
    assert OPENED_LIMIT in report_on(*poll.finish()).to_json()["limits"]
    assert page.row("option 0, option 1, option 2") == ["option 0, option 1, option 2", "1"]
    assert "Different ballots 7" in " ".join(page.text.split())
    lied = list(poll.openings)
    lied[0], lied[1] = lied[1], lied[0]
    page = page_of(report_on(poll.board(poll.section(openings=lied)), poll.chain))
    assert f"Do not rely on this result: 1 of {len(CHECKS)} checks failed." in page.inside("p")
    assert "This means: A published ballot is not what its voter cast." in page.text
    assert "Most frequent ballots" not in page.text


def test_equal_ballots_are_counted_and_few_are_listed() -> None:
    question = Score("How many?", ("Park", "Square"), 40)
    votes = [question.vote_bits([number, 0]) for number in range(30)]
    votes += [question.vote_bits([1, 2])] * 3 + [question.vote_bits([0, 0])] * 2
    times = {"counting": 1, "open_minimum": 5, "shuffle_period": 600}
    board, chain = ShuffledPoll.of(
        SyntheticPoll(votes, question.rule, NoOutcome(), times=times)
    ).finish()
    report = report_on(board, chain)
    opened = report_json(report, facts_of(report, References(), RUN))["report"]["poll"]["opened"]
    assert [opened[name] for name in ("ballots", "different", "alone")] == [35, 31, 29]
    assert opened["frequent"][:3] == [
        {"ballot": "option 0, option 1: 2", "number": 3},
        {"ballot": "no option", "number": 3},
        {"ballot": "option 0: 29", "number": 1},
    ]
    assert len(opened["frequent"]) == 25
    assert "6 other different ballots are not listed." in page_of(report).inside("p")


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
    assert "while the budget of 100 lasts" in page.text
    for check in CHECKS:
        assert f"{check.number}. {EXPLANATIONS[check.number].question}" in page.text
        assert EXPLANATIONS[check.number].failure in page.text
    assert page.text.count("✓ holds") == 28
    assert page.text.count("~ assumed") == 1
    assert "Votes stay hidden only while fewer than 2 nodes pool their shares." in page.text
    assert page.text.count("– does not apply") == 9
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
    assert f"Do not rely on this result: 3 of {len(CHECKS)} checks failed." in page.inside("p")
    assert "This audit does not confirm it." in page.text
    named = [one.partition(" – ")[0] for one in page.inside("li") if "this check failed" in one]
    assert named == [f"{one}. {EXPLANATIONS[one].question}" for one in ("S2", "R1", "R2")]
    assert "✗ fails – tally digest: of a different tally" in page.text
    assert f"This means: {EXPLANATIONS['R1'].failure}" in page.text
    assert "under 1 assumption" not in page.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a void round", "the veto holder voided the outcome that the nodes attested"),
        ("a void round, missed", "the nodes attested no outcome in time"),
    ],
)
def test_a_lost_outcome_decides_nothing(name: str, reason: str) -> None:
    report = report_on(*OUTCOMES[name])
    page = page_of(report)
    sentence = f"The ballots were counted, but nothing is decided: {reason}."
    assert sentence in page.inside("p")
    assert f"nothing: {reason}" in page.text
    assert f"The ballots would decide this, but it counts for nothing: {reason}." in page.text
    assert "does not confirm" not in page.text
    false = page_of(report_on(*OUTCOMES["a void round that owes"]))
    assert sentence not in false.inside("p")
    assert "This audit does not confirm it." in false.text
    standing = page_of(report_on(*OUTCOMES["a round"]))
    assert "nothing is decided" not in standing.text


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
    # The chain does not tell which of both it was.
    enough = approval_poll()
    board, chain = enough.finish()
    late = replace(chain, status="void", tally=None, awards=None, tallied_at=UnixSeconds(0))
    assert "or objections to the list of ballots stayed open" in (
        page_of(report_on(board, late)).text
    )
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
    assert f"Do not rely on this result: 1 of {len(CHECKS)} checks failed." in page.inside("p")
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
    sentence = f"Do not rely on this result: {len(failing)} of {len(CHECKS)} checks failed."
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
    unmade = f"6 of {len(CHECKS)} checks could not be made."
    assert f"This report does not confirm the result: {unmade}" in page.inside("p")
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


def test_what_was_decided_and_spent_comes_first() -> None:
    report = report_on(ROUND_BOARD, ROUND_CHAIN)
    coin = References(currency=Currency(b"", None, 18))
    opening = page_of(report, coin).inside("header")[0].replace(" , ", ", ")
    assert "DecidedFunded: option 0, option 1Spent" in opening
    assert opening.index("Decided") < opening.index("Turnout") < opening.index("Voting")
    money = report_json(report, facts_of(report, coin, RUN))["report"]["poll"]["money"]
    spent = "0.00000000000000009 coins of 0.0000000000000001 coins, 90.0 %"
    assert spent in opening
    assert (money["committed"], money["left"]) == ("90", "10")
    funded = [one["funded"] for one in money["proposals"]]
    assert funded == sorted(funded, reverse=True)
    # Nothing that was not confirmed stands there.
    assert CHAIN.tally is not None
    false = replace(CHAIN.tally, values=(9, *CHAIN.tally.values[1:]))
    failed = page_of(report_on(BOARD, replace(CHAIN, tally=false)))
    assert "Decided" not in failed.inside("header")[0]


def test_a_plurality_in_pairs_counts_wins() -> None:
    votes, wins = (rule_in_words(Plurality(1, 3), str, slots=slots) for slots in (4, 9))
    assert votes.startswith("The option with the most votes wins. ")
    assert wins.startswith("The option with the most wins wins (Borda count): ")


def test_categories_are_named_in_the_rule() -> None:
    rule = GreedyByCategory((60, 50), (0, 1), (60, 40), 100)
    named = rule_in_words(rule, str, ("Parks", "Sp\u202eort"))
    assert "(Parks: 60, Sp\ufffdort: 40)" in named
    assert "(1: 60, 2: 40)" in rule_in_words(rule, str)
