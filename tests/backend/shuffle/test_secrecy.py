"""What fewer than `t` nodes see of a shuffle has one distribution, whoever cast which ballot.

The real code runs in a field of 5 or 7 elements, on a group whose logarithms everybody knows. For
given ballots, permutations and challenges, everything that a node sees is an affine function of the
randomness; the test finds the function by running the code, and compares what all randomness gives:
each space of views is an affine space in which every view has the same probability. So two
distributions are equal exactly if the same spaces occur equally often over all permutations.

In the end every node releases its aggregate share, as in a summed poll; all of these are in the
view. The masks `T` of a proof are left out: the equations of §19.7 compute them from the rest. A
mistake of honest code, or a coalition of `t` nodes, must make the distributions differ.
"""

import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from math import factorial
from typing import Any, cast

import pytest

from ostraka.node.shuffle import dealing, proving, resharing
from ostraka.node.shuffle.dealing import Deal, draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka.node.shuffle.resharing import (
    Resharing,
    combine_commitments,
    combine_sub_shares,
    reshare,
)
from ostraka_verifier import sharing, tally_proof
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    Group,
    ShuffleClaim,
    ShuffleProof,
    combine_shares,
    proof,
    shares,
    sharing_hash,
    verify_claims,
)
from ostraka_verifier.shuffle.proof import Responses
from tests.support import shuffles
from tests.support.shuffles import SharedBallots, without_values
from tests.support.small_field import Row, SmallCurve, SmallPoints, coset, echelon

Draws = tuple[int, ...]
Spaces = Counter[tuple[Any, ...]]


@dataclass
class Tape:
    """Randomness that is written down, to be read once."""

    scalars: Sequence[int]
    draws: Sequence[int]
    read: int = 0
    drawn: int = 0

    def scalar(self) -> int:
        self.read += 1
        return self.scalars[self.read - 1] if self.read <= len(self.scalars) else 0

    def bytes(self, size: int) -> bytes:
        self.drawn += 1
        return unsigned(self.draws[self.drawn - 1], size)


@dataclass(frozen=True)
class Scene:
    """What happens, and who looks.

    Attributes:
        nodes: Number of nodes.
        threshold: `t`.
        bad: Nodes that pool what they see.
        runs: The groups of each run. Every run starts from the cast ballots.
        opened: The runs whose last state is opened.
        spoil: Changes an honest deal.
        repeat: Whether members use their coefficients for every position.
        masked: Whether the prover draws the randomness of its proofs; otherwise it is zero.
        released: Whether all nodes release their aggregate shares of the cast ballots.
    """

    nodes: int
    threshold: int
    bad: tuple[int, ...]
    runs: tuple[tuple[Group, ...], ...]
    opened: tuple[int, ...] = (0,)
    spoil: Callable[[Deal], Deal] = field(default=lambda deal: deal)
    repeat: bool = False
    masked: bool = True
    released: bool = True

    @property
    def steps(self) -> int:
        return sum(map(len, self.runs))


