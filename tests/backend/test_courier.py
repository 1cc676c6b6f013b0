"""The courier among nodes that drip, flood or talk nonsense: it goes on, and says who it was."""

import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ostraka.chain.registry import Registry
from ostraka.gateway import courier as module
from ostraka.gateway.courier import Courier, CourierError
from ostraka.keys import SigningKey
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.parameters import Member
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import Domain

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
CENSUS = Census((CensusEntry(bytes([1] * 20), bytes([1] * 20), 1),))


class Node:
    """Answers every request with the same pieces, for as long as somebody listens."""

    def __init__(self, pieces: Iterator[bytes], pause_s: float) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(pieces, pause_s), daemon=True).start()

    def _serve(self, pieces: Iterator[bytes], pause_s: float) -> None:
        connection, _ = self.server.accept()
        try:
            connection.sendall(HEAD)
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
            # A socket closed before its request is read is reset, and its answer lost.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
        except OSError:
            pass
        connection.close()


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@pytest.mark.parametrize(
    ("pieces", "pause_s", "reason"),
    [
        (forever(b" "), 0.05, "no answer within 0.5 s"),
        (forever(b" " * 2**18), 0, "more than 4194304 bytes"),
        (iter([b"{}"]), 0, "announces no poll key"),
        (iter([b"[]"]), 0, "announces no poll key"),
    ],
)
def test_one_node_does_not_hold_up_all_plans(
    monkeypatch: pytest.MonkeyPatch, pieces: Iterator[bytes], pause_s: float, reason: str
) -> None:
    # Long enough for the flood on a busy machine.
    monkeypatch.setattr(module, "_LARGE_PATIENCE_S", 0.5 if pause_s else 20)
    node = Node(pieces, pause_s)
    committee = SimpleNamespace(members=[Member(bytes(20), node.url)])
    poll = cast(
        PublishedPoll,
        SimpleNamespace(
            poll_id=1, committee=committee, domain=Domain(1, bytes(20)), context=bytes(32)
        ),
    )
    courier = Courier(cast(Registry, cast(Any, None)), SigningKey())
    with pytest.raises(CourierError, match=reason) as error:
        courier.open_poll(poll, CENSUS.encode())
    assert node.url in str(error.value)
    node.server.close()
