"""What a round fixes of its ballots and of its outcome rule, as the treasury takes it.

The contract writes the poll's rules from these bytes and the proposals that stand; what is
impossible it refuses.

Source: docs/protocol.md §17.7, contracts/RoundRules.sol.
"""

from collections.abc import Sequence

from ostraka.chain.treasury import BallotKind
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome import Misfit, Order

_GREEDY, _CATEGORIES, _PROPORTIONAL = 1, 4, 5


def single_choice() -> bytes:
    """Exactly one proposal."""
    return unsigned(BallotKind.SINGLE_CHOICE, 1)


def approval(at_least: int, at_most: int) -> bytes:
    """So many proposals; where fewer stand, at most all of them."""
    return unsigned(BallotKind.APPROVAL, 1) + unsigned(at_least, 2) + unsigned(at_most, 2)


def knapsack() -> bytes:
    """Any proposals that the budget can pay together."""
    return unsigned(BallotKind.KNAPSACK, 1)


def score(max_score: int) -> bytes:
    """A score of 0 … `max_score` for each proposal."""
    return unsigned(BallotKind.SCORE, 1) + unsigned(max_score, 8)


def points(credits: int, at_least: int = 0) -> bytes:
    """Between `at_least` and `credits` points for any proposals."""
    return unsigned(BallotKind.POINTS, 1) + unsigned(credits, 8) + unsigned(at_least, 8)


def quadratic(credits: int) -> bytes:
    """Votes for any proposals whose squares together cost at most `credits`."""
    return unsigned(BallotKind.QUADRATIC, 1) + unsigned(credits, 8)


def ranking(scores: Sequence[int]) -> bytes:
    """A first, second, … proposal, one for each of at least two scores, all places filled."""
    places = [unsigned(len(scores), 2), *(unsigned(one, 8) for one in scores)]
    return unsigned(BallotKind.RANKING, 1) + b"".join(places)


def greedy(order: Order, misfit: Misfit, minimum_support: int) -> bytes:
    """Fund by rank while the budget lasts (§14.3)."""
    return bytes([_GREEDY, order, misfit]) + unsigned(minimum_support, 16)


def greedy_by_category(
    budgets: Sequence[int],
    order: Order,
    misfit: Misfit,
    leftover: bool,
    minimum_support: int,
) -> bytes:
    """Fund by rank while budgets of categories, together at most the round's, last (§14.6)."""
    head = bytes([_CATEGORIES, order, misfit, leftover]) + unsigned(minimum_support, 16)
    return head + unsigned(len(budgets), 2) + b"".join(unsigned(one, 16) for one in budgets)


def proportional() -> bytes:
    """Divide the budget by votes (§14.7); proposals ask for no amount."""
    return bytes([_PROPORTIONAL])