class Seen:
    """Everything that the bad nodes see: numbers of the field, and plain facts."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.facts: list[object] = []

    def points(self, points: object) -> None:
        assert isinstance(points, SmallPoints)
        self.numbers += points.logarithms

    def shares(self, all_shares: Sequence[Share]) -> None:
        for share in all_shares:
            self.numbers += (*share.values, share.blinding)


def watch(scene: Scene, order: int, votes: Sequence[int], tape: Tape) -> Seen:
    """Run the protocol and return what the bad nodes see."""
    seen = Seen()
    curve = cast(Curve, SmallCurve(order))
    ballots = SharedBallots([[vote] for vote in votes], scene.nodes, scene.threshold, tape, curve)
    seen.points(ballots.commitments)
    for node in scene.bad:
        seen.shares(ballots.shares[node - 1])
    for number, groups in enumerate(scene.runs):
        _watch_run(scene, ballots, groups, seen, opened=number in scene.opened)
    if scene.released:
        weights = [1] * len(votes)
        seen.shares([tally_proof.aggregate(own, weights, 1) for own in ballots.shares])
    return seen


def _watch_run(
    scene: Scene, ballots: SharedBallots, groups: Sequence[Group], seen: Seen, *, opened: bool
) -> None:
    tape, curve, state, held = ballots.randomness, ballots.curve, ballots.start, ballots.shares
    for group in groups:
        deal = scene.spoil(draw_deal(group, len(ballots.votes), tape))
        outputs = shuffled_values(
            ballots.shuffle_key, state.values, deal.permutation, deal.blindings
        )
        seen.points(outputs)
        masks = tape if scene.masked else Tape((), ())
        proven = prove_shuffle(
            ballots.shuffle_key, state, group, outputs, deal.permutation, deal.blindings, masks
        )
        decoded = decode_proof(proven, outputs)
        verify_claims(
            ballots.shuffle_key,
            [ShuffleClaim(state.values, decoded, U[: len(outputs)], X)],
            secrets.randbits,
        )
        seen.points(decoded.permutation)
        seen.points(decoded.chain)
        chain, permuted, *others = decoded.responses
        seen.numbers += (*chain, *permuted, *cast("list[int]", others))
        made: dict[int, Resharing] = {}
        for member, dealt in zip(group, deal.members, strict=True):
            own = Repeated(tape, len(dealt.permutation)) if scene.repeat else tape
            made[member] = reshare(
                ballots.key, group, member, scene.nodes, held[member - 1], dealt, own
            )
            seen.points(made[member].commitments)
            if member in scene.bad:
                seen.facts.append(deal.permutation)
                seen.numbers += dealt.blindings
            for node in scene.bad:
                seen.shares(made[member].sub_shares[node - 1])
        new = combine_commitments(
            curve, outputs, scene.threshold, {h: one.commitments for h, one in made.items()}
        )
        held = [
            combine_sub_shares([one.sub_shares[node] for one in made.values()])
            for node in range(scene.nodes)
        ]
        state = state.after(group, outputs, sharing_hash(new.sharing))
        assert new.sharing == without_values(curve, new.commitments, scene.threshold)
    if opened:
        for released in held:
            seen.shares(released)
        openings = combine_shares(dict(enumerate(held, start=1)), scene.threshold)
        seen.shares(openings)


class Repeated:
    """A member's randomness that gives every position the coefficients of the first one."""

    def __init__(self, tape: Any, positions: int) -> None:
        self._tape = tape
        self._positions = positions
        self._known: list[int] = []
        self._given = 0

    def scalar(self) -> int:
        each = self.each
        if len(self._known) < each:
            self._known.append(self._tape.scalar())
        self._given += 1
        return self._known[(self._given - 1) % each]

    def bytes(self, size: int) -> bytes:
        raise AssertionError("members draw scalars")

    each = 2  # One slot and the blinding, for t = 2.


U = (2, 3, 1)
"""Challenge vector of every proof; the argument holds for each one."""
X = 4


def decode_proof(data: bytes, outputs: Any) -> ShuffleProof:
    """Read a proof whose points are logarithms."""
    count = len(outputs)
    numbers = [
        int.from_bytes(data[at : at + 64], "big") for at in range(0, 64 * (4 * count - 1), 64)
    ]
    rest = data[64 * (4 * count - 1) :]
    scalars = [int.from_bytes(rest[at : at + 32], "big") for at in range(0, len(rest), 32)]

    def points(start: int, end: int) -> Any:
        return SmallPoints(numbers[start:end])

    return ShuffleProof(
        outputs,
        points(count - 1, 2 * count - 2),
        points(2 * count - 2, 3 * count - 3),
        points(3 * count - 3, 4 * count - 3),
        points(4 * count - 3, 4 * count - 1),
        Responses(
            tuple(scalars[:count]), tuple(scalars[count : 2 * count]), scalars[-2], scalars[-1]
        ),
    )


def _given_vector(_transcript: object, _permutation: object, count: int) -> list[int]:
    return list(U[:count])


