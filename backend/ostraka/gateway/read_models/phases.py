"""Phases of polls and rounds in lists, from the index and the time alone.

Anybody may create polls and rounds, so a list must not ask the chain about each of its entries. A
phase is therefore coarser than a status: it does not tell a root that can be disputed from one that
is final. After the last moment at which a tally can arrive, a poll without one counts as void.

Source: docs/protocol.md §4.5, §17.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ostraka.storage.gateway_tables import IndexedEvent
from ostraka_verifier.outcome.rule import Kind
from ostraka_verifier.units import UnixSeconds

POLL_EVENTS = (
    "PollCreated",
    "PollOpened",
    "RootAnchored",
    "RootRejected",
    "PollVoided",
    "TallyAccepted",
    "OutcomeAttested",
    "OutcomeVetoed",
)
ROUND_EVENTS = (
    "RoundCreated",
    "RoundFunded",
    "ProposalSubmitted",
    "ProposalWithdrawn",
    "VotingStarted",
    "RoundDecided",
    "RoundVetoed",
    "PayoutClaimed",
)


_ON_BALLOTS = f"0x{Kind.BALLOTS:02x}"


@dataclass
class PollHistory:
    """What the index knows of a poll.

    Attributes:
        created: Its first event, `PollCreated`.
        counted: Ballots under the anchored root; None without one.
    """

    created: IndexedEvent
    opened: bool = False
    counted: int | None = None
    tallied: bool = False
    voided: bool = False
    rejections: int = 0
    attested: bool = False
    vetoed: bool = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters in the event of the creation."""
        return _parameters(self.created)

    @property
    def voters(self) -> int:
        """Number of accounts that may vote."""
        return int(self.parameters["voters"])

    def outcome_lost(self, now: UnixSeconds) -> bool:
        """Return whether the outcome of a tallied poll was vetoed, or not attested in time."""
        rule = str(self.created.arguments["outcomeRule"])
        if not self.tallied or not rule.startswith(_ON_BALLOTS):
            return False
        given = {name: int(self.parameters[name]) for name in _TIMES}
        attest_by = _latest_tally(given, self.rejections) + given["tallyPeriod"]
        return self.vetoed or (not self.attested and now >= attest_by)

    def phase(self, now: UnixSeconds) -> str:
        """Return the phase at a time of the chain."""
        if self.tallied:
            return "tallied"
        given = {name: int(self.parameters[name]) for name in _TIMES}
        if self.voided or (now >= given["closesAt"] and not self.opened):
            return "void"
        if now >= given["closesAt"]:
            return "closed" if now < _latest_tally(given, self.rejections) else "void"
        return "open" if self.opened and now >= given["opensAt"] else "created"


_TIMES = (
    "opensAt",
    "closesAt",
    "freezeDelay",
    "roundDuration",
    "maxRounds",
    "disputeWindow",
    "maxDisputeDelay",
    "tallyPeriod",
)


def _latest_tally(given: Mapping[str, int], rejections: int) -> int:
    """Return a time after which no tally is accepted, whatever is disputed."""
    settling = given["freezeDelay"] + given["roundDuration"] * given["maxRounds"]
    disputes = given["disputeWindow"] + given["maxDisputeDelay"]
    # A rejected root starts settling and disputing again.
    attempts = 1 + rejections
    return given["closesAt"] + attempts * (settling + disputes) + given["tallyPeriod"]


@dataclass
class RoundHistory:
    """What the index knows of a round; amounts in the smallest unit.

    Attributes:
        created: Its first event, `RoundCreated`.
        standing: Ids of the proposals that are not withdrawn.
        committed: Promised to funded proposals; None before the decision.
    """

    created: IndexedEvent
    deposited: int = 0
    standing: set[str] = field(default_factory=set)
    poll_id: str | None = None
    committed: int | None = None
    vetoed: bool = False
    paid_out: int = 0

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters in the event of the creation."""
        return _parameters(self.created)

    def phase(self, now: UnixSeconds, poll: PollHistory | None) -> str:
        """Return the phase at a time of the chain.

        Args:
            poll: The poll that decides the round; None before voting starts.
        """
        if self.committed is not None:
            return "vetoed" if self.vetoed else "decided"
        if poll is not None:
            phase = "void" if poll.outcome_lost(now) else poll.phase(now)
            return {"created": "ready", "open": "voting"}.get(phase, phase)
        if now < int(self.parameters["proposalsOpenAt"]):
            return "announced"
        if now < int(self.parameters["proposalsCloseAt"]):
            return "proposing"
        return "ready" if now < int(self.parameters["votingOpensAt"]) else "void"


def poll_histories(events: Iterable[IndexedEvent]) -> dict[str, PollHistory]:
    """Return what happened to each poll, by number, in order of creation.

    Args:
        events: `POLL_EVENTS` in the order of the chain.
    """
    found: dict[str, PollHistory] = {}
    for event in events:
        poll = found.setdefault(event.subject, PollHistory(event))
        match event.name:
            case "PollOpened":
                poll.opened = True
            case "RootAnchored":
                poll.counted = int(cast(Mapping[str, str], event.arguments["root"])["count"])
            case "RootRejected":
                poll.counted, poll.rejections = None, poll.rejections + 1
            case "PollVoided":
                poll.voided = True
            case "TallyAccepted":
                poll.tallied = True
            case "OutcomeAttested":
                poll.attested = True
            case "OutcomeVetoed":
                poll.vetoed = True
    return found


def round_histories(events: Iterable[IndexedEvent]) -> dict[str, RoundHistory]:
    """Return what happened to each round, by number, in order of creation.

    Args:
        events: `ROUND_EVENTS` in the order of the chain.
    """
    found: dict[str, RoundHistory] = {}
    for event in events:
        arguments = cast(Mapping[str, Any], event.arguments)
        # Not the event's subject: that of `VotingStarted` is the poll.
        one = found.setdefault(str(arguments["roundId"]), RoundHistory(event))
        match event.name:
            case "RoundFunded":
                one.deposited += int(arguments["received"])
            case "ProposalSubmitted":
                one.standing.add(arguments["proposalId"])
            case "ProposalWithdrawn":
                one.standing.discard(arguments["proposalId"])
            case "VotingStarted":
                one.poll_id = str(arguments["pollId"])
            case "RoundDecided":
                one.committed = int(arguments["committed"])
            case "RoundVetoed":
                one.vetoed = True
            case "PayoutClaimed":
                one.paid_out += int(arguments["amount"])
    return found


def _parameters(created: IndexedEvent) -> Mapping[str, str]:
    return cast(Mapping[str, str], created.arguments["parameters"])
