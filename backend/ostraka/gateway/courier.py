"""Carry what nodes sign to the chain, and censuses to the nodes.

A courier is trusted with availability only: contract, nodes and verifier check every signature and
proof themselves, and anybody can run a courier.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import httpx

from ostraka.chain.contract import Sender, Sent
from ostraka.chain.errors import NoFinality
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account, Errand, Payer
from ostraka.gateway.node_requests import Failure, NodeRequests, start
from ostraka.gateway.tallying import is_good, sums_of, tally_of
from ostraka.keys import SigningKey
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.node_client import Cancellation, NodeClient, NodeError, node_http
from ostraka.wire.poll_keys import KeyReport, Opening
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.signed_outcomes import Outcome
from ostraka_verifier.board import AnchoredRoot, Attestation, SignedShare
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.errors import AuditError
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.tally_proof import Tally

_T = TypeVar("_T")
_U = TypeVar("_U")
_PAUSE_S = 0.3
"""Between two rounds of asking the nodes of a committee."""
_NOT_YET = (ProblemType.NOT_FROZEN, ProblemType.NOT_SETTLED, ProblemType.NODE_INCOMPLETE)
"""What a node answers that works on a poll's next step."""


class CourierError(Exception):
    """Too few nodes answered, or not in time; the message names each node and its failure.

    Attributes:
        kind: Problem type of the error for callers of the gateway.
        nodes: JSON members for each node that holds up the poll.
    """

    def __init__(
        self,
        detail: str,
        kind: ProblemType = ProblemType.NODES_UNREACHABLE,
        nodes: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.nodes = tuple(nodes)


class Courier:
    """Carries signed statements between the nodes of committees and one registry."""

    def __init__(
        self,
        registry: Registry,
        payer: SigningKey | Payer,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Args:
        payer: Pays for transactions, each of which a payer with a journal sends once. A key or an
            account also signs the uploads of censuses of polls that it created.
        transport: Transport of requests to nodes; by default the network.
        """
        self._registry = registry
        self._payer = payer
        self._http = node_http(transport)
        self._requests = NodeRequests()

    def _node(self, url: str, cancellation: Cancellation | None = None) -> NodeClient:
        return NodeClient(self._http, url, cancellation)

    def _sign(self, digest: bytes) -> bytes:
        match self._payer:
            case Account() as account:
                return account.sign_statement(digest)
            case SigningKey() as key:
                return key.sign(digest)
        raise TypeError("this payer signs transactions only")

    def _sender(self, purpose: str) -> Sender:
        return self._payer.errand(purpose) if isinstance(self._payer, Payer) else self._payer

    def _sent_before(self, sender: Sender) -> Sent | None:
        """Return the transaction already sent for an errand, even if a provider lags behind."""
        if isinstance(sender, Errand) and sender.begun:
            return self._registry.sent_by(sender)
        return None

    def register_committee(
        self, urls: Sequence[str], threshold: int, faults: int
    ) -> tuple[Committee, Sent]:
        """Ask the nodes at `urls` for their addresses, let each sign the committee, register it.

        Raises:
            CourierError: A node does not answer, or does not join that committee.
            Rejected: The committee breaks a bound (check P3).
        """
        nodes = [self._node(url) for url in urls]
        members = tuple(_from_all(nodes, NodeClient.member))
        committee = Committee(members, threshold, faults)
        signatures = _from_all(nodes, lambda node: node.join(committee))
        return committee, self._registry.register_committee(
            self._sender(f"register committee {committee.digest.hex()}"), committee, signatures
        )

    def open_poll(self, poll: PublishedPoll, census: bytes) -> Sent:
        """Give every node the census, and open the poll once all nodes signed all poll keys.

        Args:
            census: Canonical bytes, followed by the redemptions (section 12) if voters redeemed
                invitations.

        Raises:
            CourierError: Not all nodes have signed the keys. The message states for each node
                whether it is unreachable, refuses the poll, shows invalid data, or which nodes it
                waits for.
        """
        sender = self._sender(f"open poll {poll.context.hex()}")
        before = self._sent_before(sender)
        if before is not None:
            return before
        # Nodes accept a census from the poll's creator; for a round's poll, from its organizer.
        upload = CensusUpload.sign(self._sign, poll.domain, poll.context, census)

        def give(_: int, member: Member) -> None:
            self._node(member.url).give_census(poll.poll_id, census, upload)

        def ask(number: int, member: Member) -> tuple[KeyReport, Opening | None]:
            report = self._report(poll, number, self._node(member.url))
            return report, report.opening(poll.committee, poll.domain, poll.context)

        members = dict(enumerate(poll.committee.members, start=1))
        # Only nodes with the census can agree with others, and report which they wait for.
        quorum = poll.committee.quorum
        serving, failed = self._requests.each(
            ("census", poll.context, upload.census_hash), members, give, quorum
        )
        having = {number: members[number] for number in serving}
        answered, more = self._requests.each(("keys", poll.context), having, ask, quorum)
        failed |= more
        for _, opening in answered.values():
            if opening is not None:
                # All nodes signed, so the reports of the others no longer matter.
                keys, signatures = opening
                return self._registry.open_poll(sender, poll.poll_id, keys.node_keys, signatures)
        reports = {number: report for number, (report, _) in answered.items()}
        raise _not_ready(failed, reports, _announced_twice(poll, reports.values()))

    def public_keys(self, poll: PublishedPoll, pinned: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return the poll keys whose hashes are pinned on chain, from the first node that has them.

        Raises:
            CourierError: No node shows them.
        """
        failures = []
        for number, answer in self._race(
            poll, lambda number, node: self._report(poll, number, node).pinned(pinned)
        ):
            try:
                return answer.result().public_keys
            except NodeError as error:
                failures.append(str(error))
            except AuditError as error:
                failures.append(f"{poll.committee.members[number - 1].url}: {error}")
        raise CourierError("; ".join(failures))

    @staticmethod
    def _report(poll: PublishedPoll, number: int, node: NodeClient) -> KeyReport:
        """Return a node's signed report of a poll's keys and of the nodes it waits for."""
        members = poll.committee.members
        report = node.key_report(poll.poll_id, len(members))
        address = members[number - 1].address
        report.check_statement(number, address, poll.domain, poll.context)
        return report

    def anchor(self, poll: PublishedPoll, timeout_s: float) -> tuple[AnchoredRoot, Sent]:
        """Wait until `q` nodes signed one root, and anchor it.

        Raises:
            CourierError: No node shows such a root within `timeout_s` seconds.
        """
        anchored = self._first(
            poll,
            "certificate",
            lambda node: node.certificate(poll.poll_id),
            lambda certificate: certificate,
            timeout_s,
        )
        sender = self._sender(f"anchor {poll.context.hex()} {anchored.root.hash.hex()}")
        return anchored, self._registry.anchor_root(sender, poll.poll_id, anchored)

    def tally(self, poll: PublishedPoll, curve: Curve, timeout_s: float) -> tuple[Tally, Sent]:
        """Wait for `t` good aggregate shares, and submit the tally that they give.

        Each share is checked against the board; a bad share is ignored.

        Raises:
            CourierError: No board, or fewer than `t` good shares, within `timeout_s` seconds.
        """
        anchored_sum = self._registry.poll(poll.poll_id).root.sum
        sums = self._first(
            poll,
            "board",
            lambda node: node.board(poll),
            lambda board: sums_of(curve, poll, board, Census.decode(board.census), anchored_sum),
            timeout_s,
            # A large board that one node serves takes longer than the refusals of the others.
            poll.nodes,
        )
        key = CommitmentKey(curve, poll.rule.width)
        good = self._good_shares(poll, lambda share: is_good(curve, key, sums, share), timeout_s)
        tally = tally_of(key, poll, sums, good)
        return tally, self._registry.accept_tally(
            self._sender(f"tally {poll.context.hex()}"), poll.poll_id, tally
        )

    def attest(self, poll: PublishedPoll, timeout_s: float) -> tuple[Outcome, Sent]:
        """Wait until `q` nodes signed one outcome of the opened ballots, and submit it.

        Raises:
            CourierError: No `q` nodes show the same outcome within `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            found: dict[Outcome, list[Attestation]] = defaultdict(list)
            failures: list[str] = []
            for number, answer in self._race(
                poll, lambda number, node: node.outcome(poll, number), poll.nodes
            ):
                try:
                    outcome, attestation = answer.result()
                except NodeError as error:
                    failures.append(f"node {number}: {error.problem.detail}")
                    continue
                found[outcome].append(attestation)
                if len(found[outcome]) == poll.committee.quorum:
                    return outcome, self._attest(poll, outcome, found[outcome])
            if time.monotonic() > deadline:
                most = max(map(len, found.values()), default=0)
                needed = poll.committee.quorum
                detail = f"{needed} nodes have to sign one outcome, and {most} did"
                raise CourierError("; ".join([detail, *failures]), _why_not_yet(poll, most))
            time.sleep(_PAUSE_S)

    def _attest(
        self, poll: PublishedPoll, outcome: Outcome, attestations: list[Attestation]
    ) -> Sent:
        return self._registry.attest_outcome(
            self._sender(f"attest outcome {poll.context.hex()}"),
            poll.poll_id,
            poll.outcome_rule.encode(),
            outcome.ballots_hash,
            outcome.awards,
            sorted(attestations, key=lambda one: one.node),
        )

    def _good_shares(
        self, poll: PublishedPoll, accept: Callable[[SignedShare], bool], timeout_s: float
    ) -> list[SignedShare]:
        """Ask nodes for their shares until `t` of them are good."""
        good: dict[int, SignedShare] = {}
        deadline = time.monotonic() + timeout_s
        while True:
            waiting = 0
            enough = max(1, poll.committee.quorum - len(good))
            for number, answer in self._race(
                poll, lambda number, node: node.share(poll, number), enough, good
            ):
                try:
                    share = answer.result()
                except NodeError:
                    continue
                if share is None:
                    waiting += 1
                elif accept(share):
                    good[number] = share
                    if len(good) == poll.committee.threshold:
                        return list(good.values())
            if time.monotonic() > deadline:
                released = ", ".join(map(str, sorted(good))) or "none"
                raise CourierError(
                    f"{poll.committee.threshold} shares of the tally needed; nodes that released "
                    f"one: {released}{self._not_final(poll)}",
                    _why_not_yet(poll, len(good) + waiting),
                )
            time.sleep(_PAUSE_S)

    def _not_final(self, poll: PublishedPoll) -> str:
        """Return why nodes wait with a release, if this gateway's provider shows it."""
        releasable_at = self._registry.poll(poll.poll_id).releasable_at
        try:
            final = self._registry.head("finalized")
        except NoFinality as error:
            return f"; {error}"
        if final.timestamp >= releasable_at:
            return ""
        return f"; the dispute window had not ended in block {final.number}, the newest final one"

    def _first(
        self,
        poll: PublishedPoll,
        name: str,
        ask: Callable[[NodeClient], _T],
        accept: Callable[[_T], _U],
        timeout_s: float,
        enough: int = 0,
    ) -> _U:
        """Return the first answer that `accept` takes; it raises AuditError for the others.

        Args:
            enough: As `_race`.
        """
        deadline_monotonic_s = time.monotonic() + timeout_s
        while True:
            failures: list[str] = []
            waiting = 0
            for number, answer in self._race(poll, lambda _, node: ask(node), enough):
                try:
                    return accept(answer.result())
                except NodeError as error:
                    failures.append(str(error))
                    waiting += error.problem.kind in _NOT_YET
                except AuditError as error:
                    failures.append(f"{poll.committee.members[number - 1].url}: {error}")
            if time.monotonic() > deadline_monotonic_s:
                detail = f"no {name} yet: " + "; ".join(failures)
                raise CourierError(detail, _why_not_yet(poll, waiting))
            time.sleep(_PAUSE_S)

    def _race(
        self,
        poll: PublishedPoll,
        ask: Callable[[int, NodeClient], _T],
        enough: int = 0,
        without: Collection[int] = (),
    ) -> Iterator[tuple[int, Future[_T]]]:
        """Yield nodes' answers as they come (`NodeRequests.race`).

        Args:
            enough: How many answers end it; by default a quorum, as a single silent node cannot
                have what a quorum has not.
            without: Nodes that are not asked.
        """
        numbers = {
            member: number
            for number, member in enumerate(poll.committee.members, start=1)
            if number not in without
        }

        def request(member: Member, cancellation: Cancellation) -> _T:
            return ask(numbers[member], self._node(member.url, cancellation))

        least = enough or poll.committee.quorum
        for member, answer in self._requests.race(list(numbers), request, least):
            yield numbers[member], answer


def _why_not_yet(poll: PublishedPoll, at_work: int) -> ProblemType:
    """Return why a poll's next step is not possible yet.

    Args:
        at_work: Number of nodes that have done their part of it, or said that they work on it. A
            quorum of them needs only time.
    """
    if at_work >= poll.committee.quorum:
        return ProblemType.NODES_NOT_READY
    return ProblemType.NODES_UNREACHABLE


def _from_all(nodes: Sequence[NodeClient], ask: Callable[[NodeClient], _T]) -> list[_T]:
    """Ask all nodes at once, as all of them are needed; CourierError names each that fails."""
    asked = [start(lambda node=node: ask(node)) for node in nodes]  # type: ignore[misc]
    answers, failures = [], []
    for one in asked:
        try:
            answers.append(one.result())
        except NodeError as error:
            failures.append(str(error))
    if failures:
        raise CourierError("; ".join(failures))
    return answers


def _not_ready(
    failed: Mapping[int, Failure], reports: Mapping[int, KeyReport], twice: Collection[int]
) -> CourierError:
    """Why a poll cannot be opened yet: each node's failure, or the nodes that it waits for."""
    sentences, nodes = [], []
    for number in sorted(failed.keys() | reports.keys()):
        entry: dict[str, Any] = {"node": number, "announces_different_keys": number in twice}
        if number in failed:
            # Without semicolons, a node's text cannot pass for another node's.
            words = str(failed[number]).replace(";", ",")
            entry["problem"] = _problem_of(failed[number]).members()
        else:
            words = _waits(reports[number])
            entry["waits_for"] = [
                {"node": waiting.node, "stage": waiting.stage.name.lower()}
                for waiting in reports[number].waiting
            ]
        if number in twice:
            words += ", and announces different poll keys to different nodes"
        sentences.append(f"node {number}: {words}")
        nodes.append(entry)
    kind = ProblemType.POLL_NOT_READY if failed else ProblemType.POLL_KEYS_UNSIGNED
    head = "not every node serves this poll" if failed else "the poll's keys are not signed yet"
    return CourierError("; ".join([head, *sentences]), kind, nodes)


def _problem_of(failure: Failure) -> Problem:
    if isinstance(failure, NodeError):
        return failure.problem
    return Problem(ProblemType.ANSWER_INVALID, str(failure))


def _waits(report: KeyReport) -> str:
    """In words: the nodes that a node waits for."""
    waits = [f"node {waiting.node} ({waiting.stage.name.lower()})" for waiting in report.waiting]
    return "waits for " + ", ".join(waits) if waits else "is not ready"


def _announced_twice(poll: PublishedPoll, reports: Collection[KeyReport]) -> list[int]:
    """Nodes that signed different poll keys for different nodes."""
    announced: dict[int, set[bytes]] = {}
    for report in reports:
        for number in report.announced_by(poll.committee, poll.domain, poll.context):
            key = report.announcements[number].public_key
            announced.setdefault(number, set()).add(key)
    return [number for number, keys in sorted(announced.items()) if len(keys) > 1]
