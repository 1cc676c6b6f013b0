"""Report of an audit, for people and programs."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.table import Table

from ostraka_verifier.board import OpenedBoard
from ostraka_verifier.board_source import opened_board
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, Verdict, no_board
from ostraka_verifier.content import END, Content, Replaced
from ostraka_verifier.curve import Curve
from ostraka_verifier.description import Description, RoundReference
from ostraka_verifier.errors import AuditError, Malformed, Undecided
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.leaf_poll import LeafWorkers
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.printing import shown, statistics_table
from ostraka_verifier.rpc import Progress, Unanswered, no_progress
from ostraka_verifier.snapshot import CensusSource
from ostraka_verifier.statistics import Statistics, poll_statistics

SCHEMA = "ostraka-audit/1"
_T = TypeVar("_T")

LIMITS = (
    "Votes stay hidden only while fewer than t nodes pool their shares.",
    "Who voted is public, and a voter can prove to others how they voted.",
    "In a tiny or unanimous electorate, the result itself can reveal votes.",
    "Only the receipts of voters can show that a ballot was left out of the count.",
)
"""What no audit can show, for readers of the report."""
OPENED_LIMIT = (
    "Every ballot was opened without its voter's name. People who recognize one by its content know"
    " who cast it."
)
"""The same of polls whose ballots were opened."""


@dataclass(frozen=True)
class Option:
    """One option of the poll with its votes. `award` is None without an outcome rule."""

    name: str
    votes: int | None
    award: int | None


_HASHED_BYTES = 1 << 20


@dataclass(frozen=True)
class BoardFile:
    """What identifies the bytes of a board: their number, and their SHA-256 (32 bytes)."""

    size_bytes: int
    sha256: bytes

    @classmethod
    def of(cls, content: Content) -> "BoardFile | None":
        """Return the identity of a board; None if it does not arrive."""
        digest, size = hashlib.sha256(), 0
        try:
            while part := content.read(size, _HASHED_BYTES):
                digest.update(part)
                size += len(part)
        except (Undecided, Replaced):
            return None
        return cls(size, digest.digest())


@dataclass(frozen=True)
class Report:
    """Findings of one audit, and the result of the poll.

    Attributes:
        board: Identity of the board that was read; None if it was unreachable, or nobody asked.
        cast_weight: Of the counted ballots together; None if their voters' weights are unknown.
        evidence: The audit itself, None if there was nothing to audit.
    """

    title: str
    block: int | None
    status: str
    counted: int | None
    findings: Sequence[Finding]
    options: Sequence[Option]
    statistics: Sequence[Statistics] = ()
    """One for each question, if the description's questions make the poll's rule (P5)."""
    board: BoardFile | None = None
    cast_weight: int | None = None
    evidence: Audit | None = field(default=None, compare=False, repr=False)

    @property
    def verdict(self) -> Verdict:
        """Return *holds* only if every check holds. A single failure fails the audit."""
        return verdict_of(self.findings)

    @property
    def limits(self) -> tuple[str, ...]:
        """Return what no audit of such a poll can show."""
        if self.evidence is None or self.evidence.board.opened is None:
            return LIMITS
        return (*LIMITS, OPENED_LIMIT)

    @property
    def assumes(self) -> tuple[str, ...]:
        """Return the statements that the verdict assumes, if it holds."""
        return assumptions_of(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return stable members, with large integers as decimal strings."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "assumes": list(self.assumes),
            "title": self.title,
            "block": self.block,
            "status": self.status,
            "ballots": self.counted,
            "checks": [finding.to_json() for finding in self.findings],
            "options": [
                {
                    "name": option.name,
                    "votes": None if option.votes is None else str(option.votes),
                    "award": None if option.award is None else str(option.award),
                }
                for option in self.options
            ],
            "questions": [one.to_json() for one in self.statistics],
            "limits": list(self.limits),
        }


class BoardWorkers(LeafWorkers, Protocol):
    """Workers that read the board themselves."""

    def opened(self) -> AbstractContextManager[Content]:
        """Open the state of the board that they read; Undecided if that is impossible."""


def audit_poll(
    curve: Curve,
    rpc_url: str,
    claimed: Claimed,
    board_source: str,
    progress: Progress = no_progress,
    from_block: int = 0,
    reading: Progress = no_progress,
    prepared: Callable[[Audit], None] = lambda _: None,
    *,
    hashed: bool = False,
    workers: BoardWorkers | None = None,
    opening: Progress = no_progress,
) -> Report:
    """Read the evidence of one poll and run all checks.

    Args:
        progress: Told how many ballots are checked.
        from_block: First block whose events are requested. The contracts must not be older.
        reading: Told how many blocks of events are read.
        prepared: Given the audit before its checks begin.
        hashed: Whether the report needs the identity of the board, which takes time.
        workers: Check the leaves of this board. Then the board is not downloaded whole.
        opening: Told how much of the run of the shuffle, and of the opened ballots, is checked.
    """
    reader = partial(ChainReader, rpc_url, claimed.registry, None, from_block, reading)

    def perform(audit: Audit) -> Report:
        prepared(audit)
        return report_of(audit)

    try:
        with workers.opened() if workers else opened_board(board_source) as content:
            try:
                report = audit_of(
                    curve, reader, claimed, content, perform, progress, workers, opening
                )
            except NoEvidence as error:
                report = _without_evidence(error.cause, error.missing)
            return replace(report, board=BoardFile.of(content)) if hashed else report
    except Undecided as error:
        return _without_evidence(error, "the board")


class NoEvidence(Exception):
    """An audit is impossible.

    Attributes:
        cause: Why evidence cannot be read.
        missing: Which.
    """

    def __init__(self, cause: AuditError, missing: str) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.missing = missing


def audit_of(
    curve: Curve,
    reader: Callable[[], ChainReader],
    claimed: Claimed,
    content: Content,
    perform: Callable[[Audit], _T],
    progress: Progress = no_progress,
    workers: LeafWorkers | None = None,
    opening: Progress = no_progress,
) -> _T:
    """Audit a board while it arrives, and return what `perform` makes of the audit.

    The chain is read while leaves arrive. Leaves are checked as they arrive, where the engine has a
    pass over them.

    Args:
        reader: Makes the reader of the chain.
        workers: Check the leaves, of a board that is whole.
        opening: As in `audit_poll`.

    Raises:
        NoEvidence: Board or chain cannot be read.
    """
    while True:
        try:
            audit = _read_audit(curve, reader, claimed, content, progress, workers, opening)
            return perform(audit)
        except Replaced:
            content.restart()


def _read_audit(
    curve: Curve,
    reader: Callable[[], ChainReader],
    claimed: Claimed,
    content: Content,
    progress: Progress,
    workers: LeafWorkers | None,
    opening: Progress,
) -> Audit:
    board = OpenedBoard(content)
    with _needing_the_board(content):
        board.read_to_leaves()
    try:
        chain = read_evidence(reader(), claimed.poll_id, board)
    except AuditError as error:
        raise NoEvidence(error, "the chain") from error
    audit = Audit(
        curve, claimed, chain, board, secrets.randbits, progress, workers=workers, opening=opening
    )
    with _needing_the_board(content):
        if workers is not None:
            # The published shares, behind the leaves, can show that a worker's sums are wrong.
            board.read_rest()
        audit.read_leaves()
        board.read_rest()
    return audit


@contextmanager
def _needing_the_board(content: Content) -> Iterator[None]:
    try:
        try:
            yield
        except Malformed:
            # Only a whole board can be a wrong one: of several nodes, the next may send a good one.
            content.reach(END)
            raise
    except AuditError as error:
        raise NoEvidence(error, "the board") from error


def read_evidence(reader: ChainReader, poll_id: int, board: bytes | OpenedBoard) -> ChainEvidence:
    """Read from the chain the poll of a board, and what its description refers to.

    Args:
        board: Read as far as its leaves, or its bytes.

    Raises:
        AuditError: The board is invalid, or the chain cannot be read or is not the board's.
    """
    opened = OpenedBoard.of(board) if isinstance(board, bytes) else board
    sections = opened.sections
    try:
        _require_chain(reader, sections["poll"])
        encoded_rule = sections["outcome_rule"]
        rule: OutcomeRule | None = None
        with suppress(AuditError):
            # Check P2 reports errors.
            rule = decode_outcome_rule(encoded_rule)
        references = _references(sections["description"])
        return reader.read(poll_id, rule, encoded_rule, *references)
    except AuditError:
        # A board that is none fails, whatever the chain says.
        opened.read_rest()
        raise


def _require_chain(reader: ChainReader, poll: bytes) -> None:
    """Raise Unanswered if the endpoint serves a different chain than the board's.

    Registries on two chains can have the same address, and both can have a poll of this number.
    """
    try:
        of_board = PollIdentity.decode(poll).chain_id
    except AuditError:
        # Check P1 reports errors.
        return
    if of_board != reader.chain_id:
        raise Unanswered(
            f"the RPC endpoint serves chain {reader.chain_id}, the board is of chain {of_board}"
        )


def report_of(audit: Audit) -> Report:
    """Run all checks of an audit and report."""
    findings = audit.run(CHECKS)
    chain = audit.chain
    return Report(
        title=_description(audit).title,
        block=chain.block,
        status=chain.status,
        counted=chain.root.count if chain.anchored else None,
        findings=findings,
        options=_options(audit),
        statistics=_statistics(audit),
        cast_weight=_cast_weight(audit),
        evidence=audit,
    )


def print_report(report: Report, console: Console) -> None:
    """Print the report as tables."""
    console.print(findings_table(report.title, report.findings))
    if any(option.votes is not None for option in report.options):
        result = Table(title="Result", title_justify="left")
        result.add_column("option")
        result.add_column("votes", justify="right")
        result.add_column("award", justify="right")
        for option in report.options:
            award = "" if option.award is None else str(option.award)
            result.add_row(shown(option.name), str(option.votes), award)
        console.print(result)
    for found in report.statistics:
        console.print(statistics_table(found, report.cast_weight))
    if report.block is not None:
        console.print(f"Read at block {report.block}; the poll is {report.status}.")
    for limit in report.limits:
        console.print(limit, style="dim")
    console.print(verdict_line(report.verdict, report.assumes))


_COLOURS = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.NOT_CHECKED: "yellow"}


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict on all findings: a failure decides, then a check that was not made."""
    verdicts = {finding.verdict for finding in findings}
    if Verdict.FAILS in verdicts:
        return Verdict.FAILS
    return Verdict.HOLDS if verdicts == {Verdict.HOLDS} else Verdict.NOT_CHECKED


