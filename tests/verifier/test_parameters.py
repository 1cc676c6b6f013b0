"""Bounds of a committee (§3) and of a poll's parameters (§4.1), on both sides of each."""

from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.content import Within
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.packed_census import read_census
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.units import Seconds, UnixSeconds

HASH = bytes([1] * 32)
TIME = 1 << 40
"""Latest time that a registry accepts."""
LEAST = PollParameters(
    committee=HASH,
    rule=HASH,
    outcome_rule=HASH,
    description=HASH,
    census_root=HASH,
    voters=1,
    total_weight=1,
    secret=True,
    opens_at=UnixSeconds(0),
    closes_at=UnixSeconds(1),
    freeze_delay=Seconds(0),
    round_duration=Seconds(1),
    max_rounds=1,
    dispute_window=Seconds(1),
    tally_period=Seconds(1),
    minimum_ballots=1,
)

SHUFFLED_POLL: dict[str, Any] = {
    "voters": 6,
    "total_weight": 6,
    "tally_period": 101,
    "counting": 1,
    "open_minimum": 5,
    "shuffle_period": 50,
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"opens_at": TIME - 1, "closes_at": TIME},
        {"round_duration": 1 << 20, "max_rounds": 1 << 20},
        {"voters": 5, "total_weight": 5, "minimum_ballots": 5},
        {"response_time": 10, "max_dispute_delay": 40},
        SHUFFLED_POLL,
        SHUFFLED_POLL | {"open_minimum": 6, "shuffle_period": 1, "total_weight": 60},
    ],
)
def test_parameters_at_their_bounds_are_accepted(changes: dict[str, Any]) -> None:
    replace(LEAST, **changes).check_bounds()


@pytest.mark.parametrize(
    ("item", "changes"),
    [
        ("voters", {"voters": 0}),
        ("total_weight", {"total_weight": 0}),
        ("round_duration", {"round_duration": 0}),
        ("max_rounds", {"max_rounds": 0}),
        ("dispute_window", {"dispute_window": 0}),
        ("tally_period", {"tally_period": 0}),
        ("minimum_ballots", {"minimum_ballots": 0}),
        ("opens_at", {"opens_at": 1}),
        ("opens_at", {"opens_at": 2}),
        ("closes_at", {"closes_at": TIME + 1}),
        ("max_rounds", {"round_duration": TIME, "max_rounds": 2}),
        ("max_rounds", {"round_duration": 1, "max_rounds": TIME + 1}),
        ("minimum_ballots", {"minimum_ballots": 2}),
        ("total_weight", {"voters": 2}),
        ("max_dispute_delay", {"response_time": 1}),
        ("max_dispute_delay", {"max_dispute_delay": 1}),
        ("max_dispute_delay", {"response_time": 10, "max_dispute_delay": 39}),
        ("open_minimum", {"open_minimum": 5}),
        ("shuffle_period", {"shuffle_period": 1}),
        ("open_minimum", SHUFFLED_POLL | {"open_minimum": 0}),
        ("open_minimum", SHUFFLED_POLL | {"open_minimum": 4}),
        ("open_minimum", SHUFFLED_POLL | {"open_minimum": 7}),
        ("shuffle_period", SHUFFLED_POLL | {"shuffle_period": 0}),
        ("shuffle_period", SHUFFLED_POLL | {"shuffle_period": 51}),
        ("shuffle_period", SHUFFLED_POLL | {"shuffle_period": (1 << 32) - 1}),
        ("shuffle_period", SHUFFLED_POLL | {"shuffle_period": 1, "tally_period": 1}),
        ("total_weight", SHUFFLED_POLL | {"total_weight": 7}),
    ],
)
def test_parameters_beyond_their_bounds_are_refused(item: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        replace(LEAST, **changes).check_bounds()
    assert (refused.value.check, refused.value.item) == ("P6", f"parameters.{item}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("counting", 2),
        ("casting", 1),
        ("identity", 1),
        ("extension", HASH),
    ],
)
def test_unknown_kinds_of_polls_are_refused(name: str, value: Any) -> None:
    LEAST.check_known()
    with pytest.raises(Rejected) as refused:
        replace(LEAST, **{name: value}).check_known()
    assert (refused.value.check, refused.value.item) == ("P1", f"parameters.{name}")


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("voters", 32),
        ("total_weight", 128),
        ("opens_at", 64),
        ("closes_at", 64),
        ("freeze_delay", 32),
        ("round_duration", 32),
        ("max_rounds", 32),
        ("dispute_window", 32),
        ("tally_period", 32),
        ("minimum_ballots", 32),
        ("counting", 8),
        ("casting", 8),
        ("identity", 8),
        ("open_minimum", 32),
        ("shuffle_period", 32),
        ("response_time", 32),
        ("max_dispute_delay", 32),
    ],
)
def test_parameters_are_decoded_within_their_types(name: str, bits: int) -> None:
    largest = replace(LEAST, **{name: (1 << bits) - 1})  # type: ignore[arg-type]
    assert PollParameters.decode(largest.encode()) == largest
    beyond = replace(LEAST, **{name: 1 << bits})  # type: ignore[arg-type]
    with pytest.raises(Malformed, match=name):
        PollParameters.decode(beyond.encode())


