"""Nodes that ask honest helpers for repairs together, and what they learn from the answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ostraka.node.repair_shares import Contribution, Helper, Pair, RepairRequest, SignedSeed
from ostraka.sealing import contribution_info
from ostraka_verifier.encoding import Reader
from ostraka_verifier.sharing import Share, lagrange
from tests.support.equations import SLOT, Equations
from tests.support.polls import SyntheticPoll
from tests.support.repairs import contribution_of, request_for, share_of


@dataclass(frozen=True)
class Sent:
    """An honest helper's contribution as its target opens it."""

    request: RepairRequest
    helper: int
    value: int
    points: Mapping[Pair, bytes]


def opened(poll: SyntheticPoll, request: RepairRequest, helper: int, answer: Contribution) -> Share:
    """A masked share as its target opens it."""
    info = contribution_info(poll.context, request.hash, helper, request.target)
    plain = poll.poll_keys[request.target - 1].open(answer.box, info)
    return Share.read(Reader(plain, "contribution"), len(poll.rule.slots), "contribution")


def ask(
    poll: SyntheticPoll,
    request: RepairRequest,
    helper: Helper,
    seeds: Mapping[Pair, SignedSeed],
) -> Sent:
    """Second leg at one honest helper, with whatever seeds the coalition hands over."""
    answer = contribution_of(poll, request, helper, seeds)
    share = opened(poll, request, helper.node, answer)
    points = zip(request.pairs_of(helper.node), answer.masks, strict=True)
    return Sent(
        request, helper.node, share.values[SLOT], {pair: point for pair, (point, _) in points}
    )


Masks = dict[tuple[bytes, Pair], int]
"""The slot's mask by repair and pair."""


def solve(
    poll: SyntheticPoll, coalition: Sequence[int], sent: Iterable[Sent], known: Masks
) -> int | None:
    """The vote, if a coalition can compute it."""
    equations = Equations(poll.threshold)
    for node in coalition:
        equations.add_share(node, share_of(poll, node))
    for one in sent:
        helpers = one.request.helpers
        coefficient = lagrange(helpers, one.request.target)[helpers.index(one.helper)]
        masks = [
            (1 if pair[0] == one.helper else -1, point, known.get((one.request.hash, pair)))
            for pair, point in one.points.items()
        ]
        equations.add_contribution(one.helper, coefficient, masks, one.value)
    return equations.vote()


def requests_of(poll: SyntheticPoll, target: int, attempts: int = 2) -> list[RepairRequest]:
    """More than helpers answer: every set of helpers, each more than once."""
    others = [node for node in range(1, poll.nodes + 1) if node != target]
    return [
        request_for(poll, target, helpers, attempt)
        for helpers in combinations(others, poll.threshold)
        for attempt in range(attempts)
    ]
