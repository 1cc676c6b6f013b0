"""Runs of the shuffle (§19): hashes, challenges, proofs, openings, and what breaks them."""

from collections.abc import Iterator
from typing import Any

from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.curve import Points, R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.shuffle import (
    Group,
    ShuffleClaim,
    ShuffleProof,
    ballots_hash,
    combine_shares,
    covers,
    encode_shares,
    fewest_groups,
    may_shuffle,
)
from ostraka_verifier.shuffle.proof import FIRST_GENERATOR
from tests.support.randomness import SeededRandomness
from tests.support.shuffles import CONTEXT, MadeRun, SharedBallots, make_run
from tests.vectors.cases import Cases, hexed
from tests.vectors.generate_ballot import P_BASE

_VOTES = ([1, 0, 2], [0, 1, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1])
_COMMITTEES = [
    (3, 2, 0),
    (4, 2, 1),
    (5, 2, 1),
    (5, 3, 0),
    (5, 3, 1),
    (6, 3, 1),
    (7, 3, 2),
    (7, 4, 0),
    (8, 2, 1),
    (10, 4, 3),
]


def shuffles() -> Cases:
    """Runs over 1, 2 and 5 ballots, all parts of one proof broken, groups and generators."""
    runs = [
        make_run(
            SharedBallots(_VOTES[:count], nodes, threshold, SeededRandomness(f"shuffle {count}"))
        )
        for count, nodes, threshold in ((1, 3, 2), (2, 4, 2), (5, 5, 3))
    ]
    return {
        "poll_context": hexed(CONTEXT.poll_context),
        "root_digest": hexed(CONTEXT.root_digest),
        "generators": [hexed(derive_generator(FIRST_GENERATOR + at)) for at in range(6)],
        "runs": [_run(one) for one in runs],
        "broken": [
            {"name": name, "run": 1, "record": hexed(record), "expect": expected}
            for name, record, expected in _broken(runs[1])
        ],
        "committees": [
            {
                "nodes": nodes,
                "threshold": threshold,
                "faults": faults,
                "may_shuffle": may_shuffle(nodes, threshold, faults),
                "fewest_groups": _fewest(nodes, threshold),
            }
            for nodes, threshold, faults in _COMMITTEES
        ],
        "covers": [
            {"nodes": 4, "threshold": 2, "groups": groups, "covers": covers(4, 2, groups)}
            for groups in _GROUPS
        ],
    }


_GROUPS: list[list[Group]] = [
    [],
    [(1, 2)],
    [(1, 2), (1, 3)],
    [(1, 2), (3, 4)],
    [(1, 2), (2, 3), (1, 3)],
]


def _fewest(nodes: int, threshold: int) -> list[Group] | None:
    groups = fewest_groups(nodes, threshold) if nodes <= 7 else None
    return None if groups is None else list(groups)


def _run(made: MadeRun) -> dict[str, Any]:
    ballots = made.ballots
    openings = combine_shares(dict(enumerate(made.shares, start=1)), ballots.threshold)
    return {
        "nodes": ballots.nodes,
        "threshold": ballots.threshold,
        "slots": len(ballots.votes[0]),
        "commitments": hexed(ballots.commitments.encode()),
        "record": hexed(made.record.encode()),
        "start": hexed(made.start.hash),
        "steps": list(_steps(made)),
        "commitments_after": hexed(made.commitments.encode()),
        "openings": hexed(encode_shares(openings)),
        "ballots_hash": hexed(ballots_hash(openings)),
    }


def _steps(made: MadeRun) -> Iterator[dict[str, Any]]:
    before = made.start
    for step, after in zip(made.steps, made.states, strict=True):
        proof = ShuffleProof.decode(made.ballots.curve, before.values, step.proof)
        claim = ShuffleClaim.of(before, step.group, proof)
        yield {
            "outputs": hexed(proof.outputs.encode()),
            "vector": [str(value) for value in claim.vector],
            "challenge": str(claim.challenge),
            "state": hexed(after.hash),
        }
        before = after


