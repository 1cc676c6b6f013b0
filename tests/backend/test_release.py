"""Final statements and certificates between nodes: no liar deafens or floods the others."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.chain.registry import PollView, Status
from ostraka.node.accepting import MAX_VERSIONS, Accepting
from ostraka.node.poll_secrets import LostSecret, PollSecrets
from ostraka.node.poll_state import PollState
from ostraka.node.release import Release
from ostraka.node.repairing import Repairing
from ostraka.node.settlement import Settlement
from ostraka.node.settling import Entry, LeafList, inventory_hash, lacking_hash
from ostraka.node.store import NodeStore, encode_root
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import NodePoll, PeerReceipt, ReleasedShare, SignedRoot
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.typed_data import recover
from tests.support.polls import CLOSES_AT, SyntheticPoll, approval_poll, open_view

ROOT = SumRoot(b"\1" * 32, b"\2" * 64, 7)
OTHER = SumRoot(b"\3" * 32, b"\2" * 64, 7)
ME = 2


class ListeningPeer:
    """A peer that has heard certain Final statements."""

    def __init__(self, number: int, heard: list[dict[str, Any]]) -> None:
        self.number = number
        self.heard = heard

    async def get_json(self, _: str) -> Any:
        """Its answer."""
        return self.heard


def statement(poll: SyntheticPoll, node: int, root: SumRoot) -> dict[str, Any]:
    digest = poll.domain.digest(typed_data.FINAL, poll.context, root.digest)
    signature = poll.node_keys[node - 1].sign(digest)
    return {
        "node": node,
        "root_digest": to_hex(root.digest),
        "signature": to_hex(signature),
    }


def release_of(poll: SyntheticPoll, folder: Path, peers: list[ListeningPeer]) -> Release:
    published = poll.published
    row = NodePoll(
        poll_id=1,
        poll_context=poll.context,
        census=poll.census.encode(),
        public_key=poll.poll_keys[ME - 1].public_key,
        announcement=b"",
    )
    store = NodeStore(open_database(f"sqlite:///{folder / 'node.db'}", Schema.NODE))
    store.add_poll(row)
    key = poll.node_keys[ME - 1]
    secrets = PollSecrets(folder / "secrets", key)
    secrets.keep(poll.context, poll.poll_keys[ME - 1].secret() + bytes(32))
    state = PollState(poll.curve, store, secrets, [], published, row, key, peers)  # type: ignore[arg-type]
    repairing = Repairing(state)
    return Release(state, Settlement(state, Accepting(state), repairing), repairing)


def test_an_equivocating_node_does_not_hide_the_others(tmp_path: Path) -> None:
    poll = approval_poll()
    honest = [statement(poll, node, ROOT) for node in (3, 4)]
    peers = [
        ListeningPeer(1, [statement(poll, 1, OTHER)]),
        ListeningPeer(3, [statement(poll, 1, ROOT), *honest]),
        ListeningPeer(4, [statement(poll, 1, OTHER), *honest]),
    ]
    release = release_of(poll, tmp_path, peers)
    asyncio.run(release._state_final(ROOT))
    heard = {one["node"]: one["root_digest"] for one in release.finals()}
    assert heard[ME] == heard[3] == heard[4] == to_hex(ROOT.digest)
    assert heard[1] in (to_hex(ROOT.digest), to_hex(OTHER.digest))


def test_a_node_restored_from_a_backup_keeps_its_word(tmp_path: Path) -> None:
    """It forgot its Final; a peer did not. It takes that one up and signs no other."""
    poll = approval_poll()
    said = statement(poll, ME, OTHER)
    peers = [ListeningPeer(node, [said] if node == 3 else []) for node in (1, 3, 4)]
    release = release_of(poll, tmp_path, peers)
    asyncio.run(release._state_final(ROOT))
    assert [one for one in release.finals() if one["node"] == ME] == [said]


def test_in_doubt_a_node_keeps_silent(tmp_path: Path) -> None:
    poll = approval_poll()
    unreadable: Any = {"not": "a list"}
    peers = [ListeningPeer(node, unreadable) for node in (1, 3, 4)]
    release = release_of(poll, tmp_path, peers)
    asyncio.run(release._state_final(ROOT))
    assert release.finals() == []


def test_forged_statements_are_not_kept(tmp_path: Path) -> None:
    poll = approval_poll()
    forged = statement(poll, 1, ROOT) | {"node": 4}
    peers = [ListeningPeer(node, [forged] if node == 1 else []) for node in (1, 3, 4)]
    release = release_of(poll, tmp_path, peers)
    asyncio.run(release._state_final(ROOT))
    assert [one["node"] for one in release.finals()] == [ME]


class Provider:
    """One provider's view of the poll on finalized blocks."""

    def __init__(self, poll: SyntheticPoll, status: Status) -> None:
        self.view = replace(open_view(poll), status=status)

    def head(self, block: str) -> Head:
        """The finalized block."""
        assert block == "finalized"
        return Head(9, bytes(32), 0)

    def poll(self, _: int, block: int) -> PollView:
        """The poll at that block."""
        assert block == 9
        return self.view


