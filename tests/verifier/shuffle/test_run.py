"""Runs of the shuffle: vectors, completeness, and every lie about one (§19.4 to §19.8)."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ostraka.node.shuffle.dealing import draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.curve import Curve, Points, load
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.shuffle import (
    BYTES_A_BALLOT,
    RunContext,
    RunRecord,
    ShuffleClaim,
    ShuffleKey,
    ShuffleProof,
    ShuffleState,
    StepRecord,
    sharing_hash,
    shuffle_generators,
    verify_groups,
    verify_steps,
)
from tests.support.randomness import SeededRandomness
from tests.support.shuffles import (
    CONTEXT,
    SharedBallots,
    engine,
    make_run,
    readable_key,
    shuffle_key,
    without_values,
)
from tests.support.vectors import named, unhex, vectors

CURVE = engine()
FILE = vectors("shuffle")
KeyMaker = Callable[[Curve, int], ShuffleKey]
ERRORS: dict[str, type[AuditError]] = {"Malformed": Malformed, "Rejected": Rejected}


def start_of(curve: Curve, case: dict[str, Any], turn: int) -> ShuffleState:
    run = RunContext(unhex(FILE["poll_context"]), unhex(FILE["root_digest"]), turn)
    points, threshold = curve.decode(unhex(case["commitments"])), case["threshold"]
    return ShuffleState.start(run, points[::threshold], without_values(curve, points, threshold))


def check(
    curve: Curve, case: dict[str, Any], record: bytes, key: KeyMaker = shuffle_key
) -> ShuffleState:
    """Check a record as an audit does."""
    ballots = len(unhex(case["commitments"])) // 64 // case["threshold"]
    run = RunRecord.decode(record, case["threshold"], ballots)
    assert run.encode() == record
    verify_groups(case["nodes"], case["threshold"], run.steps)
    start = start_of(curve, case, run.turn)
    return verify_steps(key(curve, ballots), start, run.steps, secrets.randbits)


def test_generators() -> None:
    assert CURVE.decode(b"".join(map(unhex, FILE["generators"]))) == shuffle_generators(CURVE, 5)


# Ten steps over five ballots take py_ecc long.
@pytest.mark.parametrize(
    ("name", "number"),
    [("native", 0), ("native", 1), ("native", 2), ("reference", 0), ("reference", 1)],
)
def test_vectors(name: str, number: int) -> None:
    curve, case = load(name), FILE["runs"][number]
    end = check(curve, case, unhex(case["record"]))
    assert end.hash == unhex(case["steps"][-1]["state"])
    after = curve.decode(unhex(case["commitments_after"]), identity=True)
    assert end.values == after[:: case["threshold"]]
    shared = without_values(curve, after, case["threshold"])
    assert end.sharing_hash == sharing_hash(shared)


@pytest.mark.parametrize("number", range(len(FILE["runs"])))
def test_challenges_of_vectors(number: int) -> None:
    case = FILE["runs"][number]
    ballots = len(unhex(case["commitments"])) // 64 // case["threshold"]
    state = start_of(CURVE, case, 3)
    assert state.hash == unhex(case["start"])
    steps = RunRecord.decode(unhex(case["record"]), case["threshold"], ballots).steps
    for step, expected in zip(steps, case["steps"], strict=True):
        proof = ShuffleProof.decode(CURVE, state.values, step.proof)
        assert proof.encode() == step.proof
        claim = ShuffleClaim.of(state, step.group, proof)
        assert [str(value) for value in claim.vector] == expected["vector"]
        assert str(claim.challenge) == expected["challenge"]
        state = state.after(step.group, proof.outputs, step.sharing_hash)
        assert state.hash == unhex(expected["state"])


@pytest.mark.parametrize("key", [shuffle_key, readable_key], ids=["native", "readable"])
@pytest.mark.parametrize("case", named(FILE["broken"]))
def test_broken_vectors(case: dict[str, Any], key: KeyMaker) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        check(CURVE, FILE["runs"][case["run"]], unhex(case["record"]), key)


def ballots_of(count: int) -> SharedBallots:
    return SharedBallots([[number % 2, number % 3] for number in range(count)], nodes=3)


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_honest_runs_hold(count: int) -> None:
    made = make_run(ballots_of(count))
    verify_groups(3, 2, made.steps)
    for key in (made.ballots.shuffle_key, made.ballots.readable_key):
        end = verify_steps(key, made.start, made.steps, secrets.randbits)
        assert end.hash == made.states[-1].hash
        assert end.encoded_values == made.states[-1].encoded_values
    assert all(len(step.proof) == BYTES_A_BALLOT * count for step in made.steps)


def test_the_state_after_fixes_the_whole_run() -> None:
    one, other = ballots_of(2), make_run(ballots_of(2))
    hashes = {
        state.hash
        for context in (
            CONTEXT,
            replace(CONTEXT, turn=4),
            replace(CONTEXT, root_digest=bytes(32)),
            replace(CONTEXT, poll_context=bytes(32)),
        )
        for state in (
            one.start_in(context),
            one.start_in(context).after((1, 2), one.start.values, bytes(32)),
            one.start_in(context).after((1, 3), one.start.values, bytes(32)),
            one.start_in(context).after((1, 2), other.start.values, bytes(32)),
            one.start_in(context).after((1, 2), one.start.values, bytes([1] * 32)),
        )
    }
    assert len(hashes) == 20


def cheat(
    ballots: SharedBallots, outputs: Points, permutation: Sequence[int], blindings: Sequence[int]
) -> bytes:
    """Prove as well as one can that the outputs are a shuffle."""
    # The native prover refuses what is no permutation.
    key, start = ballots.readable_key, ballots.start
    randomness = SeededRandomness("cheat")
    return prove_shuffle(key, start, (1, 2), outputs, permutation, blindings, randomness)


def lies() -> Iterator[tuple[str, SharedBallots, bytes]]:
    """Outputs that are no shuffle, or not by the permutation that is proven."""
    ballots = ballots_of(5)
    curve, start = ballots.curve, ballots.start
    deal = draw_deal((1, 2), 5, SeededRandomness("lies"))
    order, blindings = deal.permutation, deal.blindings

    def outputs(places: Sequence[int]) -> Points:
        return shuffled_values(ballots.shuffle_key, start.values, places, blindings)

    honest = outputs(order)
    yield "honest", ballots, cheat(ballots, honest, order, blindings)
    copied = outputs([order[0], order[0], *order[2:]])
    yield "a ballot over another", ballots, cheat(ballots, copied, order, blindings)
    swapped = (order[1], order[0], *order[2:])
    yield "another permutation", ballots, cheat(ballots, honest, swapped, blindings)
    twice = (order[0], order[0], *order[2:])
    yield "no permutation", ballots, cheat(ballots, copied, twice, blindings)
    vote = curve.decode(derive_generator(1))
    moved = curve.concat(
        [curve.add(honest[0], vote), curve.add(honest[1], curve.negate(vote)), honest[2:]]
    )
    yield "a vote moved to another ballot", ballots, cheat(ballots, moved, order, blindings)
    other = [blindings[0] + 1, blindings[1] - 1, *blindings[2:]]
    yield "other blindings", ballots, cheat(ballots, honest, order, other)


@pytest.mark.parametrize("readable", [False, True], ids=["native", "readable"])
@pytest.mark.parametrize("lie", list(lies()), ids=lambda lie: lie[0])
def test_lies_are_refused(lie: tuple[str, SharedBallots, bytes], readable: bool) -> None:
    name, ballots, proof = lie
    step = StepRecord((1, 2), proof, bytes(32))
    key = ballots.readable_key if readable else ballots.shuffle_key
    if name == "honest":
        verify_steps(key, ballots.start, [step], secrets.randbits)
        return
    with pytest.raises(Rejected) as refused:
        verify_steps(key, ballots.start, [step], secrets.randbits)
    assert refused.value.check == "A3"
    assert refused.value.item == "steps[0]"


def test_a_proof_counts_for_its_own_step_only() -> None:
    ballots = ballots_of(3)
    made = make_run(ballots)
    key, step = ballots.shuffle_key, made.steps[0]
    verify_steps(key, made.start, [step], secrets.randbits)
    for context in (
        replace(CONTEXT, turn=4),
        replace(CONTEXT, root_digest=bytes(32)),
        replace(CONTEXT, poll_context=bytes(32)),
    ):
        with pytest.raises(Rejected, match="A3"):
            verify_steps(key, ballots.start_in(context), [step], secrets.randbits)
    with pytest.raises(Rejected, match="A3"):
        verify_steps(key, made.start, [replace(step, group=(1, 3))], secrets.randbits)
    # The same values, but reached by another step, or shared in another way.
    for before in (replace(made.start, step=1), replace(made.start, sharing_hash=bytes(32))):
        with pytest.raises(Rejected, match="A3"):
            verify_steps(key, before, [step], secrets.randbits)


def test_the_step_that_fails_is_named() -> None:
    made = make_run(ballots_of(3))
    first, second, third = made.steps
    other = prove_shuffle(
        made.ballots.shuffle_key,
        made.states[0],
        second.group,
        made.states[1].values,
        (0, 1, 2),
        (0, 0, 0),
        SeededRandomness("other"),
    )
    steps = [first, replace(second, proof=other), third]
    with pytest.raises(Rejected) as refused:
        verify_steps(made.ballots.shuffle_key, made.start, steps, secrets.randbits)
    assert refused.value.item == "steps[1]"
    steps[1] = replace(second, proof=b"\xff" * len(second.proof))
    with pytest.raises(Malformed, match=r"steps\[1\]\.points"):
        verify_steps(made.ballots.shuffle_key, made.start, steps, secrets.randbits)


def test_each_equation_has_a_weight_of_its_own() -> None:
    """With one weight for all of them, errors of two responses cancel."""
    made = make_run(ballots_of(3))
    step = made.steps[0]
    proof = ShuffleProof.decode(CURVE, made.start.values, step.proof)
    chain = proof.responses.chain
    moved = replace(
        proof, responses=proof.responses._replace(chain=(chain[0] + 1, chain[1] - 1, chain[2]))
    )
    with pytest.raises(Rejected, match="A3"):
        verify_steps(
            made.ballots.shuffle_key,
            made.start,
            [replace(step, proof=moved.encode())],
            secrets.randbits,
        )


def test_groups_are_checked_before_proofs() -> None:
    made = make_run(ballots_of(2))
    with pytest.raises(Rejected, match="each of them has one of the nodes 2"):
        verify_groups(3, 2, made.steps[:1] + made.steps[2:])
    with pytest.raises(Rejected, match=r"steps\[1\]\.group: not 2 nodes in order"):
        verify_groups(3, 2, [made.steps[0], replace(made.steps[1], group=(3, 1))])
    with pytest.raises(Rejected, match="A2"):
        verify_groups(3, 2, [])
