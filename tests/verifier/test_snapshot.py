"""Sources of a census: what a description may name, and what the chain's events make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from ostraka_verifier.census import CensusEntry
from ostraka_verifier.contracts import (
    DELEGATE_VOTES_CHANGED,
    MEMBER_SET,
    VOTING_KEY_REGISTERED,
    Event,
)
from ostraka_verifier.encoding import word
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.rpc import JsonRpc, Reverted, Unanswered
from ostraka_verifier.snapshot import (
    CensusSource,
    InvitedCensus,
    NobodyListed,
    SourceKind,
    read_census,
    read_census_origin,
)
from ostraka_verifier.units import UnixSeconds

CONTRACT, KEYS = bytes([9] * 20), bytes([8] * 20)
BLOCK, TIME = 77, 5000
ACCOUNTS = [bytes([number] * 20) for number in range(1, 7)]
CLOCK = "CLOCK_MODE()"


def clock(mode: bytes) -> bytes:
    return word(32) + word(len(mode)) + mode.ljust(32, b"\0")


@dataclass
class Ledger:
    """Two contracts' events and answers; nothing after the source's block is asked for."""

    events: dict[bytes, list[tuple[Event, list[bytes], bytes]]] = field(default_factory=dict)
    votes: dict[tuple[bytes, int], int] = field(default_factory=dict)
    clock: bytes | None = clock(b"mode=blocknumber&from=default")
    codes: tuple[bytes, ...] = (CONTRACT,)

    def add(self, contract: bytes, event: Event, topics: Sequence[bytes], *data: int) -> None:
        content = b"".join(word(value) for value in data)
        self.events.setdefault(contract, []).append((event, [word(one) for one in topics], content))

    def code(self, address: bytes, block: int) -> bytes:
        assert block == BLOCK + 1
        return b"\1" if address in self.codes else b""

    def logs(self, address: bytes, topics: Sequence[bytes], last: int) -> list[dict[str, Any]]:
        assert last == BLOCK
        return [
            {
                "topics": ["0x" + one.hex() for one in (*event.topics(), *others)],
                "data": "0x" + data.hex(),
            }
            for event, others, data in self.events.get(address, [])
            if list(event.topics()) == list(topics)
        ]

    def call(self, address: bytes, signature: str, arguments: bytes, block: int) -> bytes:
        assert (address, signature, arguments, block) == (CONTRACT, CLOCK, b"", BLOCK + 1)
        if self.clock is None:
            raise Reverted("no such function")
        return self.clock

    def call_each(
        self, address: bytes, signature: str, arguments: Sequence[bytes], block: int
    ) -> list[bytes]:
        assert (address, signature) == (CONTRACT, "getPastVotes(address,uint256)")
        asked = [(one[12:32], int.from_bytes(one[32:], "big")) for one in arguments]
        return [word(self.votes[one]) for one in asked]

    def timestamp(self, block: int) -> UnixSeconds:
        assert block == BLOCK
        return UnixSeconds(TIME)


def read(ledger: Ledger, source: CensusSource, at: int = BLOCK + 1) -> tuple[CensusEntry, ...]:
    return read_census(cast(JsonRpc, ledger), source, at).entries


MEMBERS = CensusSource(SourceKind.MEMBERS, CONTRACT, BLOCK)
VOTES = CensusSource(SourceKind.VOTES, CONTRACT, BLOCK, 10)


def members() -> Ledger:
    """The last weight of a member counts; the third left."""
    ledger = Ledger()
    for account, weight in ((1, 5), (0, 2), (2, 9), (1, 7), (2, 0)):
        ledger.add(CONTRACT, MEMBER_SET, [ACCOUNTS[account]], weight)
    return ledger


def test_members_have_their_last_weight() -> None:
    entries = read(members(), MEMBERS)
    first, second = ACCOUNTS[:2]
    assert entries == (CensusEntry(first, first, 2), CensusEntry(second, second, 7))


def test_the_last_voting_key_signs_and_zero_revokes_it() -> None:
    ledger = members()
    key = bytes([200] * 20)
    for account, registered in ((0, bytes([1] * 20)), (1, key), (0, bytes(20)), (4, bytes(20))):
        ledger.add(KEYS, VOTING_KEY_REGISTERED, [ACCOUNTS[account], registered])
    entries = read(ledger, replace(MEMBERS, keys=KEYS))
    assert [entry.signing_key for entry in entries] == [ACCOUNTS[0], key]
    assert [entry.signing_key for entry in read(ledger, MEMBERS)] == ACCOUNTS[:2]


@pytest.mark.parametrize(
    ("mode", "timepoint"),
    [
        (None, BLOCK),
        (clock(b"mode=blocknumber&from=default"), BLOCK),
        (clock(b"mode=timestamp"), TIME),
    ],
)
def test_delegates_weigh_their_votes_in_whole_units(mode: bytes | None, timepoint: int) -> None:
    ledger = Ledger(clock=mode)
    for account, votes in ((2, 39), (0, 10), (1, 9), (2, 39)):
        ledger.add(CONTRACT, DELEGATE_VOTES_CHANGED, [ACCOUNTS[account]], 0, 1)
        ledger.votes[ACCOUNTS[account], timepoint] = votes
    found = [(entry.account, entry.weight) for entry in read(ledger, VOTES)]
    assert found == [(ACCOUNTS[0], 1), (ACCOUNTS[2], 3)]


def test_weights_are_put_into_classes() -> None:
    ledger = Ledger()
    for number, account in enumerate(ACCOUNTS):
        ledger.add(CONTRACT, MEMBER_SET, [account], number + 1)
    weights = {entry.weight for entry in read(ledger, replace(MEMBERS, classes="equal"))}
    assert len(weights) == 1


def test_what_the_chain_does_not_show_decides_nothing() -> None:
    for at in (BLOCK, BLOCK - 1):
        with pytest.raises(Undecided, match="not in the past"):
            read(members(), MEMBERS, at)
    with pytest.raises(Unanswered, match="no contract"):
        read(Ledger(codes=()), MEMBERS)
    with pytest.raises(NobodyListed) as nobody:
        read(Ledger(), MEMBERS)
    assert isinstance(nobody.value, Rejected)
    assert nobody.value.check == "C1"
    with pytest.raises(Undecided, match="clock"):
        read(Ledger(clock=clock(b"mode=moon")), VOTES)
    broken = members()
    broken.events[CONTRACT][0] = (MEMBER_SET, [word(ACCOUNTS[0])], b"\1")
    with pytest.raises(Unanswered):
        read(broken, MEMBERS)


GOOD = {"kind": "votes", "contract": "0x" + CONTRACT.hex(), "block": BLOCK, "unit": "10"}
LISTED = {"kind": "members", "contract": "0x" + CONTRACT.hex(), "block": BLOCK}


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (GOOD, VOTES),
        (LISTED, MEMBERS),
        (GOOD | {"block": 0, "unit": "9" * 39}, replace(VOTES, block=0, unit=10**39 - 1)),
        (GOOD | {"block": 2**63 - 1}, replace(VOTES, block=2**63 - 1)),
        (LISTED | {"keys": "0x" + KEYS.hex()}, replace(MEMBERS, keys=KEYS)),
        (LISTED | {"classes": 5}, replace(MEMBERS, classes=5)),
    ],
)
def test_a_source_is_read_as_it_is_written(content: dict[str, Any], source: CensusSource) -> None:
    assert read_census_origin(content) == source
    assert source.to_json() == content


def test_a_source_without_a_unit_has_the_unit_1() -> None:
    without = {name: value for name, value in GOOD.items() if name != "unit"}
    assert read_census_origin(without) == replace(VOTES, unit=1)


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ("", []),
        ("", None),
        ("", GOOD | {"more": 1}),
        (".kind", GOOD | {"kind": "friends"}),
        (".block", GOOD | {"block": -1}),
        (".block", GOOD | {"block": 2**63}),
        (".block", GOOD | {"block": True}),
        (".block", GOOD | {"block": "77"}),
        (".unit", LISTED | {"unit": "1"}),
        (".unit", GOOD | {"unit": 10}),
        (".unit", GOOD | {"unit": "0"}),
        (".unit", GOOD | {"unit": "01"}),
        (".unit", GOOD | {"unit": "1" * 40}),
        (".contract", GOOD | {"contract": "0x" + "9" * 39}),
        (".contract", GOOD | {"contract": "0x" + "A" * 40}),
        (".contract", GOOD | {"contract": None}),
        (".keys", GOOD | {"keys": "9" * 40}),
        (".classes", GOOD | {"classes": 0}),
        (".classes", GOOD | {"classes": "few"}),
        ("", {"kind": "invitations", "root": "0x" + "1" * 64, "block": 1}),
        (".root", {"kind": "invitations"}),
        (".root", {"kind": "invitations", "root": "0x" + "1" * 63}),
        (".nonce", {"kind": "invitations", "root": "0x" + "1" * 64, "nonce": "0x" + "F" * 64}),
    ],
)
def test_what_names_no_source_is_refused(item: str, content: Any) -> None:
    with pytest.raises(Malformed) as refused:
        read_census_origin(content)
    assert refused.value.item == "description.census" + item


def test_invitations_are_read_as_they_are_written() -> None:
    for origin in (InvitedCensus(bytes([1] * 32), None), InvitedCensus(bytes([2] * 32), bytes(32))):
        assert read_census_origin(origin.to_json()) == origin


def test_a_round_fixes_a_time_in_place_of_a_block() -> None:
    fixed = (
        b'{"at":5000,"contract":"0x' + CONTRACT.hex().encode() + b'","kind":"votes","unit":"10"}'
    )
    assert VOTES.at_time(UnixSeconds(TIME)) == fixed
