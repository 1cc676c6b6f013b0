"""Settling at one node: what it signs, what it states that it lacks, what it keeps of liars."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ostraka.node.accepting import MAX_VERSIONS, PULL_LIMIT
from ostraka.node.agreement import Entry, LeafList, inventory_hash, lacking_hash
from ostraka.node.phases import Settling
from ostraka.node.poll_service import PollService
from ostraka.storage.node_tables import PeerReceipt
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.signatures import recover
from tests.support.node_polls import ME, accepting_service, at, settling_service
from tests.support.polls import SyntheticPoll, approval_poll

ROOT = SumRoot(b"\1" * 32, b"\2" * 64, 7)
OTHER = SumRoot(b"\3" * 32, b"\2" * 64, 7)


def start_of(poll: SyntheticPoll, number: int) -> int:
    """Chain time at which a settling round starts."""
    return poll.parameters.freezes_at + number * poll.parameters.round_duration


def answer(
    poll: SyntheticPoll, service: PollService, phase: Settling, number: int, listed: list[Entry]
) -> bytes:
    """The node's signature of a list that the round's proposer sends it."""
    at(service, start_of(poll, number))
    body = LeafList(number, tuple(listed)).encode()
    proposer = poll.committee.members[number % poll.nodes].address
    return asyncio.run(service.settling.answer_proposal(phase, body, proposer))


def test_a_node_signs_only_with_a_quorum_of_inventories(tmp_path: Path) -> None:
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path)
    for heard in ([], [1]):
        settling.inventories.update(heard)
        nodes = "2 nodes" if heard else "1 node"
        with pytest.raises(Problem, match=f"Inventories missing: this node has those of {nodes};"):
            answer(poll, service, settling, 0, [])
    settling.inventories.add(3)
    assert len(answer(poll, service, settling, 0, [])) == 65


def test_lying_proposer_and_slow_node_omit_no_recorded_ballot(tmp_path: Path) -> None:
    """Nodes 2 and 3 accepted it and so did 4, who is slow; 1 proposes, and hides its receipt."""
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path, ballots=len(poll.prepared))
    entries = [Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared]
    settling.inventories.update({1, 3})
    for number in (0, 2, 3):
        with pytest.raises(Problem, match=r"Root rejected: .*is neither included nor superseded"):
            answer(poll, service, settling, number, entries[1:])
    assert len(answer(poll, service, settling, 3, entries)) == 65
    # Nobody else accepted it, as far as anybody says.
    assert len(answer(poll, service, settling, 4, entries[1:])) == 65
    settling.inventories.add(4)
    assert len(answer(poll, service, settling, 2, entries[1:])) == 65


class AskedPeer:
    """Has nothing to add to a draft; keeps what it is asked."""

    def __init__(self, poll: SyntheticPoll, number: int) -> None:
        self.number = number
        self.address = poll.node_keys[number - 1].address
        self.asked: list[str] = []

    async def post(self, path: str, _: bytes) -> bytes:
        """Its answer: no signature either."""
        self.asked.append(path.rpartition("/")[2])
        return b""


def test_a_proposer_signs_no_list_that_it_would_refuse(tmp_path: Path) -> None:
    """It has given a receipt for a candidate, and lost its share of it since."""
    poll = approval_poll()
    peers = [AskedPeer(poll, number) for number in (1, 3, 4)]
    service, settling = settling_service(poll, tmp_path, peers, ballots=3)
    store = service.served.store
    candidate = poll.prepared[0].ballot.digest
    vouched = PeerReceipt(poll_id=1, digest=candidate, node=1, signature=bytes(65))
    store.add_peer_receipts([vouched])
    settling.inventories.update({1, 3, 4})
    stored = store.ballot(1, candidate)
    assert stored is not None
    kept = stored.share_box
    # Node 2 proposes in round 1.
    at(service, start_of(poll, 1))

    async def run() -> None:
        for share_box, asked in ((None, ["draft"]), (kept, ["draft", "draft", "proposal"])):
            stored.share_box = share_box
            store.mend_ballot(stored)
            await service.settling.propose_if_due(settling)
            assert [peer.asked for peer in peers] == [asked] * 3
            assert (store.signed_root(1, 1) is None) == (share_box is None)

    asyncio.run(run())


def test_a_proposer_waits_for_the_inventories_of_a_quorum(tmp_path: Path) -> None:
    poll = approval_poll()
    peers = [AskedPeer(poll, number) for number in (1, 3, 4)]
    service, settling = settling_service(poll, tmp_path, peers, ballots=3)
    at(service, start_of(poll, 1))

    async def run() -> None:
        for heard, signed in ((1, False), (3, True)):
            settling.inventories.add(heard)
            await service.settling.propose_if_due(settling)
            assert (service.served.store.signed_root(1, 1) is not None) == signed

    asyncio.run(run())


class StarvedPeer:
    """Says which of the ballots it is asked for it lacks; signs that with a key and for a round."""

    def __init__(self, poll: SyntheticPoll, number: int, signer: int, ahead: int = 0) -> None:
        self.number = number
        self.address = poll.node_keys[number - 1].address
        self._poll, self._key, self._ahead = poll, poll.node_keys[signer - 1], ahead

    async def post(self, path: str, body: bytes) -> bytes:
        """Its answer."""
        assert path.endswith("/peer/lacking")
        hashed = lacking_hash([body[4:36]])
        signed = int.from_bytes(body[:4], "big") + self._ahead
        statement = typed_data.LACKING, self._poll.context, signed, hashed
        return self._key.sign(self._poll.domain.digest(*statement)) + body[4:36]


def test_a_candidate_is_given_up_if_an_honest_node_must_lack_it(
    tmp_path: Path,
) -> None:
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path, ballots=len(poll.prepared))
    served: Any = service.served
    settling.inventories.update({1, 3, 4})
    starving = poll.prepared[0].ballot.digest
    vouched = PeerReceipt(poll_id=1, digest=starving, node=1, signature=bytes(65))
    served.store.add_peer_receipts([vouched])
    entries = [Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared[1:]]
    lacking = [StarvedPeer(poll, number, number) for number in (3, 4)]
    forging = [StarvedPeer(poll, 1, 3), StarvedPeer(poll, 4, 4, ahead=1)]
    for number, peers in ((3, lacking), (6, lacking[:1]), (6, [lacking[0], *forging])):
        served.peers = peers
        with pytest.raises(Problem, match=r"Root rejected: .*is neither included nor superseded"):
            answer(poll, service, settling, number, entries)
    served.peers = lacking
    assert len(answer(poll, service, settling, 6, entries)) == 65


def test_a_node_states_missing_shares_after_a_full_rotation(tmp_path: Path) -> None:
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path, ballots=1)
    held, absent = poll.prepared[0].ballot.digest, bytes([9] * 32)

    def ask(number: int, asked: int) -> bytes:
        at(service, start_of(poll, number))
        return service.settling.answer_lacking(settling, asked.to_bytes(4, "big") + held + absent)

    for number, asked in ((3, 4), (4, 6), (7, 5)):
        with pytest.raises(Problem, match="Wrong settling round"):
            ask(number, asked)
    answer = ask(4, 5)
    assert answer[65:] == absent
    statement = typed_data.LACKING, poll.context, 5, lacking_hash([absent])
    assert recover(poll.domain.digest(*statement), answer[:65]) == poll.node_keys[ME - 1].address


def test_an_inventory_cannot_fill_the_disk(tmp_path: Path) -> None:
    """Its signer pays nothing for receipts of ballots that nobody cast."""
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    store = service.served.store
    key = poll.node_keys[0]
    peer: Any = SimpleNamespace(number=1, address=key.address)

    def inventory(voters: list[bytes]) -> bytes:
        entries = [(voter, 5, n.to_bytes(32, "big")) for n, voter in enumerate(voters)]
        statement = poll.domain.digest(typed_data.INVENTORY, poll.context, inventory_hash(entries))
        parts = [key.sign(statement)]
        for voter, cast_at, digest in entries:
            receipt = poll.domain.digest(typed_data.RECEIPT, poll.context, voter, cast_at, digest)
            parts += [voter, cast_at.to_bytes(8, "big"), digest, key.sign(receipt)]
        return b"".join(parts)

    voter = poll.voter_keys[0].address
    most = MAX_VERSIONS * poll.nodes
    for flood in ([b"\1" * 20], [voter] * (most + 1)):
        with pytest.raises(Malformed, match="impossible ballots"):
            service.settling.store_inventory(peer, inventory(flood))
    assert store.receipt_givers(1) == {}
    service.settling.store_inventory(peer, inventory([voter] * most))
    assert len(store.receipt_givers(1)) == most


def test_lists_longer_than_the_census_are_not_read(tmp_path: Path) -> None:
    """Each digest of one costs a look-up, and a proposal is read while nothing else runs."""
    poll = approval_poll()
    service, settling = settling_service(poll, tmp_path)
    voters = len(poll.census)
    entry = Entry(poll.voter_keys[0].address, bytes(32))
    at_most, too_long = (LeafList(0, (entry,) * n).encode() for n in (voters, voters + 1))
    assert service.settling.answer_draft(settling, at_most) == b""
    with pytest.raises(Malformed, match="for 7 voters"):
        service.settling.answer_draft(settling, too_long)
    proposer = poll.committee.members[0].address
    with pytest.raises(Malformed, match="for 7 voters"):
        asyncio.run(service.settling.answer_proposal(settling, too_long, proposer))
    assert service.accepting.records_of([bytes(32)] * voters) == b""
    with pytest.raises(Malformed, match="501, at most 500"):
        service.accepting.records_of([bytes(32)] * (PULL_LIMIT + 1))


def test_a_certificate_needs_a_quorum_of_true_signatures(tmp_path: Path) -> None:
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    settling, store = service.settling, service.served.store

    def certificate(nodes: list[int], signed: SumRoot = ROOT) -> bytes:
        return AnchoredRoot(0, ROOT, poll.attest(signed, nodes).attestations).encode()

    for nodes in ([], [1, 2]):
        with pytest.raises(Malformed, match="not a quorum"):
            settling.store_certificate(certificate(nodes))
    for nodes in ([1, 1, 1], [1, 2, 3, 3, 3]):
        with pytest.raises(Malformed, match="in strict order"):
            settling.store_certificate(certificate(nodes))
    with pytest.raises(Malformed, match="not signed by"):
        settling.store_certificate(certificate([1, 2, 3], OTHER))
    with pytest.raises(Malformed, match="bytes"):
        settling.store_certificate(certificate([1, 2, 3]) + b"\0")
    stranger = AnchoredRoot(0, ROOT, (Attestation(5, bytes(65)),)).encode()
    with pytest.raises(Malformed, match="there is no node 5"):
        settling.store_certificate(stranger)
    assert store.attested_roots(1) == []
    settling.store_certificate(certificate([1, 2, 3]))
    assert settling.certificate().root == ROOT
