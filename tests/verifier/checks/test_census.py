"""Checks C1 to C4: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.checks import Verdict
from ostraka_verifier.errors import Undecided
from ostraka_verifier.snapshot import SourceKind
from tests.support.audits import (
    AT,
    BOARD,
    CHAIN,
    INVITED_BOARD,
    INVITED_CHAIN,
    INVITED_POLL,
    POLL,
    SOURCE,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    not_checked,
    section_of,
    sourced,
    with_parameters,
)
from tests.support.polls import SHUFFLED, SyntheticPoll, approval_poll


def redemptions_of(poll: SyntheticPoll, number: int, **changes: Any) -> Case:
    board, chain = poll.finish()
    found = poll.redemptions()
    records = list(found.records)
    records[number] = replace(records[number], **changes)
    return replace(board, redemptions=replace(found, records=tuple(records)).encode()), chain


def no_redemptions() -> Case:
    return replace(INVITED_BOARD, redemptions=None), INVITED_CHAIN


def redemptions_cut_short() -> Case:
    assert INVITED_BOARD.redemptions is not None
    return replace(INVITED_BOARD, redemptions=INVITED_BOARD.redemptions[:-1]), INVITED_CHAIN


def two_weights_that_add_up() -> Case:
    """Of a poll that opens every ballot: no contract sees it."""
    return approval_poll(weights=[2] * 5 + [1, 3], secret=False, times=SHUFFLED).finish()


def foreign_voting_keys() -> Case:
    return approval_poll(source=replace(SOURCE, keys=bytes([8] * 20))).finish()


def a_shared_key(**members: object) -> Case:
    poll = approval_poll()
    entries = list(poll.census.entries)
    entries[1] = replace(entries[1], signing_key=entries[0].signing_key)
    poll = approval_poll(members=members)
    poll.census = Census(tuple(entries))
    poll.voter_keys[1] = poll.voter_keys[0]
    poll.parameters = replace(poll.parameters, census_root=poll.census.root)
    return with_parameters(poll)


def a_census_key() -> Case:
    entries = list(POLL.census.entries)
    entries[2] = CensusEntry(entries[2].account, bytes([9] * 20), 1)
    return replace(BOARD, census=Census(tuple(entries)).encode()), CHAIN


def another_key_of_who_did_not_vote() -> Case:
    poll = approval_poll()
    del poll.prepared[6]
    board, chain = poll.finish()
    entries = list(poll.census.entries)
    entries[6] = replace(entries[6], signing_key=bytes([9] * 20))
    return replace(board, census=Census(tuple(entries)).encode()), chain


def the_census_order() -> Case:
    size = 56
    data = BOARD.census
    swapped = data[:4] + data[4 + size : 4 + 2 * size] + data[4 : 4 + size] + data[4 + 2 * size :]
    return replace(BOARD, census=swapped), CHAIN


def the_totals() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, total_weight=8)
    return with_parameters(poll)


def the_number_of_voters() -> Case:
    poll = approval_poll()
    poll.parameters = replace(poll.parameters, voters=8)
    return with_parameters(poll)


def an_identifying_weight() -> Case:
    return approval_poll(weights=[1, 1, 1, 1, 1, 1, 1000]).finish()


def with_source() -> Case:
    return approval_poll(source=SOURCE).finish()


def a_voter_left_out_of_the_source() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    return board, replace(chain, census=Census(chain.census.entries[1:]))


def a_voter_of_the_source_left_out() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    more = CensusEntry(bytes([255] * 20), bytes([255] * 20), 1)
    return board, replace(chain, census=Census((*chain.census.entries, more)))


def another_key_in_the_source() -> Case:
    board, chain = with_source()
    assert isinstance(chain.census, Census)
    first, *others = chain.census.entries
    changed = replace(first, signing_key=bytes([7] * 20))
    return board, replace(chain, census=Census((changed, *others)))


def a_stranger() -> Case:
    poll = approval_poll()
    entries = tuple(entry for n, entry in enumerate(poll.census.entries) if n != 4)
    board, chain = poll.finish()
    return replace(board, census=Census(entries).encode()), chain


MUTATIONS: Mutations = [
    (a_census_key, {"C1", "B4"}),
    (another_key_of_who_did_not_vote, {"C1"}),
    (the_census_order, {"C1"}),
    (the_totals, {"C2"}),
    (the_number_of_voters, {"C2", "P6"}),
    (an_identifying_weight, {"C3"}),
    (two_weights_that_add_up, {"C3"}),
    (a_voter_left_out_of_the_source, {"C4"}),
    (a_voter_of_the_source_left_out, {"C4"}),
    (another_key_in_the_source, {"C4"}),
    (foreign_voting_keys, {"C4"}),
    (a_shared_key, {"C4"}),
    (lambda: sourced(unit=2), {"C4"}),
    (lambda: sourced(times=(AT - 12, AT)), {"C4"}),
    (lambda: sourced(times=(AT + 1, AT + 12)), {"C4"}),
    (no_redemptions, {"C4"}),
    (redemptions_cut_short, {"C4"}),
    (lambda: redemptions_of(INVITED_POLL, 3, by_invitation=bytes(65)), {"C4"}),
    (lambda: redemptions_of(INVITED_POLL, 3, by_signing_key=bytes(65)), {"C4"}),
    (a_stranger, {"C1", "C2", "B3"}),
    (section_of(8, b""), {"C1"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_a_census_is_compared_with_its_source() -> None:
    board, chain = with_source()
    assert failing(board, chain) == set()
    assert "at block 77; voting keys" in findings(board, chain)["C4"].detail
    unread = replace(chain, census=Undecided("no archive"))
    assert findings(board, unread)["C4"].verdict is Verdict.NOT_CHECKED


def test_a_member_contract_is_known_or_assumed() -> None:
    source = replace(SOURCE, kind=SourceKind.MEMBERS, unit=1)
    board, chain = approval_poll(source=source).finish()
    known = findings(board, chain)["C4"]
    assert "the owner of" in known.assumes
    assert "0 of 7 entries sign with a different key" in known.detail
    assert source.keys is not None
    assert source.keys.hex() in known.detail
    assert source.contract.hex() in known.detail
    unknown = findings(board, replace(chain, census_code=b"\1"))["C4"]
    assert unknown.verdict is Verdict.HOLDS
    assert "whose code this program does not know" in unknown.assumes


def test_one_key_for_several_accounts_only_where_the_poll_says_so() -> None:
    board, chain = a_shared_key(shared_keys=True)
    assert {one.verdict for one in findings(board, chain).values()} == {Verdict.HOLDS}


def test_a_round_read_on_chain_holds() -> None:
    for at in (AT, AT + 11):
        found = findings(*sourced(at))
        assert {one.verdict for one in found.values()} == {Verdict.HOLDS}
        assert f"the latest at {at}" in found["C4"].detail
    board, chain = sourced()
    left = not_checked(board, replace(chain, census_times=Undecided("no such block")))
    assert left == {"C4": "no such block"}
    # Without any times read, no time is right.
    board, chain = sourced(0)
    assert failing(board, replace(chain, census_times=None)) == {"C4"}


def test_a_voter_whom_the_census_leaves_out_is_named() -> None:
    found = findings(*a_voter_of_the_source_left_out())["C4"]
    assert found.item == f"voter 0x{'ff' * 20}"
