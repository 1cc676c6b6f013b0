"""Watch the polls of a registry with disputes: decide, and send what is decided.

Nothing is kept but what the journal of the account keeps. Every turn sends again what waits for a
block, reads the chain again, looks at pending transactions before it sends, and waits for no block.

Source: docs/operations.md, "Watch the roots of polls"; docs/decisions/0080-watchtower.md.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from ostraka.chain.contract import Head, checksum
from ostraka.chain.dispute_log import DisputeLog
from ostraka.chain.disputes import DisputedPoll, Disputes, Docket
from ostraka.chain.errors import ChainError, LowOnCoin, NotMinedYet, Refused
from ostraka.chain.published import read_published
from ostraka.chain.registry import PollView, Registry, Status
from ostraka.chain.sending import Payer
from ostraka.guard.deciding import Decision, Facts, Finding, decide, is_sound, latest_demand
from ostraka.guard.evidence import Evidence
from ostraka.guard.hands import Hands, Limits, Step, disputed_poll
from ostraka.guard.moves import (
    AnswerInvalid,
    AnswerLeaf,
    AnswerOmission,
    Close,
    DemandBallot,
    DemandLeaf,
    Expire,
    Move,
    Prove,
    described,
)
from ostraka.guard.receipts import Recorded, latest
from ostraka.guard.sources import Source
from ostraka.keys import SigningKey
from ostraka.randomness import Randomness, system
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Committee
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

_ENDED = (Status.TALLIED, Status.VOID)
_ENDED_FOR_S = 3600
"""A poll that ended so long ago is not looked at any more: no reorganization is that deep."""
_LOOK_AGAIN_S = 600
"""How often an open poll is looked at: a reorganization may give its number to another one."""
_SOURCES_S = 30
"""How often sources are asked again about a poll that no board explains."""
_SHARE_OF_TIME = 20
"""No random delay takes more than this part of the time that is left."""
_HELD_S = 2
"""How long moves of one poll wait for those of others, to be sent in the order of deadlines."""
_LOOK_S = 1
"""Pauses between two looks at what waits for a block."""


@dataclass
class _Watched:
    """What is known of one poll between two turns. Nothing here is needed after a restart."""

    published: PublishedPoll
    evidence: Evidence
    finding: Finding | None = None
    reason: str = ""
    asked_at_monotonic_s: float = float("-inf")
    recorded: dict[bytes, Recorded] = field(default_factory=dict)
    root: bytes = b""
    due_monotonic_s: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Planned:
    """A move that was decided and not sent yet."""

    watched: _Watched
    poll: DisputedPoll
    facts: Facts
    move: Move

    @property
    def time_left_s(self) -> float:
        """Seconds until it is too late."""
        return _time_left(self.facts, self.move)


class Tower:
    """Watches all polls of one registry, or some of them."""

    def __init__(
        self,
        curve: Curve,
        registry: Registry,
        disputes: Disputes,
        payer: Payer,
        sources: Sequence[Source],
        limits: Limits,
        *,
        node_key: SigningKey | None = None,
        polls: Collection[int] = (),
        serves: Callable[[Committee], bool] = lambda committee: True,
        random: Randomness = system,
        now_monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        payer: Account that pays transactions and bonds.
        sources: Where boards and receipts come from.
        node_key: Key of a node; answers to polls of its committees then pay the account back.
        polls: Only these, by number; empty: all.
        serves: Whether it watches the polls of a committee: strangers' committees may name any
            URLs for their nodes.
        """
        self._curve = curve
        self._registry = registry
        self._log = DisputeLog(disputes)
        self._hands = Hands(disputes, self._log, payer, limits, node_key)
        self.own = payer.address
        self._sources = sources
        self._limits = limits
        self._only = frozenset(polls)
        self._serves = serves
        self._random = random
        self._now_monotonic_s = now_monotonic_s
        self._watched: dict[int, _Watched] = {}
        self._look_at: dict[int, UnixSeconds] = {}
        self._ended_at: dict[int, UnixSeconds] = {}
        self._done: set[int] = set()
        self._seen: set[bytes] = set()
        self.counts: Counter[str] = Counter()
        """Challenges seen, raised, answered; proofs sent; moves that failed."""

    @property
    def findings(self) -> dict[int, tuple[Finding, str]]:
        """What is known about the anchored root of each poll, and why."""
        return {
            number: (one.finding, one.reason)
            for number, one in sorted(self._watched.items())
            if one.finding is not None
        }

    def turn(self) -> list[Step]:
        """Look at every poll that may need something, and do it.

        Raises:
            ChainError: The chain cannot be reached. A later turn continues.
        """
        # Before the head: what is mined in between then counts as pending, and not as nothing.
        steps = self._refused()
        head = self._registry.head()
        self._log.update(head.number)
        planned: list[_Planned] = []
        held_since = self._now_monotonic_s()
        for number in self._numbers(head):
            with _apart(number):
                planned += self._plan(number, head.number, head.timestamp)
            if self._now_monotonic_s() >= held_since + _HELD_S:
                # The check of a large board takes minutes, in which others must not wait.
                steps += self._send(planned)
                planned, held_since = [], self._now_monotonic_s()
        steps += self._send(planned)
        steps += self._hands.withdraw()
        return steps

    def finish(self, wait_s: float) -> list[Step]:
        """Wait until what was sent is in a block; return what its block refused.

        Raises:
            ChainError: The chain cannot be reached.
        """
        steps: list[Step] = []
        until = self._now_monotonic_s() + wait_s
        while self._hands.waits:
            steps += self._refused()
            if not self._hands.waits or self._now_monotonic_s() >= until:
                break
            time.sleep(_LOOK_S)
        return steps

    def _refused(self) -> list[Step]:
        steps = self._hands.look()
        for step in steps:
            log.warning("dispute", **_logged(step))
        return steps

    def _numbers(self, head: Head) -> list[int]:
        """Return the polls to look at, those with the earliest deadline of a challenge first."""
        first = self._log.first_deadlines(checksum(self._registry.address))
        numbers = [
            number
            for number in range(1, self._registry.poll_count(head.number) + 1)
            if (not self._only or number in self._only)
            and number not in self._done
            and self._look_at.get(number, 0) <= head.timestamp
        ]
        return sorted(numbers, key=lambda number: first.get(number, float("inf")))

    def _send(self, planned: Iterable[_Planned]) -> list[Step]:
        """Send moves of several polls, the most urgent first."""
        steps = []
        for one in sorted(planned, key=lambda one: one.time_left_s):
            with _apart(one.poll.poll_id):
                step = self._do(one.watched, one.poll, one.facts, one.move)
                if step is not None:
                    steps.append(step)
        return steps

    def _plan(self, number: int, block: int, now: UnixSeconds) -> list[_Planned]:
        """Decide about a poll."""
        view = self._registry.poll(number, block)
        watched = self._watch(number, view, now)
        if watched is None:
            return []
        poll = disputed_poll(watched.published)
        docket = self._log.docket(poll)
        self._count(docket)
        if view.status in (Status.CREATED, Status.OPEN):
            self._look_at[number] = UnixSeconds(min(view.freezes_at, now + _LOOK_AGAIN_S))
            return []
        if view.status is Status.ANCHORED:
            self._ask(watched, view)
        facts = Facts(
            watched.published.parameters,
            view,
            now,
            docket,
            watched.evidence,
            watched.recorded,
            self.own,
            lambda: self._hands.affordable(poll, facts),
            self._hands.pending(poll, docket, view, now),
        )
        decision = decide(facts, self._random)
        self._note(number, watched, decision)
        self._leave_ended(number, view, decision, now)
        return [_Planned(watched, poll, facts, move) for move in decision.moves if self._may(move)]

    def _watch(self, number: int, view: PollView, now: UnixSeconds) -> _Watched | None:
        known = self._watched.get(number)
        if known is not None and known.published.context == view.poll_context:
            return known
        try:
            published = read_published(self._registry, number)
        except AuditError as error:
            # What its creator published does not fit together, and never will.
            log.warning("poll not watched", poll=number, problem=str(error))
            self._look_at[number] = UnixSeconds(now + _ENDED_FOR_S)
            return None
        if published is None or published.context != view.poll_context:
            return None
        if not self._serves(published.committee):
            self._look_at[number] = UnixSeconds(now + _ENDED_FOR_S)
            return None
        self._watched[number] = _Watched(published, Evidence(self._curve, published))
        return self._watched[number]

    def _ask(self, watched: _Watched, view: PollView) -> None:
        """Ask the sources for boards and receipts, unless everything is known."""
        now = self._now_monotonic_s()
        is_new = watched.root != view.root.digest
        is_due = now >= watched.asked_at_monotonic_s + _SOURCES_S
        if not is_new and (watched.finding is Finding.SOUND or not is_due):
            return
        watched.root, watched.asked_at_monotonic_s = view.root.digest, now
        poll, found = watched.published, []
        watched.evidence = Evidence(self._curve, poll, watched.evidence)
        for source in self._sources:
            if not is_sound(watched.evidence, view.root):
                self._read_boards(watched, source, view)
            found += list(source.recorded(poll))
            watched.evidence.add_contents(source.ballots(poll))
        watched.recorded = latest([*watched.recorded.values(), *found])

    def _read_boards(self, watched: _Watched, source: Source, view: PollView) -> None:
        """Take the boards of a source, until one of them explains the root."""
        for board in source.boards(watched.published):
            try:
                watched.evidence.add_board(board)
            except AuditError as error:
                log.warning("board refused", poll=watched.published.poll_id, problem=str(error))
            if is_sound(watched.evidence, view.root):
                return

    def _may(self, move: Move) -> bool:
        if isinstance(move, AnswerLeaf | AnswerOmission | AnswerInvalid):
            return self._limits.answers
        return self._limits.challenges or isinstance(move, Close)

    def _do(self, watched: _Watched, poll: DisputedPoll, facts: Facts, move: Move) -> Step | None:
        """Do a move, unless others may be faster, or somebody was. None: nothing to report."""
        words = described(move)
        errand = self._hands.errand(poll, facts, move)
        try:
            if not errand.begun:
                if not self._is_due(watched, facts, move, words):
                    return Step(poll.poll_id, words, "waiting", "others may be faster")
                if self._hands.is_full:
                    return Step(poll.poll_id, words, "waiting", "others wait for a block already")
                if self._hands.is_overtaken(poll, facts, move):
                    return Step(poll.poll_id, words, "overtaken")
            elif errand.settled:
                return None
            step = self._hands.send(watched.published, errand, poll, facts, move)
            if step.outcome == "waiting":
                return step
        except NotMinedYet as error:
            return Step(poll.poll_id, words, "waiting", str(error))
        except LowOnCoin as error:
            step = Step(poll.poll_id, words, "failed", str(error))
        except Refused as error:
            # Somebody was faster, the time is over, or the contract sees it otherwise.
            step = Step(poll.poll_id, words, "refused", str(error))
        except ChainError as error:
            if isinstance(error.__cause__, OSError):
                raise
            # The provider answers, and does not take this transaction: others go on.
            step = Step(poll.poll_id, words, "failed", str(error))
        return self._reported(watched, facts, move, step)

    def _reported(self, watched: _Watched, facts: Facts, move: Move, step: Step) -> Step:
        if step.outcome == "sent":
            self.counts[_COUNTED[type(move)]] += 1
            log.info("dispute", **_logged(step))
        else:
            key = f"{facts.view.root.digest.hex()} {step.move} {step.outcome}"
            if key not in watched.failed:
                watched.failed.add(key)
                self.counts["failed"] += step.outcome == "failed"
                log.warning("dispute", **_logged(step))
        return step

    def _is_due(self, watched: _Watched, facts: Facts, move: Move, words: str) -> bool:
        """Return whether the random delay of a move is over; it starts when first seen."""
        now = self._now_monotonic_s()
        key = f"{facts.view.root.digest.hex()} {words}"
        if isinstance(move, Close) or (
            isinstance(move, Expire) and move.challenge.challenger == self.own
        ):
            return True
        if key not in watched.due_monotonic_s:
            left = _time_left(facts, move) / _SHARE_OF_TIME
            longest = max(0.0, min(self._limits.delay_s, left))
            part = (self._random.scalar() % 1000) / 1000
            watched.due_monotonic_s[key] = now + longest * part
        return now >= watched.due_monotonic_s[key]

    def _note(self, number: int, watched: _Watched, decision: Decision) -> None:
        if (watched.finding, watched.reason) != (decision.finding, decision.reason):
            watched.finding, watched.reason = decision.finding, decision.reason
            if decision.finding is not None:
                say = log.info if decision.finding is Finding.SOUND else log.warning
                say("root", poll=number, finding=str(decision.finding), reason=decision.reason)

    def _count(self, docket: Docket) -> None:
        for one in docket.challenges:
            if one.id not in self._seen:
                self._seen.add(one.id)
                self.counts["seen"] += 1
                log.info(
                    "challenge",
                    challenge="0x" + one.id.hex(),
                    challenger="0x" + one.challenger.hex(),
                    deadline=one.deadline,
                    bond=str(one.bond),
                )

    def _leave_ended(
        self, number: int, view: PollView, decision: Decision, now: UnixSeconds
    ) -> None:
        if view.status not in _ENDED or decision.moves:
            self._ended_at.pop(number, None)
            return
        first = self._ended_at.setdefault(number, now)
        if now >= first + _ENDED_FOR_S:
            self._done.add(number)
            self._watched.pop(number, None)