@contextmanager
def field_of(order: int) -> Iterator[None]:
    """Let the protocol's code compute modulo a small prime, with challenges that are given."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (dealing, proving, resharing, sharing, shares, proof, shuffles, tally_proof):
            patched.setattr(module, "R", order)
        patched.setattr(proving, "challenge_vector", _given_vector)
        patched.setattr(proving, "final_challenge", lambda *_: X)
        yield


def spaces(scene: Scene, order: int, votes: Sequence[int]) -> Spaces:
    """Return how often each space of views occurs over all permutations of honest nodes."""
    with field_of(order):
        one_step = [range(bound) for bound in range(len(votes), 1, -1)]
        found: Spaces = Counter()
        for draws in product(*(one_step * scene.steps)):
            found[_space(scene, order, votes, draws)] += 1
    assert found.total() == factorial(len(votes)) ** scene.steps
    return found


def _space(scene: Scene, order: int, votes: Sequence[int], draws: Draws) -> tuple[Any, ...]:
    def seen(scalars: Sequence[int]) -> tuple[Row, tuple[object, ...], int]:
        tape = Tape(scalars, draws)
        given = watch(scene, order, votes, tape)
        return tuple(given.numbers), tuple(given.facts), tape.read

    offset, facts, length = seen(())
    units = [[int(at == place) for at in range(length)] for place in range(length)]
    columns = [
        tuple((a - b) % order for a, b in zip(seen(unit)[0], offset, strict=True)) for unit in units
    ]
    # The function is affine: it is what its values at units say, everywhere.
    drawn = [random.Random(str(draws)).randrange(order) for _ in range(length)]
    expected = tuple(
        (start + sum(factor * column[at] for factor, column in zip(drawn, columns, strict=True)))
        % order
        for at, start in enumerate(offset)
    )
    assert seen(drawn)[0] == expected
    space = echelon(columns, order)
    return space, coset(offset, space, order), facts


ONE_STEP = Scene(3, 2, bad=(3,), runs=(((1, 2),),))


@pytest.mark.parametrize(
    "scene",
    [
        ONE_STEP,
        replace(ONE_STEP, runs=(((1, 2), (1, 3), (2, 3)),)),
        replace(ONE_STEP, runs=(((1, 2),), ((1, 2),)), opened=(0, 1)),
        replace(ONE_STEP, runs=(((1, 2),), ((1, 2),)), opened=(1,)),
        replace(ONE_STEP, released=False),
    ],
    ids=["one step", "a whole run", "two opened runs", "a dropped run", "before the release"],
)
def test_a_node_sees_the_same_whoever_cast_which_ballot(scene: Scene) -> None:
    assert spaces(scene, 5, (0, 1)) == spaces(scene, 5, (1, 0))
    # The ballots themselves are opened.
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (0, 2))


def test_without_an_opened_run_the_sum_alone_is_seen() -> None:
    scene = replace(ONE_STEP, opened=())
    assert spaces(scene, 5, (0, 1)) == spaces(scene, 5, (1, 0)) == spaces(scene, 5, (3, 3))
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 1))


def test_three_voters_have_six_orders_and_one_distribution() -> None:
    first, *others = (spaces(ONE_STEP, 5, votes) for votes in ((0, 1, 2), (2, 1, 0), (1, 2, 0)))
    assert all(first == other for other in others)
    # Each order of the opened ballots occurs once.
    assert len(first) == 6


def test_two_nodes_of_six_see_the_same() -> None:
    scene = Scene(6, 3, bad=(2, 6), runs=(((1, 3, 5),),))
    assert spaces(scene, 7, (0, 1)) == spaces(scene, 7, (1, 0))
    enough = replace(scene, bad=(2, 4, 6))
    assert spaces(enough, 7, (0, 1)) != spaces(enough, 7, (1, 0))


def test_t_nodes_link_ballots_to_voters() -> None:
    scene = replace(ONE_STEP, bad=(2, 3))
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))


def test_groups_with_a_bad_node_each_hide_nothing() -> None:
    scene = replace(ONE_STEP, runs=(((1, 3), (2, 3)),))
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))


def test_coefficients_that_are_used_twice_link_ballots_to_voters() -> None:
    scene = replace(ONE_STEP, repeat=True)
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))


def test_without_a_blinding_of_its_own_a_member_shows_the_permutation() -> None:
    def first_blinds_for_all(deal: Deal) -> Deal:
        first, *others = deal.members
        blindings = tuple(deal.blindings)
        return replace(
            deal,
            members=(
                replace(first, blindings=blindings),
                *(replace(other, blindings=(0,) * len(blindings)) for other in others),
            ),
        )

    scene = replace(ONE_STEP, spoil=first_blinds_for_all)
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))


def test_without_any_blinding_outputs_show_the_permutation() -> None:
    def no_blinding(deal: Deal) -> Deal:
        members = tuple(
            replace(member, blindings=(0,) * len(member.blindings)) for member in deal.members
        )
        return replace(deal, members=members)

    scene = replace(ONE_STEP, spoil=no_blinding)
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))


def test_a_proof_without_masks_shows_the_permutation() -> None:
    scene = replace(ONE_STEP, masked=False)
    assert spaces(scene, 5, (0, 1)) != spaces(scene, 5, (1, 0))
