"""No node announces a key that it does not hold (docs/protocol.md §4.3).

The attacker is one node of the committee. Under the rule of version 1 a signed announcement was
enough; each key here shares a secret with an honest node's, or its secret is nobody's in the
committee. The attacker relays every challenge that it cannot answer to a node that could.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ostraka.chain.registry import Status
from ostraka.node import key_agreement
from ostraka.node.phases import Announced, HeldSecret
from ostraka.node.possession import answer_challenge, make_challenge, possession
from ostraka.sealing import (
    SEED_BYTES,
    PollKey,
    Recipient,
    ballot_info,
    challenge_info,
    contribution_info,
    seed_info,
)
from ostraka.wire.peer_auth import HEADER, sign_request
from ostraka.wire.poll_keys import Announcement, KeyReport, PollKeyList, Stage, waiting_hash
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.poll_key import ML_KEM_BYTES, check_poll_keys, node_key
from ostraka_verifier.sharing import BoxContent
from ostraka_verifier.signatures import recover
from tests.support.copied_keys import COPIES, Changing, Copier, Twin, challenge, now_unix_s
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.repairs import request_for
from tests.support.village import POLL, Village

COPIER = 4
HONEST = (1, 2, 3)


def stages(village: Village, node: int) -> dict[int, Stage]:
    """For which other nodes a node waits, and for what."""
    waiting = village.service(node).keys._waiting
    return {one.node: one.stage for one in waiting.values()}


def signers(village: Village, node: int) -> set[int]:
    """Whose signatures of its list of poll keys a node has."""
    return set(village.service(node).keys._signatures)


async def until(
    village: Village, holds: Callable[[int], bool], nodes: Sequence[int] = HONEST
) -> None:
    """Let every node act until something holds at these."""
    await village.tick_until(lambda: all(holds(node) for node in nodes))


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def old_rule(keys: list[bytes]) -> bool:
    """Version 1: a key is what its node signs, and no two are the same bytes."""
    return len(set(keys)) == len(keys)


@pytest.mark.parametrize("kind", COPIES)
def test_a_key_with_a_shared_secret_is_never_signed(
    kind: str, poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)
    announced = cache(lambda: COPIES[kind](village.service(1).served.announcements[1].public_key))
    copier = Copier(poll, COPIER, announced)

    async def run() -> None:
        async with village.run({COPIER: copier.app}):
            copier.village = village
            await village.give_census()
            await until(village, lambda node: stages(village, node) == {COPIER: Stage.KEY})
            # A key that is none is refused before anybody is challenged.
            await village.tick_until(lambda: kind == "top bit" or bool(copier.relayed))
            for node in (1, 2, 3):
                report = await village.get(node, "/opening")
                assert report["poll_keys"] is None
                assert report["signatures"] == [None] * 4
                # Nodes name the copier, and not the node whose key it copied.
                waiting = {one["node"]: one["reason"] for one in report["waiting_for"]}
                assert waiting == {COPIER: "key"}
            # A key that is none is refused at once; nobody can answer for the copier of the others.
            assert set(copier.relayed) == (set() if kind == "top bit" else {400})
            copied = village.service(1).served.announcements[1].public_key
            made = COPIES[kind](copied)
            assert old_rule([copied, made]) or kind == "copy"
            if kind in ("copy", "top bit", "point of small order"):
                # Whoever goes by X25519 alone has one secret with both.
                anyone = X25519PrivateKey.generate()
                one, other = (
                    anyone.exchange(X25519PublicKey.from_public_bytes(key[ML_KEM_BYTES:]))
                    for key in (copied, made)
                )
                assert one == other

    asyncio.run(run())


def test_both_nodes_that_share_a_key_are_named(poll: SyntheticPoll, tmp_path: Path) -> None:
    village, key = Village(poll, tmp_path), PollKey()
    twins = {node: Twin(poll, node, key).app for node in (3, COPIER)}

    async def run() -> None:
        async with village.run(twins):
            await village.give_census()
            twice = {3: Stage.KEY, COPIER: Stage.KEY}
            await until(village, lambda node: stages(village, node) == twice, (1, 2))
            for node in (1, 2):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert not report.poll_keys
                assert not report.signatures
                assert {one.node: one.stage for one in report.waiting} == {
                    3: Stage.KEY,
                    COPIER: Stage.KEY,
                }

    asyncio.run(run())


def test_a_node_proves_each_key_that_it_announces(
    poll: SyntheticPoll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node 4 proves possession of its key, and then announces a key that another node holds."""
    village, key = Village(poll, tmp_path), PollKey()
    switching = Twin(poll, COPIER, key)

    async def run() -> None:
        async with village.run({COPIER: switching.app}):
            await village.give_census()
            await until(village, lambda node: signers(village, node) == {*HONEST})
            first = village.service(1).keys._keys
            assert first is not None
            report = KeyReport.from_json(await village.get(1, "/opening"), poll.nodes)
            assert set(report.signatures) == {1, 2, 3}
            elsewhere = PollKey().public_key
            switching.announced = lambda: elsewhere
            await until(village, lambda node: stages(village, node) == {COPIER: Stage.KEY})
            for node in (1, 2, 3):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert report.poll_keys != first.hash
                assert report.announcements[COPIER].public_key == elsewhere
                assert not report.signatures
                # Of the others nobody can have signed this list.
                assert {one.node: one.stage for one in report.waiting} == {COPIER: Stage.KEY}
            # Nobody waits for it because it changed, but because it does not show the new one.
            monkeypatch.setattr(key_agreement, "_SETTLED_S", 0)
            await until(village, lambda node: stages(village, node)[COPIER] is Stage.POSSESSION)
            for node in (1, 2, 3):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert not report.signatures
                waiting = {one.node: one.stage for one in report.waiting}
                assert waiting[COPIER] is Stage.POSSESSION

    asyncio.run(run())