def test_no_provider_alone_makes_a_node_destroy_its_key(tmp_path: Path) -> None:
    poll = approval_poll()
    release = release_of(poll, tmp_path, [])
    state: Any = release._state
    share = ReleasedShare(poll_id=1, node=ME, share=bytes(32 * 5), signature=bytes(65))
    state.store.add_share(share)
    for status in (Status.VOID, Status.TALLIED):
        state.registries = [Provider(poll, status), Provider(poll, Status.CLOSED)]
        asyncio.run(release.destroy_if_final())
        assert state.poll_key is not None
    state.registries = [Provider(poll, Status.VOID), Provider(poll, Status.VOID)]
    asyncio.run(release.destroy_if_final())
    assert state.poll_key is None
    assert state.store.polls()[0].key_destroyed
    with pytest.raises(LostSecret, match="is gone"):
        state._secrets.read(poll.context)


def test_a_node_without_a_share_keeps_its_key_until_the_tallys_deadline(tmp_path: Path) -> None:
    """Peers have deleted the boxes by then: it cannot get one any more."""
    poll = approval_poll()
    release = release_of(poll, tmp_path, [])
    state: Any = release._state
    provider = Provider(poll, Status.TALLIED)
    state.registries = [provider]
    for deadline, destroyed in ((1, False), (0, False), (-1, True)):
        provider.view = replace(provider.view, tally_deadline=deadline)
        asyncio.run(release.destroy_if_final())
        assert (state.poll_key is None) == destroyed


def test_a_peer_that_stays_away_costs_no_work_for_ever(tmp_path: Path) -> None:
    """The ballots are summed once, not at each tick until its share comes."""
    poll = approval_poll()
    release = release_of(poll, tmp_path, [ListeningPeer(1, [])])
    state: Any = release._state
    records = [one.record for one in poll.prepared]
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    asyncio.run(Accepting(state).ingest(records))
    digests = [one.ballot.digest for one in poll.prepared]
    root, _ = state.root(digests)
    leaves = b"".join(digests)
    state.store.sign_root(
        SignedRoot(poll_id=1, round=0, root_digest=root.digest, leaves=leaves, signature=b"")
    )
    view = replace(open_view(poll), status=Status.TALLIED, root=root)
    summed = []
    reading = state.root
    state.root = lambda given: summed.append(given) or reading(given)
    for _ in range(3):
        asyncio.run(release.gather_shares(view))
    assert summed == [digests]
    share = poll.aggregate_share(1)
    signed = poll.sign_share(1, share, root)
    listed = {"node": 1, "share": to_hex(share.encode()), "signature": to_hex(signed.signature)}
    state.peers[0].heard = [listed]
    asyncio.run(release.gather_shares(view))
    assert release.shares() == [listed]
    assert summed == [digests]


