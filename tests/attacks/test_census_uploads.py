"""No stranger can keep a node busy with censuses (docs/protocol.md §6)."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from ostraka.chain.published import read_published
from ostraka.chain.registry import PollView, Registry
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka.node import census_uploads
from ostraka.node.census_uploads import CensusGate, CensusUploads
from ostraka.node.electorate import ChainElectorates
from ostraka.node.policy import Policy
from ostraka.wire.census_upload import HEADER, CensusUpload
from ostraka.wire.problem_responses import respond
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.published import PublishedPoll
from tests.journeys.test_round import Round, item
from tests.support.town import Town, eventually
from tests.support.village import ScriptedElectorates

VOTERS = 6
PATIENCE_S = 20
"""For what takes no time, on a busy machine."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        yield town


def censuses(count: int) -> list[bytes]:
    """Of as many voters as the poll has, and none of them its census."""
    keys = [sorted(SigningKey().address for _ in range(VOTERS)) for _ in range(count)]
    return [Census(tuple(CensusEntry(one, one, 1) for one in voters)).encode() for voters in keys]


class Anybody(CensusUploads):
    """The old rule: every upload is accepted."""

    async def check(self, poll: PublishedPoll, view: PollView, header: str) -> CensusUpload:
        return CensusUpload.decode(header)

    def _require_rested(self, _: bytes) -> None:
        pass

    async def _signer(self, poll: PublishedPoll, view: PollView) -> bytes:
        return bytes(20)


class Looks:
    """Notes whose censuses are looked at in which order, and how many at once."""

    def __init__(self, uploads: CensusUploads, pause_s: float = 0) -> None:
        self.order: list[bytes] = []
        self.now = self.most = 0
        self._look_at, self._pause_s = uploads._look_at, pause_s
        self._lock = threading.Lock()
        uploads._look_at = self.look_at  # type: ignore[method-assign]

    def look_at(self, poll: PublishedPoll, view: PollView, data: bytes) -> Any:
        with self._lock:
            self.order.append(poll.context)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._pause_s)
        try:
            return self._look_at(poll, view, data)
        finally:
            with self._lock:
                self.now -= 1

    @property
    def count(self) -> int:
        return len(self.order)


def refusals(
    uploads: CensusUploads, poll: PublishedPoll, view: PollView, sent: Sequence[tuple[str, bytes]]
) -> list[int]:
    """Status of what each upload, one after the other, is refused with; 200 for a good one."""

    async def run() -> list[int]:
        statuses = []
        for header, data in sent:
            try:
                upload = await uploads.check(poll, view, header)
                await uploads.judge(poll, view, upload, data)
            except Problem as problem:
                statuses.append(problem.status)
            else:
                statuses.append(200)
        return statuses

    return asyncio.run(run())


def signed(key: SigningKey, poll: PublishedPoll, data: bytes) -> tuple[str, bytes]:
    return CensusUpload.sign(key.sign, poll.domain, poll.context, data).encode(), data


@pytest.mark.parametrize("kind", [Anybody, CensusUploads])
def test_strangers_cannot_make_a_node_check_a_census(town: Town, kind: type[CensusUploads]) -> None:
    poll, _, census = town.create_poll(VOTERS)
    view = town.stack.registry.poll(poll.poll_id)
    uploads = kind(town.stack.registry, Policy(), ScriptedElectorates())
    looks, stranger = Looks(uploads), SigningKey()
    sent = [signed(stranger, poll, data) for data in censuses(5)]
    if kind is Anybody:
        assert refusals(uploads, poll, view, sent) == [422] * 5
        assert looks.count == 5
        return
    assert refusals(uploads, poll, view, sent) == [403] * 5
    other, _, _ = town.create_poll(VOTERS)
    organizer = town.stack.organizer
    of_other_poll = signed(organizer, other, census.encode())
    header, _ = signed(organizer, poll, census.encode())
    exchanged = header, censuses(1)[0]
    assert refusals(uploads, poll, view, [of_other_poll, exchanged]) == [403, 403]
    assert looks.count == 0
    assert refusals(uploads, poll, view, [signed(organizer, poll, census.encode())]) == [200]


def test_a_governors_posters_upload_and_none_of_them_stops_another(town: Town) -> None:
    poll, _, census = town.create_poll(VOTERS)
    view = town.stack.registry.poll(poll.poll_id)
    electorates = ScriptedElectorates()
    uploads = CensusUploads(town.stack.registry, Policy(), electorates)
    honest, hostile, stranger = SigningKey(), SigningKey(), SigningKey()
    right = census.encode()
    # An account without code created it: nobody else uploads.
    assert refusals(uploads, poll, view, [signed(honest, poll, right)]) == [403]
    electorates.posters[view.creator] = {honest.address, hostile.address}
    uploads = CensusUploads(town.stack.registry, Policy(), electorates)
    wrong = [signed(hostile, poll, data) for data in censuses(2)]
    assert refusals(uploads, poll, view, [*wrong, signed(stranger, poll, right)]) == [422, 429, 403]
    assert refusals(uploads, poll, view, [signed(honest, poll, right)]) == [200]


