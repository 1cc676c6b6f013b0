"""What an audit found, for a person and for a program."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ostraka_verifier.board import split_sections
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.evidence import ChainReader, Progress, no_progress, read_board
from ostraka_verifier.outcome import decode_outcome_rule
from ostraka_verifier.parameters import Description, RoundReference

SCHEMA = "ostraka-audit/1"

LIMITS = (
    "Votes stay hidden only while fewer than t nodes pool their shares.",
    "Who voted is public, and a voter can prove to others how they voted.",
    "A tiny or unanimous electorate gives votes away through the result itself.",
)
"""What no audit shows, in plain words."""


@dataclass(frozen=True)
class Option:
    """One option of the poll with its votes; award is None where there is no outcome rule."""

    name: str
    votes: int | None
    award: int | None


@dataclass(frozen=True)
class Report:
    """Findings of one audit and what the poll came to."""

    title: str
    block: int | None
    status: str
    counted: int | None
    findings: Sequence[Finding]
    options: Sequence[Option]

    @property
    def verdict(self) -> Verdict:
        """Holds only when every check holds; one failure fails the whole."""
        verdicts = {finding.verdict for finding in self.findings}
        if Verdict.FAILS in verdicts:
            return Verdict.FAILS
        return Verdict.HOLDS if verdicts == {Verdict.HOLDS} else Verdict.NOT_CHECKED

    def to_json(self) -> dict[str, Any]:
        """Stable members; large integers as decimal strings."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "title": self.title,
            "block": self.block,
            "status": self.status,
            "ballots": self.counted,
            "checks": [
                {
                    "check": finding.check,
                    "claim": finding.claim,
                    "verdict": finding.verdict.value,
                    "item": finding.item,
                    "detail": finding.detail,
                }
                for finding in self.findings
            ],
            "options": [
                {
                    "name": option.name,
                    "votes": None if option.votes is None else str(option.votes),
                    "award": None if option.award is None else str(option.award),
                }
                for option in self.options
            ],
            "limits": list(LIMITS),
        }


def audit_poll(
    curve: Curve,
    rpc_url: str,
    claimed: Claimed,
    board_source: str,
    progress: Progress = no_progress,
) -> Report:
    """Gather the evidence of one poll and check it all."""
    try:
        board = read_board(board_source)
        sections = split_sections(board)
        encoded_rule = sections["outcome_rule"]
        chain = ChainReader(rpc_url, claimed.registry).read(
            claimed.poll_id,
            decode_outcome_rule(encoded_rule),
            encoded_rule,
            _round_of(sections["description"]),
        )
    except AuditError as error:
        return _without_evidence(error)
    audit = Audit(curve, claimed, chain, board, secrets.randbits, progress)
    return report_of(audit)


def report_of(audit: Audit) -> Report:
    """Run all checks of an audit and report."""
    findings = audit.run()
    chain = audit.chain
    return Report(
        title=_description(audit).title,
        block=chain.block,
        status=chain.status,
        counted=chain.root.count if chain.anchored else None,
        findings=findings,
        options=_options(audit),
    )


def print_report(report: Report, console: Console) -> None:
    """The report as tables."""
    colours = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.NOT_CHECKED: "yellow"}
    table = Table(title=escape(report.title), title_justify="left")
    for name in ("check", "claim", "verdict", "detail"):
        table.add_column(name)
    for finding in report.findings:
        colour = colours[finding.verdict]
        detail = ": ".join(part for part in (finding.item, finding.detail) if part)
        table.add_row(
            finding.check,
            finding.claim,
            f"[{colour}]{finding.verdict.value}[/{colour}]",
            escape(detail),
        )
    console.print(table)
    if any(option.votes is not None for option in report.options):
        result = Table(title="Result", title_justify="left")
        result.add_column("option")
        result.add_column("votes", justify="right")
        result.add_column("award", justify="right")
        for option in report.options:
            award = "" if option.award is None else str(option.award)
            result.add_row(escape(option.name), str(option.votes), award)
        console.print(result)
    if report.block is not None:
        console.print(f"Read at block {report.block}; the poll is {report.status}.")
    for limit in LIMITS:
        console.print(limit, style="dim")
    colour = colours[report.verdict]
    console.print(f"Verdict: [bold {colour}]{report.verdict.value}[/bold {colour}]")


def _without_evidence(error: AuditError) -> Report:
    """A board that is none fails at once; evidence out of reach decides nothing."""
    findings = [
        Finding(number, claim, Verdict.NOT_CHECKED, "", str(error)) for number, claim, _ in CHECKS
    ]
    if not isinstance(error, Undecided):
        item, _, reason = str(error).partition(": ")
        findings[0] = Finding("P1", CHECKS[0][1], Verdict.FAILS, item, reason)
    return Report("Ostraka audit", None, "unknown", None, findings, ())


def _round_of(description: bytes) -> RoundReference | None:
    try:
        return Description.decode(description).round
    except Malformed:
        # Judged by check P2.
        return None


def _description(audit: Audit) -> Description:
    try:
        return Description.decode(audit.sections["description"])
    except Malformed:
        return Description(b"", "Ostraka audit", ())


def _options(audit: Audit) -> list[Option]:
    names = _description(audit).options
    tally, awards = audit.chain.tally, audit.chain.awards
    return [
        Option(
            name,
            tally.values[slot] if tally and slot < len(tally.values) else None,
            awards[slot] if awards and slot < len(awards) else None,
        )
        for slot, name in enumerate(names)
    ]