def test_nobody_signs_before_hearing_which_ballots_are_candidates(tmp_path: Path) -> None:
    poll = approval_poll()
    state = release_of(poll, tmp_path, [])._state
    settlement = Settlement(state, Accepting(state), Repairing(state))
    state.frozen = True
    state.head = Head(1, bytes(32), poll.parameters.freezes_at)
    proposer = poll.committee.members[0].address
    proposal = LeafList(0, ()).encode()
    for heard in ([], [1]):
        settlement._inventories.update(heard)
        with pytest.raises(Problem, match=f"Inventories missing: those of {1 + len(heard)} nodes"):
            asyncio.run(settlement.answer_proposal(proposal, proposer))
    settlement._inventories.add(3)
    assert len(asyncio.run(settlement.answer_proposal(proposal, proposer))) == 65


def test_a_lying_proposer_and_a_slow_node_leave_out_no_recorded_ballot(tmp_path: Path) -> None:
    """Nodes 2 and 3 accepted it and so did 4, who is slow; 1 proposes, and hides its receipt."""
    poll = approval_poll()
    state = release_of(poll, tmp_path, [])._state
    accepting = Accepting(state)
    settlement = Settlement(state, accepting, Repairing(state))
    state.view = open_view(poll)
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    records = [one.record for one in poll.prepared]
    asyncio.run(accepting.ingest(records))
    state.frozen = True
    entries = [Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared]

    def answer(number: int, listed: list[Entry]) -> bytes:
        start = poll.parameters.freezes_at + number * poll.parameters.round_duration
        state.head = Head(2, bytes(32), start)
        body = LeafList(number, tuple(listed)).encode()
        proposer = poll.committee.members[number % poll.nodes].address
        return asyncio.run(settlement.answer_proposal(body, proposer))

    settlement._inventories.update({1, 3})
    for number in (0, 2, 3):
        with pytest.raises(Problem, match=r"Root rejected: .*is neither in nor superseded"):
            answer(number, entries[1:])
    assert len(answer(3, entries)) == 65
    # Nobody else accepted it, as far as anybody says.
    assert len(answer(4, entries[1:])) == 65
    settlement._inventories.add(4)
    assert len(answer(2, entries[1:])) == 65


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


def test_a_candidate_is_given_up_when_an_honest_node_must_be_among_those_that_lack_it(
    tmp_path: Path,
) -> None:
    poll = approval_poll()
    state: Any = release_of(poll, tmp_path, [])._state
    accepting = Accepting(state)
    settlement = Settlement(state, accepting, Repairing(state))
    state.view = open_view(poll)
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    records = [one.record for one in poll.prepared]
    asyncio.run(accepting.ingest(records))
    state.frozen = True
    settlement._inventories.update({1, 3, 4})
    starving = poll.prepared[0].ballot.digest
    vouched = PeerReceipt(poll_id=1, digest=starving, node=1, signature=bytes(65))
    state.store.add_peer_receipts([vouched])
    entries = tuple(Entry(one.ballot.voter, one.ballot.digest) for one in poll.prepared[1:])

    def answer(number: int) -> bytes:
        start = poll.parameters.freezes_at + number * poll.parameters.round_duration
        state.head = Head(2, bytes(32), start)
        proposer = poll.committee.members[number % poll.nodes].address
        return asyncio.run(settlement.answer_proposal(LeafList(number, entries).encode(), proposer))

    lacking = [StarvedPeer(poll, number, number) for number in (3, 4)]
    forging = [StarvedPeer(poll, 1, 3), StarvedPeer(poll, 4, 4, ahead=1)]
    for number, peers in ((3, lacking), (6, lacking[:1]), (6, [lacking[0], *forging])):
        state.peers = peers
        with pytest.raises(Problem, match=r"Root rejected: .*is neither in nor superseded"):
            answer(number)
    state.peers = lacking
    assert len(answer(6)) == 65


