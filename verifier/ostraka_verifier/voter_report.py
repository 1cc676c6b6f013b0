"""Reports on a voter's own files, an opened ballot or receipts, for people and programs.

Source: docs/protocol.md §8.9, §9.5, §13.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from ostraka_verifier.board_source import opened_board
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.challenge import Opening, Said, check_noted, check_opening
from ostraka_verifier.checks import Audit, Claimed, Finding, Verdict, numbered
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.printing import shown
from ostraka_verifier.published import PublishedPoll, read_published
from ostraka_verifier.receipt import Receipted, check_receipts, is_recorded, read_votes
from ostraka_verifier.report import (
    NoEvidence,
    audit_of,
    findings_table,
    verdict_line,
    verdict_of,
)
from ostraka_verifier.rpc import JsonRpc, Progress, no_progress
from ostraka_verifier.wording import counted

_CLAIMS = {
    "V1": "the opened ballot is the one whose digest was noted",
    "V2": "it is a ballot of this poll",
    "V3": "its proof holds",
    "V4": "its commitment contains the vote that is shown",
    "V5": "every receipt is signed by its node for this ballot",
    "V6": "the ballot is recorded: enough nodes gave receipts",
    "V7": "the ballot is among those that were counted",
}
_OF_THE_ROOT = numbered("P1", "P2", "P3", "C1", "B1", "B2", "B3", "T1", "T2")
"""Checks that prove that the board's ballots are those of the root on chain."""


