"""One of four nodes lies, never finishes, is slow, or always has more: the poll continues."""

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from ostraka.node.accepting import PULL_LIMIT
from ostraka.node.agreement import inventory_hash
from ostraka_verifier import typed_data
from ostraka_verifier.sharing import Share
from tests.support.keys import plain_key
from tests.support.town import Town, vote_for

VOTES = [vote_for(0), vote_for(0, 1), vote_for(1, 2, 3), vote_for(2), vote_for(0, 3)]
LIAR = 1
DAWDLE_S = 9
"""Less than nodes wait for an answer, more than a settling round."""
NONSENSE = [
    b"",
    b"\0" * 8,
    b"\xff" * 1000,
    b"null",
    b"5",
    b"{}",
    b"[5]",
    b'[{"node": 1}]',
    b'[{"node": 1, "root_digest": 5, "signature": null}]',
    b'{"node": [[[[]]]]}',
    json.dumps(
        [{"node": 1, "root_digest": "0x" + "11" * 32, "signature": "0x" + "22" * 65}]
    ).encode(),
    json.dumps([{"node": 2, "share": "0x", "signature": "0x"}] * 50).encode(),
    b"[" * 5000,
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        yield town


def liars_port(town: Town) -> int:
    return int(town.stack.node_urls[LIAR - 1].rsplit(":", 1)[1])


def impostor(
    port: int, kind: str, record_bytes: int, inventory: bytes = b""
) -> ThreadingHTTPServer:
    """A server in a node's place: answers nonsense, drips for ever, always has more ballots, or has
    an inventory and nothing else.
    """
    choice = random.Random(kind)
    pages = count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if kind == "dawdling":
                time.sleep(DAWDLE_S)
            vouching = kind == "vouching"
            self.send_response(200 if not vouching or self.path.endswith("/inventory") else 404)
            if kind != "dripping":
                body = inventory if vouching else choice.choice(NONSENSE)
                if kind == "endless" and self.path.endswith("/peer/ballots"):
                    body = (PULL_LIMIT * next(pages)).to_bytes(8, "big")
                    body += choice.randbytes(PULL_LIMIT * 32)
                elif kind == "endless" and self.path.endswith("/peer/records"):
                    body = bytes(PULL_LIMIT * record_bytes)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.end_headers()
            for _ in range(600):
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)

        do_POST = do_GET  # noqa: N815 - the server's own naming

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@pytest.mark.parametrize("kind", ["nonsense", "dripping", "dawdling", "endless"])
def test_a_lying_node_stalls_nothing(town: Town, kind: str) -> None:
    poll = town.open_poll(8)
    poll.vote(VOTES)
    town.stack.kill_node(LIAR)
    server = impostor(liars_port(town), kind, poll.published.record_bytes)
    try:
        # Ask for the tally where a courier would: at the nodes that answer sensibly.
        assert poll.tally() == (3, 2, 2, 2)
    finally:
        server.shutdown()
        server.server_close()
        town.stack.start_node(LIAR)
        town.stack.wait_for_node(LIAR)
    logs = [(town.stack.folder / f"node-{n}.log").read_text() for n in (2, 3, 4)]
    assert not any("tick failed" in log for log in logs)


def test_a_false_receipt_for_a_starving_ballot_stalls_nothing(
    town: Town,
) -> None:
    """Its receipt makes a candidate of the ballot, and without its help nobody can repair it."""
    poll = town.open_poll(8, round_duration=5)
    poll.vote(VOTES)
    town.stack.kill_node(LIAR)
    voter, at = poll.keys[5].address, poll.now()
    shared = poll.factory.share(voter, vote_for(0), at)
    wrong = Share((5,) * 4, 5)
    shares = tuple(s if n == 2 else wrong for n, s in enumerate(shared.shares, start=1))
    starving = poll.factory.sign(poll.factory.seal(replace(shared, shares=shares)), poll.keys[5])
    answers = [poll.post(node, starving.record.to_json()) for node in (2, 3, 4)]
    assert [answer.status_code for answer in answers] == [200, 422, 422]

    liar = plain_key(town.stack.folder / f"node-{LIAR}" / "key")
    domain, context, digest = poll.published.domain, poll.published.context, starving.ballot.digest
    entry = voter, at, digest
    inventory = (
        liar.sign(domain.digest(typed_data.INVENTORY, context, inventory_hash([entry])))
        + voter
        + at.to_bytes(8, "big")
        + digest
        + liar.sign(domain.digest(typed_data.RECEIPT, context, *entry))
    )
    server = impostor(liars_port(town), "vouching", poll.published.record_bytes, inventory)
    try:
        assert poll.tally() == (3, 2, 2, 2)
    finally:
        server.shutdown()
        server.server_close()
        town.stack.start_node(LIAR)
        town.stack.wait_for_node(LIAR)
