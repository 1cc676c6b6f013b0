"""What voters buy together with equal shares, and for how much larger shares they buy the same.

Money is counted in whole parts of the smallest unit. A purchase that divides money makes the parts
smaller. Each amount has a *slope*, its growth for one increment of add-one: as long as no
comparison of a run comes out differently, all amounts grow in proportion to the number of
increments. A run therefore finds for how many further increments its outcome holds, so that add-one
need not try each of them.

Source: docs/protocol.md §14.10.2.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd

from ostraka_verifier.outcome.ballots import Profile
from ostraka_verifier.outcome.steps import Bought, Unaffordable

_Purse = tuple[int, int, int]
"""Money that voters have, its slope, and the points that they give to an option."""


@dataclass(frozen=True)
class _Offer:
    """An option's price for one unit of utility, `due / (points * scale)`.

    Attributes:
        due, slope: What those supporters pay together who do not pay all that they have.
        points: Which they give to the option together.
        scale: Parts of money in the smallest unit, times the utility of a point.
        poor, rich: Supporters who pay all that they have, and the others.
    """

    due: int
    slope: int
    points: int
    scale: int
    poor: Counter[_Purse] = field(default_factory=Counter)
    rich: Counter[_Purse] = field(default_factory=Counter)

    @cached_property
    def price(self) -> Fraction:
        """Of one unit of utility, in the smallest unit of money."""
        return Fraction(self.due, self.points * self.scale)

    def over(self, other: "_Offer") -> tuple[int, int]:
        """Return by how much it is dearer, and its slope, in some unit."""
        own, its = self.points * self.scale, other.points * other.scale
        return self.due * its - other.due * own, self.slope * its - other.slope * own


@dataclass
class Purchases:
    """One run.

    Attributes:
        money: What each voter of a group has left, in parts.
        slopes: Its growth for one increment.
        parts: In the smallest unit of money.
        left: Money of all voters together, in the smallest unit.
        options: Bought ones, in their order.
        steps: Their purchases.
        holds_for: For how many increments more the same is bought; None for any number.
    """

    money: list[int]
    slopes: list[int]
    parts: int
    left: int
    options: list[int] = field(default_factory=list)
    steps: list[Bought] = field(default_factory=list)
    holds_for: int | None = None

    def holds_while_negative(self, value: int, slope: int) -> None:
        """Note that the outcome holds as long as a negative value stays negative."""
        if slope > 0:
            self._holds_for((-value - 1) // slope)

    def holds_while_natural(self, value: int, slope: int) -> None:
        """Note that the outcome holds as long as a value of at least 0 does not become negative."""
        if slope < 0:
            self._holds_for(value // -slope)

    def _holds_for(self, increments: int) -> None:
        if self.holds_for is None or increments < self.holds_for:
            self.holds_for = increments


class Market:
    """Voters and options."""

    def __init__(self, votes: Profile, costs: Sequence[int], budget: int, by_cost: bool) -> None:
        """Read a profile.

        Args:
            costs, budget: In the smallest unit of money.
            by_cost: Whether a point is worth the cost of its option, instead of 1.
        """
        self.voters = votes.voters
        self._costs = costs
        self._worth = [cost if by_cost else 1 for cost in costs]
        self._groups = len(votes.groups)
        self._supporters = [
            [(group, votes.groups[group][0][slot], votes.groups[group][1]) for group in groups]
            for slot, groups in enumerate(votes.by_slot(len(costs)))
        ]
        self.points = [sum(points * count for _, points, count in own) for own in self._supporters]
        """Of each option, by all voters."""
        self.candidates = [
            slot for slot, cost in enumerate(costs) if self.points[slot] and cost <= budget
        ]
        """Options that can be bought: they have points, and the whole budget pays for them."""

    def buy(self, budget: int, increment: int) -> Purchases:
        """Return what voters buy with equal shares of a budget.

        Args:
            increment: By what each share might grow.
        """
        slopes = [increment * self.voters] * self._groups
        run = Purchases([budget] * self._groups, slopes, self.voters, budget)
        # Prices never fall, since voters only lose money: an earlier price is a lower bound.
        offers = {
            slot: _Offer(self._costs[slot], 0, self.points[slot], self._worth[slot])
            for slot in self.candidates
        }
        while True:
            chosen = self._cheapest(run, offers)
            if chosen is None:
                return run
            offer = offers.pop(chosen)
            for slot, other in offers.items():
                if slot > chosen:
                    run.holds_while_natural(*other.over(offer))
                else:
                    run.holds_while_negative(*offer.over(other))
            self._pay(run, chosen, offer)

    def unaffordable(self, run: Purchases) -> list[Unaffordable]:
        """Return the options that a run does not buy, by slot."""
        return [
            Unaffordable(
                slot,
                Fraction(self._costs[slot]),
                sum(count for _, _, count in own),
                Fraction(sum(run.money[group] * count for group, _, count in own), run.parts),
            )
            for slot, own in enumerate(self._supporters)
            if slot not in run.options
        ]

    def _cheapest(self, run: Purchases, offers: dict[int, _Offer]) -> int | None:
        """Return the option with the lowest price, of several the lowest slot; renew offers."""
        best: tuple[Fraction, int] | None = None
        for bound, slot in sorted((offer.price, slot) for slot, offer in offers.items()):
            if best is not None and (bound, slot) > best:
                break
            offer = self._offer(run, slot)
            if offer is None:
                del offers[slot]
                continue
            offers[slot] = offer
            if best is None or (offer.price, slot) < best:
                best = offer.price, slot
        return best[1] if best is not None else None

    def _offer(self, run: Purchases, slot: int) -> _Offer | None:
        """Return the price of an option; None if its supporters cannot pay it."""
        rich = Counter[_Purse]()
        for group, points, count in self._supporters[slot]:
            rich[run.money[group], run.slopes[group], points] += count
        due, slope = self._costs[slot] * run.parts, 0
        excess = sum(money * count for (money, _, _), count in rich.items()) - due
        if excess < 0:
            growth = sum(growth * count for (_, growth, _), count in rich.items())
            run.holds_while_negative(excess, growth)
            return None
        total = self.points[slot]
        poor = Counter[_Purse]()
        while True:
            found = [purse for purse in rich if purse[0] * total < due * purse[2]]
            if not found:
                scale = run.parts * self._worth[slot]
                return _Offer(due, slope, total, scale, poor, rich)
            for purse in found:
                poor[purse] = count = rich.pop(purse)
                money, growth, points = purse
                due -= money * count
                slope -= growth * count
                total -= points * count

    def _pay(self, run: Purchases, slot: int, offer: _Offer) -> None:
        due, slope, total = offer.due, offer.slope, offer.points
        for own, growth, points in offer.poor:
            run.holds_while_negative(own * total - due * points, growth * total - slope * points)
        for own, growth, points in offer.rich:
            run.holds_while_natural(own * total - due * points, growth * total - slope * points)
        divisor = gcd(due, slope, total)
        due, slope, finer = due // divisor, slope // divisor, total // divisor
        left = dict.fromkeys(offer.poor, (0, 0)) | {
            purse: (purse[0] * finer - due * purse[2], purse[1] * finer - slope * purse[2])
            for purse in offer.rich
        }
        money = [before * finer for before in run.money]
        slopes = [before * finer for before in run.slopes]
        for group, points, _ in self._supporters[slot]:
            purse = run.money[group], run.slopes[group], points
            money[group], slopes[group] = left[purse]
        payments = [purse[0] * finer for purse in offer.poor]
        payments += [due * points for _, _, points in offer.rich]
        run.money, run.slopes, run.parts = money, slopes, run.parts * finer
        run.options.append(slot)
        run.left -= self._costs[slot]
        run.steps.append(
            Bought(
                slot,
                Fraction(self._costs[slot]),
                offer.price,
                sum(count for _, _, count in self._supporters[slot]),
                sum(count for group, _, count in self._supporters[slot] if not money[group]),
                Fraction(max(payments), run.parts),
                Fraction(run.left),
            )
        )