@dataclass(frozen=True)
class VoterReport:
    """Findings on one file, with the ballot that they are about."""

    schema: str
    title: str
    findings: Sequence[Finding]
    digest: bytes | None = None
    voter: bytes | None = None
    said: Sequence[Said] = ()

    @property
    def verdict(self) -> Verdict:
        """Return *holds* only if every check holds. A single failure fails the report."""
        return verdict_of(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return stable members."""
        return {
            "schema": self.schema,
            "verdict": self.verdict.value,
            "title": self.title,
            "ballot_digest": None if self.digest is None else "0x" + self.digest.hex(),
            "voter": None if self.voter is None else "0x" + self.voter.hex(),
            "checks": [finding.to_json() for finding in self.findings],
            "says": [{"question": one.question, "answer": list(one.answer)} for one in self.said],
        }


def challenge_report(
    curve: Curve,
    rpc_url: str,
    claimed: Claimed,
    noted: bytes,
    data: bytes,
    from_block: int = 0,
) -> VoterReport:
    """Check an opening (V1 to V4).

    Args:
        noted: Digest that the voter noted before the challenge, 32 bytes.
        data: The file of the opening.
        from_block: As in `audit_poll`.
    """
    schema, title = "ostraka-challenge/1", "Ostraka challenge"
    of_the_poll = _Findings(("V2", "V3", "V4"))
    findings = _Findings(("V1", "V2", "V3", "V4"))
    try:
        opening = Opening.decode(data)
    except Malformed as error:
        unread = _Findings(("V1",)).undecided("the file cannot be read")
        return VoterReport(schema, title, [*unread, *of_the_poll.failed(_no_ballot(error))])
    try:
        check_noted(noted, opening)
        poll = _published(rpc_url, claimed, from_block)
        ballot, said = check_opening(curve, poll, noted, opening, secrets.randbits)
    except Malformed as error:
        return VoterReport(schema, title, findings.failed(_no_ballot(error)))
    except Rejected as error:
        failure = error if error.check in _CLAIMS else _no_ballot(error)
        return VoterReport(schema, title, findings.failed(failure))
    except Undecided as error:
        held = _Findings(("V1",)).hold([""])
        return VoterReport(schema, title, [*held, *of_the_poll.without_chain(error)])
    return VoterReport(
        schema, poll.description.title, findings.hold([""] * 4), ballot.digest, ballot.voter, said
    )


def receipt_report(
    curve: Curve,
    rpc_url: str,
    claimed: Claimed,
    data: bytes,
    board_source: str | None,
    progress: Progress = no_progress,
    from_block: int = 0,
) -> VoterReport:
    """Check receipts of the newest ballot (V5, V6), and with a board that it was counted (V7).

    Args:
        from_block: As in `audit_poll`.
    """
    schema = "ostraka-receipt/1"
    try:
        ballots = read_votes(data)
        poll = _published(rpc_url, claimed, from_block)
    except AuditError as error:
        found = _Findings(("V5", "V6", "V7"))
        if isinstance(error, Undecided):
            decided = found.without_chain(error)
        else:
            decided = found.failed(Rejected("V5", "file", str(error)))
        return VoterReport(schema, "Ostraka receipt", decided)
    newest = ballots[-1]
    findings = [_judge("V5", lambda: _signed(poll, newest))]
    findings.append(_judge("V6", lambda: _recorded(poll, newest)))
    if board_source is None:
        missing = "pass --board once the poll is counted"
        findings.append(Finding("V7", _CLAIMS["V7"], Verdict.NOT_CHECKED, "", missing))
    else:
        findings += _counted(
            curve, rpc_url, claimed, poll, ballots, board_source, progress, from_block
        )
    title = poll.description.title
    return VoterReport(schema, title, findings, newest.digest, newest.voter)


def print_voter_report(report: VoterReport, console: Console) -> None:
    """Print the report as tables."""
    console.print(findings_table(report.title, report.findings))
    if report.digest is not None and report.voter is not None:
        console.print(f"Ballot 0x{report.digest.hex()}")
        # A program could show several voters the same ballot. Only they know their accounts.
        console.print(f"Account of the ballot: 0x{report.voter.hex()}. Check that it is yours.")
    for said in report.said:
        table = Table(title=shown(said.question), title_justify="left")
        table.add_column("this ballot contains")
        for answer in said.answer or ("nothing",):
            table.add_row(shown(answer))
        console.print(table)
    if report.said:
        console.print(
            "The ballot was opened: anyone with the file can read this vote. Never cast it."
        )
    console.print(verdict_line(report.verdict))


class _Findings:
    """Findings of checks of which each needs the ones before."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self._numbers = numbers

    def hold(self, details: Sequence[str]) -> list[Finding]:
        return [
            Finding(number, _CLAIMS[number], Verdict.HOLDS, "", detail)
            for number, detail in zip(self._numbers, details, strict=True)
        ]

    def undecided(self, missing: str) -> list[Finding]:
        return [
            Finding(number, _CLAIMS[number], Verdict.NOT_CHECKED, "", missing)
            for number in self._numbers
        ]

    def without_chain(self, error: Undecided) -> list[Finding]:
        """Return findings without the chain. Only the first one has the reason."""
        first, *rest = self._numbers
        reason = _Findings((first,)).undecided(str(error))
        return [*reason, *_Findings(rest).undecided("needs the chain")]

    def failed(self, failure: Rejected) -> list[Finding]:
        """Return findings: checks before the failing one hold, later ones are not checked."""
        at = self._numbers.index(failure.check)
        before = _Findings(self._numbers[:at]).hold([""] * at)
        claim = _CLAIMS[failure.check]
        own = Finding(failure.check, claim, Verdict.FAILS, failure.item, failure.reason)
        after = _Findings(self._numbers[at + 1 :]).undecided(f"needs {failure.check}")
        return [*before, own, *after]


def _no_ballot(error: Malformed | Rejected) -> Rejected:
    """Return the failure of a ballot that cannot be read: it is not a ballot of the poll (V2)."""
    return Rejected("V2", error.item, error.reason)


def _published(rpc_url: str, claimed: Claimed, from_block: int) -> PublishedPoll:
    return read_published(JsonRpc(rpc_url, from_block), claimed.registry, claimed.poll_id)


def _judge(number: str, check: Callable[[], str]) -> Finding:
    try:
        detail = check()
    except Undecided as missing:
        return Finding(number, _CLAIMS[number], Verdict.NOT_CHECKED, "", str(missing))
    except (Malformed, Rejected) as failure:
        item, reason = failure.item, failure.reason
        return Finding(number, _CLAIMS[number], Verdict.FAILS, item, reason)
    return Finding(number, _CLAIMS[number], Verdict.HOLDS, "", detail)


def _signed(poll: PublishedPoll, ballot: Receipted) -> str:
    nodes = check_receipts(poll, ballot)
    if not nodes:
        raise Undecided("the file has no receipt of the newest ballot")
    return "nodes " + ", ".join(map(str, nodes))


def _recorded(poll: PublishedPoll, ballot: Receipted) -> str:
    try:
        nodes = check_receipts(poll, ballot)
    except AuditError:
        raise Undecided("needs V5") from None
    quorum = poll.committee.quorum
    found = counted(len(nodes), "receipt", "receipts")
    if len(nodes) < quorum:
        # More receipts may exist than the file has.
        raise Undecided(f"{found}, {quorum} needed: send the ballot again")
    return f"{found}, {quorum} needed"


def _counted(
    curve: Curve,
    rpc_url: str,
    claimed: Claimed,
    poll: PublishedPoll,
    ballots: Sequence[Receipted],
    board_source: str,
    progress: Progress,
    from_block: int,
) -> list[Finding]:
    def judge(audit: Audit) -> list[Finding]:
        findings = audit.run(_OF_THE_ROOT)
        judged = _judge("V7", lambda: check_counted(audit, findings, poll, ballots))
        return [*findings, judged]

    reader = partial(ChainReader, rpc_url, claimed.registry, from_block=from_block)
    try:
        with opened_board(board_source, progress) as content:
            return audit_of(curve, reader, claimed, content, judge)
    except (NoEvidence, Undecided) as error:
        unread = str(error)

        def fail() -> str:
            raise Undecided(unread)

        return [_judge("V7", fail)]


def check_counted(
    audit: Audit, findings: Sequence[Finding], poll: PublishedPoll, ballots: Sequence[Receipted]
) -> str:
    """V7: the voter's ballot under the root on chain is in the file and not outdated.

    Args:
        findings: Of the checks that prove that the board's ballots are those of the root.
        ballots: Of the voter, oldest first.
    """
    if audit.chain.status == "void":
        raise Undecided("the poll is void: nothing was counted")
    for finding in findings:
        if finding.verdict is not Verdict.HOLDS:
            raise Undecided(f"needs {finding.check}")
    # A ballot that was not recorded may be left out. The voter was asked to send it again.
    recorded = [ballot for ballot in ballots if is_recorded(poll, ballot)]
    if not recorded:
        raise Undecided("needs V6")
    own = {ballot.order_key for ballot in ballots}
    ballot = audit.ballot_of(recorded[-1].voter)
    if ballot is None:
        raise Rejected("V7", "ballot", "no ballot of this voter was counted")
    if ballot.order_key < recorded[-1].order_key:
        raise Rejected("V7", "ballot", "an older ballot of this voter was counted instead")
    if ballot.order_key not in own:
        # Somebody with the voter's key made it: it is not in the file.
        raise Rejected("V7", "ballot", "a newer ballot of this voter was counted instead")
    found = f"one of {audit.ballot_count} under the root on chain"
    # Until then a dispute may still reject the root.
    return found if audit.chain.status == "tallied" else f"{found}, not tallied yet"
