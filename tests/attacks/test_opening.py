"""One node can keep a poll from opening, and is named; it cannot have others blamed (§4.3).

The attacker is node 4. It announces different keys to different nodes, or agrees with the other
nodes and shows whoever opens the poll something else. Under the old rule whoever opens polls
compared what the nodes show of themselves, and could not tell who was lying.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from ostraka.chain.contract import Sent
from ostraka.gateway.courier import Courier, CourierError
from ostraka.node.possession import answer_challenge
from ostraka.sealing import PollKey
from ostraka.wire.peer_auth import HEADER
from ostraka.wire.poll_keys import Announcement, KeyReport, PollKeyList, waiting_hash
from ostraka.wire.problem_types import ProblemType
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed
from ostraka_verifier.poll_key import node_key
from ostraka_verifier.published import PublishedPoll
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import Village

LIAR = 4
Shown = dict[str, Any]


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


class Chain:
    """Takes openings."""

    def __init__(self) -> None:
        self.opened: list[tuple[bytes, ...]] = []

    def open_poll(
        self, _: object, __: int, node_keys: tuple[bytes, ...], signatures: tuple[bytes, ...]
    ) -> Sent:
        """Keep what a courier brings."""
        assert len(node_keys) == len(signatures)
        self.opened.append(node_keys)
        return cast(Sent, "sent")


def published(poll: SyntheticPoll) -> PublishedPoll:
    return poll.published


def courier_of(
    village: Village, chain: Chain, lie: Callable[[Shown], Shown] = lambda shown: shown
) -> Courier:
    """A courier, to which node 4 shows what it likes of itself; for another thread."""
    loop = asyncio.get_running_loop()

    def handle(request: httpx.Request) -> httpx.Response:
        body = request.read()
        asked = village.client.request(
            request.method, request.url, content=body, headers=request.headers
        )
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result()
        if str(request.url) == village.url(LIAR, "/opening"):
            # A number that is infinite to whoever reads it as a float.
            lied = json.dumps(lie(answer.json())).replace('"huge"', "1e400")
            return httpx.Response(500 if "problem" in lied else 200, text=lied)
        return httpx.Response(answer.status_code, content=answer.content)

    return Courier(cast(Any, chain), village.creator, httpx.MockTransport(handle))


async def bring(
    village: Village, chain: Chain, lie: Callable[[Shown], Shown] = lambda shown: shown
) -> None:
    """Have a courier open the poll."""
    courier, poll = courier_of(village, chain, lie), village.poll
    await asyncio.to_thread(courier.open_poll, published(poll), poll.census.encode())


def old_rule(shown: list[Shown]) -> str:
    """What the account that opens polls can conclude from the nodes' data."""
    if any(one["signature"] is None for one in shown):
        return "waits"
    return "open" if len({tuple(one["public_keys"]) for one in shown}) == 1 else "they differ"


def other_keys(shown: Shown) -> Shown:
    return shown | {"public_keys": [*shown["public_keys"][:3], "0x" + "11" * 1216]}


def no_signature(shown: Shown) -> Shown:
    return shown | {"signature": None, "signatures": [None] * 4}


def false_signature(shown: Shown) -> Shown:
    return shown | {"signature": shown["signatures"][0], "signatures": shown["signatures"][:1] * 4}


def blame(shown: Shown) -> Shown:
    waiting = [{"node": 1, "reason": "possession", "since": 0}]
    return no_signature(shown) | {"waiting_for": waiting}


@pytest.mark.parametrize("lie", [other_keys, no_signature, false_signature, blame, lambda _: []])
def test_keys_that_all_nodes_signed_open_the_poll_despite_a_liar(
    lie: Callable[[Any], Any], poll: SyntheticPoll, tmp_path: Path
) -> None:
    village, chain = Village(poll, tmp_path), Chain()

    async def run() -> None:
        async with village.run():
            await village.give_census()
            await village.tick_until(village.list_signed_by_all)
            if lie is other_keys:
                said = [await village.get(node, "/opening") for node in range(1, 5)]
                assert old_rule(said) == "open"
                assert old_rule([*said[:3], lie(said[3])]) == "they differ"
            await bring(village, chain, lie)
            keys = village.service(1).keys._keys
            assert keys is not None
            assert chain.opened == [keys.node_keys]
            # Afterwards the keys behind the pinned words come from whichever node shows them.
            courier = courier_of(village, chain, lie)
            courier_poll = published(poll)
            shown = await asyncio.to_thread(courier.public_keys, courier_poll, keys.node_keys)
            assert shown == keys.public_keys
            pinned = keys.node_keys[::-1]
            with pytest.raises(CourierError, match="not the one pinned on chain"):
                await asyncio.to_thread(courier.public_keys, courier_poll, pinned)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (blame, "node 4: statement: not signed by this node"),
        (
            lambda shown: shown | {"said_at": -1},
            "node 4: https://node-4.example: said_at: expected Unix seconds",
        ),
        (
            lambda shown: shown | {"said_at": "huge"},
            "node 4: https://node-4.example: said_at: expected Unix seconds",
        ),
        (
            lambda shown: shown | {"waiting_for": shown["waiting_for"] * 9},
            "node 4: https://node-4.example: waiting_for",
        ),
        (lambda shown: shown | {"node": 1}, "node 4: statement"),
        (lambda _: {"problem": "?; node 1: waits for node 2 (key)"}, "node 4: http"),
    ],
)
def test_a_nodes_report_about_others_is_signed(
    lie: Callable[[Shown], Shown], says: str, poll: SyntheticPoll, tmp_path: Path
) -> None:
    """Before the nodes agree; the others' word is there all the same."""
    village, chain = Village(poll, tmp_path), Chain()

    async def run() -> None:
        async with village.run():
            await village.give_census()
            await village.tick(1)
            with pytest.raises(CourierError) as refused:
                await bring(village, chain, lie)
            said = str(refused.value).split("; ")
            assert said[0] == "not every node serves this poll"
            assert [one for one in said[1:] if one.startswith(says)]
            assert [one[: len("node 1:")] for one in said[1:]] == [
                f"node {n}:" for n in range(1, 5)
            ]
            assert not chain.opened

    asyncio.run(run())