def _broken(made: MadeRun) -> Iterator[tuple[str, bytes, str]]:
    """Break a run over two ballots: `u32 turn ‖ u8 steps ‖ 2 × (group (2) ‖ 640 ‖ hash)`."""
    data = made.record.encode()
    yield "one byte short", data[:-1], "Malformed"
    yield "one byte over", data + b"\0", "Malformed"
    yield "empty", b"", "Malformed"
    yield "one step more than there are", data[:4] + b"\3" + data[5:], "Malformed"
    yield "another turn", data[:3] + b"\4" + data[4:], "Rejected"
    yield "another hash of the sharing", data[:678] + b"\0" + data[679:], "Rejected"
    step = 2 + 640 + 32
    yield "one step only", data[:4] + b"\1" + data[5 : 5 + step], "Rejected"
    yield (
        "steps in another order",
        data[:5] + data[5 + step :] + data[5 : 5 + step],
        "Rejected",
    )
    yield "one step twice", data[: 5 + step] + data[5 : 5 + step], "Rejected"
    for name, group in {
        "another group": (1, 3),
        "a group out of order": (2, 1),
        "a group with a node twice": (1, 1),
        "a group with node 0": (0, 1),
        "a group with node 5 of 4": (1, 5),
    }.items():
        yield name, data[:5] + bytes(group) + data[7:], "Rejected"
    fields = ("V' 1", "c 1", "chain 1", "chain mask 1", "chain mask 2", "T 1", "T 2")
    for number, name in enumerate(fields):
        at = 7 + 64 * number
        x, y = data[at : at + 32], data[at + 32 : at + 64]
        negated = unsigned(P_BASE - int.from_bytes(y, "big"), 32)
        for what, point, expected in (
            ("negated", x + negated, "Rejected"),
            ("replaced by the generator", unsigned(1, 32) + unsigned(2, 32), "Rejected"),
            ("is the identity", bytes(64), "Malformed"),
            ("off the curve", x + y[:-1] + bytes([y[-1] ^ 1]), "Malformed"),
            ("x plus p", _plus(x, P_BASE) + y, "Malformed"),
            ("y plus p", x + _plus(y, P_BASE), "Malformed"),
        ):
            yield f"{name} {what}", data[:at] + point + data[at + 64 :], expected
    scalars = ("chain response 1", "chain response 2", "permuted 1", "permuted 2")
    for number, name in enumerate((*scalars, "permutation response", "column response")):
        at = 7 + 448 + 32 * number
        value = data[at : at + 32]
        plus_one = unsigned((int.from_bytes(value, "big") + 1) % R, 32)
        yield f"{name} plus 1", data[:at] + plus_one + data[at + 32 :], "Rejected"
        yield f"{name} plus r", data[:at] + _plus(value, R) + data[at + 32 :], "Malformed"
    yield from _lies(made)


def _lies(made: MadeRun) -> Iterator[tuple[str, bytes, str]]:
    curve, head = made.ballots.curve, made.record.encode()[:7]
    rest = made.record.encode()[7 + 640 :]
    proof = ShuffleProof.decode(curve, made.start.values, made.steps[0].proof)

    def with_first_output(point: Points) -> bytes:
        return head + point.encode() + made.steps[0].proof[64:] + rest

    yield "the first ballot at both places", with_first_output(proof.outputs[1]), "Rejected"
    yield "an input where an output was", with_first_output(made.start.values[0]), "Rejected"
    added = curve.add(proof.outputs[0], curve.decode(derive_generator(1)))
    yield "a vote more in one ballot, and less in the other", with_first_output(added), "Rejected"
    opposite = curve.sum(made.start.values)
    yield "a last output that is the identity", with_first_output(opposite), "Malformed"


def _plus(value: bytes, modulus: int) -> bytes:
    return unsigned(int.from_bytes(value, "big") + modulus, 32)
