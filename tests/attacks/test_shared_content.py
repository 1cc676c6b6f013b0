"""A lying endpoint cannot make a short answer long by letting many fields share their content.

Each entry of a list has an offset. If all offsets name one long string, the reader would copy it
for each entry: an answer of 4 MiB would take 4 GiB.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ostraka_verifier import abi, rpc
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.contracts import COMMITTEE_REGISTERED, ROOT_ANCHORED
from ostraka_verifier.encoding import word
from ostraka_verifier.errors import Malformed
from ostraka_verifier.rpc import JsonRpc, Unanswered
from tests.support.endpoint import Endpoint, hexed, honest, log, serving
from tests.support.polls import REGISTRY

ENTRIES, LENGTH = 2000, 30_000
HONEST_BYTES = 4 * 2**20
"""More than reading these answers takes."""
LONG = word(LENGTH) + bytes(LENGTH + -LENGTH % 32)


def anchored_once_for_all() -> bytes:
    """The event RootAnchored; all attestations are one and the same entry."""
    start = 32 * ENTRIES
    entry = word(1) + word(64) + LONG
    return bytes(160) + word(6 * 32) + word(ENTRIES) + word(start) * ENTRIES + entry


def anchored_with_one_signature() -> bytes:
    """The event RootAnchored; each attestation is an entry, and all have the same signature."""
    first, size = 32 * ENTRIES, 64
    signature = first + size * ENTRIES
    starts = [first + size * number for number in range(ENTRIES)]
    entries = b"".join(word(1) + word(signature - start) for start in starts)
    offsets = b"".join(word(start) for start in starts)
    return bytes(160) + word(6 * 32) + word(ENTRIES) + offsets + entries + LONG


def anchored_with_shifted_signatures() -> bytes:
    """The event RootAnchored; every word of one content is the length of a signature."""
    first, size = 32 * ENTRIES, 64
    signature = first + size * ENTRIES
    starts = [first + size * number for number in range(ENTRIES)]
    entries = b"".join(
        word(1) + word(signature + 32 * number - start) for number, start in enumerate(starts)
    )
    offsets = b"".join(word(start) for start in starts)
    content = word(LENGTH) * (ENTRIES + LENGTH // 32 + 1)
    return bytes(160) + word(6 * 32) + word(ENTRIES) + offsets + entries + content


def committee_with_one_url() -> bytes:
    """The event CommitteeRegistered; all nodes have the same URL."""
    urls = word(ENTRIES) + word(32 * ENTRIES) * ENTRIES + LONG
    return word(5 * 32) + word(6 * 32) + bytes(96) + word(0) + urls


def read_signatures(data: bytes) -> list[bytes]:
    entries = ROOT_ANCHORED.decode(data).structs("attestations")
    return [one.byte_string("signature") for one in entries]


def read_urls(data: bytes) -> list[bytes]:
    return list(COMMITTEE_REGISTERED.decode(data).byte_strings("urls"))


ATTACKS: list[tuple[Callable[[], bytes], Callable[[bytes], list[bytes]]]] = [
    (anchored_once_for_all, read_signatures),
    (anchored_with_one_signature, read_signatures),
    (anchored_with_shifted_signatures, read_signatures),
    (committee_with_one_url, read_urls),
]


def memory_of(action: Callable[[], object]) -> int:
    """Most bytes that an action holds at once."""
    tracemalloc.start()
    try:
        action()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(("make", "read"), ATTACKS, ids=[one[0].__name__ for one in ATTACKS])
def test_shared_content_took_memory_before_it_was_counted(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], bytes],
    read: Callable[[bytes], list[bytes]],
) -> None:
    monkeypatch.setattr(abi._Budget, "take", lambda *_: None)
    data = make()
    assert memory_of(lambda: read(data)) > ENTRIES * LENGTH > 100 * len(data)


@pytest.mark.parametrize(("make", "read"), ATTACKS, ids=[one[0].__name__ for one in ATTACKS])
def test_shared_content_is_refused(
    make: Callable[[], bytes], read: Callable[[bytes], list[bytes]]
) -> None:
    data = make()

    def attack() -> None:
        with pytest.raises(Malformed, match="share content"):
            read(data)

    assert memory_of(attack) < HONEST_BYTES


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def test_such_an_endpoint_is_not_believed(endpoint: Endpoint) -> None:
    topic = hexed(ROOT_ANCHORED.topic)

    def answer(method: str, given: list[Any]) -> Any:
        if method == "eth_getLogs" and given[0]["topics"][0] == topic:
            return [log(given[0], anchored_with_one_signature())]
        return honest(method, given)

    endpoint.answer = answer
    with pytest.raises(Unanswered, match="share content"):
        ChainReader(endpoint.url, REGISTRY).read(1, None, b"", None, None)


def test_answers_to_many_questions_are_short(endpoint: Endpoint) -> None:
    """Otherwise each batch could bring as much as a whole answer may have, and all are kept."""
    endpoint.answer = lambda *_: hexed(bytes(10_000))
    with pytest.raises(Unanswered, match="10000 bytes"):
        JsonRpc(endpoint.url).call_each(REGISTRY, "getPastVotes(address,uint256)", [word(1)] * 3, 5)
