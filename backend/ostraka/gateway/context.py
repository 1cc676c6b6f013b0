"""Shared state of a gateway: chain, index, plans, account, and a cache of polls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ostraka.chain.contract import ChainError, Sent, call
from ostraka.chain.published import read_published
from ostraka.chain.registry import OpenedPoll, PollView, Registry, Status
from ostraka.chain.sending import Account, Errand
from ostraka.chain.treasury import RoundStatus, RoundView, Treasury
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.plans import Plans
from ostraka.gateway.team import Team
from ostraka.planning.electorates import Electorates
from ostraka.planning.feasibility import too_many_reason
from ostraka.storage.gateway_tables import Plan
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.shuffle_sizes import ToShuffle, most_ballots
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import shuffle_objection
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.units import UnixSeconds

REGISTRY, TREASURY = "registry", "treasury"
"""Names under which events are indexed."""
MAX_ID = (1 << 63) - 1


@dataclass
class GatewayContext:
    """Shared state of one gateway.

    Attributes:
        rpc_url: JSON-RPC endpoint for all access to the chain.
        account: Pays for all transactions; each is stored before it is sent.
        electorates: Reads electorates from the chain.
        attachments: Details and pictures of proposals.
        requests: Requests that clients may repeat safely.
        committees: Digests of the committees that this gateway serves, the default first.
        team: The organizers.
    """

    rpc_url: str
    registry: Registry
    treasury: Treasury
    indexer: Indexer
    plans: Plans
    account: Account
    requests: Requests
    curve: Curve
    committees: Sequence[bytes]
    electorates: Electorates
    team: Team
    attachments: Attachments
    _published: dict[int, PublishedPoll] = field(default_factory=dict)
    _node_urls: dict[bytes, list[str]] = field(default_factory=dict)

    def errand(self, purpose: str) -> Errand:
        """Return the sender of a purpose's only transaction, from this gateway's account."""
        return self.account.errand(purpose)

    def push(self) -> None:
        """Send pending transactions again; ChainError if the chain is unreachable."""
        call(lambda: self.account.push(self.registry.web3))

    def has_pending(self) -> bool:
        """Return whether a transaction is not in a final block yet."""
        return bool(self.account.journal.open(self.account.address, MAX_ID))

    def record(self, plan: Plan, name: str, sent: Sent) -> None:
        """Store a transaction that was sent for a plan."""
        self.plans.record(plan, name, sent)

    def chain_time(self) -> UnixSeconds:
        """Return the newest block's time; while the chain is unreachable, that of the index."""
        try:
            return self.registry.head().timestamp
        except ChainError:
            newest = self.indexer.newest
            if newest is None:
                raise
            return newest.timestamp

    def poll(self, poll_id: int) -> tuple[PublishedPoll, PollView]:
        """Return a poll with its state.

        Raises:
            Problem: It does not exist, or the chain's data about it contradicts itself.
            ChainError: The chain is unreachable.
        """
        if not 1 <= poll_id <= MAX_ID:
            raise Problem(
                ProblemType.NO_SUCH_POLL, "the chain has no poll with that number", "poll"
            )
        view = self.registry.poll(poll_id)
        if view.status is Status.NONE:
            raise Problem(ProblemType.NO_SUCH_POLL, f"the chain has no poll {poll_id}", "poll")
        known = self._published.get(poll_id)
        if known is None or known.context != view.poll_context:
            known = read_published(self.registry, poll_id)
            if known is None:
                raise Problem(
                    ProblemType.NOT_INDEXED, "the gateway has not read all blocks yet", "poll", 2
                )
            self._published[poll_id] = known
        return known, view

    def round(self, round_id: int) -> RoundView:
        """Return the state of a round; Problem if it does not exist."""
        if not 1 <= round_id <= MAX_ID:
            raise Problem(
                ProblemType.NO_SUCH_ROUND, "the treasury has no round with that number", "round"
            )
        view = self.treasury.round(round_id)
        if view.status is RoundStatus.NONE:
            raise Problem(
                ProblemType.NO_SUCH_ROUND, f"the treasury has no round {round_id}", "round"
            )
        return view

    def served(self, poll_id: int) -> tuple[PublishedPoll, PollView]:
        """Return a poll whose committee this gateway serves; Problem otherwise."""
        # Anybody can register a committee with any URLs; the gateway must not send requests there.
        poll, view = self.poll(poll_id)
        if poll.committee.digest not in self.committees:
            detail = f"this gateway does not serve committee {to_hex(poll.committee.digest)}"
            raise Problem(ProblemType.POLL_NOT_SERVED, detail, "poll")
        return poll, view

    def committee(self, wanted: str | None, to_shuffle: ToShuffle | None = None) -> bytes:
        """Return the digest of the committee that a specification names, or of the default one.

        Args:
            to_shuffle: The ballots that it must be able to shuffle (§19.1), if any.

        Raises:
            Problem: This gateway does not serve it, has no committee, or has none that can shuffle.
        """
        if to_shuffle is None:
            return self._committee(wanted)
        objections, most = list[str](), 0
        for digest in [self._committee(wanted)] if wanted else self.committees:
            known = self.registry.committee(digest)
            if known is None:
                objections.append("not registered")
                continue
            objection = shuffle_objection(known)
            if objection is not None:
                objections.append(objection)
                continue
            able = most_ballots(known, to_shuffle.slots)
            if to_shuffle.voters <= able:
                return digest
            most = max(most, able)
        if most:
            raise Problem(ProblemType.INVALID_REQUEST, too_many_reason(to_shuffle, most), "voters")
        if not objections:
            return self._committee(wanted)
        way_out = "register one that can with `ostraka committee propose`, or sum the ballots"
        raise Problem(
            ProblemType.INVALID_REQUEST,
            f"no committee here can open every ballot: {'; '.join(objections)}; {way_out}",
            "committee",
        )

    def _committee(self, wanted: str | None) -> bytes:
        if wanted is None:
            if not self.committees:
                detail = "this gateway has no committee; name one in its settings"
                raise Problem(ProblemType.NO_COMMITTEE, detail, "committee")
            return self.committees[0]
        digest = from_hex(wanted, "committee")
        if digest not in self.committees:
            raise Problem(
                ProblemType.COMMITTEE_NOT_SERVED, "this gateway does not serve it", "committee"
            )
        return digest

    def node_urls(self) -> list[str]:
        """Return the URLs of the committees' nodes; ChainError if the chain is unreachable."""
        for digest in self.committees:
            if digest not in self._node_urls:
                committee = self.registry.committee(digest)
                if committee is not None:
                    self._node_urls[digest] = [member.url for member in committee.members]
        return [url for urls in self._node_urls.values() for url in urls]

    def event(self, contract: str, name: str, subject: int) -> Mapping[str, object]:
        """Return the arguments of the newest event of a name about a poll or round.

        Raises:
            Problem: No such event is indexed yet.
        """
        events = self.indexer.events(contract, [name], str(subject))
        if not events:
            raise Problem(ProblemType.NOT_INDEXED, "the gateway has not read all blocks yet", "", 2)
        return events[-1].arguments

    def opened(self, poll_id: int) -> OpenedPoll | None:
        """Return the hashes of an open poll's keys with their signatures; None before opening."""
        events = self.indexer.events(REGISTRY, ["PollOpened"], str(poll_id))
        if not events:
            return None
        given = events[-1].arguments
        return OpenedPoll(_each(given["nodeKeys"]), _each(given["signatures"]))


def _each(values: object) -> tuple[bytes, ...]:
    """Return the bytes of each element of an indexed list, which is stored in 0x-hex."""
    if not isinstance(values, list):
        raise Malformed("event", "not a list")
    return tuple(from_hex(value, "event") for value in values)
