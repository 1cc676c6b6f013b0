"""Disputes about polls in the API, read from the chain.

Source: docs/protocol.md §11.3.
"""

from threading import Lock

from ostraka.chain.dispute_log import DisputeLog
from ostraka.chain.disputes import Challenge, DisputedPoll, Disputes, Docket, Rejection
from ostraka.chain.registry import PollView, Status
from ostraka.gateway.answers.disputes import Challenge as ChallengeAnswer
from ostraka.gateway.answers.disputes import PollDisputes, RejectedRoot
from ostraka.gateway.context import GatewayContext
from ostraka.guard.deciding import challenged_until
from ostraka.guard.hands import disputed_poll
from ostraka.wire.records import to_hex
from ostraka_verifier.published import PublishedPoll


class DisputeReader:
    """Reads the disputes of one gateway's registry."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._disputes: Disputes | None = None
        self._log: DisputeLog | None = None
        self._is_known = False
        self._read_at = b""
        self._lock = Lock()

    def of(self, poll_id: int) -> PollDisputes:
        """Return the disputes about a poll.

        Raises:
            Problem: It does not exist.
            ChainError: The chain is unreachable.
        """
        poll, view = self._gateway.poll(poll_id)
        with self._lock:
            docket = self._docket(disputed_poll(poll))
        anchored = view.status in (Status.ANCHORED, Status.RELEASABLE, Status.TALLIED)
        shown = view if anchored and self._disputes is not None else None
        return PollDisputes(
            poll=str(poll_id),
            disputable=self._disputes is not None,
            round=None if shown is None else shown.round,
            contested=view.contested,
            window_ends_at=None if shown is None else shown.releasable_at,
            ends_at_latest=None if shown is None else _latest_end(poll, shown),
            leaves_until=None if shown is None else _until(poll, shown, of_leaf=True),
            omissions_until=None if shown is None else _until(poll, shown, of_leaf=False),
            bond=self._bond(poll, view),
            challenges=[_challenge(one) for one in docket.challenges],
            rejections=[_rejection(one) for one in docket.rejections],
        )

    def _docket(self, poll: DisputedPoll) -> Docket:
        registry = self._gateway.registry
        if not self._is_known:
            address = registry.disputes()
            if any(address):
                self._disputes = Disputes(registry.rpc_url, address, registry.deployment_block)
                self._log = DisputeLog(self._disputes)
            self._is_known = True
        if self._log is None:
            return Docket()
        head = registry.head()
        if head.hash != self._read_at:
            self._log.update(head.number)
            self._read_at = head.hash
        return self._log.docket(poll)

    def _bond(self, poll: PublishedPoll, view: PollView) -> str | None:
        if self._disputes is None or view.status is not Status.ANCHORED:
            return None
        return str(self._disputes.bond_of(disputed_poll(poll), self._disputes.base_fee()))


def _latest_end(poll: PublishedPoll, view: PollView) -> int:
    parameters = poll.parameters
    return view.anchored_at + parameters.dispute_window + parameters.max_dispute_delay


def _until(poll: PublishedPoll, view: PollView, *, of_leaf: bool) -> int:
    return challenged_until(poll.parameters, view, of_leaf)


def _challenge(one: Challenge) -> ChallengeAnswer:
    is_leaf = isinstance(one.subject, int)
    return ChallengeAnswer(
        challenge=to_hex(one.id),
        kind="leaf" if is_leaf else "omission",
        leaf=one.subject if isinstance(one.subject, int) else None,
        voter=None if isinstance(one.subject, int) else to_hex(one.subject.voter),
        round=one.round,
        state=one.state.name.lower(),
        challenger=to_hex(one.challenger),
        deadline=one.deadline,
        bond=str(one.bond),
        paid=str(one.paid),
    )


def _rejection(one: Rejection) -> RejectedRoot:
    return RejectedRoot(round=one.round, ground=one.ground.name.lower(), block=one.block)
