"""Lead one run of the shuffle: ask groups to make steps, nodes to take them, and all to sign.

The leader relays everything and sees nothing: what is secret is sealed to one node. A group that
does not deliver is passed over for another, and nobody learns why.

Source: docs/protocol.md §19.2, §19.3, §19.5.
"""

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import combinations

from ostraka.node.peers import Peer, PeerError
from ostraka.node.served_poll import ServedPoll
from ostraka.node.shuffle.messages import (
    Call,
    Certificate,
    DealCall,
    Dealt,
    Proven,
    SignCall,
    StepHead,
    TakeCall,
)
from ostraka.node.shuffle.states import RunStates
from ostraka.node.shuffle.turns import Turns
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, from_audit_error
from ostraka.wire.shuffle_sizes import Sizes
from ostraka_verifier import typed_data
from ostraka_verifier.board import Attestation
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.shuffle import Group, RunRecord, StepRecord, covers, fewest_groups

LATE_S = 3
"""How long nodes that are not ready may delay a run's begin, once a quorum is."""
GRACE_S = 2
"""Least time for the other nodes to answer, once a quorum has."""
_AGAIN_S = 0.5

Bodies = Mapping[int, Callable[[], Awaitable[bytes]]]


class RunFailed(Exception):
    """A run ends without enough signatures; the next turn's leader begins anew."""


@dataclass(frozen=True)
class _Step:
    """A step as it was sent, to be sent again."""

    head: StepHead
    proof: bytes
    dealt: Mapping[int, Dealt]


