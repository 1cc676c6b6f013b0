"""Open the ballots of a certified run, or get them opened from a peer, after all checks.

From its certificate on, shares of a run's last state are public: `t` good ones open it.

Source: docs/protocol.md §19.10, §16 (section 14).
"""

import asyncio
import secrets
from collections.abc import Sequence

from ostraka.node.peers import Peer, PeerError
from ostraka.node.served_poll import ServedPoll, split_digests
from ostraka.node.shuffle.asking import enough_of
from ostraka.node.shuffle.messages import Call, Certificate, SignCall
from ostraka.node.shuffle.states import Leaves, RunStates, SharedState
from ostraka.storage.node_tables import CertifiedRun, OpenedBallots
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import LONGEST_BYTES, Sizes
from ostraka_verifier import board_opened, typed_data
from ostraka_verifier.board import Attestation
from ostraka_verifier.board_opened import OpenedShape, encode_opened
from ostraka_verifier.content import Within
from ostraka_verifier.curve import Points
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    RunContext,
    RunRecord,
    ShuffleKey,
    combine_shares,
    decode_shares,
    encode_shares,
    verify_groups,
    verify_openings,
    verify_state_shares,
    verify_steps,
)

_PATIENCE_S = 60


class BallotOpening:
    """Opens the ballots of one poll at one node."""

    def __init__(self, served: ServedPoll, states: RunStates) -> None:
        self._served = served
        self._states = states

    # --- A certified run -----------------------------------------------------------------------

    def certify(self, root: SumRoot, digests: Sequence[bytes], data: bytes) -> None:
        """Store a run that `q` nodes signed; its shares are public from then on.

        Args:
            digests: Of the ballots, in the order of leaves.
            data: `Certificate.encode`.

        Raises:
            Malformed: It is not canonical (check A1).
            Rejected: Its groups do not cover (A2), a proof fails (A3), or it has too few good
                signatures (A4).
        """
        store = self._served.store.shuffle
        if store.is_open(self._served.poll_id):
            return
        sizes = self._states.sizes(root.count)
        certificate = Certificate.decode(data, sizes)
        held = self._checked(root, digests, certificate.record)
        signed = self._attested(root, certificate, held.state.hash)
        earlier = store.certified(self._served.poll_id)
        if earlier is not None and earlier.shares and held.shares is None:
            return
        store.certify(
            CertifiedRun(
                poll_id=self._served.poll_id,
                state_hash=held.state.hash,
                certificate=Certificate(certificate.record, signed).encode(),
                commitments=b"" if held.commitments is None else held.commitments.encode(),
                shares=b"" if held.shares is None else encode_shares(held.shares),
            )
        )
        self._served.log.info(
            "run certified", turn=certificate.record.turn, nodes=[one.node for one in signed]
        )

    def _checked(self, root: SumRoot, digests: Sequence[bytes], record: RunRecord) -> SharedState:
        """Check a whole run; return its last state, with shares if this node took part."""
        poll, signed = self._served.poll, self._states.signed
        verify_groups(poll.nodes, poll.committee.threshold, record.steps)
        if signed and signed.state.run.turn == record.turn and signed.steps == record.steps:
            return signed
        start = self._start(root, digests, record.turn)
        key = ShuffleKey(self._served.curve, root.count)
        state = verify_steps(key, start.state, record.steps, secrets.randbits)
        return SharedState(state, record.steps, None, None)

    def _start(self, root: SumRoot, digests: Sequence[bytes], turn: int) -> SharedState:
        found, pairs = self._served.root(digests)
        if found != root:
            raise Rejected("A3", "leaves", "are not those of the anchored root")
        run = RunContext(self._served.poll.context, root.digest, turn)
        return Leaves.of(self._served, [ballot for ballot, _ in pairs]).state(run)

    def _attested(
        self, root: SumRoot, certificate: Certificate, state_hash: bytes
    ) -> tuple[Attestation, ...]:
        """Return the good signatures, of which there are at least `q`; log the bad ones."""
        poll, good = self._served.poll, []
        for one in certificate.attestations:
            if one.node > poll.nodes:
                raise Malformed("certificate.node", f"there is no node {one.node}")
            try:
                self._served.require_signer(
                    poll.committee.members[one.node - 1].address,
                    one.signature,
                    typed_data.SHUFFLED,
                    poll.context,
                    root.digest,
                    certificate.record.turn,
                    state_hash,
                    root.count,
                )
            except AuditError as error:
                self._served.log.warning("bad signature", node=one.node, problem=str(error))
            else:
                good.append(one)
        if len(good) < poll.committee.quorum:
            reason = f"{len(good)} good signatures, {poll.committee.quorum} needed"
            raise Rejected("A4", "signatures", reason)
        return tuple(good)

    def released(self, call: SignCall) -> bytes:
        """For a peer: return this node's shares of a certified state.

        Raises:
            Problem: This node has no certificate for it, or no good shares of it.
        """
        run = self._served.store.shuffle.certified(self._served.poll_id)
        if run is None or run.state_hash != call.state_hash:
            raise Problem(ProblemType.STATE_UNKNOWN, "this node has no certificate of that state")
        if not run.shares:
            raise Problem(ProblemType.NO_SHARE, "this node has no good shares of that state")
        return run.shares

    # --- Opening -------------------------------------------------------------------------------

    async def open(self, root: SumRoot) -> bool:
        """Gather `t` good shares of the certified run, and open all ballots; return success."""
        served, store = self._served, self._served.store.shuffle
        run = await asyncio.to_thread(store.certified, served.poll_id)
        if run is None or not run.commitments:
            # Without the last step's commitments no share can be checked: peers open it.
            return False
        sizes = self._states.sizes(root.count)
        certificate = await asyncio.to_thread(Certificate.decode, run.certificate, sizes)
        commitments = await asyncio.to_thread(served.curve.decode, run.commitments, identity=True)
        shares: dict[int, Sequence[Share]] = {}
        if run.shares:
            own = await asyncio.to_thread(self._decode, sizes, served.node, run.shares)
            shares[served.node] = own
        missing = sizes.threshold - len(shares)
        if missing > 0:
            shares |= await enough_of(
                self._in_order(),
                lambda peer: self._given(peer, run, certificate, sizes, commitments),
                missing,
            )
        if len(shares) < sizes.threshold:
            return False
        await asyncio.to_thread(self._finish, root, certificate, commitments, shares)
        return True

    def _in_order(self) -> list[Peer]:
        """Return the peers from the next one on, so that not all ask the same."""
        nodes, own = self._served.poll.nodes, self._served.node
        return sorted(self._served.peers, key=lambda peer: (peer.number - own) % nodes)

    async def _given(
        self,
        peer: Peer,
        run: CertifiedRun,
        certificate: Certificate,
        sizes: Sizes,
        commitments: Points,
    ) -> list[Share] | None:
        """Return a peer's good shares of the certified state; None without them."""
        served = self._served
        body = SignCall(certificate.record.turn, run.state_hash).encode()
        path = served.path(f"peer/shuffle/{Call.SHARES.value}")
        try:
            answer = await peer.post_patiently(path, body, _PATIENCE_S, sizes.shares)
        except PeerError as error:
            served.log.debug("no shares", node=peer.number, problem=str(error))
            if error.problem is not None and error.problem.kind is ProblemType.STATE_UNKNOWN:
                await self._pass_on(peer, run, sizes)
            return None
        try:
            return await asyncio.to_thread(self._good, peer.number, sizes, commitments, answer)
        except AuditError as error:
            served.log.error("bad shares", node=peer.number, problem=str(error))
            return None

    async def _pass_on(self, peer: Peer, run: CertifiedRun, sizes: Sizes) -> None:
        """Give the certificate to a peer that lacks it: its leader may have kept it from it."""
        path = self._served.path(f"peer/shuffle/{Call.CERTIFY.value}")
        try:
            await peer.post_patiently(path, run.certificate, _PATIENCE_S, sizes.shares)
        except PeerError as error:
            self._served.log.debug("not certified", node=peer.number, problem=str(error))

    def _good(self, node: int, sizes: Sizes, commitments: Points, answer: bytes) -> list[Share]:
        shares = self._decode(sizes, node, answer)
        verify_state_shares(
            self._served.curve,
            self._served.commitment_key,
            node,
            commitments,
            shares,
            secrets.randbits,
        )
        return shares

    @staticmethod
    def _decode(sizes: Sizes, node: int, data: bytes) -> list[Share]:
        return decode_shares(data, sizes.ballots, sizes.slots, f"node {node}")

    def _finish(
        self,
        root: SumRoot,
        certificate: Certificate,
        commitments: Points,
        shares: dict[int, Sequence[Share]],
    ) -> None:
        threshold = self._served.poll.committee.threshold
        openings = combine_shares(shares, threshold)
        self._check_openings(commitments[::threshold], openings)
        shape = self._shape(root.count)
        section = encode_opened(shape, certificate.record, certificate.attestations, openings)
        self._store(section, certificate.record.turn)

    def _check_openings(self, values: Points, openings: Sequence[Share]) -> None:
        served = self._served
        verify_openings(served.curve, served.commitment_key, values, openings, secrets.randbits)
        # Proofs of ballots (B6) bind every ballot to the rule: a greater value breaks them.
        most = served.poll.rule.max_slot_value
        for position, one in enumerate(openings, start=1):
            if max(one.values) > most:
                raise Rejected("A6", f"positions[{position}]", f"a slot is above {most}")

    def _shape(self, ballots: int) -> OpenedShape:
        poll = self._served.poll
        return OpenedShape.of(poll.rule, poll.committee.threshold, ballots)

    def _store(self, section: bytes, turn: int) -> None:
        served = self._served
        # A peer's may have come meanwhile.
        opened = OpenedBallots(poll_id=served.poll_id, section=section)
        is_first = served.store.shuffle.open(opened)
        self._states.forget()
        if is_first:
            served.log.info("ballots opened", turn=turn)

    # --- From peers ----------------------------------------------------------------------------

    async def fetch(self, root: SumRoot, leaves: bytes) -> bool:
        """Get the opened ballots from a peer that has them, and check all; return success."""
        digests, path = split_digests(leaves), self._served.path("opened")
        # A run fits into one request, as its certificate does.
        limit = LONGEST_BYTES + self._shape(root.count).size(0, self._served.poll.nodes)

        async def adopted(peer: Peer) -> bool | None:
            try:
                section = await peer.get_patiently(path, _PATIENCE_S, limit)
            except PeerError as error:
                self._served.log.debug("not opened", peer=peer.number, problem=str(error))
                return None
            try:
                await asyncio.to_thread(self._adopt, root, digests, section)
            except AuditError as error:
                self._served.log.error("false opening", peer=peer.number, problem=str(error))
                return None
            return True

        return bool(await enough_of(self._in_order(), adopted, 1))

    def _adopt(self, root: SumRoot, digests: Sequence[bytes], section: bytes) -> None:
        opened = board_opened.OpenedBallots(Within.all_of(section), self._shape(root.count))
        certificate = Certificate(opened.run, opened.attestations)
        held = self._checked(root, digests, certificate.record)
        self._attested(root, certificate, held.state.hash)
        openings = opened.openings(0, root.count)
        self._check_openings(held.state.values, openings)
        self._store(section, opened.turn)
