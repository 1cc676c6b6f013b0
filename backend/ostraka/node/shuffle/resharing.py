"""Share a shuffled state among all nodes again, and check what the others shared.

Source: docs/protocol.md §19.9.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ostraka.node.shuffle.dealing import MemberDeal
from ostraka.randomness import Randomness
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, Points, R
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share, lagrange
from ostraka_verifier.shuffle import Group, verify_state_shares


@dataclass(frozen=True)
class Resharing:
    """One member's fresh sharing of its part of every position.

    Attributes:
        commitments: For each position `C, A_1 … A_{t−1}`: those of the coefficients, by degree.
        sub_shares: For each node, node 1 first, its share of each position. Secret: each goes to
            its node alone, sealed.
    """

    commitments: Points
    sub_shares: tuple[tuple[Share, ...], ...]

    def __repr__(self) -> str:
        return f"Resharing(nodes={len(self.sub_shares)})"


def reshare(
    key: CommitmentKey,
    group: Group,
    member: int,
    nodes: int,
    shares: Sequence[Share],
    deal: MemberDeal,
    randomness: Randomness,
) -> Resharing:
    """Share a member's part of the shuffled state among all nodes.

    Args:
        key: For the poll's number of slots.
        group: The nodes that make the step; `t` of them.
        member: This node's index.
        nodes: Their number in the committee.
        shares: This node's share of each position of the state before.
        deal: What it was dealt.
        randomness: The operating system's. Coefficients that are used twice link ballots to voters.
    """
    coefficient = lagrange(group)[group.index(member)]
    openings: list[tuple[list[int], int]] = []
    sub_shares: list[list[Share]] = [[] for _ in range(nodes)]
    for place, delta in zip(deal.permutation, deal.blindings, strict=True):
        share = shares[place]
        constant = [coefficient * value % R for value in share.values]
        constant.append((coefficient * share.blinding + delta) % R)
        degrees = [constant] + [
            [randomness.scalar() for _ in constant] for _ in range(len(group) - 1)
        ]
        openings += [(degree[:-1], degree[-1]) for degree in degrees]
        for node, made in enumerate(sub_shares, start=1):
            at_node = degrees[-1]
            for degree in degrees[-2::-1]:
                at_node = [
                    (higher * node + lower) % R
                    for higher, lower in zip(at_node, degree, strict=True)
                ]
            made.append(Share(tuple(at_node[:-1]), at_node[-1]))
    return Resharing(key.commit(openings), tuple(map(tuple, sub_shares)))


@dataclass(frozen=True)
class NewSharing:
    """The sharing of a state after a step.

    Attributes:
        commitments: For each position `V', A'_1 … A'_{t−1}`.
        sharing: The same without `V'`, for the state's hash.
    """

    commitments: Points
    sharing: Points


def combine_commitments(
    curve: Curve, outputs: Points, threshold: int, members: Mapping[int, Points]
) -> NewSharing:
    """Add up the members' commitments, and check that they share the outputs of the proof.

    Args:
        outputs: `V'_1 … V'_N`.
        members: Each member's `C, A_1 … A_{t−1}` of each position.

    Raises:
        Malformed: Their number is another one; the item names the member.
        Rejected: The constant terms do not add up to the outputs (check A0), with which nobody is
            proven to lie; or a sum is the identity.
    """
    count = len(outputs)
    for member, points in members.items():
        if len(points) != threshold * count:
            raise Malformed(
                f"node {member}", f"{len(points)} commitments, expected {threshold * count}"
            )
    first, *others = members.values()
    total = first
    for points in others:
        total = curve.add(total, points)
    if total[::threshold] != outputs:
        raise Rejected("A0", "commitments", "the shared ballots are not those of the proof")
    higher = curve.concat([total[at * threshold + 1 : (at + 1) * threshold] for at in range(count)])
    return NewSharing(total, higher)


def combine_sub_shares(sub_shares: Sequence[Sequence[Share]]) -> list[Share]:
    """Return a node's share of each position: the sum of what all members sent it."""
    return [
        Share(
            tuple(
                sum(column) % R
                for column in zip(*(share.values for share in position), strict=True)
            ),
            sum(share.blinding for share in position) % R,
        )
        for position in zip(*sub_shares, strict=True)
    ]


def receive(
    curve: Curve,
    key: CommitmentKey,
    node: int,
    sharing: NewSharing,
    sub_shares: Sequence[Sequence[Share]],
    randomness: Callable[[int], int],
) -> list[Share]:
    """Return a node's shares of the new state, after checking all of them in one batch.

    Args:
        node: This node's index.
        sub_shares: Those of each member, in any order.
        randomness: `randomness(bits)`, unpredictable to the members.

    Raises:
        Rejected: They do not open the commitments (check A0). Which member sent a bad one, its own
            commitments show to this node alone, and nobody else can judge it.
    """
    shares = combine_sub_shares(sub_shares)
    verify_state_shares(curve, key, node, sharing.commitments, shares, randomness)
    return shares
