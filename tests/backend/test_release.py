"""Final statements, shares and the end of a key: no liar deafens the others or ends a poll."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import Head
from ostraka.chain.registry import PollView, Status
from ostraka.node.finality import FinalizedRoot, poll_end
from ostraka.node.phases import Accepting, Anchoring, Destroyed, Keyed, Releasing
from ostraka.node.poll_secrets import LostSecret
from ostraka.node.poll_service import PollService
from ostraka.storage.node_tables import ReleasedShare, SignedRoot
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.merkle_sum import SumRoot
from tests.support.node_polls import ME, accepting_service, move, settling_service
from tests.support.polls import SyntheticPoll, approval_poll, open_view

ROOT = SumRoot(b"\1" * 32, b"\2" * 64, 7)
OTHER = SumRoot(b"\3" * 32, b"\2" * 64, 7)


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


def releasing(
    poll: SyntheticPoll, folder: Path, peers: Sequence[Any], root: SumRoot = ROOT
) -> tuple[PollService, Releasing]:
    """The node once a root is final."""
    service, settling = settling_service(poll, folder, peers)
    anchored, leaves = settling.anchored(Anchoring(0, root)), [bytes(32)] * root.count
    return service, move(service, lambda: anchored.releasable(FinalizedRoot(root), leaves))


def test_an_equivocating_node_does_not_hide_the_others(tmp_path: Path) -> None:
    poll = approval_poll()
    honest = [statement(poll, node, ROOT) for node in (3, 4)]
    peers = [
        ListeningPeer(1, [statement(poll, 1, OTHER)]),
        ListeningPeer(3, [statement(poll, 1, ROOT), *honest]),
        ListeningPeer(4, [statement(poll, 1, OTHER), *honest]),
    ]
    service, phase = releasing(poll, tmp_path, peers)
    asyncio.run(service.release.state_final(phase, FinalizedRoot(ROOT)))
    heard = {one["node"]: one["root_digest"] for one in service.release.finals()}
    assert heard[ME] == heard[3] == heard[4] == to_hex(ROOT.digest)
    assert heard[1] in (to_hex(ROOT.digest), to_hex(OTHER.digest))


def test_a_node_restored_from_a_backup_signs_no_second_final(tmp_path: Path) -> None:
    """It forgot its Final; a peer did not. It takes that one up and signs no other."""
    poll = approval_poll()
    said = statement(poll, ME, OTHER)
    peers = [ListeningPeer(node, [said] if node == 3 else []) for node in (1, 3, 4)]
    service, phase = releasing(poll, tmp_path, peers)
    asyncio.run(service.release.state_final(phase, FinalizedRoot(ROOT)))
    assert [one for one in service.release.finals() if one["node"] == ME] == [said]


def test_without_a_quorum_of_answers_a_node_signs_no_final(tmp_path: Path) -> None:
    poll = approval_poll()
    unreadable: Any = {"not": "a list"}
    peers = [ListeningPeer(node, unreadable) for node in (1, 3, 4)]
    service, phase = releasing(poll, tmp_path, peers)
    asyncio.run(service.release.state_final(phase, FinalizedRoot(ROOT)))
    assert service.release.finals() == []


def test_forged_statements_are_not_kept(tmp_path: Path) -> None:
    poll = approval_poll()
    forged = statement(poll, 1, ROOT) | {"node": 4}
    peers = [ListeningPeer(node, [forged] if node == 1 else []) for node in (1, 3, 4)]
    service, phase = releasing(poll, tmp_path, peers)
    asyncio.run(service.release.state_final(phase, FinalizedRoot(ROOT)))
    assert [one["node"] for one in service.release.finals()] == [ME]


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


def destroy_if_ended(service: PollService) -> None:
    """What a tick does once the chain shows the poll as tallied or void."""
    phase, end = service.phase, poll_end(service.served)
    if end is not None and isinstance(phase, Keyed):
        move(service, lambda: phase.destroy(end))


def test_a_single_provider_cannot_make_a_node_destroy_its_key(tmp_path: Path) -> None:
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    served: Any = service.served
    share = ReleasedShare(poll_id=1, node=ME, share=bytes(32 * 5), signature=bytes(65))
    served.store.add_share(share)
    for status in (Status.VOID, Status.TALLIED):
        served.registries = [Provider(poll, status), Provider(poll, Status.CLOSED)]
        destroy_if_ended(service)
        assert isinstance(service.phase, Accepting)
    served.registries = [Provider(poll, Status.VOID), Provider(poll, Status.VOID)]
    destroy_if_ended(service)
    assert isinstance(service.phase, Destroyed)
    assert served.store.polls()[0].key_destroyed
    with pytest.raises(LostSecret, match="is gone"):
        served.secrets.read(poll.context)


def test_without_a_share_a_node_keeps_its_key_until_the_deadline(tmp_path: Path) -> None:
    """Peers have deleted the boxes by then: it cannot get one any more."""
    poll = approval_poll()
    service = accepting_service(poll, tmp_path)
    served: Any = service.served
    provider = Provider(poll, Status.TALLIED)
    served.registries = [provider]
    for deadline, destroyed in ((1, False), (0, False), (-1, True)):
        provider.view = replace(provider.view, tally_deadline=deadline)
        destroy_if_ended(service)
        assert isinstance(service.phase, Destroyed) == destroyed


def test_an_absent_peer_causes_no_repeated_work(tmp_path: Path) -> None:
    """The ballots are summed once, not at each tick until its share comes."""
    poll = approval_poll()
    service = accepting_service(poll, tmp_path, [ListeningPeer(1, [])])
    served: Any = service.served
    asyncio.run(service.accepting.ingest([one.record for one in poll.prepared]))
    digests = [one.ballot.digest for one in poll.prepared]
    root, _ = served.root(digests)
    leaves = b"".join(digests)
    served.store.sign_root(
        SignedRoot(poll_id=1, round=0, root_digest=root.digest, leaves=leaves, signature=b"")
    )
    summed = []
    reading = served.root
    served.root = lambda given: summed.append(given) or reading(given)
    for _ in range(3):
        asyncio.run(service.release.gather_shares(Anchoring(0, root)))
    assert summed == [digests]
    share = poll.aggregate_share(1)
    signed = poll.sign_share(1, share, root)
    listed = {"node": 1, "share": to_hex(share.encode()), "signature": to_hex(signed.signature)}
    served.peers[0].heard = [listed]
    asyncio.run(service.release.gather_shares(Anchoring(0, root)))
    assert service.release.shares() == [listed]
    assert summed == [digests]
