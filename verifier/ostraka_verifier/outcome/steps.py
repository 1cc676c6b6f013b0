"""How a rule on opened ballots reaches its outcome, in plain data that pages and reports show.

Source: docs/protocol.md §14.10.6. Vectors: tests/vectors/ballot_outcomes.json.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar


@dataclass(frozen=True)
class Shares:
    """The money that equal shares gives each voter.

    Attributes:
        voters: Number of ballots.
        first: A voter's share of the budget, in the smallest unit.
        increments: How often add-one raised it.
        share: The raised share.
    """

    kind: ClassVar[str] = "shares"
    voters: int
    first: Fraction
    increments: Fraction
    share: Fraction


@dataclass(frozen=True)
class Bought:
    """An option that its supporters bought under equal shares.

    Attributes:
        rho: Price of one unit of utility.
        supporters: Number of voters with points for it.
        paid_all: Those of them who have nothing left.
        most: The largest payment of one voter.
        left: Money that all voters together have left.
    """

    kind: ClassVar[str] = "bought"
    option: int
    cost: Fraction
    rho: Fraction
    supporters: int
    paid_all: int
    most: Fraction
    left: Fraction


@dataclass(frozen=True)
class Unaffordable:
    """An option that its supporters cannot buy.

    Attributes:
        supporters: Number of voters with points for it.
        money: What they together have left.
    """

    kind: ClassVar[str] = "unaffordable"
    option: int
    cost: Fraction
    supporters: int
    money: Fraction


@dataclass(frozen=True)
class _Visited:
    """An option that the utilitarian completion visits.

    Attributes:
        utility: Of all voters.
        left: What the budget has left.
    """

    option: int
    cost: Fraction
    utility: Fraction
    left: Fraction


class Completed(_Visited):
    """An option that the utilitarian completion added."""

    kind: ClassVar[str] = "completed"


class Skipped(_Visited):
    """An option that the utilitarian completion passed over: it costs more than is left."""

    kind: ClassVar[str] = "skipped"


@dataclass(frozen=True)
class Count:
    """A count of instant runoff or of the single transferable vote, and what follows from it.

    Attributes:
        votes: Of each option; None for those eliminated before.
        exhausted: Votes that no option has any more.
        quota: Votes that elect an option; None under instant runoff.
        elected: By this count, those with most votes first.
        eliminated: The option whose votes are transferred because it has the fewest.
        surplus: The option whose votes beyond the quota are transferred.
        tied: Options among which a tie was broken; empty without a tie.
        looked_back: Number of the earlier count, from 0, that broke it; None if the slots did.
        transfers: What each option gets of the votes transferred.
        transferred_exhausted: The rest of the votes transferred.
    """

    kind: ClassVar[str] = "count"
    votes: tuple[Fraction | None, ...]
    exhausted: Fraction
    quota: Fraction | None
    elected: tuple[int, ...]
    eliminated: int | None
    surplus: int | None
    tied: tuple[int, ...]
    looked_back: int | None
    transfers: tuple[Fraction, ...]
    transferred_exhausted: Fraction


@dataclass(frozen=True)
class _Afforded:
    """An option whose supporters have earned its cost under Phragmén's rule.

    Attributes:
        supporters: Number of voters who approve of it.
        time: Money that each voter has earned by now.
        left: What the budget has left.
    """

    option: int
    cost: Fraction
    supporters: int
    time: Fraction
    left: Fraction


class Funded(_Afforded):
    """An option that its supporters bought under Phragmén's rule."""

    kind: ClassVar[str] = "funded"


class Stopped(_Afforded):
    """The option that ended Phragmén's rule: the next one to buy, which costs more than is left."""

    kind: ClassVar[str] = "stopped"


Step = Shares | Bought | Unaffordable | Completed | Skipped | Count | Funded | Stopped


def steps_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return steps as JSON: numbers that may be large or fractions are strings, as `"7/3"`."""
    return [
        {"kind": step.kind}
        | {field.name: _plain(getattr(step, field.name)) for field in fields(step)}
        for step in steps
    ]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Fraction) else value