def test_only_the_node_that_keeps_changing_its_key_is_named(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run({COPIER: Changing(poll, COPIER).app}):
            await village.give_census()
            await village.tick(5)
            await until(village, lambda node: stages(village, node) == {COPIER: Stage.KEY})
            for node in (1, 2, 3):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert {one.node: one.stage for one in report.waiting} == {COPIER: Stage.KEY}

    asyncio.run(run())


def test_a_lists_signature_counts_only_if_it_is_its_nodes(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    """Node 4 shows another node's signature, and one of another list, as its own."""
    village = Village(poll, tmp_path)
    liar = Twin(poll, COPIER, PollKey())

    async def run() -> None:
        async with village.run({COPIER: liar.app}):
            await village.give_census()
            await until(village, lambda node: signers(village, node) == {*HONEST})
            keys = village.service(1).keys._keys
            assert keys is not None
            liar.poll_keys = keys.hash
            statement = typed_data.POLL_KEYS, poll.context, bytes(32)
            others = liar.signer.sign(poll.domain.digest(*statement))
            for lie in (village.service(1).keys._signatures[1], others):
                liar.signatures = {COPIER: lie}
                await village.tick(2)
                for node in (1, 2, 3):
                    report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                    assert set(report.signatures) == {1, 2, 3}
                    waiting = {one.node: one.stage for one in report.waiting}
                    assert waiting == {COPIER: Stage.SIGNATURE}

    asyncio.run(run())


def test_a_key_counts_only_with_its_nodes_signature(poll: SyntheticPoll, tmp_path: Path) -> None:
    """Who answers in node 4's place, without its signing key, has no key in the list."""
    village, key = Village(poll, tmp_path), PollKey()
    impostor = Twin(poll, COPIER, key)
    impostor.signer = poll.node_keys[0]

    async def run() -> None:
        async with village.run({COPIER: impostor.app}):
            await village.give_census()
            await until(village, lambda node: stages(village, node) == {COPIER: Stage.KEY})
            for node in (1, 2, 3):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert set(report.announcements) == {1, 2, 3}
                assert {one.node: one.stage for one in report.waiting} == {COPIER: Stage.KEY}

    asyncio.run(run())


def test_a_sound_key_whose_secret_is_elsewhere_proves_nothing(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    """Node 4 announces a key that another node holds, and relays challenges to the other nodes."""
    village = Village(poll, tmp_path)
    elsewhere = PollKey().public_key
    copier = Copier(poll, COPIER, lambda: elsewhere)

    async def run() -> None:
        async with village.run({COPIER: copier.app}):
            copier.village = village
            await village.give_census()
            stages_of_others = dict.fromkeys(HONEST, Stage.SIGNATURE) | {COPIER: Stage.POSSESSION}
            await until(
                village,
                lambda node: stages(village, node) | {node: Stage.SIGNATURE} == stages_of_others,
            )
            for node in (1, 2, 3):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert len(report.announcements) == poll.nodes
                assert not report.signatures
                waiting = {one.node: one.stage for one in report.waiting}
                assert waiting.pop(COPIER) is Stage.POSSESSION
                # The others wait for the same.
                assert set(waiting.values()) == {Stage.SIGNATURE}
                said = poll.domain.digest(
                    typed_data.WAITING,
                    poll.context,
                    waiting_hash(report.waiting),
                    report.said_at_unix_s,
                )
                assert recover(said, report.statement) == poll.node_keys[node - 1].address
            assert copier.relayed
            assert set(copier.relayed) == {400}

    asyncio.run(run())


def test_honest_nodes_sign_one_list_and_answer_until_it_is_open(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            await village.give_census()
            await village.tick_until(village.list_signed_by_all)
            reports = [
                KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                for node in range(1, 5)
            ]
            openings = [one.opening(poll.committee, poll.domain, poll.context) for one in reports]
            assert None not in openings
            assert len({one[0].hash for one in openings if one}) == 1
            assert all(not one.waiting for one in reports)
            assert openings[0] is not None
            keys, signatures = openings[0]
            body = make_challenge(poll.context, keys, 2, 1, bytes(32))
            answer = await challenge(village, 2, 1, body)
            assert answer.content == possession(poll.context, keys.hash, 2, 1, bytes(32))
            village.registry.open_poll(keys.node_keys, signatures)
            await village.tick(2)
            late = await challenge(village, 2, 1, body)
            assert (late.status_code, late.json()["title"]) == (409, "Too late")
            for node in range(1, 5):
                assert village.service(node).served.pinned == keys
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                assert report.pinned(keys.node_keys) == keys

    asyncio.run(run())


def test_the_creator_is_the_only_outsider_that_gets_answers(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            await village.give_census()
            await village.tick_until(village.list_signed_by_all)
            keys = village.service(1).keys._keys
            assert keys is not None
            creator, stranger = village.creator, poll.voter_keys[0]
            body = make_challenge(poll.context, keys, 0, 1, bytes(32))
            path = f"/api/v1/polls/{POLL}/challenge"
            codes = []
            for key in (creator, creator, stranger):
                header = sign_request(
                    key, poll.domain, poll.node_keys[0].address, "POST", path, body, now_unix_s()
                )
                url = village.url(1, "/challenge")
                answer = await village.client.post(url, content=body, headers={HEADER: header})
                codes.append(answer.status_code)
                if len(codes) == 1:
                    expected = possession(poll.context, keys.hash, 0, 1, bytes(32))
                    assert answer.content == expected
            assert codes == [200, 429, 403]

    asyncio.run(run())


def test_a_new_announcement_needs_a_new_signature(poll: SyntheticPoll, tmp_path: Path) -> None:
    """A node that lost its database before opening: the others sign its new key."""
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            await village.give_census()
            await village.tick_until(village.list_signed_by_all)
            first = village.service(1).keys._keys
            service = village.service(3)
            served, fresh = service.served, PollKey()
            statement = typed_data.POLL_KEY, poll.context, node_key(fresh.public_key)
            served.announcements[3] = Announcement(fresh.public_key, served.sign(*statement))
            secret = HeldSecret.of(served, fresh.secret() + bytes(SEED_BYTES))
            service.progress.phase = Announced(served, secret)
            await village.tick_until(lambda: village.list_signed_by_all(before=first))
            second = village.service(1).keys._keys
            assert first is not None
            assert second is not None
            assert first != second
            for node in range(1, 5):
                report = KeyReport.from_json(await village.get(node, "/opening"), poll.nodes)
                opening = report.opening(poll.committee, poll.domain, poll.context)
                assert opening is not None
                assert opening[0] == second

    asyncio.run(run())


class Naive:
    """A node that opens challenges under one `info` for all, and answers with what it opened."""

    def __init__(self, poll_key: PollKey) -> None:
        self._poll_key = poll_key

    def answer(self, box: bytes) -> bytes:
        """What was sealed to it, whatever it was for."""
        return self._poll_key.open(box, b"one for all")


def test_boxes_of_other_uses_are_not_accepted_as_challenges(poll: SyntheticPoll) -> None:
    """A voter's box, a seed, a contribution, a challenge of others: all sealed to node 1."""
    public_keys = tuple(key.public_key for key in poll.poll_keys)
    keys, victim = PollKeyList(public_keys), poll.poll_keys[0]
    content = BoxContent(
        poll.context,
        poll.prepared[0].ballot.voter,
        poll.prepared[0].ballot.digest,
        BoxContent.decode(
            victim.open(poll.prepared[0].boxes[0], ballot_info(poll.context, 1)), 4
        ).share,
    ).encode()
    sealed = Recipient(public_keys[0]).seal(content, b"one for all")
    assert Naive(victim).answer(sealed) == content

    request = request_for(poll, 4, (1, 2, 3))
    pair = (1, 2)
    infos = [
        ballot_info(poll.context, 1),
        seed_info(poll.context, request.hash, pair, (keys.node_keys[0], keys.node_keys[1])),
        contribution_info(poll.context, request.hash, 2, 1),
        challenge_info(poll.context, keys.hash, 3, 1),
        challenge_info(poll.context, keys.hash, 2, 3),
        challenge_info(poll.context, bytes(32), 2, 1),
        challenge_info(bytes(32), keys.hash, 2, 1),
    ]
    head = b"".join(keys.node_keys)
    for info in infos:
        body = head + Recipient(public_keys[0]).seal(bytes(32), info)
        with pytest.raises(Malformed, match="does not open"):
            answer_challenge(poll.context, 4, 1, victim, 2, body)
    with pytest.raises(Malformed, match="bytes, expected"):
        answer_challenge(poll.context, 4, 1, victim, 2, head + poll.prepared[0].boxes[0])
    moved = PollKeyList((*public_keys[1:], public_keys[0]))
    body = make_challenge(poll.context, moved, 2, 4, bytes(32))
    with pytest.raises(Malformed, match="a different key than this node's in place 1"):
        answer_challenge(poll.context, 4, 1, victim, 2, body)


def test_a_relayed_challenge_of_a_copied_key_is_not_answered(poll: SyntheticPoll) -> None:
    """Even where a list with node 1's key in two places would be challenged."""
    public_keys = [key.public_key for key in poll.poll_keys]
    copied = PollKeyList((*public_keys[:3], public_keys[0]))
    with pytest.raises(Malformed, match="half is that of node 1"):
        check_poll_keys(copied.public_keys)
    body = make_challenge(poll.context, copied, 2, COPIER, bytes(32))
    # With one info for all the relay works: node 1 opens what was sealed to node 4.
    info = challenge_info(poll.context, copied.hash, 2, COPIER)
    assert poll.poll_keys[0].open(body[4 * 32 :], info) == bytes(32)
    for challenger in (2, COPIER):
        with pytest.raises(Malformed, match="does not open"):
            answer_challenge(poll.context, 4, 1, poll.poll_keys[0], challenger, body)


def test_challenges_end_with_the_status_of_the_view(poll: SyntheticPoll, tmp_path: Path) -> None:
    """A node sees the chain before it serves: it answers no challenge of a poll that is open."""
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            await village.give_census()
            keys = PollKeyList(
                tuple(
                    village.service(node).served.announcements[node].public_key
                    for node in range(1, 5)
                )
            )
            body = make_challenge(poll.context, keys, 2, 1, bytes(32))
            assert (await challenge(village, 2, 1, body)).status_code == 200
            # Opened, and at a reorganization not open any more.
            for status, code in ((Status.OPEN, 409), (Status.CREATED, 200), (Status.VOID, 409)):
                village.registry.show(status=status)
                await village.tick()
                assert (await challenge(village, 2, 1, body)).status_code == code
            again = village.nodes[1]
            village.registry.show(status=Status.OPEN)
            again._forget(POLL)
            await village.tick()
            assert (await challenge(village, 2, 1, body)).status_code == 409

    asyncio.run(run())


def test_invalid_pinned_keys_are_not_used(poll: SyntheticPoll, tmp_path: Path) -> None:
    """A copied key on chain all the same, or another one in this node's place."""
    village = Village(poll, tmp_path)
    keys = tuple(node_key(one.public_key) for one in poll.poll_keys)
    copier = Copier(poll, COPIER, lambda: poll.poll_keys[0].public_key)

    async def run() -> None:
        async with village.run({COPIER: copier.app}, seeded=True):
            village.registry.open_poll((*keys[:3], keys[0]), (bytes(65),) * 4)
            await village.tick(2)
            announced = village.service(2).served.announcements
            assert {node: node_key(one.public_key) for node, one in announced.items()} == {
                1: keys[0],
                2: keys[1],
                3: keys[2],
                COPIER: keys[0],
            }
            assert village.service(2).served.pinned is None
            village.registry.open_poll((keys[1], keys[0], *keys[2:]), (bytes(65),) * 4)
            await village.tick(2)
            for node in (1, 2):
                service = village.service(node)
                assert service.served.pinned is None
                assert service.served.repair_committee() is None
                assert service.progress.observed.view == village.registry.view
                board = await village.client.get(village.url(node, "/board"))
                assert board.status_code == 503

    asyncio.run(run())
