"""A node's part in the shuffle of one poll: when it leads, what it answers, when ballots are open.

Heavy work runs one at a time in a thread, so that the node stays responsive.

Source: docs/protocol.md §19.2.
"""

import asyncio
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from math import ceil
from threading import Lock
from typing import Any, TypeVar

from ostraka.node.phases import Anchoring, Destroyed, Releasing
from ostraka.node.poll_progress import PollProgress
from ostraka.node.served_poll import ServedPoll
from ostraka.node.shuffle.attesting import OutcomeAttesting
from ostraka.node.shuffle.leading import RunFailed, RunLeader
from ostraka.node.shuffle.member import ShuffleMember
from ostraka.node.shuffle.messages import Call, DealCall, SignCall, StepHead, TakeCall
from ostraka.node.shuffle.opening import BallotOpening
from ostraka.node.shuffle.states import RunStates
from ostraka.node.shuffle.turns import Turns
from ostraka.storage.node_tables import SignedOutcome
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import most_ballots
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import AuditError
from ostraka_verifier.shuffle import RunRecord, fewest_groups
from ostraka_verifier.units import later

T = TypeVar("T")

_BACKGROUND_S = 1
"""How long a tick waits for a run that this node leads, or for opened ballots."""
_FETCH_AGAIN_S = 3
_DEAF_S = 60
"""How long a node that sent a false certificate gets no other one checked."""
_EARLY_S = 60
"""How long before its turn a leader may begin: its head of the chain may be newer."""
_WAITING = 4
"""Most requests of one node that wait for work, or are worked on. A leader asks one after another;
some that it gave up may still wait."""
_PIECE_BYTES = 1 << 18
_OF_LEADERS = {Call.DEAL, Call.TAKE, Call.FOLLOW}
"""Requests of leaders that are as long as a state."""


class SharedSection:
    """Section 14 in memory, once for all who are getting it: they may read slowly."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield all bytes; the server waits for slow clients."""
        for start in range(0, len(self.data), _PIECE_BYTES):
            yield self.data[start : start + _PIECE_BYTES]