def assumptions_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the assumptions of all findings; empty unless every check holds."""
    if verdict_of(findings) is not Verdict.HOLDS:
        return ()
    return tuple(finding.assumes for finding in findings if finding.assumes)


def condensed(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Return the findings in groups for readers; checks not made for one reason stay together."""

    def unmade(finding: Finding) -> object:
        made = finding.verdict is not Verdict.NOT_CHECKED
        return finding.check if made else (finding.item, finding.detail)

    return [list(alike) for _, alike in groupby(findings, unmade)]


def findings_table(title: str, findings: Sequence[Finding]) -> Table:
    """Return a table of checks with their verdicts."""
    table = Table(title=shown(title), title_justify="left")
    for name in ("check", "claim", "verdict", "detail"):
        table.add_column(name)
    for alike in condensed(findings):
        finding = alike[0]
        colour, word = _COLOURS[finding.verdict], finding.verdict.value
        detail = ": ".join(part for part in (finding.item, finding.detail) if part)
        if finding.assumes:
            colour, word = "yellow", "assumed"
            detail += f" (assuming {finding.assumes})"
        several = len(alike) > 1
        table.add_row(
            f"{finding.check} to {alike[-1].check}" if several else finding.check,
            f"{len(alike)} checks" if several else finding.claim,
            f"[{colour}]{word}[/{colour}]",
            shown(detail),
        )
    return table