def test_a_creators_wrong_census_is_checked_once(town: Town) -> None:
    poll, _, census = town.create_poll(VOTERS)
    view = town.stack.registry.poll(poll.poll_id)
    uploads = CensusUploads(town.stack.registry, Policy(), ScriptedElectorates())
    looks = Looks(uploads)
    wrong, other, right = (
        signed(town.stack.organizer, poll, data) for data in (*censuses(2), census.encode())
    )
    assert refusals(uploads, poll, view, [wrong, wrong, wrong, other]) == [422, 422, 422, 429]
    assert looks.count == 1
    uploads._resting_until_monotonic_s.clear()
    assert refusals(uploads, poll, view, [wrong, right]) == [422, 200]
    assert looks.count == 2


def test_a_late_provider_does_not_prevent_the_opening(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica without a block's events makes a good census look wrong for a while."""
    poll, _, census = town.create_poll(VOTERS)
    view = town.stack.registry.poll(poll.poll_id)
    behind = ScriptedElectorates()
    behind.treasuries.add(view.creator)
    uploads = CensusUploads(town.stack.registry, Policy(), behind)
    sent = [signed(town.stack.organizer, poll, census.encode())]
    assert refusals(uploads, poll, view, sent) == [422]
    behind.treasuries.clear()
    uploads._resting_until_monotonic_s.clear()
    assert refusals(uploads, poll, view, sent) == [422]
    monkeypatch.setattr(census_uploads, "_WRONG_S", 0)
    assert refusals(uploads, poll, view, sent) == [200]


def test_one_census_is_checked_at_a_time(town: Town) -> None:
    """Also where several creators come together, and the same census from several couriers."""
    registry = town.stack.registry
    created = [town.create_poll(VOTERS) for _ in range(3)]
    uploads = CensusUploads(registry, Policy(), ScriptedElectorates())
    looks = Looks(uploads, 0.2)
    signers = {poll.context: SigningKey() for poll, _, _ in created}

    async def signer_of(poll: PublishedPoll, _: PollView) -> bytes:
        return signers[poll.context].address

    uploads._signer = signer_of  # type: ignore[method-assign]

    async def run() -> list[Census]:
        judged = []
        for poll, _, census in created:
            view, data = registry.poll(poll.poll_id), census.encode()
            upload = CensusUpload.sign(signers[poll.context].sign, poll.domain, poll.context, data)
            judged += [uploads.judge(poll, view, upload, data) for _ in range(2)]
        return await asyncio.gather(*judged)

    found = [one.root for one in asyncio.run(run())]
    assert found == [census.root for _, _, census in created for _ in range(2)]
    assert (looks.count, looks.most) == (3, 1)


def test_a_signer_has_one_place_in_the_queue(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many polls an account creates, the next census is another account's."""
    monkeypatch.setattr(census_uploads, "_MOST_OF_SIGNER", 4)
    registry, attacker, honest = town.stack.registry, SigningKey(), SigningKey()
    uploads = CensusUploads(registry, Policy(), ScriptedElectorates())
    looks = Looks(uploads, 0.3)
    created = [town.create_poll(VOTERS) for _ in range(6)]
    last = created[-1][0].context

    async def signer_of(poll: PublishedPoll, _: PollView) -> bytes:
        return (honest if poll.context == last else attacker).address

    uploads._signer = signer_of  # type: ignore[method-assign]

    async def give(poll: PublishedPoll, census: Census) -> int:
        key, data = honest if poll.context == last else attacker, census.encode()
        view = registry.poll(poll.poll_id)
        upload = CensusUpload.sign(key.sign, poll.domain, poll.context, data)
        try:
            await uploads.judge(poll, view, upload, data)
        except Problem as problem:
            return problem.status
        return 200

    async def run() -> list[int]:
        return await asyncio.gather(*(give(poll, census) for poll, _, census in created))

    # The fifth finds no room; the last one, of somebody else, is the second to be looked at.
    assert asyncio.run(run()) == [200, 200, 200, 200, 429, 200]
    assert looks.order[1] == last


def test_a_live_node_refuses_uploads_by_their_headers(town: Town) -> None:
    poll, _, census = town.create_poll(VOTERS)
    address = urlsplit(town.stack.node_urls[0])
    assert address.hostname is not None
    assert address.port is not None
    stranger, organizer = SigningKey(), town.stack.organizer
    good, wrong = census.encode(), censuses(1)[0]
    path = f"/api/v1/polls/{poll.poll_id}/census"
    for header, size, status, title in (
        ("", 60 * 2**20, 401, "Census not signed"),
        ("00.00", len(good), 401, "Census not signed"),
        (CensusUpload(bytes(32), bytes(65)).encode(), len(good), 401, "Census not signed"),
        (signed(stranger, poll, good)[0], len(good), 403, "Not the poll's creator"),
        (signed(organizer, poll, good)[0], 60 * 2**20, 422, "Poll rejected"),
    ):
        started = time.monotonic()
        with socket.create_connection((address.hostname, address.port), PATIENCE_S) as connection:
            # Not a byte of the body is sent.
            head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n"
            connection.sendall((head + f"{HEADER}: {header}\r\n\r\n").encode())
            answer = ""
            while "}" not in answer:
                answer += connection.recv(4096).decode()
        assert answer.startswith(f"HTTP/1.1 {status} "), (status, answer)
        assert title in answer
        assert "application/problem+json" in answer
        assert time.monotonic() - started < PATIENCE_S
    more = unsigned(2**17, 4) + bytes(56 * 2**17)
    assert town.give_census(1, poll, more).status_code == 422
    assert town.give_census(1, poll, b"").status_code == 422
    answer = town.give_census(1, poll, wrong)
    assert (answer.status_code, answer.json()["title"]) == (422, "Poll rejected")
    assert "a different root" in answer.json()["detail"]
    assert town.give_census(1, poll, good).status_code == 429
    time.sleep(1.5)
    given = town.give_census(1, poll, good)
    assert given.status_code == 200
    # Whoever asks for what is there needs no signature, and has the same answer.
    url = f"{town.stack.node_urls[0]}{path}"
    assert httpx.put(url, content=wrong, timeout=30).json() == given.json()


def test_strangers_cannot_delay_an_opening(town: Town) -> None:
    poll, _, census = town.create_poll(VOTERS)
    stranger, stop = SigningKey(), threading.Event()

    def flood(node: int) -> int:
        refused = 0
        for data in censuses(50):
            while not stop.is_set():
                status = town.give_census(node, poll, data, stranger).status_code
                # Once the right one is there, all have its answer.
                if status == 200:
                    return refused
                assert status == 403
                refused += 1
                break
        return refused

    with ThreadPoolExecutor(4) as threads:
        floods = [threads.submit(flood, node) for node in (1, 2, 3, 4)]
        time.sleep(1)
        started = time.monotonic()
        eventually(lambda: town.opens(poll, census), "all nodes sign the poll's keys", PATIENCE_S)
        assert time.monotonic() - started < PATIENCE_S
        stop.set()
        assert all(flood.result() > 0 for flood in floods)


def test_a_rounds_organizer_uploads_the_census_of_its_poll(town: Town) -> None:
    stack = town.stack
    rounds = [Round(stack), Round(stack)]
    for one in rounds:
        stack.treasury.propose(one.organizer, one.id, item("Tree", 500), one.members)
    stack.move_time(rounds[1].parameters.proposals_close_at)
    good = round_description(stack.treasury, rounds[0].id, shared_keys=True)
    # Says that it decides another round of the same treasury.
    lying = json.loads(round_description(stack.treasury, rounds[1].id, shared_keys=True))
    lying["round"]["id"] = rounds[0].id
    ids = [rounds[0].start(good), rounds[1].start(json.dumps(lying).encode())]
    electorates = ChainElectorates(stack.registry, stack.rpc_url)
    uploads = CensusUploads(stack.registry, Policy(), electorates)
    honest, false = (read_published(stack.registry, poll_id) for poll_id in ids)
    assert honest is not None
    assert false is not None
    view = stack.registry.poll(ids[0])
    assert view.creator == stack.treasury.address
    content = rounds[0].members.encode()
    strangers = [rounds[0].keys[0], SigningKey()]
    sent = [signed(key, honest, content) for key in strangers]
    assert refusals(uploads, honest, view, sent) == [403, 403]
    own = signed(stack.organizer, honest, content)
    assert refusals(uploads, honest, view, [own]) == [200]
    view = stack.registry.poll(ids[1])
    own = signed(stack.organizer, false, rounds[1].members.encode())
    assert refusals(uploads, false, view, [own]) == [422]


@pytest.mark.parametrize("number", ["1", "01", "+1", "%201", "0000000000000001", "1.0", "x"])
@pytest.mark.parametrize("end", ["", "%0A"])
def test_no_spelling_of_a_path_bypasses_the_gate(number: str, end: str) -> None:
    """The framework reads some of these as 1 as well."""
    read: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        read.append(scope["path"])
        await respond(Problem(ProblemType.INTERNAL_ERROR, "let in"))(scope, receive, send)

    async def refuse(*_: object) -> None:
        raise Problem(ProblemType.CENSUS_NOT_SIGNED, "")

    async def put() -> int:
        transport = httpx.ASGITransport(CensusGate(inner, refuse))
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return (
                await client.put(f"/api/v1/polls/{number}/census{end}", content=b"x")
            ).status_code

    assert asyncio.run(put()) == (401 if number == "1" else 404)
    assert read == []


def test_the_chain_is_asked_once_for_the_creator(town: Town) -> None:
    poll, _, _ = town.create_poll(VOTERS)
    view = town.stack.registry.poll(poll.poll_id)
    uploads = CensusUploads(cast(Registry, None), Policy(), ScriptedElectorates())
    asked = []
    ask, uploads._ask_signer = (
        uploads._ask_signer,
        (  # type: ignore[method-assign]
            lambda *given: asked.append(1) or ask(*given)  # type: ignore[func-returns-value]
        ),
    )
    sent = [signed(SigningKey(), poll, data) for data in censuses(3)]
    assert refusals(uploads, poll, view, sent) == [403] * 3
    assert len(asked) == 1
