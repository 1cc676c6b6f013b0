"""Shares of states, and what they open (§19.9 to §19.11)."""

import secrets
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import R
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    ballots_hash,
    combine_shares,
    decode_shares,
    encode_shares,
    refuted_by,
    verify_openings,
    verify_state_shares,
    verify_sum,
)
from tests.support.randomness import SeededRandomness
from tests.support.shuffles import MadeRun, SharedBallots, engine, make_run
from tests.support.vectors import unhex, vectors

CURVE = engine()
VOTES = [[1, 0], [0, 1], [1, 0], [2, 2], [0, 0], [1, 0]]


@pytest.fixture(scope="module")
def made() -> MadeRun:
    return make_run(SharedBallots(VOTES, nodes=4, randomness=SeededRandomness("shares")))


def opened(made: MadeRun, *nodes: int) -> list[Share]:
    return combine_shares({node: made.shares[node - 1] for node in nodes}, 2)


def changed(share: Share) -> Share:
    return replace(share, values=((share.values[0] + 1) % R, *share.values[1:]))


@pytest.mark.parametrize("case", vectors("shuffle")["runs"])
def test_vectors(case: dict[str, Any]) -> None:
    after = CURVE.decode(unhex(case["commitments_after"]), identity=True)
    values = after[:: case["threshold"]]
    key = CommitmentKey(CURVE, case["slots"])
    data = unhex(case["openings"])
    openings = decode_shares(data, len(values), case["slots"], "openings")
    assert encode_shares(openings) == data
    verify_openings(CURVE, key, values, openings, secrets.randbits)
    assert ballots_hash(openings) == unhex(case["ballots_hash"])


def test_the_opened_ballots_are_the_cast_ones(made: MadeRun) -> None:
    openings = opened(made, 2, 3)
    assert sorted(opening.values for opening in openings) == sorted(map(tuple, VOTES))
    assert openings == opened(made, 1, 4)
    verify_openings(CURVE, made.ballots.key, made.states[-1].values, openings, secrets.randbits)


def test_too_few_shares_open_nothing(made: MadeRun) -> None:
    with pytest.raises(Rejected, match="A5: shares: 1 good ones, 2 needed"):
        opened(made, 2)


def test_a_bad_share_is_found_by_position_and_refuted(made: MadeRun) -> None:
    key = made.ballots.key
    for node, shares in enumerate(made.shares, start=1):
        verify_state_shares(CURVE, key, node, made.commitments, shares, secrets.randbits)
        for position in range(len(VOTES)):
            bad = [*shares[:position], changed(shares[position]), *shares[position + 1 :]]
            with pytest.raises(Rejected) as refused:
                verify_state_shares(CURVE, key, node, made.commitments, bad, secrets.randbits)
            assert (refused.value.check, refused.value.item) == ("A0", f"positions[{position + 1}]")
            own = made.commitments[2 * position : 2 * position + 2]
            assert refuted_by(CURVE, key, node, own, bad[position])
            assert not refuted_by(CURVE, key, node, own, shares[position])


def test_errors_of_two_positions_do_not_cancel(made: MadeRun) -> None:
    shares = list(made.shares[0])
    up, down = shares[0], shares[1]
    shares[0] = changed(up)
    shares[1] = replace(down, values=((down.values[0] - 1) % R, *down.values[1:]))
    with pytest.raises(Rejected, match=r"A0: positions\[1\]"):
        verify_state_shares(CURVE, made.ballots.key, 1, made.commitments, shares, secrets.randbits)


def test_openings_of_other_ballots_are_refused(made: MadeRun) -> None:
    openings, values = opened(made, 1, 2), made.states[-1].values
    key = made.ballots.key
    for bad in (
        [changed(openings[0]), *openings[1:]],
        [*openings[:-1], replace(openings[-1], blinding=(openings[-1].blinding + 1) % R)],
        [openings[1], openings[0], *openings[2:]],
    ):
        with pytest.raises(Rejected, match="A5"):
            verify_openings(CURVE, key, values, bad, secrets.randbits)
    with pytest.raises(Malformed, match="5, expected 6"):
        verify_openings(CURVE, key, values, openings[:-1], secrets.randbits)


def test_encodings_are_canonical(made: MadeRun) -> None:
    data = encode_shares(opened(made, 1, 2))
    for bad in (data[:-1], data + b"\0", b"\xff" * 32 + data[32:], b""):
        with pytest.raises(Malformed):
            decode_shares(bad, len(VOTES), 2, "openings")


def test_the_sum_is_the_tally(made: MadeRun) -> None:
    openings = opened(made, 1, 2)
    blinding = sum(opening.blinding for opening in openings) % R
    tally = [sum(column) for column in zip(*VOTES, strict=True)]
    verify_sum(openings, 1, tally, blinding)
    verify_sum(openings, 7, [7 * votes for votes in tally], 7 * blinding % R)
    with pytest.raises(Rejected, match=r"A6: tally\[1\]"):
        verify_sum(openings, 1, [tally[0], tally[1] + 1], blinding)
    with pytest.raises(Rejected, match="A6: blinding"):
        verify_sum(openings, 1, tally, (blinding + 1) % R)
    with pytest.raises(Rejected, match="A6"):
        verify_sum([changed(openings[0]), *openings[1:]], 1, tally, blinding)


def test_votes_below_zero_do_not_make_up_for_others() -> None:
    openings = [Share((R - 1,), 0), Share((2,), 0)]
    with pytest.raises(Rejected, match="A6"):
        verify_sum(openings, 1, [1], 0)


def test_the_hash_is_of_the_ballots_in_any_order(made: MadeRun) -> None:
    openings = opened(made, 1, 2)
    other = make_run(made.ballots)
    assert (
        ballots_hash(openings) == ballots_hash(openings[::-1]) == ballots_hash(opened(other, 1, 2))
    )
    assert ballots_hash(openings) != ballots_hash(openings[:-1])
    assert ballots_hash(openings) != ballots_hash([changed(openings[0]), *openings[1:]])