def verdict_line(verdict: Verdict, assumes: Sequence[str] = ()) -> str:
    """Return the overall verdict, in colour."""
    line = f"Verdict: [bold {_COLOURS[verdict]}]{verdict.value}[/bold {_COLOURS[verdict]}]"
    return line + (f", assuming {shown('; and '.join(assumes))}" if assumes else "")


def _without_evidence(error: AuditError, missing: str) -> Report:
    """Report a board that is invalid, or evidence that is unreachable; the reason appears once."""
    if isinstance(error, Malformed):
        findings = no_board(error)
    else:
        findings = [
            Finding(number, claim, Verdict.NOT_CHECKED, "", f"needs {missing}")
            for number, claim, _ in CHECKS
        ]
        findings[0] = replace(findings[0], detail=str(error))
    return Report("Ostraka audit", None, "unknown", None, findings, ())


def _references(description: bytes) -> tuple[RoundReference | None, CensusSource | None]:
    """Return the round and the census source that the description names."""
    try:
        read = Description.decode(description)
    except Malformed:
        # Check P2 reports errors.
        return None, None
    on_chain = read.census if isinstance(read.census, CensusSource) else None
    return read.round, on_chain


def _description(audit: Audit) -> Description:
    try:
        return Description.decode(audit.sections["description"])
    except Malformed:
        return Description(b"", "Ostraka audit", ())


def _options(audit: Audit) -> list[Option]:
    names = _description(audit).options
    tally, awards = audit.chain.tally, audit.chain.awards
    if isinstance(awards, AuditError):
        awards = None
    return [
        Option(
            name,
            tally.values[slot] if tally and slot < len(tally.values) else None,
            awards[slot] if awards and slot < len(awards) else None,
        )
        for slot, name in enumerate(names)
    ]


def _cast_weight(audit: Audit) -> int | None:
    if not audit.chain.anchored:
        return None
    try:
        parameters = audit.parameters
        if parameters.total_weight == parameters.voters:
            # Every weight is at least 1.
            return audit.chain.root.count
        return audit.cast_weight
    except AuditError:
        # Checks P1 and B3 report errors.
        return None


def _statistics(audit: Audit) -> Sequence[Statistics]:
    try:
        questions = audit.description.check_questions(audit.rule)
        tally = audit.tally.values
    except AuditError:
        # Checks P2 and P5 report errors. Before the tally there are no statistics.
        return ()
    if not questions or len(tally) != len(audit.rule.slots):
        return ()
    return poll_statistics(questions, tally)
