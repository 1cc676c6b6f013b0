"""Prove one step of a shuffle.

The readable code and the native one make the same bytes of the same randomness.

Source: docs/protocol.md §19.6, §19.7. Vectors: tests/vectors/shuffle.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.randomness import Randomness, system
from ostraka_verifier.curve import Points, R, ShuffleEngine
from ostraka_verifier.encoding import scalars, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.shuffle import (
    Group,
    Responses,
    ShuffleKey,
    ShuffleProof,
    ShuffleState,
    challenge_vector,
    final_challenge,
    statement,
)
from ostraka_verifier.transcript import Transcript


@dataclass(frozen=True)
class ProofMasks:
    """Randomness of one proof. Secret, never used again, and erased after the step.

    Attributes:
        permutation: `r_1 … r_{N−1}`, which blind the commitment to the permutation.
        chain: `r̂_1 … r̂_{N−1}`.
        chain_masks: `ω̂_1 … ω̂_N`.
        permuted: `ω'_1 … ω'_N`.
        permutation_mask: `ω̃`.
        column_mask: `ω_e`.
    """

    permutation: tuple[int, ...]
    chain: tuple[int, ...]
    chain_masks: tuple[int, ...]
    permuted: tuple[int, ...]
    permutation_mask: int
    column_mask: int

    def __repr__(self) -> str:
        return f"ProofMasks(ballots={len(self.permuted)})"

    @classmethod
    def draw(cls, ballots: int, randomness: Randomness) -> "ProofMasks":
        """Draw all of them."""

        def drawn(count: int) -> tuple[int, ...]:
            return tuple([randomness.scalar() for _ in range(count)])

        return cls(
            drawn(ballots - 1),
            drawn(ballots - 1),
            drawn(ballots),
            drawn(ballots),
            randomness.scalar(),
            randomness.scalar(),
        )


def prove_shuffle(
    key: ShuffleKey,
    before: ShuffleState,
    group: Group,
    outputs: Points,
    permutation: Sequence[int],
    blindings: Sequence[int],
    randomness: Randomness,
) -> bytes:
    """Return the outputs with the proof that they are a shuffle, 320 bytes for each ballot.

    Args:
        key: For the number of ballots.
        before: The state with the inputs.
        group: The nodes that make the step.
        outputs: `V'_p = V_{π(p)} + ε_p H`, none of them the identity.
        permutation: The input at each output's place, from 0.
        blindings: `ε_1 … ε_N`, which add up to zero.
        randomness: The operating system's.
    """
    masks = ProofMasks.draw(len(before.values), randomness)
    transcript = statement(before, group, outputs)
    if key.engine is not None:
        return _natively(key.engine, transcript, outputs, permutation, blindings, masks)
    return _readably(key, transcript, outputs, permutation, blindings, masks)


def _natively(
    engine: ShuffleEngine,
    transcript: Transcript,
    outputs: Points,
    permutation: Sequence[int],
    blindings: Sequence[int],
    masks: ProofMasks,
) -> bytes:
    # These summands keep masks from the engine's buckets, and change no byte.
    parts = [system.scalar() for _ in range(len(outputs) + 1)]
    proof = engine.prove(
        transcript.messages,
        outputs,
        b"".join([unsigned(place, 4) for place in permutation]),
        scalars(tuple(blindings)),
        scalars(
            (
                *masks.permutation,
                *masks.chain,
                *masks.chain_masks,
                *masks.permuted,
                masks.permutation_mask,
                masks.column_mask,
                *parts,
            )
        ),
    )
    if proof is None:
        raise Malformed("challenge", "zero")
    return proof


def _readably(
    key: ShuffleKey,
    transcript: Transcript,
    outputs: Points,
    permutation: Sequence[int],
    blindings: Sequence[int],
    masks: ProofMasks,
) -> bytes:
    count = len(outputs)
    curve, tables = key.curve, key.chain_tables

    # c_{π(p)} = r_{π(p)} K_0 + K_p, and the r add up to zero.
    on_inputs = [*masks.permutation, -sum(masks.permutation) % R]
    output_of = [0] * count
    for output, place in enumerate(permutation):
        output_of[place] = output
    committed = curve.add(
        tables.commit([(one, 0) for one in on_inputs]),
        curve.concat([key.points[1 + output] for output in output_of]),
    )[: count - 1]
    u = challenge_vector(transcript, committed, count)
    permuted = [u[place] for place in permutation]

    # ĉ_p = r̂_p K_0 + u'_p ĉ_{p−1} = sums[p] K_0 + products[p] K_1, and sums[N] = 0.
    sums, products, on_chain = [0], [1], []
    for position, factor in enumerate(permuted):
        last = position == count - 1
        blinding = -factor * sums[-1] % R if last else masks.chain[position]
        on_chain.append(blinding)
        sums.append((blinding + factor * sums[-1]) % R)
        products.append(factor * products[-1] % R)
    chain = tables.commit(list(zip(sums[1:count], products[1:count], strict=True)))
    chain_masks = tables.commit(
        [
            (
                (masks.chain_masks[position] + mask * sums[position]) % R,
                mask * products[position] % R,
            )
            for position, mask in enumerate(masks.permuted)
        ]
    )
    mask_points = curve.concat(
        [
            curve.msm(key.points, [masks.permutation_mask, *masks.permuted]),
            curve.msm(
                curve.concat([key.blinding, outputs]), [-masks.column_mask % R, *masks.permuted]
            ),
        ]
    )
    x = final_challenge(transcript, chain, chain_masks, mask_points)
    permutation_blinding = sum(map(int.__mul__, u, on_inputs))
    column_blinding = sum(map(int.__mul__, permuted, blindings))
    return ShuffleProof(
        outputs,
        committed,
        chain,
        chain_masks,
        mask_points,
        Responses(
            _responses(masks.chain_masks, x, on_chain),
            _responses(masks.permuted, x, permuted),
            (masks.permutation_mask + x * permutation_blinding) % R,
            (masks.column_mask + x * column_blinding) % R,
        ),
    ).encode()


def _responses(masks: Sequence[int], x: int, secrets: Sequence[int]) -> tuple[int, ...]:
    return tuple([(mask + x * secret) % R for mask, secret in zip(masks, secrets, strict=True)])
