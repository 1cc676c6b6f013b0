"""Agree on all nodes' poll keys before a poll opens, and keep the pinned keys afterwards.

A node signs a list of keys once every key in it passed the checks and every other node proved that
it holds its own. Until the poll is open, a new announcement makes a new list.

Source: docs/protocol.md §4.3.
"""

import asyncio
import hmac
import time
from itertools import combinations
from threading import Lock

from ostraka.chain.registry import PollView
from ostraka.clock import unix_now
from ostraka.node.peers import Peer, PeerError
from ostraka.node.phases import Announced
from ostraka.node.possession import (
    CHALLENGE_BYTES,
    CREATOR,
    answer_challenge,
    make_challenge,
    possession,
)
from ostraka.node.served_poll import BACKGROUND_S, ServedPoll
from ostraka.randomness import system
from ostraka.storage.node_tables import AnnouncedKey
from ostraka.wire.poll_keys import (
    Announcement,
    KeyReport,
    PollKeyList,
    Stage,
    Waiting,
    waiting_hash,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.poll_key import check_poll_key, check_poll_keys, node_key

CREATOR_PAUSE_S = 1
"""Minimum time between two answers to the poll's creator."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10
"""Pause between two rounds of requests without a change."""
_SETTLED_S = 30
"""How long a node that announced another key is reported as the one that all wait for: while it
keeps changing its key, the list cannot be signed."""


class KeyAgreement:
    """Agrees on the poll keys of one poll."""

    def __init__(self, state: ServedPoll) -> None:
        self._state = state
        self._keys: PollKeyList | None = None
        self._refused = False
        """Whether two keys of the list share a half. Nobody signs such a list, but its nodes are
        still
        challenged: only the true owner of a copied key can answer."""
        self._proven: set[int] = set()
        self._signatures: dict[int, bytes] = {}
        self._changed_at_monotonic_s: dict[int, float] = {}
        self._waiting: dict[int, Waiting] = {}
        self._next_at_monotonic_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._creator_lock = Lock()
        self._creator_next_at_monotonic_s = 0.0

    async def agree(self) -> None:
        """Before opening: collect all keys, challenge all nodes, sign the list."""
        if time.monotonic() < self._next_at_monotonic_s:
            return
        before = self._progress()
        await self._state.each_peer("poll keys", self._hear, BACKGROUND_S)
        self._update_list()
        if self._keys is not None:
            await self._state.each_peer("possession", self._challenge, BACKGROUND_S)
            self._sign_if_proven()
        self._note_waiting()
        changed = self._progress() != before
        self._pause_s = _FIRST_PAUSE_S if changed else min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._next_at_monotonic_s = time.monotonic() + self._pause_s

    def _progress(self) -> tuple[object, ...]:
        keys = b"" if self._keys is None else self._keys.hash
        return keys, frozenset(self._proven), frozenset(self._signatures)

    async def _hear(self, peer: Peer) -> None:
        """Store a peer's own announcement, and its signature if it signed the same list."""
        report = KeyReport.from_json(
            await peer.get_json(self._state.path("opening")), self._state.poll.nodes
        )
        announced = report.announcements.get(peer.number)
        if announced is None:
            raise Malformed(f"poll key of node {peer.number}", "not announced")
        known = self._state.announcements.get(peer.number)
        if announced != known:
            self._check(peer.number, announced)
            await asyncio.to_thread(self._keep, peer.number, announced)
            if known is not None:
                self._changed_at_monotonic_s[peer.number] = time.monotonic()
            self._update_list()
        signature, keys = report.signatures.get(peer.number), self._sound
        if keys is not None and report.poll_keys == keys.hash and signature:
            statement = typed_data.POLL_KEYS, self._state.poll.context, keys.hash
            self._state.require_signer(peer.address, signature, *statement)
            self._signatures[peer.number] = signature

    def _check(self, node: int, announced: Announcement) -> None:
        check_poll_key(announced.public_key, f"poll key of node {node}")
        self._state.require_signer(
            self._state.poll.committee.members[node - 1].address,
            announced.signature,
            typed_data.POLL_KEY,
            self._state.poll.context,
            node_key(announced.public_key),
        )

    def _keep(self, node: int, announced: Announcement) -> None:
        self._state.store.announce(
            AnnouncedKey(
                poll_id=self._state.poll.poll_id,
                poll_context=self._state.poll.context,
                node=node,
                public_key=announced.public_key,
                signature=announced.signature,
            )
        )
        self._state.announcements[node] = announced

    def _update_list(self) -> None:
        """Start again if the announcements make another list."""
        order = range(1, self._state.poll.nodes + 1)
        known = self._state.announcements
        keys = None
        if all(node in known for node in order):
            keys = PollKeyList(tuple(known[node].public_key for node in order))
        if keys == self._keys:
            return
        refused = keys is not None and self._is_refused(keys)
        # Requests read these in other threads: no report may show signatures of another list.
        self._signatures = {}
        self._proven = {self._state.node}
        self._refused = refused
        self._keys = keys

    def _is_refused(self, keys: PollKeyList) -> bool:
        try:
            keys.check()
        except Malformed as error:
            self._state.log.error("poll keys refused", problem=str(error))
            return True
        return False

    @property
    def _sound(self) -> PollKeyList | None:
        """Return the list of all keys, unless it is invalid."""
        return None if self._refused else self._keys

    async def _challenge(self, peer: Peer) -> None:
        """Challenge a peer to prove that it holds the key that it announced."""
        keys, context, own = self._keys, self._state.poll.context, self._state.node
        if keys is None or peer.number in self._proven:
            return
        secret = system.bytes(CHALLENGE_BYTES)
        body = make_challenge(context, keys, own, peer.number, secret)
        answer = await peer.post(self._state.path("challenge"), body)
        if not hmac.compare_digest(
            answer, possession(context, keys.hash, own, peer.number, secret)
        ):
            raise PeerError(f"node {peer.number}: does not hold the poll key that it announced")
        if keys == self._keys:
            self._proven.add(peer.number)

    def _sign_if_proven(self) -> None:
        node, keys = self._state.node, self._sound
        if keys is None or node in self._signatures:
            return
        own = self._state.announcements[node].public_key
        if len(self._proven) < self._state.poll.nodes or keys.public_keys[node - 1] != own:
            return
        statement = typed_data.POLL_KEYS, self._state.poll.context, keys.hash
        self._signatures[node] = self._state.sign(*statement)
        self._state.log.info("poll keys signed", poll_keys=keys.hash.hex())

    def _note_waiting(self) -> None:
        """Update the nodes that this node waits for; an unchanged stage keeps its time."""
        now = unix_now()
        waiting = {}
        unfit = self._sharing()
        changing = self._changing()
        for peer in self._state.peers:
            node = peer.number
            if node not in self._state.announcements or node in unfit | changing:
                stage = Stage.KEY
            elif self._keys is None:
                continue
            elif node not in self._proven:
                stage = Stage.POSSESSION
            elif self._refused or changing:
                continue
            elif node not in self._signatures:
                stage = Stage.SIGNATURE
            else:
                continue
            known = self._waiting.get(node)
            since = known.since_unix_s if known is not None and known.stage == stage else now
            waiting[node] = Waiting(node, stage, since)
        self._waiting = waiting

    def _changing(self) -> set[int]:
        """Return nodes that recently announced another key, while not all have signed."""
        if len(self._signatures) == self._state.poll.nodes:
            return set()
        since_monotonic_s = time.monotonic() - _SETTLED_S
        return {node for node, at in self._changed_at_monotonic_s.items() if at > since_monotonic_s}

    def _sharing(self) -> set[int]:
        """Return other nodes whose announced keys share a half with each other or with this node's.

        Nodes that proved to hold their keys are left out, unless all of them did.
        """
        if not self._refused:
            return set()
        shared = set()
        for one, other in combinations(self._state.announcements.items(), 2):
            try:
                check_poll_keys([one[1].public_key, other[1].public_key])
            except Malformed:
                shared |= {one[0], other[0]}
        shared -= {self._state.node}
        return shared - self._proven or shared

    def answer(self, phase: Announced, body: bytes, asker: bytes) -> bytes:
        """Prove to another node or to the poll's creator that this node holds its poll key.

        Raises:
            Problem: The creator asks too often.
            Malformed: It is not a challenge of this node's key.
        """
        # Independent of this node's own checks: otherwise all nodes would wait for each other.
        state, poll_key = self._state, phase.secret.poll_key
        challenger = state.poll.committee.index_of(asker)
        if challenger is None:
            challenger = CREATOR
            self._bound_creator()
        return answer_challenge(
            state.poll.context, state.poll.nodes, state.node, poll_key, challenger, body
        )

    def _bound_creator(self) -> None:
        with self._creator_lock:
            if time.monotonic() < self._creator_next_at_monotonic_s:
                raise Problem(
                    ProblemType.QUEUE_FULL,
                    "at most one challenge of the creator each second",
                    "",
                    1,
                )
            self._creator_next_at_monotonic_s = time.monotonic() + CREATOR_PAUSE_S

    async def hold_pinned(self, view: PollView) -> None:
        """After opening: store the keys that are pinned on chain; get missing ones from peers.

        Raises:
            Rejected: This node may not serve the pinned list (check P4).
            Malformed: As `PollKeyList.check`.
        """
        opened = await asyncio.to_thread(self._state.opened, view)
        if opened is None or self._state.pinned is not None:
            return
        order = range(1, self._state.poll.nodes + 1)
        own = self._state.announcements[self._state.node].public_key
        if opened.node_keys[self._state.node - 1] != node_key(own):
            raise Rejected("P4", "poll keys", "the key pinned for this node is not its own")

        def missing() -> list[int]:
            known = self._state.announcements
            return [
                node
                for node in order
                if node not in known
                or node_key(known[node].public_key) != opened.node_keys[node - 1]
            ]

        async def hear(peer: Peer) -> None:
            report = KeyReport.from_json(
                await peer.get_json(self._state.path("opening")), self._state.poll.nodes
            )
            for node in missing():
                one = report.announcements.get(node)
                if one is not None and node_key(one.public_key) == opened.node_keys[node - 1]:
                    self._check(node, one)
                    await asyncio.to_thread(self._keep, node, one)

        if missing():
            await self._state.each_peer("pinned keys", hear, BACKGROUND_S)
        if missing():
            return
        keys = PollKeyList(tuple(self._state.announcements[node].public_key for node in order))
        keys.check()
        self._state.pinned = keys
        self._waiting = {}

    def report(self, view: PollView) -> KeyReport:
        """Return this node's public report of the poll's keys."""
        state = self._state
        keys, signatures = self._sound, dict(self._signatures)
        opened = state.opened(view)
        if opened is not None:
            keys, signatures = state.pinned, dict(enumerate(opened.signatures, start=1))
        # One reading: a tick replaces it while a request is answered in another thread.
        known = self._waiting
        waiting = tuple(known[node] for node in sorted(known))
        now = unix_now()
        return KeyReport(
            state.node,
            dict(state.announcements),
            b"" if keys is None else keys.hash,
            signatures,
            waiting,
            now,
            state.sign(typed_data.WAITING, state.poll.context, waiting_hash(waiting), now),
        )