def test_whether_a_poll_is_secret_is_one_bit() -> None:
    for secret in (False, True):
        decoded = PollParameters.decode(replace(LEAST, secret=secret).encode())
        assert decoded.secret is secret
    with pytest.raises(Malformed, match="secret"):
        PollParameters.decode(replace(LEAST, secret=2).encode())  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        PollParameters.decode(LEAST.encode() + b"\0")


def members(count: int, url: str = "u") -> tuple[Member, ...]:
    return tuple(Member(bytes([number] * 20), url) for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("n", "t", "f", "quorum"),
    [(2, 2, 0, 2), (4, 2, 1, 3), (5, 3, 1, 4), (7, 3, 2, 5), (64, 2, 0, 33)],
)
def test_the_least_committees_are_accepted(n: int, t: int, f: int, quorum: int) -> None:
    committee = Committee(members(n, "u" * 256), t, f)
    assert committee.quorum == quorum
    assert committee.candidate_receipts == quorum - f
    assert Committee.decode(committee.encode()) == committee
    assert committee.index_of(bytes([n] * 20)) == n
    assert committee.index_of(bytes([n + 1] * 20)) is None


@pytest.mark.parametrize(
    ("nodes", "t", "f"),
    [
        (members(65), 2, 0),
        (members(4), 1, 0),
        (members(4), 2, -1),
        (members(6), 2, 2),
        (members(3), 2, 1),
        (members(6), 3, 2),
        (members(4), 3, 1),
        ((*members(3), Member(bytes(20), "u")), 2, 0),
        ((*members(3), members(1)[0]), 2, 0),
        (members(3, ""), 2, 0),
        (members(3, "u" * 257), 2, 0),
    ],
)
def test_committees_beyond_their_bounds_are_refused(
    nodes: tuple[Member, ...], t: int, f: int
) -> None:
    with pytest.raises(Rejected) as refused:
        Committee(nodes, t, f)
    assert (refused.value.check, refused.value.item) == ("P3", "committee")


@pytest.mark.parametrize(
    ("n", "t", "f", "reason"),
    [
        (4, 2, 1, None),
        (5, 2, 1, None),
        (7, 3, 2, None),
        (5, 3, 1, "with 1 silent, 4 of 5 nodes are left, but it takes 2t − 1 = 5"),
        (8, 2, 1, "8 nodes, at most 7"),
    ],
)
def test_shuffled_polls_have_committees_that_can_shuffle(
    n: int, t: int, f: int, reason: str | None
) -> None:
    committee = Committee(members(n), t, f)
    LEAST.check_committee(committee)
    shuffled = replace(LEAST, **SHUFFLED_POLL)
    if reason is None:
        shuffled.check_committee(committee)
        return
    with pytest.raises(Rejected) as refused:
        shuffled.check_committee(committee)
    assert (refused.value.check, refused.value.item) == ("P6", "parameters.committee")
    assert reason in refused.value.reason
    assert "(5, 2, 1)" in refused.value.reason


def test_shuffled_polls_have_voters_of_equal_weight() -> None:
    weights = [2, 2, 1, 3]
    entries = [
        CensusEntry(bytes([place + 1] * 20), bytes([place + 1] * 20), weight)
        for place, weight in enumerate(weights)
    ]
    shuffled = replace(LEAST, **SHUFFLED_POLL)
    for engine in ("native", "reference"):
        content = Within.all_of(Census(tuple(entries)).encode())
        census = read_census(content, engine)
        LEAST.check_weights(census)
        with pytest.raises(Rejected) as refused:
            shuffled.check_weights(census)
        assert (refused.value.check, refused.value.item) == ("C3", "weights 2 and 1")
        shuffled.check_weights(
            read_census(Within.all_of(Census(tuple(entries[:2])).encode()), engine)
        )


def test_a_committee_with_another_quorum_is_refused() -> None:
    data = bytearray(Committee(members(4), 2, 1).encode())
    data[3] += 1
    with pytest.raises(Rejected) as refused:
        Committee.decode(bytes(data))
    assert refused.value.check == "P3"
    with pytest.raises(Malformed, match="UTF-8"):
        Committee.decode(Committee(members(4), 2, 1).encode()[:-1] + b"\xff")


@pytest.mark.parametrize(
    "whole",
    [
        Committee(members(4), 2, 1),
        LEAST,
        PollIdentity(1, bytes(20), 2),
    ],
    ids=lambda whole: type(whole).__name__,
)
def test_bytes_that_follow_are_refused(whole: Committee | PollParameters | PollIdentity) -> None:
    data = whole.encode()
    assert type(whole).decode(data) == whole
    with pytest.raises(Malformed):
        type(whole).decode(data + b"\0")
