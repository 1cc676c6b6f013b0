"""What happened in rounds and polls, and when: the source of calendars, feeds and messages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.notice_texts import NewsKind
from ostraka.gateway.read_models.times import block_times, times_of
from ostraka.gateway.talk_store import TalkStore
from ostraka.storage.gateway_tables import IndexedEvent
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError
from ostraka_verifier.units import UnixSeconds

MOST_NEWS = 50
"""Most entries of a feed."""
_VOTE = (NewsKind.VOTING_OPENS, NewsKind.VOTING_CLOSES)


@dataclass(frozen=True)
class News:
    """Something that happened, or will.

    Attributes:
        subject: `round-1` or `poll-1`.
        title: Title of the round or poll.
        at: When, in chain time.
        path: Path of the page about it.
        item: Id of the proposal or comment; "" for other kinds.
        detail: Title of the proposal; "" for other kinds.
    """

    kind: NewsKind
    subject: str
    title: str
    at: UnixSeconds
    path: str
    item: str = ""
    detail: str = ""

    @property
    def name(self) -> str:
        """Return what identifies it within the deployment."""
        return ":".join(filter(None, (self.subject, self.kind.value, self.item)))


@dataclass(frozen=True)
class Period:
    """A period of a round or poll, from `opens_at` until `closes_at`."""

    opening: NewsKind
    closing: NewsKind
    opens_at: UnixSeconds
    closes_at: UnixSeconds


@dataclass(frozen=True)
class Schedule:
    """Title and periods of a round or poll.

    Attributes:
        subject: `round-1` or `poll-1`.
        path: Path of its page.
        in_round: Whether it is the poll of a round.
    """

    subject: str
    title: str
    path: str
    periods: tuple[Period, ...]
    in_round: bool = False

    def milestones(self) -> Iterator[News]:
        """Yield beginnings and ends, past and future."""
        for period in self.periods:
            yield News(period.opening, self.subject, self.title, period.opens_at, self.path)
            yield News(period.closing, self.subject, self.title, period.closes_at, self.path)


class NewsReader:
    """Reads what happened in the rounds and polls of one gateway."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._comments = TalkStore(gateway.plans.engine)
        self._time_of = block_times(gateway.treasury)

    def round(self, round_id: int) -> Schedule:
        """Return a round's schedule; Problem if it does not exist."""
        for schedule in self._rounds(str(round_id)).values():
            return schedule
        detail = f"the treasury has no round {round_id}"
        raise Problem(ProblemType.NO_SUCH_ROUND, detail, "round")

    def poll(self, poll_id: int) -> Schedule:
        """Return a poll's schedule; Problem if it does not exist."""
        for schedule in self._polls(str(poll_id)):
            return schedule
        raise Problem(ProblemType.NO_SUCH_POLL, f"the chain has no poll {poll_id}", "poll")

    def of_round(self, round_id: int) -> list[News]:
        """Return what has happened in a round, newest first."""
        subject, schedule = str(round_id), self.round(round_id)
        return self._past([*schedule.milestones(), *self._proposals({subject: schedule}, subject)])

    def of_poll(self, poll_id: int) -> list[News]:
        """Return what has happened in a poll, newest first."""
        return self._past(self.poll(poll_id).milestones())

    def all(self) -> list[News]:
        """Return what has happened in all rounds, and in polls without a round, newest first."""
        rounds = self._rounds()
        polls = [one for one in self._polls() if not one.in_round]
        found = [news for one in (*rounds.values(), *polls) for news in one.milestones()]
        return self._past([*found, *self._proposals(rounds, None)])

    def about(self, subject: str) -> list[News]:
        """Return what has happened in a subject of subscriptions, newest first.

        Args:
            subject: `round-1`, `poll-1`, or `proposal-` and its id, which also gets comments.

        Raises:
            Problem: It does not exist.
        """
        kind, _, rest = subject.partition("-")
        if kind == "poll":
            return self.of_poll(int(rest))
        if kind == "round":
            return self.of_round(int(rest))
        schedule, title = self._proposal(rest)
        vote = [one for one in schedule.milestones() if one.kind in _VOTE]
        comments = self._comments.newest_of(from_hex(rest, "proposal"), MOST_NEWS)
        said = [
            News(
                NewsKind.COMMENT,
                schedule.subject,
                schedule.title,
                one.written_at,
                f"{schedule.path}/proposals/{rest}",
                to_hex(one.digest),
                title,
            )
            for one in comments
        ]
        return self._past([*vote, *said])

    def page_of(self, subject: str) -> tuple[str, str]:
        """Return title and path of a subject's page; arguments and errors as for `about`."""
        kind, _, rest = subject.partition("-")
        if kind == "proposal":
            schedule, title = self._proposal(rest)
            return title, f"{schedule.path}/proposals/{rest}"
        schedule = self.poll(int(rest)) if kind == "poll" else self.round(int(rest))
        return schedule.title, schedule.path

    def _proposal(self, proposal: str) -> tuple[Schedule, str]:
        for event in self._gateway.indexer.events(TREASURY, ["ProposalSubmitted"]):
            if event.arguments["proposalId"] == proposal:
                schedule = self.round(int(event.subject))
                return schedule, _submitted(event, schedule, UnixSeconds(0)).detail
        raise Problem(ProblemType.NO_SUCH_PROPOSAL, f"no round has {proposal}", "subject")

    def _rounds(self, number: str | None = None) -> dict[str, Schedule]:
        events = self._gateway.indexer.events(TREASURY, ["RoundCreated"], number)
        return {event.subject: _round(event) for event in events}

    def _polls(self, number: str | None = None) -> list[Schedule]:
        return [
            _poll(event)
            for event in self._gateway.indexer.events(REGISTRY, ["PollCreated"], number)
        ]

    def _past(self, news: Iterable[News]) -> list[News]:
        now = self._gateway.registry.head().timestamp
        past = [one for one in news if one.at <= now]
        return sorted(past, key=lambda one: (one.at, one.name), reverse=True)[:MOST_NEWS]

    def _proposals(self, rounds: Mapping[str, Schedule], subject: str | None) -> list[News]:
        """Return the newest proposals of these rounds."""
        events = self._gateway.indexer.events(TREASURY, ["ProposalSubmitted"], subject)
        return [
            _submitted(event, rounds[event.subject], self._time_of(event.block))
            for event in events[-MOST_NEWS:]
            if event.subject in rounds
        ]