def test_what_a_node_lacks_it_says_after_a_whole_rotation(tmp_path: Path) -> None:
    poll = approval_poll()
    state = release_of(poll, tmp_path, [])._state
    accepting = Accepting(state)
    settlement = Settlement(state, accepting, Repairing(state))
    state.view = open_view(poll)
    state.head = Head(1, bytes(32), CLOSES_AT - 1)
    one = poll.prepared[0]
    asyncio.run(accepting.ingest([one.record]))
    state.frozen = True
    held, absent = one.ballot.digest, bytes([9] * 32)

    def ask(number: int, asked: int) -> bytes:
        start = poll.parameters.freezes_at + number * poll.parameters.round_duration
        state.head = Head(2, bytes(32), start)
        return settlement.answer_lacking(asked.to_bytes(4, "big") + held + absent)

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
    state = release_of(poll, tmp_path, [])._state
    settlement = Settlement(state, Accepting(state), Repairing(state))
    key = poll.node_keys[0]
    peer: Any = SimpleNamespace(number=1, address=key.address)

    def inventory(voters: list[bytes]) -> bytes:
        entries = [(voter, 5, n.to_bytes(32, "big")) for n, voter in enumerate(voters)]
        statement = poll.domain.digest(typed_data.INVENTORY, poll.context, inventory_hash(entries))
        parts = [key.sign(statement)]
        for voter, at, digest in entries:
            receipt = poll.domain.digest(typed_data.RECEIPT, poll.context, voter, at, digest)
            parts += [voter, at.to_bytes(8, "big"), digest, key.sign(receipt)]
        return b"".join(parts)

    voter = poll.voter_keys[0].address
    most = MAX_VERSIONS * poll.nodes
    for flood in ([b"\1" * 20], [voter] * (most + 1)):
        with pytest.raises(Malformed, match="impossible ballots"):
            settlement._store_inventory(peer, inventory(flood))
    assert state.store.receipt_givers(1) == {}
    settlement._store_inventory(peer, inventory([voter] * most))
    assert len(state.store.receipt_givers(1)) == most


def test_lists_longer_than_the_census_are_not_read(tmp_path: Path) -> None:
    """Each digest of one costs a look-up, and a proposal is read while nothing else runs."""
    poll = approval_poll()
    state = release_of(poll, tmp_path, [])._state
    accepting = Accepting(state)
    settlement = Settlement(state, accepting, Repairing(state))
    state.frozen = True
    voters = len(poll.census)
    entry = Entry(poll.voter_keys[0].address, bytes(32))
    at_most, too_long = (LeafList(0, (entry,) * n).encode() for n in (voters, voters + 1))
    assert settlement.answer_draft(at_most) == b""
    with pytest.raises(Malformed, match="for 7 voters"):
        settlement.answer_draft(too_long)
    with pytest.raises(Malformed, match="for 7 voters"):
        asyncio.run(settlement.answer_proposal(too_long, poll.committee.members[0].address))
    assert accepting.records_of([bytes(32)] * voters) == b""
    with pytest.raises(Malformed, match="one a voter"):
        accepting.records_of([bytes(32)] * (voters + 1))


def test_a_certificate_needs_a_quorum_of_true_signatures(tmp_path: Path) -> None:
    poll = approval_poll()
    state = release_of(poll, tmp_path, [])._state
    settlement = Settlement(state, Accepting(state), Repairing(state))

    def certificate(nodes: list[int], signed: SumRoot = ROOT) -> bytes:
        attested = poll.attest(signed, nodes).attestations
        return (
            bytes(4)
            + encode_root(ROOT)
            + b"".join(bytes([one.node]) + one.signature for one in attested)
        )

    for refused in (certificate([]), certificate([1, 2]), certificate([1, 1, 1])):
        with pytest.raises(Malformed, match="no quorum"):
            settlement.store_certificate(refused)
    with pytest.raises(Malformed, match="not signed by"):
        settlement.store_certificate(certificate([1, 2, 3], OTHER))
    with pytest.raises(Malformed, match="certificate: 434 bytes"):
        settlement.store_certificate(certificate([1, 2, 3, 3, 3]))
    assert state.store.attestations(1) == {}
    settlement.store_certificate(certificate([1, 2, 3]))
    assert settlement.certificate().root == ROOT
