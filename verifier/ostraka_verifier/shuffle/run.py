"""Check a whole run: its groups, and the proofs of all its steps in one batch.

Source: docs/protocol.md §19.8. Vectors: tests/vectors/shuffle.json.
"""

from collections.abc import Sequence

from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.shuffle.groups import Group, is_group, uncovered
from ostraka_verifier.shuffle.proof import (
    Randomness,
    ShuffleClaim,
    ShuffleKey,
    ShuffleProof,
    statement,
    verify_claims,
)
from ostraka_verifier.shuffle.state import ShuffleState, StepRecord

_SEED_BYTES = 32


def verify_groups(nodes: int, threshold: int, steps: Sequence[StepRecord]) -> None:
    """Check that a run's groups are groups of the committee, and that they cover.

    Raises:
        Rejected: They do not (check A2).
    """
    verify_cover(nodes, threshold, [step.group for step in steps])


def verify_cover(nodes: int, threshold: int, groups: Sequence[Group]) -> None:
    """Check the groups of a run.

    Args:
        nodes: At most `MAX_SHUFFLING_NODES`: sets of more are too many.

    Raises:
        Rejected: They are not groups of the committee, or do not cover (check A2).
    """
    for number, group in enumerate(groups):
        if not is_group(nodes, threshold, group):
            raise Rejected("A2", f"steps[{number}].group", f"not {threshold} nodes in order")
    missing = uncovered(nodes, threshold, groups)
    if missing:
        named = ", ".join(map(str, missing[0]))
        raise Rejected("A2", "groups", f"each of them has one of the nodes {named}")


def verify_steps(
    key: ShuffleKey,
    start: ShuffleState,
    steps: Sequence[StepRecord],
    randomness: Randomness,
) -> ShuffleState:
    """Check the proofs of steps that follow one another, and return the state after them.

    Nodes call it for the step that they take part in, auditors for a whole run. The native engine
    checks all steps in one call. Only the readable code has words for a step that fails.

    Args:
        key: For the number of ballots.
        start: The state before.
        randomness: Source of the weights, unpredictable to the makers of the proofs.

    Raises:
        Malformed: A step is not canonical (check A1); the item names it.
        Rejected: A proof fails (check A3).
    """
    return _natively(key, start, steps, randomness) or _readably(key, start, steps, randomness)


def _natively(
    key: ShuffleKey, start: ShuffleState, steps: Sequence[StepRecord], randomness: Randomness
) -> ShuffleState | None:
    """Return the last state if all steps hold; None otherwise, or without a native engine."""
    if key.engine is None:
        return None
    states, statements = [start], []
    for step in steps:
        before = states[-1]
        outputs = key.engine.outputs(before.values, step.proof)
        if outputs is None:
            return None
        statements.append(statement(before, step.group, outputs).messages)
        states.append(before.after(step.group, outputs, step.sharing_hash))
    columns, proofs = [state.values for state in states], [step.proof for step in steps]
    seed = unsigned(randomness(8 * _SEED_BYTES), _SEED_BYTES)
    return states[-1] if key.engine.check(columns, statements, proofs, seed) else None


def _readably(
    key: ShuffleKey, start: ShuffleState, steps: Sequence[StepRecord], randomness: Randomness
) -> ShuffleState:
    state, claims = _followed(key.curve, start, steps)
    verify_claims(key, claims, randomness, start.step)
    return state


def follow_steps(curve: Curve, start: ShuffleState, steps: Sequence[StepRecord]) -> ShuffleState:
    """Return the state after steps whose proofs may not hold.

    Raises:
        Malformed: A step is not canonical (check A1); the item names it.
    """
    return _followed(curve, start, steps)[0]


def _followed(
    curve: Curve, start: ShuffleState, steps: Sequence[StepRecord]
) -> tuple[ShuffleState, list[ShuffleClaim]]:
    state, claims = start, list[ShuffleClaim]()
    for step in steps:
        try:
            proof = ShuffleProof.decode(curve, state.values, step.proof)
            claims.append(ShuffleClaim.of(state, step.group, proof))
        except Malformed as error:
            raise Malformed(f"steps[{state.step}].{error.item}", error.reason) from None
        state = state.after(step.group, proof.outputs, step.sharing_hash)
    return state, claims