class TwoFaced:
    """A node with one poll key for node 1 and another one for everybody else; it holds both."""

    def __init__(self, poll: SyntheticPoll) -> None:
        self._poll = poll
        self._keys = PollKey(), PollKey()
        self.app = FastAPI()
        self.app.put("/api/v1/polls/{poll_id}/census")(lambda: {"public_key": ""})
        self.app.get("/api/v1/polls/{poll_id}/opening")(self.opening)
        self.app.post("/api/v1/polls/{poll_id}/challenge")(self.challenge)

    def _asker(self, request: Request) -> int | None:
        return self._poll.committee.index_of(bytes.fromhex(request.headers.get(HEADER, "")[:40]))

    def opening(self, request: Request) -> Shown:
        """Its announcement, as this asker is to have it."""
        poll, key = self._poll, self._keys[self._asker(request) == 1]
        signer = poll.node_keys[LIAR - 1]
        signature = signer.sign(
            poll.domain.digest(typed_data.POLL_KEY, poll.context, node_key(key.public_key))
        )
        statement = signer.sign(
            poll.domain.digest(typed_data.WAITING, poll.context, waiting_hash(()), 0)
        )
        announced = {LIAR: Announcement(key.public_key, signature)}
        return KeyReport(LIAR, announced, b"", {}, (), 0, statement).to_json(poll.nodes)

    async def challenge(self, request: Request) -> Response:
        """Its answer, by whichever key was challenged."""
        poll, asker, body = self._poll, self._asker(request), await request.body()
        assert asker is not None
        for key in self._keys:
            try:
                answer = answer_challenge(poll.context, poll.nodes, LIAR, key, asker, body)
            except Malformed:
                continue
            return Response(answer)
        return Response(status_code=400)


def test_a_node_with_two_keys_is_named(poll: SyntheticPoll, tmp_path: Path) -> None:
    """All nodes prove what they announced, and honest ones sign lists that differ."""
    village, chain = Village(poll, tmp_path), Chain()

    async def run() -> None:
        async with village.run({LIAR: TwoFaced(poll).app}):
            await village.give_census()
            agreements = {node: village.service(node).keys for node in (1, 2, 3)}
            await village.tick_until(
                lambda: all(node in keys._signatures for node, keys in agreements.items())
            )
            lists: set[PollKeyList | None] = {keys._keys for keys in agreements.values()}
            assert len(lists) == 2
            shown = [await village.get(node, "/opening") for node in (1, 2, 3)]
            assert None not in [one["signature"] for one in shown]
            assert old_rule(shown) == "they differ"
            with pytest.raises(CourierError) as refused:
                await bring(village, chain)
            said = str(refused.value).split("; ")[1:]
            assert refused.value.kind is ProblemType.POLL_KEYS_UNSIGNED
            twice = [one for one in said if "announces different poll keys" in one]
            assert [one[: len("node 4:")] for one in twice] == ["node 4:"]
            assert not chain.opened

    asyncio.run(run())


def test_a_silent_node_does_not_delay_the_others(poll: SyntheticPoll, tmp_path: Path) -> None:
    """Node 1 is away: the others still have the census, and state which node they wait for."""
    village, chain = Village(poll, tmp_path), Chain()
    away = FastAPI()

    async def run() -> None:
        async with village.run({1: away}):
            for node in village.nodes.values():
                await node.tick()
            with pytest.raises(CourierError, match="node 1: "):
                await bring(village, chain)
            await village.tick(3)
            with pytest.raises(CourierError) as refused:
                await bring(village, chain)
            said = str(refused.value)
            for node in (2, 3, 4):
                assert f"node {node}: waits for node 1 (key)" in said

    asyncio.run(run())