def _round(created: IndexedEvent) -> Schedule:
    times = times_of(created.arguments["parameters"])
    periods = (
        Period(
            NewsKind.PROPOSALS_OPEN,
            NewsKind.PROPOSALS_CLOSE,
            times["proposals_open_at"],
            times["proposals_close_at"],
        ),
        _vote(times["voting_opens_at"], times["voting_closes_at"]),
    )
    number, title = created.subject, str(created.arguments["title"])
    return Schedule(f"round-{number}", title, f"/rounds/{number}", periods)


def _poll(created: IndexedEvent) -> Schedule:
    times, number = times_of(created.arguments["parameters"]), created.subject
    title, in_round = f"#{number}", False
    try:
        description = Description.decode(from_hex(created.arguments["description"], "description"))
        title, in_round = description.title, description.round is not None
    except AuditError:
        # Anybody may have written it.
        pass
    periods = (_vote(times["opens_at"], times["closes_at"]),)
    return Schedule(f"poll-{number}", title, f"/polls/{number}", periods, in_round)


def _vote(opens_at: UnixSeconds, closes_at: UnixSeconds) -> Period:
    return Period(NewsKind.VOTING_OPENS, NewsKind.VOTING_CLOSES, opens_at, closes_at)


def _submitted(event: IndexedEvent, schedule: Schedule, at: UnixSeconds) -> News:
    item, proposal = event.arguments["item"], str(event.arguments["proposalId"])
    return News(
        NewsKind.PROPOSAL,
        schedule.subject,
        schedule.title,
        at,
        f"{schedule.path}/proposals/{proposal}",
        proposal,
        str(item["title"]) if isinstance(item, Mapping) else "",
    )
