"""What voters buy together with equal shares, and for how much larger shares they buy the same.

Money is counted in whole parts of the smallest unit. A purchase that divides money makes the parts
smaller. Each amount has a *slope*, its growth for one increment of add-one: as long as no
comparison of a run comes out differently, all amounts grow in proportion to the number of
increments. A run therefore finds for how many further increments its outcome holds, so that add-one
need not try each of them, and the next run begins at the purchase that may differ.

Source: docs/protocol.md §14.10.2.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, takewhile
from math import gcd

from ostraka_verifier.outcome.ballots import Profile
from ostraka_verifier.outcome.steps import Bought, Unaffordable

_Payer = tuple[int, int, int]
"""A class of voters with equal money, the points that they give to an option, and their number."""


@dataclass(frozen=True)
class _Offer:
    """An option's price for one unit of utility, `due / (points * scale)`, or a lower bound of it.

    Attributes:
        due, slope: What those supporters pay together who do not pay all that they have.
        points: Which they give to the option together.
        scale: Parts of money in the smallest unit, times the utility of a point.
        poor, rich: Supporters who pay all that they have, and the others; empty for a bound.
    """

    slot: int
    due: int
    slope: int
    points: int
    scale: int
    poor: Sequence[_Payer] = ()
    rich: Sequence[_Payer] = ()

    @cached_property
    def rank(self) -> tuple[Fraction, int]:
        """Price and slot: the least one is bought."""
        return Fraction(self.due, self.points * self.scale), self.slot

    def over(self, other: "_Offer") -> tuple[int, int]:
        """Return by how much it is dearer, and its slope, in some unit."""
        own, its = self.points * self.scale, other.points * other.scale
        return self.due * its - other.due * own, self.slope * its - other.slope * own

    def raised(self, increments: int) -> "_Offer":
        """Return the bound, or the price, with shares raised further."""
        return replace(self, due=self.due + self.slope * increments, poor=(), rich=())


@dataclass(frozen=True)
class _State:
    """What voters have before a purchase.

    Attributes:
        increments: By how many each share was raised.
        money, slopes: Of each voter of a class, in parts. Class 0 has none.
        classes: The class of each group of equal ballots.
        parts: In the smallest unit of money.
        offers: Of options not yet bought; prices of earlier states, which are lower bounds.
    """

    increments: int
    money: list[int]
    slopes: list[int]
    classes: list[int]
    parts: int
    offers: list[_Offer]

    def at(self, increments: int) -> "_State":
        """Return the state with other shares, if the purchases before are the same."""
        more = increments - self.increments
        money = [own + slope * more for own, slope in zip(self.money, self.slopes, strict=True)]
        offers = [offer.raised(more) for offer in self.offers]
        return replace(self, increments=increments, money=money, offers=offers)


@dataclass
class _Purchase:
    """One purchase, or that there is none.

    Attributes:
        before: The state before it.
        offer: What is bought.
        until: Up to how many increments it is the same; None for any number.
    """

    before: _State
    offer: _Offer | None = None
    until: int | None = None

    def holds_while_negative(self, value: int, slope: int) -> None:
        """Note that the purchase is the same as long as a negative value stays negative."""
        if slope > 0:
            self._holds_for((-value - 1) // slope)

    def holds_while_natural(self, value: int, slope: int) -> None:
        """Note that it is the same as long as a value of at least 0 does not become negative."""
        if slope < 0:
            self._holds_for(value // -slope)

    def _holds_for(self, further: int) -> None:
        increments = self.before.increments + further
        if self.until is None or increments < self.until:
            self.until = increments


@dataclass
class Purchases:
    """One run: its purchases, the last of which buys nothing."""

    made: list[_Purchase]

    @property
    def options(self) -> list[int]:
        """Bought options in their order."""
        return [one.offer.slot for one in self.made if one.offer]

    @property
    def until(self) -> int:
        """Up to how many increments the same is bought; ValueError if for any number."""
        return min(one.until for one in self.made if one.until is not None)


class Market:
    """Voters and options."""

    def __init__(
        self, votes: Profile, costs: Sequence[int], budget: int, increment: int, by_cost: bool
    ) -> None:
        """Read a profile.

        Args:
            costs, budget: In the smallest unit of money.
            increment: By what add-one raises each share, in the same unit.
            by_cost: Whether a point is worth the cost of its option, instead of 1.
        """
        self.voters = votes.voters
        self._costs, self._budget, self._increment = costs, budget, increment
        self._worth = [cost if by_cost else 1 for cost in costs]
        self._groups = len(votes.groups)
        # Of each option: groups, by the points that they give and the number of their voters.
        self._supporters = [defaultdict[tuple[int, int], list[int]](list) for _ in costs]
        for group, (ballot, count) in enumerate(votes.groups):
            for slot, points in enumerate(ballot):
                if points:
                    self._supporters[slot][points, count].append(group)
        self.points = [
            sum(points * count * len(own) for (points, count), own in given.items())
            for given in self._supporters
        ]
        """Of each option, by all voters."""
        self.candidates = [
            slot for slot, cost in enumerate(costs) if self.points[slot] and cost <= budget
        ]
        """Options that can be bought: they have points, and the whole budget pays for them."""

    def buy(self) -> Purchases:
        """Return what voters buy with equal shares of the budget."""
        # With points from everyone the price is lowest, so this bounds it.
        offers = [
            _Offer(slot, self._costs[slot], 0, self.points[slot], self._worth[slot])
            for slot in self.candidates
        ]
        slopes = [0, self._increment * self.voters]
        classes = [1] * self._groups
        start = _State(0, [0, self._budget], slopes, classes, self.voters, offers)
        return self._run([], start)

    def buy_after(self, run: Purchases, increments: int) -> Purchases:
        """Return what voters buy after more increments than in another run."""
        same = list(takewhile(lambda one: one.until is None or one.until >= increments, run.made))
        if len(same) == len(run.made):
            return run
        return self._run(same, run.made[len(same)].before.at(increments))

    def steps(self, run: Purchases, increments: int) -> list[Bought | Unaffordable]:
        """Return the purchases of a run that holds for a number of increments.

        After them come the options that it does not buy, by slot.
        """
        steps = list[Bought | Unaffordable]()
        left = self._budget + increments * self._increment * self.voters
        before, bought = run.made[0].before.at(increments), set[int]()
        for one, following in pairwise(run.made):
            assert one.offer is not None
            slot, after = one.offer.slot, following.before.at(increments)
            left -= self._costs[slot]
            finer = after.parts // before.parts
            own = [
                (
                    before.money[before.classes[group]] * finer,
                    after.money[after.classes[group]],
                    count,
                )
                for group, count in self._all(slot)
            ]
            steps.append(
                Bought(
                    slot,
                    Fraction(self._costs[slot]),
                    one.offer.raised(increments - one.before.increments).rank[0],
                    sum(count for _, _, count in own),
                    sum(count for _, now, count in own if not now),
                    Fraction(max(was - now for was, now, _ in own), after.parts),
                    Fraction(left),
                )
            )
            bought.add(slot)
            before = after
        for slot, cost in enumerate(self._costs):
            if slot not in bought:
                groups = self._all(slot)
                money = sum(before.money[before.classes[group]] * count for group, count in groups)
                supporters = sum(count for _, count in groups)
                rest = Fraction(money, before.parts)
                steps.append(Unaffordable(slot, Fraction(cost), supporters, rest))
        return steps

    def _all(self, slot: int) -> list[tuple[int, int]]:
        given = self._supporters[slot]
        return [(group, count) for (_, count), own in given.items() for group in own]

    def _run(self, made: list[_Purchase], state: _State) -> Purchases:
        """Buy until nothing is affordable.

        Args:
            made: Purchases before, which hold for the state's increments.
        """
        while True:
            purchase = _Purchase(state)
            made.append(purchase)
            offers = self._renewed(purchase)
            if not offers:
                return Purchases(made)
            purchase.offer = offer = min(offers, key=lambda one: one.rank)
            offers.remove(offer)
            for other in offers:
                if other.slot > offer.slot:
                    purchase.holds_while_natural(*other.over(offer))
                else:
                    purchase.holds_while_negative(*offer.over(other))
            state = self._pay(purchase, offer, offers)

    def _renewed(self, purchase: _Purchase) -> list[_Offer]:
        """Return the offers for a purchase: the lowest price, and prices or bounds of others."""
        state = purchase.before
        # Nearly sorted since the purchase before.
        state.offers.sort(key=lambda offer: offer.rank)
        offers = list[_Offer]()
        best: _Offer | None = None
        for number, bound in enumerate(state.offers):
            if best is not None and bound.rank > best.rank:
                return offers + state.offers[number:]
            offer = self._offer(purchase, bound.slot)
            if offer is not None:
                # A closer bound for runs that begin here.
                state.offers[number] = offer
                offers.append(offer)
                if best is None or offer.rank < best.rank:
                    best = offer
        return offers

    def _offer(self, purchase: _Purchase, slot: int) -> _Offer | None:
        """Return the price of an option; None if its supporters cannot pay it."""
        state = purchase.before
        money, slopes, class_of = state.money, state.slopes, state.classes.__getitem__
        rich: list[_Payer] = [
            (number, points, times * count)
            for (points, count), own in self._supporters[slot].items()
            for number, times in Counter(map(class_of, own)).items()
        ]
        due, slope, total = self._costs[slot] * state.parts, 0, self.points[slot]
        excess = sum(money[number] * count for number, _, count in rich) - due
        if excess < 0:
            growth = sum(slopes[number] * count for number, _, count in rich)
            purchase.holds_while_negative(excess, growth)
            return None
        poor = list[_Payer]()
        while True:
            # Supporters pay all they have if that is less than the price of their points.
            asked, all_points, still = due, total, list[_Payer]()
            for one in rich:
                number, points, count = one
                if money[number] * all_points >= asked * points:
                    still.append(one)
                else:
                    poor.append(one)
                    due -= money[number] * count
                    slope -= slopes[number] * count
                    total -= points * count
            if len(still) == len(rich):
                scale = state.parts * self._worth[slot]
                return _Offer(slot, due, slope, total, scale, poor, rich)
            rich = still

    def _pay(self, purchase: _Purchase, offer: _Offer, offers: list[_Offer]) -> _State:
        """Return the state after a purchase."""
        state = purchase.before
        due, slope, total = offer.due, offer.slope, offer.points
        for payers, holds in (
            (offer.poor, purchase.holds_while_negative),
            (offer.rich, purchase.holds_while_natural),
        ):
            for number, points, _ in payers:
                holds(
                    state.money[number] * total - due * points,
                    state.slopes[number] * total - slope * points,
                )
        divisor = gcd(due, slope, total)
        due, slope, finer = due // divisor, slope // divisor, total // divisor
        money = [own * finer for own in state.money]
        slopes = [own * finer for own in state.slopes]
        after = {(number, points): 0 for number, points, _ in offer.poor}
        for number, points, _ in offer.rich:
            if (number, points) not in after:
                after[number, points] = len(money)
                money.append(money[number] - due * points)
                slopes.append(slopes[number] - slope * points)
        classes = state.classes.copy()
        for (points, _), own in self._supporters[offer.slot].items():
            for group in own:
                classes[group] = after[classes[group], points]
        parts = state.parts * finer
        return _State(state.increments, money, slopes, classes, parts, offers)
