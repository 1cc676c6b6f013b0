"""Checks B1 to B6: mutations that they refuse, and variants that they accept."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from ostraka.keys import SigningKey
from ostraka_verifier import typed_data
from ostraka_verifier.board import Board, BoardLeaf
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Verdict
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.signatures import recover_key
from tests.support.audits import (
    BOARD,
    CHAIN,
    CURVE,
    POLL,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    section_of,
)
from tests.support.polls import CLOSES_AT, REGISTRY, SyntheticPoll, approval_poll


def with_leaf(number: int, leaf: BoardLeaf, board: Board = BOARD) -> Board:
    leaves = list(board.leaves)
    leaves[number] = leaf
    return replace(board, leaves=tuple(leaves))


def resigned(poll: SyntheticPoll, number: int, ballot: bytes) -> BoardLeaf:
    """Another ballot in a leaf, signed by its voter: only what is wrong with it remains."""
    digest = poll.domain.digest(
        typed_data.BALLOT,
        poll.context,
        ballot[:20],
        int.from_bytes(ballot[20:28], "big"),
        poll.factory.layout.decode(CURVE, ballot).digest,
        bytes(32),
    )
    signature = poll.voter_keys[number].sign(digest)
    return BoardLeaf(ballot, recover_key(digest, signature), bytes(32), signature)


def a_point() -> Case:
    leaf = BOARD.leaves[3]
    ballot = bytearray(leaf.ballot)
    ballot[59] ^= 1
    return with_leaf(3, replace(leaf, ballot=bytes(ballot))), CHAIN


def a_byte_too_many() -> Case:
    leaf = BOARD.leaves[6]
    return with_leaf(6, replace(leaf, ballot=leaf.ballot + b"\0")), CHAIN


def a_voter_twice() -> Case:
    leaves = (*BOARD.leaves[:3], BOARD.leaves[2], *BOARD.leaves[4:])
    return replace(BOARD, leaves=leaves), CHAIN


def the_order_of_leaves() -> Case:
    leaves = (BOARD.leaves[1], BOARD.leaves[0], *BOARD.leaves[2:])
    return replace(BOARD, leaves=leaves), CHAIN


def a_ballot_signature() -> Case:
    return with_leaf(5, replace(BOARD.leaves[5], signature=BOARD.leaves[4].signature)), CHAIN


def the_boxes_hash() -> Case:
    return with_leaf(5, replace(BOARD.leaves[5], boxes_hash=bytes(32))), CHAIN


def a_cast_time_of(cast_at_unix_s: int) -> Case:
    poll = approval_poll()
    key, bits = poll.voter_keys[2], poll.votes[2]
    poll.prepared[2] = poll.factory.prepare(key, key.address, bits, cast_at_unix_s)
    return poll.finish()


def a_proof_scalar() -> Case:
    poll = approval_poll()
    good = poll.prepared[2].ballot.encoded
    last = (int.from_bytes(good[-32:], "big") + 1) % R
    ballot = good[:-32] + unsigned(last, 32)
    return tampered(poll, 2, ballot)


def an_over_vote() -> Case:
    """A ballot for all four of at most three, in an otherwise consistent poll."""
    poll = approval_poll()
    shared = poll.factory.prove(
        poll.voter_keys[2].address, [1, 1, 1, 1, 0, 0], POLL.parameters.opens_at
    )
    poll.prepared[2] = poll.factory.sign(poll.factory.seal(shared), poll.voter_keys[2])
    return poll.finish()


def more_false_proofs_than_are_named() -> Case:
    """In 22 of 23 ballots. Responses are wrong, or equations fail."""
    poll = approval_poll(votes=[[1, 0, 0, 0, 1, 1]] * 23)
    changed = {}
    for number in range(1, 23):
        good = poll.prepared[number].ballot.encoded
        # The last scalar is in an equation, the first one in a row.
        scalars = poll.factory.layout.shape.scalars
        at = len(good) - 32 * (scalars if number % 3 else 1)
        scalar = (int.from_bytes(good[at : at + 32], "big") + 1) % R
        changed[number] = good[:at] + unsigned(scalar, 32) + good[at + 32 :]
    return all_tampered(poll, changed)


def tampered(poll: SyntheticPoll, number: int, ballot: bytes) -> Case:
    """A changed ballot that its voter signed and the nodes anchored."""
    return all_tampered(poll, {number: ballot})


def all_tampered(poll: SyntheticPoll, ballots: Mapping[int, bytes]) -> Case:
    """Changed ballots by their places, as for `tampered`."""
    board, chain = poll.finish()
    for number, ballot in ballots.items():
        made = poll.factory.layout.decode(CURVE, ballot)
        poll.prepared[number] = replace(poll.prepared[number], ballot=made)
    root = poll.root()
    anchored = poll.attest(root, range(1, 4))
    shares = tuple(poll.sign_share(one.node, one.share, root) for one in board.shares)
    board = replace(board, root=anchored, shares=shares)
    for number, ballot in ballots.items():
        board = with_leaf(number, resigned(poll, number, ballot), board)
    return board, replace(chain, root=root, anchored=anchored)


def a_ballot_of_a_stranger() -> Case:
    """The nodes anchored and counted a ballot of somebody whom the census does not list."""
    poll = approval_poll()
    census, stranger = poll.census, SigningKey(bytes([1] * 32))
    cast = poll.factory.prepare(stranger, stranger.address, poll.votes[0], poll.parameters.opens_at)
    poll.prepared = sorted([*poll.prepared, cast], key=lambda one: one.ballot.voter)
    entry = CensusEntry(stranger.address, stranger.address, 1)
    poll.census = Census(tuple(sorted([*census.entries, entry], key=lambda one: one.account)))
    board, chain = poll.finish()
    return replace(board, census=census.encode()), chain


MUTATIONS: Mutations = [
    (a_point, {"B1"}),
    (a_byte_too_many, {"B1"}),
    (a_voter_twice, {"B2", "S1", "S2"}),
    (the_order_of_leaves, {"B2"}),
    (a_ballot_of_a_stranger, {"B3"}),
    (a_ballot_signature, {"B4"}),
    (the_boxes_hash, {"B4"}),
    (lambda: a_cast_time_of(CLOSES_AT), {"B5"}),
    (lambda: a_cast_time_of(POLL.parameters.opens_at - 1), {"B5"}),
    (more_false_proofs_than_are_named, {"B6"}),
    (a_proof_scalar, {"B6"}),
    (an_over_vote, {"B6"}),
    (section_of(9, b""), {"B1"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_signatures_of_strangers_are_not_checked() -> None:
    found = findings(*a_ballot_of_a_stranger())["B4"]
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.detail == "needs B3"


def test_readable_checks_of_all_ballots_say_how_far_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Audit, "found", None)
    monkeypatch.setattr("ostraka_verifier.checks.ballots.PROOF_BATCH", 3)
    steps = list[tuple[int, int]]()
    audit = Audit(
        CURVE,
        Claimed(REGISTRY, 1),
        CHAIN,
        BOARD.encode(),
        secrets.randbits,
        lambda done, total: steps.append((done, total)),
    )
    found = audit.run([check for check in CHECKS if check.number in {"B4", "B6"}])
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    # Seven signatures, then seven proofs.
    assert steps == [(done, 14) for done in (0, 3, 6, 10, 13, 14)]


def test_a_failing_ballot_is_named() -> None:
    assert POLL.voter_keys[2].address.hex() in findings(*an_over_vote())["B6"].item


def test_the_first_of_many_failing_ballots_are_named() -> None:
    board, chain = more_false_proofs_than_are_named()
    voters = [leaf.ballot[:20].hex() for leaf in board.leaves]
    item = findings(board, chain)["B6"].item
    assert [voter for voter in voters if voter in item] == voters[1:21]
    assert item.endswith(" and others")
    # As many as can be named are all named.
    good, _ = approval_poll(votes=[[1, 0, 0, 0, 1, 1]] * 23).finish()
    fewer = replace(board, leaves=(*board.leaves[:21], *good.leaves[21:]))
    item = findings(fewer, chain)["B6"].item
    assert [voter for voter in voters if voter in item] == voters[1:21]
    assert "others" not in item