def disputes_of(registry: Registry) -> Disputes:
    """Return the contract that may reject a registry's roots.

    Raises:
        ValueError: It has none.
        ChainError: The chain cannot be reached.
    """
    address = registry.disputes()
    if not any(address):
        raise ValueError(f"registry 0x{registry.address.hex()} has no disputes: nothing to guard")
    return Disputes(registry.rpc_url, address, registry.deployment_block)


_COUNTED: dict[type[Move], str] = {
    Prove: "proven",
    DemandLeaf: "raised",
    DemandBallot: "raised",
    AnswerLeaf: "answered",
    AnswerOmission: "answered",
    AnswerInvalid: "answered",
    Expire: "expired",
    Close: "closed",
}


@contextmanager
def _apart(number: int) -> Iterator[None]:
    """Keep one poll's failure from the others.

    It is tried again in the next turn: whoever can make it fail once must not gain an hour without
    a watchtower.
    """
    try:
        yield
    except ChainError:
        raise
    except Exception:
        log.exception("poll not watched", poll=number)


def _time_left(facts: Facts, move: Move) -> float:
    match move:
        case DemandLeaf() | DemandBallot():
            return latest_demand(facts, move) - facts.now_unix_s
        case Prove():
            return facts.view.releasable_at - facts.now_unix_s
        case Expire():
            bound = facts.view.anchored_at + facts.parameters.dispute_window
            return bound + facts.parameters.max_dispute_delay - facts.now_unix_s
        case Close():
            return float("inf")
        case _:
            return move.challenge.deadline - facts.now_unix_s


def _logged(step: Step) -> dict[str, Any]:
    return {name: value for name, value in step.to_json().items() if value not in ("", "0", None)}
