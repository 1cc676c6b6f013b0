"""What the first member of a group draws for one step, and what each member gets of it.

Source: docs/protocol.md §19.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.randomness import Randomness
from ostraka_verifier.curve import Points, R
from ostraka_verifier.encoding import Reader, scalars, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.shuffle import Group, ShuffleKey

_DRAWN_BYTES = 8


@dataclass(frozen=True)
class MemberDeal:
    """What one member of the group must know of a step. Secret, and erased after the step.

    Attributes:
        permutation: `π(1) − 1 … π(N) − 1`: the input at each output's place, from 0.
        blindings: The member's own `δ_1 … δ_N`.
    """

    permutation: tuple[int, ...]
    blindings: tuple[int, ...]

    def __repr__(self) -> str:
        # A permutation in a log or traceback would link ballots to voters.
        return f"MemberDeal(ballots={len(self.permutation)})"

    def encode(self) -> bytes:
        """Return `u32 π(p)` for each position, then its scalars: `36 N` bytes."""
        places = [unsigned(place + 1, 4) for place in self.permutation]
        return b"".join(places) + scalars(self.blindings)

    @classmethod
    def decode(cls, data: bytes, ballots: int) -> "MemberDeal":
        """Read what the first member sent.

        Raises:
            Malformed: Another length, no permutation, an unreduced scalar.
        """
        reader = Reader(data, "deal")
        permutation = tuple([reader.unsigned(4, "permutation") - 1 for _ in range(ballots)])
        blindings = tuple([reader.scalar("blindings") for _ in range(ballots)])
        reader.end()
        if sorted(permutation) != list(range(ballots)):
            raise Malformed("deal.permutation", "not each input once")
        return cls(permutation, blindings)


@dataclass(frozen=True)
class Deal:
    """All that the first member draws. Secret, and erased after the step.

    Attributes:
        group: The members.
        members: The deal of each, in the same order; all have one permutation.
    """

    group: Group
    members: tuple[MemberDeal, ...]

    def __repr__(self) -> str:
        return f"Deal(group={self.group})"

    @property
    def permutation(self) -> tuple[int, ...]:
        """The input at each output's place, from 0."""
        return self.members[0].permutation

    @property
    def blindings(self) -> list[int]:
        """`ε_p = Σ_h δ_{h,p}` of each position; they add up to zero."""
        columns = zip(*(member.blindings for member in self.members), strict=True)
        return [sum(column) % R for column in columns]


def draw_deal(group: Group, ballots: int, randomness: Randomness) -> Deal:
    """Draw a uniform permutation, and uniform blindings that add up to zero.

    Args:
        ballots: At least 1.
        randomness: The operating system's, and never a seed: positions stay secret for ever.
    """
    permutation = draw_permutation(ballots, randomness)
    drawn = [randomness.scalar() for _ in range(len(group) * ballots - 1)]
    drawn.append(-sum(drawn) % R)
    return Deal(
        group,
        tuple(
            MemberDeal(permutation, tuple(drawn[at * ballots : (at + 1) * ballots]))
            for at in range(len(group))
        ),
    )


def draw_permutation(count: int, randomness: Randomness) -> tuple[int, ...]:
    """Draw a permutation of `0 … count − 1`, each with the same probability (Fisher and Yates)."""
    places = list(range(count))
    for last in range(count - 1, 0, -1):
        chosen = draw_below(last + 1, randomness)
        places[last], places[chosen] = places[chosen], places[last]
    return tuple(places)


def draw_below(bound: int, randomness: Randomness) -> int:
    """Draw a uniform integer in [0, bound), for bounds up to 2^32."""
    # Numbers above the last multiple of the bound would make small ones likelier.
    end = 2 ** (8 * _DRAWN_BYTES) // bound * bound
    while True:
        drawn = int.from_bytes(randomness.bytes(_DRAWN_BYTES), "big")
        if drawn < end:
            return drawn % bound


def shuffled_values(
    key: ShuffleKey, values: Points, permutation: Sequence[int], blindings: Sequence[int]
) -> Points:
    """Return `V'_p = V_{π(p)} + ε_p H`.

    Args:
        values: `V_1 … V_N`.
        permutation: The input at each output's place, from 0.
        blindings: `ε_1 … ε_N`.
    """
    moved = key.curve.concat([values[place] for place in permutation])
    return key.curve.add(moved, key.blinding_table.commit([[one] for one in blindings]))
