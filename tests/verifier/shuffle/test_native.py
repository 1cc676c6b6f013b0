"""The native proofs of shuffle are those of the readable code."""

import secrets
from dataclasses import replace

import pytest

from ostraka.node.shuffle.dealing import draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka_verifier.curve import load
from ostraka_verifier.curve.native import Native
from ostraka_verifier.errors import Malformed
from ostraka_verifier.shuffle import ShuffleKey, run, shuffle_generators, verify_steps
from tests.support.randomness import SeededRandomness
from tests.support.shuffles import SharedBallots, make_run


def ballots_of(count: int) -> SharedBallots:
    return SharedBallots([[number % 2] for number in range(count)], nodes=3)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_both_provers_make_the_same_bytes(count: int) -> None:
    ballots = ballots_of(count)
    deal = draw_deal((1, 2), count, SeededRandomness("deal"))
    key, order, blindings = ballots.shuffle_key, deal.permutation, deal.blindings
    outputs = shuffled_values(key, ballots.start.values, order, blindings)
    native, again, readable = (
        prove_shuffle(
            one, ballots.start, (1, 2), outputs, order, blindings, SeededRandomness("proof")
        )
        for one in (key, key, ballots.readable_key)
    )
    assert native == again == readable


def test_a_run_that_holds_needs_no_readable_code(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_run(ballots_of(5))

    def unexpected(*_: object) -> None:
        raise AssertionError("the native engine refused a run that holds")

    monkeypatch.setattr(run, "_readably", unexpected)
    end = verify_steps(made.ballots.shuffle_key, made.start, made.steps, secrets.randbits)
    assert end.hash == made.states[-1].hash
    steps = [replace(made.steps[0], group=(2, 3)), *made.steps[1:]]
    with pytest.raises(AssertionError, match="refused"):
        verify_steps(made.ballots.shuffle_key, made.start, steps, secrets.randbits)


def test_generators_are_the_same_in_any_order_of_asking() -> None:
    native = Native(threads=2)
    for count in (3, 70, 1, 33):
        engine = native.shuffle_engine(count)
        assert engine.points().encode() == shuffle_generators(native, count).encode()
    assert load("reference").shuffle_engine(3) is None


def test_callers_mistakes_are_no_verdicts() -> None:
    made = make_run(ballots_of(3))
    engine = made.ballots.shuffle_key.engine
    assert engine is not None
    values, proof = made.start.values, made.steps[0].proof
    column = [values, made.states[0].values]
    with pytest.raises(ValueError, match="2 points for 3 ballots"):
        engine.outputs(values[:2], proof)
    with pytest.raises(ValueError, match="2 points for 3 ballots"):
        engine.check([values, values[:2]], [b""], [proof], bytes(32))
    for statements, proofs in (([], [proof]), ([b""], []), ([b"", b""], [proof])):
        with pytest.raises(ValueError, match="a statement for each proof"):
            engine.check(column, statements, proofs, bytes(32))
    places, scalars = bytes([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]), bytes(3 * 32)
    masks = bytes(16 * 32)
    for bad in (
        (places[:-1], scalars, masks),
        (places[:-4], scalars, masks),
        (places[:4] * 3, scalars, masks),
        (places[:8] + bytes([0, 0, 0, 3]), scalars, masks),
        (places, scalars[:-32], masks),
        (places, b"\xff" * 96, masks),
        (places, scalars, masks + bytes(32)),
    ):
        with pytest.raises(ValueError, match="no permutation"):
            engine.prove(b"", values, *bad)
    with pytest.raises(TypeError, match="points of another engine"):
        engine.outputs(load("reference").decode(values.encode()), proof)


def test_proofs_of_other_lengths_do_not_hold() -> None:
    made = make_run(ballots_of(2))
    engine = made.ballots.shuffle_key.engine
    assert engine is not None
    values = made.start.values
    for proof in (b"", made.steps[0].proof[:-1], made.steps[0].proof + bytes(320)):
        assert engine.outputs(values, proof) is None
        assert not engine.check([values, values], [b""], [proof], bytes(32))


def test_ballots_are_counted_from_one() -> None:
    for count in (0, 2**31):
        with pytest.raises(Malformed, match="can be shuffled"):
            ShuffleKey(load("reference"), count)
        with pytest.raises(ValueError, match="ballots: from 1 to"):
            Native(threads=1).shuffle_engine(count)