class Shuffling:
    """The shuffle of one poll at one node."""

    def __init__(self, served: ServedPoll, progress: PollProgress) -> None:
        self._served = served
        self._progress = progress
        self._states = RunStates(served)
        self._member = ShuffleMember(served, self._states)
        self._opening = BallotOpening(served, self._states)
        self._attesting = OutcomeAttesting(served)
        self._busy = asyncio.Lock()
        self._waiting: Counter[bytes] = Counter()
        self._loading = Lock()
        self._section: Callable[[], SharedSection | None] = lambda: None
        self._leading: asyncio.Task[None] | None = None
        self._leader: RunLeader | None = None
        self._led = -1
        self._getting: dict[str, asyncio.Task[bool]] = {}
        self._fetch_at_monotonic_s = 0.0
        self._deaf_until_monotonic_s: dict[bytes, float] = {}
        self._most = 0
        if self.is_shuffled:
            poll = served.poll
            self._most = most_ballots(poll.committee, poll.slots)
            if poll.parameters.voters > self._most:
                served.log.warning(
                    "more voters than ballots that can be shuffled",
                    voters=poll.parameters.voters,
                    most=self._most,
                )

    @property
    def is_shuffled(self) -> bool:
        """Whether the poll opens its ballots at all."""
        return self._served.poll.parameters.is_shuffled

    def holds_back(self, phase: Releasing) -> bool:
        """Whether this node must not release its aggregate share yet (§19.2)."""
        return (
            self._opens(phase.anchoring.root.count)
            and not self._served.store.shuffle.is_open(self._served.poll_id)
            and self._now_unix_s() < self._turns().ends_at
        )

    def _opens(self, ballots: int) -> bool:
        return self.is_shuffled and ballots >= self._served.poll.parameters.open_minimum

    def _now_unix_s(self) -> int:
        return self._progress.observed.head.timestamp

    def _turns(self) -> Turns:
        return Turns.of(self._served.poll, self._progress.observed.view.releasable_at)

    # --- What is due ---------------------------------------------------------------------------

    async def work(self, phase: Releasing) -> None:
        """Once `q` nodes stated the root as final: open a certified run, lead one in this node's
        turn, or get opened ballots from a peer."""
        if not self._opens(phase.anchoring.root.count) or await self._is_open():
            return
        await self._get_opened(phase)
        if await self._is_open():
            return
        turns = self._turns()
        turn = turns.at(self._progress.observed.head.timestamp)
        if (
            turn is not None
            and turns.leader(turn) == self._served.node
            and turn > self._led
            and self._leading is None
        ):
            self._led = turn
            self._leading = asyncio.create_task(self._lead(phase, turns, turn))
        if self._leading is not None:
            await asyncio.wait({self._leading}, timeout=_BACKGROUND_S)
            if self._leading.done():
                self._leading = self._leader = None

    async def complete(self, phase: Destroyed) -> bool:
        """After the end: get opened ballots from a peer; return whether none are missing."""
        anchoring = phase.anchoring
        self._states.forget()
        if anchoring is None or not self._opens(anchoring.root.count):
            return True
        if not await self._is_open():
            await self._get_opened(phase)
        if not await self._is_open():
            return False
        await asyncio.to_thread(self._served.store.shuffle.forget, self._served.poll_id)
        return True

    async def _get_opened(self, phase: Releasing | Destroyed) -> None:
        """Open the certified run, if any, and get the opened ballots from a peer that has them.

        Requests may finish later: a silent peer must hold up neither a turn nor the release.
        """
        anchoring = phase.anchoring
        if anchoring is None:
            return
        if "open" not in self._getting:
            self._getting["open"] = asyncio.create_task(self._opening.open(anchoring.root))
        if "fetch" not in self._getting and time.monotonic() >= self._fetch_at_monotonic_s:
            self._fetch_at_monotonic_s = time.monotonic() + _FETCH_AGAIN_S
            self._getting["fetch"] = asyncio.create_task(self._fetch(anchoring))
        await asyncio.wait(self._getting.values(), timeout=_BACKGROUND_S)
        for name, task in list(self._getting.items()):
            if task.done():
                del self._getting[name]
                try:
                    task.result()
                except Exception:
                    # The sum is released in time all the same.
                    self._served.log.exception("ballots not opened", by=name)

    async def _fetch(self, anchoring: Anchoring) -> bool:
        signed = await asyncio.to_thread(self._served.signed_root, anchoring.root)
        return signed is not None and await self._opening.fetch(anchoring.root, signed.leaves)

    async def _is_open(self) -> bool:
        return await asyncio.to_thread(self._served.store.shuffle.is_open, self._served.poll_id)

    async def _lead(self, phase: Releasing, turns: Turns, turn: int) -> None:
        ballots = phase.anchoring.root.count
        if ballots > self._most:
            # Only their sum is opened.
            self._served.log.error("too many ballots to shuffle", ballots=ballots, most=self._most)
            return
        leader = self._leader = RunLeader(
            self._served,
            self._states,
            self._states.sizes(ballots),
            turns,
            turn,
            phase.anchoring.root.digest,
            self._answer_self,
            self._now_unix_s,
        )
        self._served.log.info("run begins", turn=turn)
        try:
            await leader.lead()
        except RunFailed as error:
            self._served.log.warning("run failed", turn=turn, problem=str(error))
        except Exception:
            # Another node leads the next turn; nothing of this poll may stop.
            self._served.log.exception("run failed", turn=turn)

    # --- What it answers -----------------------------------------------------------------------

    async def answer(self, call: Call, body: bytes, asker: bytes) -> bytes:
        """Answer a request of another node of the committee.

        Args:
            asker: Its address.

        Raises:
            Problem: This node does not take part now, or the request is not the turn's leader's.
            AuditError: The request is invalid.
        """
        if call is Call.SHARES:
            return await asyncio.to_thread(self._opening.released, SignCall.decode(body))
        phase = await self._taking_part()
        if call is Call.CERTIFY:
            await self._certify(phase, body, asker)
            return b""
        turn, work = self._read(phase, call, body)
        self._require_leader(turn, asker)

        def require_still() -> None:
            # It may have waited past the end of the turn, or of the shuffle.
            if not isinstance(self._progress.phase, Releasing):
                raise Problem(ProblemType.NOT_SHUFFLING, "the shuffle is over", "", 1)
            self._require_leader(turn, asker)

        return await self._one_of(asker, require_still, work)

    async def _certify(self, phase: Releasing, body: bytes, asker: bytes) -> None:
        """Check a certificate; a node whose last one was false has to wait.

        To check one takes long. Endless false ones would keep this node from the leader's requests.
        """

        def require_heard() -> None:
            left_s = ceil(self._deaf_until_monotonic_s.get(asker, 0) - time.monotonic())
            if left_s > 0:
                detail = "the last certificate that this node got from there was false"
                raise Problem(ProblemType.BUSY, detail, "", left_s)

        def certify() -> None:
            try:
                self._opening.certify(phase.anchoring.root, phase.leaves, body)
            except AuditError:
                self._deaf_until_monotonic_s[asker] = time.monotonic() + _DEAF_S
                raise

        require_heard()
        await self._one_of(asker, require_heard, certify)

    async def _answer_self(self, call: Call, body: bytes) -> bytes:
        return await self.answer(call, body, self._served.key.address)

    def body_bytes(self, call: str, sender: bytes) -> int:
        """Return how long a request may be; 0 if it is no longer than any other one.

        Args:
            call: Last part of its path.
            sender: Address of the node that sends it.
        """
        phase = self._progress.phase
        if not isinstance(phase, Releasing) or not self._opens(phase.anchoring.root.count):
            return 0
        if call in _OF_LEADERS:
            turns = self._turns()
            turn = turns.at(self._progress.observed.head.timestamp)
            members = self._served.poll.committee.members
            near = range(max(0, turn - 1), turn + 2) if turn is not None else ()
            if sender not in {members[turns.leader(one) - 1].address for one in near}:
                return 0
        elif call != Call.CERTIFY:
            return 0
        return self._states.sizes(phase.anchoring.root.count).longest_request

    def _read(self, phase: Releasing, call: Call, body: bytes) -> tuple[int, Callable[[], bytes]]:
        """Return the turn of a leader's request, and what to do."""
        member, sizes = self._member, self._states.sizes(len(phase.leaves))
        match call:
            case Call.BEGIN:
                reader = Reader(body, "begin")
                turn = reader.unsigned(4, "turn")
                reader.end()
                return turn, lambda: member.begin(phase, turn)
            case Call.PROVE:
                reader = Reader(body, "prove")
                head = StepHead.read(reader, sizes.threshold)
                reader.end()
                return head.turn, lambda: member.prove(phase, head)
            case Call.DEAL:
                deal = DealCall.decode(body, sizes)
                return deal.head.turn, lambda: member.deal(phase, deal)
            case Call.TAKE:
                taken = TakeCall.decode(body, sizes)
                return taken.head.turn, lambda: member.take(phase, taken)
            case Call.FOLLOW:
                record = RunRecord.decode(body, sizes.threshold, sizes.ballots)
                return record.turn, lambda: member.follow(phase, record)
            case Call.SIGN:
                asked = SignCall.decode(body)
                return asked.turn, lambda: member.sign_state(phase, asked)
        raise ValueError(f"{call} is no request of a leader")

    async def _taking_part(self) -> Releasing:
        """Return the phase in which this node takes part in runs; Problem otherwise."""
        phase = self._progress.phase
        if not isinstance(phase, Releasing) or not self._opens(phase.anchoring.root.count):
            raise Problem(ProblemType.NOT_SHUFFLING, "no ballots are to be opened here now", "", 1)
        if not await asyncio.to_thread(phase.is_agreed):
            detail = "too few nodes have stated the root as final"
            raise Problem(ProblemType.NOT_SHUFFLING, detail, "", 1)
        return phase

    def _require_leader(self, turn: int, asker: bytes) -> None:
        turns, seen_unix_s = self._turns(), self._progress.observed.head.timestamp
        now, last = turns.at(seen_unix_s), later(turns.ends_at, -1)
        soon = turns.at(min(later(seen_unix_s, _EARLY_S), last))
        # Peers' heads differ a little; after the last turn, nobody signs any more. Early in a turn,
        # the next leader could take it from a leader that has not begun yet.
        if now is None or soon is None or not now - 1 <= turn <= min(now + 1, soon):
            raise Problem(ProblemType.WRONG_TURN, f"this node is in turn {now}", "turn", 1)
        if turn < self._states.turn:
            raise Problem(ProblemType.WRONG_TURN, "this node is in a later turn", "turn")
        if turn > now == self._states.turn:
            # The next leader could end every run of the one before.
            raise Problem(ProblemType.WRONG_TURN, "this node is in a run of this turn", "turn", 1)
        leader = self._served.poll.committee.members[turns.leader(turn) - 1]
        if leader.address != asker:
            raise Problem(ProblemType.NOT_THE_PROPOSER, f"turn {turn} has another leader")

    async def _one_of(self, asker: bytes, require: Callable[[], None], work: Callable[[], T]) -> T:
        """Do work for a node, if it is still due in its turn of work.

        Nobody else may have to wait for long behind one node's requests.
        """
        if self._waiting[asker] >= _WAITING:
            raise Problem(ProblemType.BUSY, "other requests of that node wait here", "", 1)
        self._waiting[asker] += 1

        async def run() -> T:
            try:
                async with self._busy:
                    require()
                    return await asyncio.to_thread(work)
            finally:
                self._waiting[asker] -= 1

        return await self._shielded(run())

    async def _one_at_a_time(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            async with self._busy:
                return await asyncio.to_thread(work)

        return await self._shielded(run())

    @staticmethod
    async def _shielded(run: Coroutine[Any, Any, T]) -> T:
        # A client that goes away must not free the turn of work that a thread still does.
        return await asyncio.shield(asyncio.create_task(run))

    # --- What it shows -------------------------------------------------------------------------

    def opened(self) -> bytes:
        """Return section 14 of the board (§16).

        Raises:
            Problem: This node has no opened ballots.
        """
        section = self._served.store.shuffle.opened(self._served.poll_id)
        if section is None:
            raise Problem(ProblemType.NOT_FOUND, "this node has no opened ballots", "", 2)
        return section

    def shared_section(self) -> SharedSection:
        """Return the same, in memory no more than once; Problem likewise."""
        with self._loading:
            section = self._section()
            if section is None:
                section = SharedSection(self.opened())
                self._section = weakref.ref(section)
            return section

    async def outcome(self) -> SignedOutcome:
        """Return the outcome of the opened ballots with this node's signature (§18.11).

        Raises:
            Problem: The tally decides this poll, or this node has no opened ballots.
        """
        ballots = self._progress.anchoring().root.count
        # Anybody may ask: only what has to be computed waits in line with the leader's requests.
        known = await asyncio.to_thread(self._attesting.known)
        if known is not None:
            return known
        return await self._one_at_a_time(lambda: self._attesting.signed(ballots))

    def report(self) -> dict[str, Any] | None:
        """Return how far the shuffle is; None for a poll that is only summed."""
        if not self.is_shuffled:
            return None
        stage, turn = self._stage()
        tip, leader = self._states.tip, self._leader
        done = len(tip.steps) if tip is not None else 0
        steps = 0
        if stage == "shuffling":
            groups = tip.groups if tip is not None else []
            poll = self._served.poll
            rest = fewest_groups(poll.nodes, poll.committee.threshold, done=groups) or ()
            steps = max(done + len(rest), leader.planned if leader is not None else 0)
        return {"stage": stage, "turn": turn, "steps_done": done, "steps": steps}

    def _stage(self) -> tuple[str, int | None]:
        store, poll_id = self._served.store.shuffle, self._served.poll_id
        if store.is_open(poll_id):
            return "opened", None
        anchoring = self._progress.anchoring_if_any()
        phase = self._progress.phase
        if anchoring is None or not isinstance(phase, Releasing | Destroyed):
            return "waiting", None
        if not self._opens(anchoring.root.count):
            return "too_few_ballots", None
        if store.is_certified(poll_id):
            return "opening", None
        turn = self._turns().at(self._progress.observed.head.timestamp)
        if turn is None or anchoring.root.count > self._most:
            return "not_opened", None
        return "shuffling", turn