class RunLeader:
    """One run, led by this node.

    Attributes:
        done: Groups that have made their step.
        planned: How many steps the run has in all, as far as is known.
    """

    def __init__(
        self,
        served: ServedPoll,
        states: RunStates,
        sizes: Sizes,
        turns: Turns,
        turn: int,
        root_digest: bytes,
        ask_self: Callable[[Call, bytes], Awaitable[bytes]],
        now_unix_s: Callable[[], int],
    ) -> None:
        """Args:
        ask_self: This node's own answer to a request.
        now_unix_s: The chain's time.
        """
        self._served = served
        self._states = states
        self._sizes = sizes
        self._turns = turns
        self._turn = turn
        self._root_digest = root_digest
        self._ask_self = ask_self
        self._now_unix_s = now_unix_s
        self._peers: dict[int, Peer] = {peer.number: peer for peer in served.peers}
        self._nodes = range(1, served.poll.nodes + 1)
        self._silent: set[int] = set()
        self._slow: set[int] = set()
        self._spent_s: defaultdict[int, float] = defaultdict(float)
        self._wasted_s: defaultdict[int, float] = defaultdict(float)
        self._without: defaultdict[int, list[Group]] = defaultdict(list)
        self._holders: set[int] = set()
        self._refused: set[Group] = set()
        self._state_hash = b""
        self._last: _Step | None = None
        self._steps: list[StepRecord] = []
        self._log = served.log.bind(turn=turn)
        self.done: list[Group] = []
        self.planned = 0

    async def lead(self) -> None:
        """Make a whole run, and give its certificate to all nodes.

        Raises:
            RunFailed: The turn is over, or too few nodes take part.
        """
        started = time.monotonic()
        await self._begin()
        nodes, threshold = self._served.poll.nodes, self._served.poll.committee.threshold
        while not covers(nodes, threshold, self.done):
            await self._step(await self._next_group())
        await self._send_again()
        while (further := self._further_group()) is not None:
            await self._step(further)
            await self._send_again()
        certificate = await self._signed()
        body = certificate.encode()
        await self._everywhere({node: self._call(node, Call.CERTIFY, body) for node in self._nodes})
        seconds = round(time.monotonic() - started, 1)
        self._log.info("run certified", groups=self.done, seconds=seconds)

    async def _begin(self) -> None:
        """Get nodes ready that hold good shares of the leaves: `q`, and soon all that answer."""
        body, ends = unsigned(self._turn, 4), math.inf
        while True:
            answers = await self._everywhere(
                {node: self._call(node, Call.BEGIN, body) for node in self._nodes}
            )
            own = answers.get(self._served.node)
            ready = {node for node, answer in answers.items() if answer == own}
            if own is not None and len(ready) >= self._quorum:
                ends = min(ends, time.monotonic() + LATE_S)
                if ready | self._silent == set(self._nodes) or time.monotonic() >= ends:
                    self._state_hash, self._holders = own, ready
                    return
            self._log.debug("waiting for nodes", ready=sorted(ready))
            self._require_time()
            await asyncio.sleep(_AGAIN_S)

    async def _next_group(self) -> Group:
        """Return the group to ask next: its nodes hold good shares."""
        self._require_time()
        group = self._planned(self._present)
        if group is None:
            await self._send_again()
            group = self._planned(self._present) or self._planned(self._holders - self._slow)
        if group is not None:
            return group
        raise RunFailed("no groups of the nodes that answer hide who cast which ballot")

    def _planned(self, present: Collection[int]) -> Group | None:
        """Return a group of nodes with good shares, of the fewest that are still needed.

        Args:
            present: Nodes that may be members of later groups.
        """
        nodes, threshold = self._served.poll.nodes, self._served.poll.committee.threshold
        rest = fewest_groups(nodes, threshold, present, self.done, self._refused) or ()
        self.planned = len(self.done) + len(rest)
        return next((group for group in rest if self._holders.issuperset(group)), None)

    def _further_group(self) -> Group | None:
        """Return a group whose step may give shares to nodes that lack them; None if liars do.

        A member can keep good shares from a node, take the step itself, and then not sign. At most
        `f` nodes lie. A node lies if no `f` others had a hand in all steps that gave it nothing.
        """
        self._require_time()
        committee = self._served.poll.committee
        blamed = Counter(
            node for groups in self._without.values() for group in groups for node in group
        )
        for lacking in sorted(self._present - self._holders):
            others = [node for node in self._nodes if node != lacking]
            suspects = [
                some
                for some in combinations(others, committee.faults)
                if not any(set(group).isdisjoint(some) for group in self._without[lacking])
            ]
            able = [
                group
                for group in combinations(sorted(self._holders - self._slow), committee.threshold)
                if group not in self._refused
                and any(set(group).isdisjoint(some) for some in suspects)
            ]
            if able:
                self.planned = len(self.done) + 1
                return min(able, key=lambda group: sum(blamed[node] for node in group))
        return None

    @property
    def _present(self) -> set[int]:
        """Nodes that may be members of groups."""
        return set(self._nodes) - self._silent - self._slow

    async def _step(self, group: Group) -> bool:
        """Let a group make the next step; pass it over unless `q` nodes take it.

        The time of a step that nobody takes is charged to who took it: nodes that always answer
        just before they are given up would use up the turn.
        """
        self._spent_s.clear()
        if await self._made_and_taken(group):
            for lacking in self._present - self._holders:
                self._without[lacking].append(group)
            return True
        self._refused.add(group)
        for node, seconds in self._spent_s.items():
            self._wasted_s[node] += seconds
            if node in self._peers and self._wasted_s[node] > self._turns.patience_s:
                self._slow.add(node)
        self._log.info("group passed over", group=group, slow=sorted(self._slow))
        return False

    async def _made_and_taken(self, group: Group) -> bool:
        """Return whether a group makes the next step, and `q` nodes take it."""
        head = StepHead(self._state_hash, self._turn, len(self.done) + 1, group)
        made = await self._made(head)
        if made is None:
            return False
        answers = await self._everywhere({node: self._taking(made, node) for node in self._nodes})
        counts = Counter(answers.values())
        if not counts:
            return False
        state_hash, count = counts.most_common(1)[0]
        if count < self._quorum:
            return False
        try:
            held = self._states.known(state_hash)
        except Problem:
            # It is another state than the one that this node computed.
            return False
        self._state_hash, self._last = state_hash, made
        self._holders = {node for node, answer in answers.items() if answer == state_hash}
        self._steps = list(held.steps)
        self.done.append(group)
        self._log.info("step made", step=head.step, group=group, nodes=sorted(self._holders))
        return True

    async def _made(self, head: StepHead) -> _Step | None:
        """Let a group prove and deal; None if one of them does not deliver."""
        first, *others = head.group
        answer = await self._delivered(first, Call.PROVE, head.encode())
        if answer is None:
            return None
        try:
            proven = Proven.decode(answer, self._sizes)
            boxes = dict(zip(others, proven.boxes, strict=True))
            calls = {
                member: DealCall(head, proven.proof, boxes.get(member, b"")).encode()
                for member in head.group
            }
            answers = await asyncio.gather(
                *(self._delivered(member, Call.DEAL, body) for member, body in calls.items())
            )
            dealt = {
                member: Dealt.decode(answer, self._sizes)
                for member, answer in zip(calls, answers, strict=True)
                if answer is not None
            }
        except Malformed as error:
            self._log.info("step not made", group=head.group, problem=str(error))
            return None
        return _Step(head, proven.proof, dealt) if len(dealt) == len(head.group) else None

    async def _delivered(self, node: int, call: Call, body: bytes) -> bytes | None:
        """Return a member's answer; None, and no further group with it, if there is none."""
        try:
            return await self._ask(node, call, body)
        except PeerError as error:
            self._log.info("no answer", node=node, request=call.value, problem=str(error))
            if error.problem is None:
                self._silent.add(node)
            elif error.problem.kind in (ProblemType.STATE_UNKNOWN, ProblemType.NO_SHARE):
                self._holders.discard(node)
            return None

    def _taking(self, made: _Step, node: int) -> Callable[[], Awaitable[bytes]]:
        """Return the request to a node to take a step; one that missed steps follows them first."""

        async def take() -> bytes:
            body = TakeCall.of(made.head, made.proof, made.dealt, node).encode()
            try:
                return await self._ask(node, Call.TAKE, body)
            except PeerError as error:
                if error.problem is None or error.problem.kind is not ProblemType.STATE_UNKNOWN:
                    raise
            before = RunRecord(self._turn, tuple(self._steps[: made.head.step - 1]))
            await self._ask(node, Call.FOLLOW, before.encode())
            return await self._ask(node, Call.TAKE, body)

        return take

    async def _send_again(self) -> None:
        """Send the last step again to the nodes that lack good shares of its state."""
        made, lacking = self._last, set(self._nodes) - self._holders - self._silent
        if made is None or not lacking:
            return
        answers = await self._everywhere({node: self._taking(made, node) for node in lacking})
        self._holders |= {node for node, one in answers.items() if one == self._state_hash}

    async def _signed(self) -> Certificate:
        """Get the signatures of `q` nodes."""
        self._require_time()
        body = SignCall(self._turn, self._state_hash).encode()
        answers = await self._everywhere(
            {node: self._call(node, Call.SIGN, body) for node in self._holders}
        )
        found = []
        for node, signature in sorted(answers.items()):
            address = self._served.poll.committee.members[node - 1].address
            try:
                self._served.require_signer(
                    address,
                    signature,
                    typed_data.SHUFFLED,
                    self._served.poll.context,
                    self._root_digest,
                    self._turn,
                    self._state_hash,
                    self._sizes.ballots,
                )
            except AuditError as error:
                self._log.warning("bad signature", node=node, problem=str(error))
            else:
                found.append(Attestation(node, signature))
        if len(found) < self._quorum:
            raise RunFailed(f"{len(found)} nodes signed, {self._quorum} needed")
        return Certificate(RunRecord(self._turn, tuple(self._steps)), tuple(found))

    async def _everywhere(self, calls: Bodies) -> dict[int, bytes]:
        """Make a request to some nodes at once; return the answers by node.

        Once a quorum has answered, the others get the same time again. Who has not answered then
        is in no group until it answers another request.
        """
        started = time.monotonic()
        tasks = {asyncio.ensure_future(call()): node for node, call in calls.items()}
        answers: dict[int, bytes] = {}
        waiting = set(tasks)
        ends = started + self._turns.patience_s
        while waiting and (left_s := ends - time.monotonic()) > 0:
            done, waiting = await asyncio.wait(
                waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                node = tasks[task]
                try:
                    answers[node] = task.result()
                    self._silent.discard(node)
                except PeerError as error:
                    self._log.debug("peer", peer=node, problem=str(error))
                    if error.problem is None:
                        self._silent.add(node)
            if len(answers) == self._quorum:
                grace_s = max(GRACE_S, time.monotonic() - started)
                ends = min(ends, time.monotonic() + grace_s)
        for task in waiting:
            self._silent.add(tasks[task])
            task.cancel()
        return answers

    def _call(self, node: int, call: Call, body: bytes) -> Callable[[], Awaitable[bytes]]:
        async def ask() -> bytes:
            return await self._ask(node, call, body)

        return ask

    async def _ask(self, node: int, call: Call, body: bytes) -> bytes:
        """Return a node's answer, this one's own too; PeerError otherwise."""
        peer = self._peers.get(node)
        if peer is not None:
            path = self._served.path(f"peer/shuffle/{call.value}")
            patience_s, limit = self._turns.patience_s, self._sizes.longest_answer
            started = time.monotonic()
            try:
                return await peer.post_patiently(path, body, patience_s, limit)
            finally:
                self._spent_s[node] += time.monotonic() - started
        try:
            return await self._ask_self(call, body)
        except Problem as problem:
            raise PeerError(f"node {node}: {problem}", problem) from None
        except (Malformed, Rejected) as error:
            raise PeerError(f"node {node}: {error}", from_audit_error(error)) from None

    def _require_time(self) -> None:
        if self._turns.at(self._now_unix_s()) != self._turn:  # type: ignore[arg-type]
            raise RunFailed("the turn is over")

    @property
    def _quorum(self) -> int:
        return self._served.poll.committee.quorum
