"""Repairs among whole nodes: who may have one, how often, and what is said of it in public."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.registry import Status
from ostraka.node.peers import PeerError
from ostraka.node.phases import Accepting, Keyed
from ostraka.node.poll_service import PollService
from ostraka.node.repair_exchange import MOST_SETS, RepairCall, helper_sets
from ostraka.node.repair_shares import RepairRequest, repair_subject
from ostraka.wire.records import CastRecord, from_hex
from ostraka_verifier import typed_data
from ostraka_verifier.board import Board
from ostraka_verifier.sharing import boxes_hash
from ostraka_verifier.signatures import recover
from tests.support.node_polls import in_phase
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.repairs import share_of
from tests.support.village import POLL, Village

STARVED = 2


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll(nodes=5, threshold=3, faults=1)


@pytest.fixture
def village(poll: SyntheticPoll, tmp_path: Path) -> Village:
    return Village(poll, tmp_path)


def starving(poll: SyntheticPoll, voter: int) -> CastRecord:
    """A voter's ballot whose box for node 2 holds nothing."""
    prepared, key = poll.prepared[voter], poll.voter_keys[voter]
    boxes = list(prepared.boxes)
    boxes[STARVED - 1] = bytes(len(boxes[0]))
    ballot = prepared.ballot
    digest = poll.domain.digest(
        typed_data.BALLOT,
        poll.context,
        ballot.voter,
        ballot.cast_at_unix_s,
        ballot.digest,
        boxes_hash(boxes),
    )
    return CastRecord(ballot.encoded, tuple(boxes), key.sign(digest))


async def cast(village: Village, record: CastRecord, *nodes: int) -> None:
    for node in nodes:
        answer = await village.client.post(village.url(node, "/ballots"), json=record.to_json())
        assert answer.status_code == 200, answer.text


async def open_and_cast(village: Village) -> None:
    """All ballots at all nodes, the first without a share for node 2."""
    poll = village.poll
    village.open_seeded()
    await village.tick(2)
    for voter, prepared in enumerate(poll.prepared):
        if voter:
            record = prepared.record
            await cast(village, record, *range(1, 6))
    await cast(village, starving(poll, 0), 1, 3, 4, 5)
    await village.tick(2)


def call_for(
    village: Village,
    helpers: tuple[int, ...],
    attempt: int = 0,
    receipts: tuple[int, ...] = (1, 3, 4, 5),
    digest: bytes = b"",
) -> RepairCall:
    poll, ballot = village.poll, village.poll.prepared[0].ballot
    digest = digest or ballot.digest
    request = RepairRequest(poll.context, repair_subject(digest), STARVED, helpers, attempt)
    receipt = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, digest
    )
    return RepairCall(
        digest,
        helpers,
        attempt,
        poll.node_keys[STARVED - 1].sign(poll.domain.digest(*request.statement)),
        {node: poll.node_keys[node - 1].sign(receipt) for node in receipts},
    )


async def ask(village: Village, helper: int, call: RepairCall, leg: str = "seeds") -> bytes:
    """What a helper answers to node 2."""
    served = village.service(STARVED).served
    peer = next(one for one in served.peers if one.number == helper)
    return await peer.post(served.path(f"peer/repair/{leg}"), call.encode())


async def freeze(service: PollService) -> None:
    """Frozen, and nothing repaired yet."""
    await service.progress.move(in_phase(service, Accepting).freeze)


def run(village: Village, what: Coroutine[Any, Any, None]) -> None:
    async def inside() -> None:
        async with village.run(seeded=True):
            await what

    asyncio.run(inside())


def test_a_missing_share_is_repaired_and_the_request_public(
    poll: SyntheticPoll, village: Village
) -> None:
    async def check() -> None:
        await open_and_cast(village)
        digest = poll.prepared[0].ballot.digest
        service = village.service(STARVED)
        store = service.served.store
        stored = store.ballot(POLL, digest)
        assert stored is not None
        assert stored.share_box is None
        village.registry.close()

        def is_settled() -> bool:
            stores = [village.service(node).served.store for node in range(1, 6)]
            return all(
                any(
                    len(root.attestations) >= poll.committee.quorum
                    and root.root.count == len(poll.prepared)
                    for root in one.attested_roots(POLL)
                )
                for one in stores
            )

        await village.tick_until(is_settled)
        stored = store.ballot(POLL, digest)
        assert stored is not None
        assert stored.share_box is not None
        ballot = poll.prepared[0].ballot
        assert in_phase(service, Keyed).admission.share(ballot, stored.share_box) == share_of(
            poll, STARVED
        )
        helpers = set()
        for node in (1, 3, 4, 5):
            for one in await village.get(node, "/repairs"):
                assert (one["target"], from_hex(one["ballot_digest"], "")) == (STARVED, digest)
                helpers |= set(one["helpers"])
                request = RepairRequest(
                    poll.context,
                    repair_subject(digest),
                    STARVED,
                    tuple(one["helpers"]),
                    one["attempt"],
                )
                assert from_hex(one["repair_hash"], "") == request.hash
                signer = recover(
                    poll.domain.digest(*request.statement), from_hex(one["signature"], "")
                )
                assert signer == poll.node_keys[STARVED - 1].address
                assert await village.get(node, f"/repairs?after={one['number']}") == []
            shown = (await village.get(node))["repairs_asked"]
            assert shown in ({}, {str(STARVED): 1})
        assert len(helpers) >= poll.threshold
        # Everybody holds every share: the root is over all ballots.
        for node in range(1, 6):
            assert (await village.get(node, "/certificate"))["count"] == len(poll.prepared)

    run(village, check())


