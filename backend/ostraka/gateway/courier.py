"""Carry what nodes sign to the chain, and back.

Trusted for nothing but being there: signatures and proofs are checked by contract, nodes and
verifier alike, and anybody may do the same.
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import httpx

from ostraka.chain.contract import Sender, Sent
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account, Errand
from ostraka.keys import SigningKey
from ostraka.wire import census_upload
from ostraka.wire.census_upload import CensusUpload
from ostraka.wire.certificates import read_certificate
from ostraka.wire.poll_keys import KeyReport, Opening
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import reported
from ostraka.wire.records import from_hex, strict_json
from ostraka_verifier.board import AnchoredRoot, Board
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import Reader
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.rpc import no_answer
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import AggregateCommitments, Tally, combine, verify_opening

_T = TypeVar("_T")
_POLL_S = 0.3
_PATIENCE_S = 5
_HEDGE_S = 1
"""How long one node alone is waited for, before the next is asked as well."""
_LARGE_PATIENCE_S = 30
"""For census and board, which grow with the number of voters."""
_ANSWER_BYTES = 2**22
"""More than a node has to say but for its board."""
_VOTER_BYTES = 2**9
"""More than a voter adds to a board beside the ballot."""


class CourierError(Exception):
    """Too few nodes answered, or not in time; the message says what each of them said.

    Attributes:
        kind: Kind of problem that this is to those outside.
        nodes: Members of JSON for each node that holds it up.
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
    """Goes between the nodes of committees and one registry."""

    def __init__(self, registry: Registry, payer: SigningKey | Account) -> None:
        """Args:
        payer: Pays for transactions, and vouches for the censuses of polls that it created; an
            account sends each transaction once.
        """
        self._registry = registry
        self._payer = payer
        self._client = httpx.Client(
            timeout=httpx.Timeout(30, read=_PATIENCE_S), follow_redirects=False, trust_env=False
        )

    def _sign(self, digest: bytes) -> bytes:
        payer = self._payer
        return payer.sign_statement(digest) if isinstance(payer, Account) else payer.sign(digest)

    def _sender(self, purpose: str) -> Sender:
        return self._payer.errand(purpose) if isinstance(self._payer, Account) else self._payer

    def _sent_before(self, sender: Sender) -> Sent | None:
        """What was sent for an errand, whatever a provider that lags behind shows by now."""
        if isinstance(sender, Errand) and sender.begun:
            return self._registry.sent_by(sender)
        return None

    def register_committee(
        self, urls: Sequence[str], threshold: int, faults: int
    ) -> tuple[Committee, Sent]:
        """Ask the nodes at `urls` who they are, have each sign the committee, and register it.

        Raises:
            CourierError: A node does not answer, or does not join that committee.
            Rejected: The committee breaks a bound (check P3).
        """
        members, signatures = [], []
        for url in urls:
            config = self._get_json(url, "/api/v1/config")
            members.append(Member(from_hex(config["node"], "node"), config["url"]))
        committee = Committee(tuple(members), threshold, faults)
        for url in urls:
            request = self._client.build_request(
                "POST", url + "/api/v1/committees", content=committee.encode()
            )
            answer = strict_json(self._exchange(url, request, _PATIENCE_S))
            signatures.append(from_hex(answer["signature"], "signature"))
        return committee, self._registry.register_committee(
            self._sender(f"register committee {committee.digest.hex()}"), committee, signatures
        )

    def open_poll(self, poll: PublishedPoll, census: bytes) -> Sent:
        """Give every node the census, and open the poll once all nodes vouch for all poll keys.

        Args:
            census: Its bytes; behind them, where voters redeemed invitations, section 12.

        Raises:
            CourierError: Not all nodes have signed the keys; says of each node whether it does not
                answer, refuses the poll, shows something false, or waits for which others.
        """
        sender = self._sender(f"open poll {poll.context.hex()}")
        before = self._sent_before(sender)
        if before is not None:
            return before
        # Nodes take it from the poll's creator, and of a round's poll from its organizer.
        upload = CensusUpload.sign(self._sign, poll.domain, poll.context, census)
        headers = {census_upload.HEADER: upload.encode()}

        def give(_: int, member: Member) -> None:
            url = f"{member.url}/api/v1/polls/{poll.poll_id}/census"
            request = self._client.build_request("PUT", url, content=census, headers=headers)
            answer = strict_json(self._exchange(member.url, request, _LARGE_PATIENCE_S))
            if not isinstance(answer, dict) or "public_key" not in answer:
                raise CourierError(f"{member.url}: announces no poll key")

        def hear(number: int, member: Member) -> tuple[KeyReport, Opening | None]:
            report = self._report(poll, number, member)
            return report, report.opening(poll.committee, poll.domain, poll.context)

        members = dict(enumerate(poll.committee.members, start=1))
        # Who has the census can agree with others, and say for whom it waits.
        serving, failed = _ask_all(members, give)
        heard, more = _ask_all({number: members[number] for number in serving}, hear)
        failed |= more
        for _, opening in heard.values():
            if opening is not None:
                # All nodes signed, whatever the others show.
                keys, signatures = opening
                return self._registry.open_poll(sender, poll.poll_id, keys.node_keys, signatures)
        reports = {number: report for number, (report, _) in heard.items()}
        raise _not_ready(failed, reports, _announced_twice(poll, reports.values()))

    def public_keys(self, poll: PublishedPoll, pinned: Sequence[bytes]) -> tuple[bytes, ...]:
        """Poll keys behind the words that are pinned on chain, from the first node that has them.

        Raises:
            CourierError: No node shows them.
        """
        said = []
        for number, member in enumerate(poll.committee.members, start=1):
            try:
                return self._report(poll, number, member).pinned(pinned).public_keys
            except (CourierError, AuditError) as error:
                said.append(f"{member.url}: {error}")
        raise CourierError("; ".join(said))

    def _report(self, poll: PublishedPoll, number: int, member: Member) -> KeyReport:
        """What a node says of a poll's keys, and for whom it waits, signed by it."""
        answer = self._get_json(member.url, f"/api/v1/polls/{poll.poll_id}/opening")
        report = KeyReport.from_json(answer, len(poll.committee.members))
        report.check_statement(number, member.address, poll.domain, poll.context)
        return report

    def anchor(self, poll: PublishedPoll, timeout_s: float) -> tuple[AnchoredRoot, Sent]:
        """Wait until `q` nodes signed one root, and anchor it."""
        anchored = self._first(poll, "certificate", read_certificate, timeout_s, _ANSWER_BYTES)
        sender = self._sender(f"anchor {poll.context.hex()} {anchored.root.hash.hex()}")
        return anchored, self._registry.anchor_root(sender, poll.poll_id, anchored)

    def tally(self, poll: PublishedPoll, curve: Curve, timeout_s: float) -> tuple[Tally, Sent]:
        """Wait for `t` good aggregate shares, and submit the tally that they give.

        A bad share is noticed here, against the board, and left aside.
        """
        limit = _ANSWER_BYTES + poll.parameters.voters * (poll.layout.size + _VOTER_BYTES)
        sums = self._first(
            poll, "board", lambda data: self._sums(poll, curve, data), timeout_s, limit
        )
        key = CommitmentKey(curve, poll.rule.width)
        good: dict[int, Share] = {}
        deadline_monotonic_s = time.monotonic() + timeout_s
        while True:
            for number, member in enumerate(poll.committee.members, start=1):
                share = self._share(poll, number, member)
                if number not in good and share is not None:
                    try:
                        sums.verify_share(curve, key, number, share)
                    except Rejected:
                        continue
                    good[number] = share
            if len(good) >= poll.committee.threshold:
                break
            if time.monotonic() > deadline_monotonic_s:
                raise CourierError(f"only nodes {sorted(good)} released a good share")
            time.sleep(_POLL_S)
        tally = combine(good, poll.committee.threshold)
        largest = poll.parameters.total_weight * poll.rule.max_slot_value
        verify_opening(key, sums.sum.encode(), tally, largest)
        return tally, self._registry.accept_tally(
            self._sender(f"tally {poll.context.hex()}"), poll.poll_id, tally
        )

    def _share(self, poll: PublishedPoll, number: int, member: Member) -> Share | None:
        try:
            listed = self._get_json(member.url, f"/api/v1/polls/{poll.poll_id}/shares")
            for one in listed:
                if one["node"] == number:
                    reader = Reader(from_hex(one["share"], "share"), "share")
                    share = Share.read(reader, poll.slots, "share")
                    reader.end()
                    return share
        except (CourierError, Malformed, KeyError, TypeError):
            return None
        return None

    def _sums(self, poll: PublishedPoll, curve: Curve, data: bytes) -> AggregateCommitments:
        board = Board.decode(data, poll.layout.size, poll.slots)
        census = Census.decode(board.census)
        ballots = poll.layout.decode_many(curve, [leaf.ballot for leaf in board.leaves])
        weights = [census.by_account[ballot.voter].weight for ballot in ballots]
        if not ballots:
            raise Malformed("board", "not anchored yet")
        sums = AggregateCommitments.of(curve, ballots, weights, poll.committee.threshold)
        if sums.sum.encode() != self._registry.poll(poll.poll_id).root.sum:
            raise Malformed("board", "another sum than the anchored one")
        return sums

    def _first(
        self,
        poll: PublishedPoll,
        path: str,
        read: Callable[[bytes], _T],
        timeout_s: float,
        limit: int,
    ) -> _T:
        """What the first node with a sound answer of at most `limit` bytes says."""
        deadline_monotonic_s = time.monotonic() + timeout_s
        while True:
            said: list[str] = []
            for member, data in self._answers(
                poll.committee.members, f"/api/v1/polls/{poll.poll_id}/{path}", limit
            ):
                try:
                    return read(data.result())
                except (CourierError, AuditError, KeyError, TypeError) as error:
                    said.append(f"{member.url}: {error}")
            if time.monotonic() > deadline_monotonic_s:
                raise CourierError(f"no {path} within {timeout_s:.0f} s: " + "; ".join(said))
            time.sleep(_POLL_S)

    def _answers(
        self, members: Sequence[Member], path: str, limit: int
    ) -> Iterator[tuple[Member, Future[bytes]]]:
        """Answers as they come. One node is asked, and the next when it makes us wait."""
        # In another order each time, so that no single node is leaned on.
        order = secrets.SystemRandom().sample(members, len(members))
        waiting: dict[Future[bytes], Member] = {}
        enough = threading.Event()
        pool = ThreadPoolExecutor(len(members))
        try:
            while order or waiting:
                if order:
                    member = order.pop()
                    waiting[pool.submit(self._get, member.url, path, limit, enough)] = member
                done, _ = wait(waiting, _HEDGE_S if order else None, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future
        finally:
            enough.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _get(
        self,
        url: str,
        path: str,
        limit: int = _ANSWER_BYTES,
        enough: threading.Event | None = None,
    ) -> bytes:
        patience_s = _LARGE_PATIENCE_S if path.endswith("/board") else _PATIENCE_S
        request = self._client.build_request("GET", url + path)
        return self._exchange(url, request, patience_s, limit, enough)

    def _exchange(
        self,
        url: str,
        request: httpx.Request,
        patience_s: float,
        limit: int = _ANSWER_BYTES,
        enough: threading.Event | None = None,
    ) -> bytes:
        """A node's answer; CourierError when it is late, too long, or a refusal."""
        deadline_monotonic_s = time.monotonic() + patience_s
        body = bytearray()
        response = None
        try:
            response = self._client.send(request, stream=True)
            for chunk in response.iter_bytes():
                body += chunk
                # However slowly it drips: one node must not keep the poll waiting.
                late = time.monotonic() > deadline_monotonic_s
                if late or (enough is not None and enough.is_set()):
                    raise CourierError(f"{url}: no answer within {patience_s} s")
                if len(body) > limit:
                    raise CourierError(f"{url}: more than {limit} bytes")
        except httpx.HTTPError as error:
            raise CourierError(f"{url}: {no_answer(error)}") from error
        finally:
            if response is not None:
                response.close()
        if response.status_code != 200:
            problem = reported(bytes(body), response.status_code, response.headers)
            raise CourierError(f"{url}: {problem}")
        return bytes(body)

    def _get_json(self, url: str, path: str) -> Any:
        return strict_json(self._get(url, path))


def _ask_all(
    members: Mapping[int, Member], ask: Callable[[int, Member], _T]
) -> tuple[dict[int, _T], dict[int, str]]:
    """What nodes answer, and what is wrong with the others; all at once, so that of several silent
    ones none makes the poll wait longer."""
    answers: dict[int, _T] = {}
    failed: dict[int, str] = {}
    with ThreadPoolExecutor(max(1, len(members))) as pool:
        asked = {number: pool.submit(ask, number, member) for number, member in members.items()}
        for number, answer in asked.items():
            try:
                answers[number] = answer.result()
            except (CourierError, AuditError) as error:
                failed[number] = str(error)
    return answers, failed


def _not_ready(
    failed: Mapping[int, str], reports: Mapping[int, KeyReport], twice: Collection[int]
) -> CourierError:
    """Why a poll cannot be opened yet: for each node what is wrong, or for whom it waits."""
    said, nodes = [], []
    for number in sorted(failed.keys() | reports.keys()):
        entry: dict[str, Any] = {"node": number, "announces_different_keys": number in twice}
        if number in failed:
            # What one says must not look like another one's word.
            words = failed[number].replace(";", ",")
            entry["failure"] = words
        else:
            words = _waits(reports[number])
            entry["waits_for"] = [
                {"node": one.node, "stage": one.stage.name.lower()}
                for one in reports[number].waiting
            ]
        if number in twice:
            words += ", and announces different poll keys to different nodes"
        said.append(f"node {number}: {words}")
        nodes.append(entry)
    kind = ProblemType.POLL_NOT_READY if failed else ProblemType.POLL_KEYS_UNSIGNED
    head = "not every node serves this poll" if failed else "the poll's keys are not signed yet"
    return CourierError("; ".join([head, *said]), kind, nodes)


def _waits(report: KeyReport) -> str:
    """For whom a node waits, in words."""
    waits = [f"node {one.node} ({one.stage.name.lower()})" for one in report.waiting]
    return "waits for " + ", ".join(waits) if waits else "is not ready"


def _announced_twice(poll: PublishedPoll, reports: Collection[KeyReport]) -> list[int]:
    """Nodes that signed one poll key for one node and another one for another."""
    announced: dict[int, set[bytes]] = {}
    for report in reports:
        for number in report.announced_by(poll.committee, poll.domain, poll.context):
            key = report.announcements[number].public_key
            announced.setdefault(number, set()).add(key)
    return [number for number, keys in sorted(announced.items()) if len(keys) > 1]
