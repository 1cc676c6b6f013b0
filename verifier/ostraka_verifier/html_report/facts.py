"""What a report states of a poll: plain values that HTML and JSON share.

The audit's evidence may be incomplete or false. A fact that cannot be read is None or empty; which
check reports the reason, the findings say.

Source: docs/protocol.md §4, §12 to §14, §17.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ostraka_verifier.checks import Audit, Finding, Verdict
from ostraka_verifier.checks.generators import LEAST_PERIOD_S
from ostraka_verifier.checks.opened import opened_votes
from ostraka_verifier.checks.shares import require_signed
from ostraka_verifier.checks.tree import judge_attestations
from ostraka_verifier.errors import AuditError
from ostraka_verifier.evidence import (
    OUTCOME_MISSED,
    OUTCOME_VETOED,
    DeploymentEvidence,
    OutcomeEvidence,
)
from ostraka_verifier.html_report.decisions import (
    award_word,
    outcome_in_words,
    parts_of,
    rule_in_words,
)
from ostraka_verifier.html_report.money import MoneyFacts, money_of
from ostraka_verifier.html_report.opened import OpenedFacts, opened_facts
from ostraka_verifier.html_report.references import References, answer_or_none
from ostraka_verifier.outcome import BallotOutcome, NoOutcome, OutcomeRule, Step
from ostraka_verifier.report import BoardFile, Report
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, SourceKind
from ostraka_verifier.statistics import Statistics, poll_statistics
from ostraka_verifier.units import UnixSeconds


@dataclass(frozen=True)
class Run:
    """How a report was made.

    Attributes:
        version: Of the program.
        engine: "native" or "reference".
        made_at: When it was made.
        rpc, board: Where the evidence came from, without passwords.
        command: Words of a command that repeats the report.
    """

    version: str
    engine: str
    made_at: UnixSeconds
    rpc: str
    board: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class OptionFacts:
    """One option: its votes, and its award where the poll decides.

    Attributes:
        award_word: What an award of 1 means, as in "funded".
        of_ballots: Votes by the weight of all ballots; None if one ballot can give it several
            votes, or without ballots.
        mean: Votes for each ballot's weight, in the other case.
    """

    name: str
    votes: int | None
    award: int | None
    award_word: str
    of_ballots: Fraction | None
    mean: Fraction | None


@dataclass(frozen=True)
class QuestionFacts:
    """One question with its options.

    Attributes:
        kind: As in the description, None if it is not known.
        statistics: None before the result, and where slots fit no question.
    """

    title: str
    kind: str | None
    options: tuple[OptionFacts, ...]
    statistics: Statistics | None


@dataclass(frozen=True)
class DecisionFacts:
    """What one decision rule gives.

    Attributes:
        rule: The rule in words.
        outcome: The decision in words, None before there is one.
        chosen: Names of the awarded options.
        options: Names of all options.
        steps: By which opened ballots decide; empty if the tally decides, or without ballots.
    """

    rule: str
    outcome: str | None
    chosen: tuple[str, ...]
    options: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Participation:
    """Who took part.

    Attributes:
        ballots: Counted ones, None before they are fixed.
        cast_weight: Of the counted ballots; None if unknown.
        electorate: Where the list of voters comes from, in words.
    """

    voters: int
    total_weight: int
    ballots: int | None
    cast_weight: int | None
    secret: bool
    electorate: str

    @property
    def weighted(self) -> bool:
        """Whether votes of different voters may count differently."""
        return self.total_weight != self.voters


@dataclass(frozen=True)
class NodeFacts:
    """One node; whether it signed the anchored root, and published a signed sum of its shares."""

    number: int
    address: bytes
    url: str
    signed_root: bool
    published_sum: bool


@dataclass(frozen=True)
class CommitteeFacts:
    """The nodes: fewer than `threshold` learn nothing, `quorum` sign a root, `faults` may fail."""

    threshold: int
    faults: int
    quorum: int
    nodes: tuple[NodeFacts, ...]


@dataclass(frozen=True)
class PollFacts:
    """A poll of which evidence was read.

    Attributes:
        root: Hash of the anchored root, 32 bytes; None without one.
        opened: The ballots, where they were opened and are those that were cast.
        void_reason: Why there is no result, of a void poll.
        lost_reason: Why a counted poll decides nothing: the outcome of its opened ballots was lost.
        text: The organizer's text about the poll.
        for_tests: Whether the contract allows periods that nobody could use to object.
    """

    chain_id: int
    registry: bytes
    poll_id: int
    context: bytes
    creator: bytes
    text: str
    opens_at: UnixSeconds | None
    closes_at: UnixSeconds | None
    anchored_at: UnixSeconds | None
    window_ends_at: UnixSeconds | None
    tallied_at: UnixSeconds | None
    root: bytes | None
    void_reason: str | None
    lost_reason: str | None
    participation: Participation | None
    questions: tuple[QuestionFacts, ...]
    decisions: tuple[DecisionFacts, ...]
    money: MoneyFacts | None
    committee: CommitteeFacts | None
    opened: OpenedFacts | None
    for_tests: bool


@dataclass(frozen=True)
class Facts:
    """Everything that a report shows.

    Attributes:
        poll: None if nothing could be read of one.
    """

    run: Run
    title: str
    status: str
    block: int | None
    verdict: Verdict
    findings: Sequence[Finding]
    assumptions: tuple[str, ...]
    limits: tuple[str, ...]
    board: BoardFile | None
    references: References
    poll: PollFacts | None


def without(report: Report, private: Mapping[str, str]) -> Report:
    """Return a report whose findings quote no private text.

    Args:
        private: What to replace, and by what; URLs with keys, for example, that errors name.
    """

    def public(text: str) -> str:
        for hidden, shown in private.items():
            text = text.replace(hidden, shown)
        return text

    findings = [
        replace(one, item=public(one.item), detail=public(one.detail)) for one in report.findings
    ]
    return replace(report, findings=findings)


def facts_of(report: Report, references: References, run: Run) -> Facts:
    """Return what the report of an audit shows."""
    audit = report.evidence
    return Facts(
        run=run,
        title=report.title,
        status=report.status,
        block=report.block,
        verdict=report.verdict,
        findings=report.findings,
        assumptions=tuple(one.assumes for one in report.findings if one.assumes),
        limits=report.limits,
        board=report.board,
        references=references,
        poll=None if audit is None else _poll(audit, report, references),
    )


def _poll(audit: Audit, report: Report, references: References) -> PollFacts:
    chain = audit.chain
    parameters = answer_or_none(lambda: audit.parameters)
    description = answer_or_none(lambda: audit.description)
    text = description.text if description else ""
    participation = _participation(audit, report.cast_weight)
    money = money_of(audit, references)
    return PollFacts(
        chain_id=chain.chain_id,
        registry=audit.claimed.registry,
        poll_id=audit.claimed.poll_id,
        context=chain.poll_context,
        creator=chain.creator,
        text=text if isinstance(text, str) else "",
        opens_at=parameters.opens_at if parameters else None,
        closes_at=parameters.closes_at if parameters else None,
        anchored_at=chain.anchored_at or None,
        window_ends_at=chain.dispute_window_ends_at or None,
        tallied_at=chain.tallied_at or None,
        root=chain.anchored.root.hash if chain.anchored else None,
        void_reason=_void_reason(audit) if chain.status == "void" else None,
        lost_reason=_lost_reason(audit),
        participation=participation,
        questions=_questions(audit, participation),
        decisions=_decisions(audit, money),
        money=money,
        committee=_committee(audit),
        opened=opened_facts(audit, report.findings),
        for_tests=isinstance(chain.deployment, DeploymentEvidence)
        and chain.deployment.period_floor < LEAST_PERIOD_S,
    )


def _void_reason(audit: Audit) -> str:
    """Return why a void poll has no result (§4.5), as far as the chain shows it."""
    chain = audit.chain
    if not any(chain.poll_keys_digest):
        return "it was not opened in time, because not every node gave its key"
    if not chain.anchored_at:
        return "the nodes did not agree on a list of ballots in time"
    parameters = answer_or_none(lambda: audit.parameters)
    if parameters and chain.root.count < parameters.minimum_ballots:
        cast, needed = chain.root.count, parameters.minimum_ballots
        return f"ballots cast: {cast:,}; at least {needed:,} were required"
    return "no result was accepted in time, or objections to the list of ballots stayed open"


def _lost_reason(audit: Audit) -> str | None:
    """Return why the outcome of opened ballots decides nothing (§18.11), as the chain shows it."""
    outcome = audit.chain.outcome
    if not isinstance(outcome, OutcomeEvidence):
        return None
    return {
        OUTCOME_VETOED: "the veto holder voided the outcome that the nodes attested",
        OUTCOME_MISSED: "the nodes attested no outcome in time",
    }.get(outcome.state)


def _participation(audit: Audit, cast_weight: int | None) -> Participation | None:
    parameters = answer_or_none(lambda: audit.parameters)
    if parameters is None:
        return None
    ballots = audit.chain.root.count if audit.chain.anchored else None
    description = answer_or_none(lambda: audit.description)
    return Participation(
        voters=parameters.voters,
        total_weight=parameters.total_weight,
        ballots=ballots,
        cast_weight=cast_weight,
        secret=parameters.secret,
        electorate=_electorate(description.census) if description else "",
    )


def _electorate(source: CensusSource | InvitedCensus | None) -> str:
    if source is None:
        return (
            "The organizer wrote the list of voters. Nobody can check from the published data that"
            " the right people are in it."
        )
    if isinstance(source, InvitedCensus):
        return (
            "Voters registered by invitation. Nobody can check from the published data that each"
            " invitation went to a different person with a right to vote."
        )
    kind = "members of the register" if source.kind is SourceKind.MEMBERS else "holders of votes in"
    return (
        f"The voters are the {kind} 0x{source.contract.hex()} on the blockchain, at block"
        f" {source.block}. The owner or the rules of that contract decide who they are."
    )


def _questions(audit: Audit, participation: Participation | None) -> tuple[QuestionFacts, ...]:
    description = answer_or_none(lambda: audit.description)
    rule = answer_or_none(lambda: audit.rule)
    if description is None or rule is None or len(description.options) != len(rule.slots):
        return ()
    questions = answer_or_none(lambda: description.asked(rule)) or ()
    tally = answer_or_none(lambda: audit.tally)
    votes = tally.values if tally and len(tally.values) == len(rule.slots) else None
    awards = _awards(audit)
    cast = participation.cast_weight if participation else None
    words = [
        award_word(part)
        for slots, part in _parts(audit, len(description.options))
        for _ in range(slots)
    ]
    options = []
    for slot, name in enumerate(description.options):
        count = votes[slot] if votes else None
        share = Fraction(count, cast) if count is not None and cast else None
        single = rule.slot_maxima[slot] == 1
        options.append(
            OptionFacts(
                name,
                count,
                awards[slot] if awards else None,
                words[slot] if slot < len(words) else "",
                share if single else None,
                None if single else share,
            )
        )
    if not questions:
        return (QuestionFacts(description.title, None, tuple(options), None),)
    statistics = poll_statistics(questions, votes) if votes else [None] * len(questions)
    found, start = [], 0
    for question, counted in zip(questions, statistics, strict=True):
        end = start + len(question.labels())
        found.append(
            QuestionFacts(question.title, question.kind, tuple(options[start:end]), counted)
        )
        start = end
    return tuple(found)


def _awards(audit: Audit) -> Sequence[int] | None:
    """Return the awards that the contract gives."""
    awards, rule = audit.chain.awards, answer_or_none(lambda: audit.rule)
    if awards is None or isinstance(awards, AuditError) or rule is None:
        return None
    return awards if len(awards) == len(rule.slots) else None


def _decisions(audit: Audit, money: MoneyFacts | None) -> tuple[DecisionFacts, ...]:
    description = answer_or_none(lambda: audit.description)
    if description is None:
        return ()
    names, awards = description.options, _awards(audit)
    tallied = answer_or_none(lambda: audit.tally) is not None
    found, start = list[DecisionFacts](), 0
    for slots, part in _parts(audit, len(names)):
        given = awards[start : start + slots] if awards else None
        chosen = tuple(
            name
            for name, award in zip(names[start : start + slots], given or (), strict=False)
            if award
        )
        found.append(
            DecisionFacts(
                _rule_words(part, slots, money),
                _outcome(part, given, tallied),
                chosen,
                tuple(names[start : start + slots]),
                _steps(audit, part),
            )
        )
        start += slots
    return tuple(found)


def _steps(audit: Audit, rule: OutcomeRule) -> tuple[Step, ...]:
    if not isinstance(rule, BallotOutcome):
        return ()
    return tuple(answer_or_none(lambda: rule.explain(opened_votes(audit))) or ())


def _parts(audit: Audit, slots: int) -> list[tuple[int, OutcomeRule]]:
    rule = answer_or_none(lambda: audit.outcome_rule)
    return parts_of(rule, slots) if rule else []


def _rule_words(rule: OutcomeRule, slots: int, money: MoneyFacts | None) -> str:
    if money is None:
        return rule_in_words(rule, lambda units: f"{units:,}", slots=slots)
    return rule_in_words(rule, money.shown, money.categories, slots)


def _outcome(rule: OutcomeRule, awards: Sequence[int] | None, tallied: bool) -> str | None:
    if isinstance(rule, NoOutcome):
        return outcome_in_words(rule, ()) if tallied else None
    return None if awards is None else outcome_in_words(rule, awards)


def _committee(audit: Audit) -> CommitteeFacts | None:
    committee = answer_or_none(lambda: audit.committee)
    if committee is None:
        return None
    anchored = answer_or_none(lambda: audit.anchored)
    signed = judge_attestations(audit, anchored)[0] if anchored else []
    sums = _sums(audit)
    return CommitteeFacts(
        threshold=committee.threshold,
        faults=committee.faults,
        quorum=committee.quorum,
        nodes=tuple(
            NodeFacts(number, member.address, member.url, number in signed, number in sums)
            for number, member in enumerate(committee.members, start=1)
        ),
    )


def _sums(audit: Audit) -> set[int]:
    """Return the nodes that signed an aggregate share on the board."""
    found = set()
    for signed in answer_or_none(lambda: audit.shares) or ():
        try:
            require_signed(audit, signed)
        except AuditError:
            continue
        found.add(signed.node)
    return found