def test_nodes_help_only_entitled_targets(poll: SyntheticPoll, village: Village) -> None:
    async def check() -> None:
        await open_and_cast(village)
        good = call_for(village, (1, 3, 4))
        with pytest.raises(PeerError, match="Ballots not frozen yet"):
            await ask(village, 1, good)
        village.registry.close()
        for node in (1, 3, 4, 5):
            await freeze(village.service(node))
        stranger = poll.node_keys[2].sign(bytes(32))
        refused = {
            "not signed by": replace(good, signature=stranger),
            "do not make that ballot a candidate": call_for(village, (1, 3, 4), receipts=(1, 3)),
            "helper's receipt is missing": call_for(village, (1, 3, 5), receipts=(1, 3, 4)),
            "Receipt": replace(good, receipts=good.receipts | {3: good.receipts[1]}),
            "no node 0": replace(good, receipts=good.receipts | {0: good.receipts[1]}),
            "not among the helpers": call_for(village, (3, 4, 5)),
            "not other nodes of the committee": call_for(village, (1, 2, 3)),
            "not 3 in strictly": call_for(village, (1, 3)),
            "No such share": call_for(village, (1, 3, 4), digest=bytes(32)),
        }
        for reason, call in refused.items():
            for leg in ("seeds", "share"):
                with pytest.raises(PeerError, match=reason):
                    await ask(village, 1, call, leg)
        # No request that was refused is held against the asker.
        assert await village.get(1, "/repairs") == []
        assert await ask(village, 1, good)
        with pytest.raises(PeerError, match="seeds"):
            await ask(village, 4, good, "share")

    run(village, check())


def test_repairs_are_limited_and_each_can_be_repeated(
    poll: SyntheticPoll, village: Village
) -> None:
    async def check() -> None:
        await open_and_cast(village)
        village.registry.close()
        for node in (1, 3, 4, 5):
            await freeze(village.service(node))
        # Four sets of three of the four others.
        for attempt in range(4):
            await ask(village, 1, call_for(village, (1, 3, 4), attempt))
        for helpers, attempt in (((1, 3, 4), 4), ((1, 3, 5), 0)):
            with pytest.raises(
                PeerError, match=r"Too many repairs: .*already requested 4 other repairs"
            ):
                await ask(village, 1, call_for(village, helpers, attempt))
        for attempt in range(4):
            await ask(village, 1, call_for(village, (1, 3, 4), attempt))
        assert len(await village.get(1, "/repairs")) == 4
        # Another helper counts for itself.
        await ask(village, 3, call_for(village, (1, 3, 5)))

    run(village, check())


def test_every_node_helps_with_an_anchored_leaf(poll: SyntheticPoll, village: Village) -> None:
    async def check() -> None:
        await open_and_cast(village)
        village.registry.close()
        await village.tick(4)
        bare = call_for(village, (1, 3, 4), attempt=1, receipts=())
        with pytest.raises(PeerError, match=r"Not entitled: .*do not make that ballot a candidate"):
            await ask(village, 1, bare)
        root = poll.root()
        number = (await village.get(1, "/certificate"))["round"]
        village.registry.anchoring = poll.attest(root, range(1, 5), number)
        village.registry.show(
            status=Status.ANCHORED, anchored_at=village.registry.now, round=number, root=root
        )
        await village.tick()
        assert await ask(village, 1, bare)
        data = await village.client.get(village.url(1, "/board"))
        board = Board.decode(data.content, poll.factory.layout.size, len(poll.rule.slots))
        assert len(board.leaves) == len(poll.prepared)
        assert board.leaves[1:] == tuple(poll.leaf(one) for one in poll.prepared[1:])
        assert board.shares == ()
        assert board.root == village.registry.anchoring

    run(village, check())


@pytest.mark.parametrize(("nodes", "threshold"), [(4, 3), (7, 3), (16, 8), (63, 30)])
def test_a_target_asks_only_as_many_sets_as_helpers_answer(nodes: int, threshold: int) -> None:
    others = range(1, nodes + 1)
    sets = helper_sets(bytes(32), others, threshold)
    assert len(set(sets)) == len(sets) <= MOST_SETS
    assert sets == helper_sets(bytes(32), set(others), threshold)
    assert all(len(set(one)) == threshold and list(one) == sorted(one) for one in sets)
    assert helper_sets(bytes(32), range(1, threshold), threshold) == []
