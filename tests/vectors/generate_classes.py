"""Vectors of weight classes, and of what a description says of a census's source."""

from collections.abc import Sequence

from ostraka_verifier.snapshot import CensusSource
from ostraka_verifier.weight_classes import ClassRule, weight_classes
from tests.vectors.cases import Cases

SOURCE = {"kind": "votes", "contract": "0x" + "ab" * 20, "block": 77, "unit": "100"}

CASES: list[tuple[str, list[int], ClassRule]] = [
    ("everybody alike", [3] * 6, 4),
    ("each weight shared already", [1] * 5 + [7] * 5, 320),
    ("one holder alone joins the next lower", [1] * 5 + [10] * 5 + [1000], 320),
    ("a lone voter between joins the lower", [10] * 5 + [39] + [40] * 5, 320),
    ("a lone voter at the bottom joins the one above", [1] * 2 + [10] * 5 + [11] * 5, 320),
    ("no more voters than one class", [1, 2, 3, 4, 5], 320),
    ("of equal ratios the lower neighbours", [10] * 5 + [20] * 5 + [40] * 5, 2),
    ("the lesser ratio", [10] * 5 + [20] * 5 + [39] * 5, 2),
    ("nobody shares a weight", list(range(1, 18)), 320),
    ("two classes", [1] * 5 + [2] * 5 + [8] * 5 + [9] * 5, 2),
    ("one class", [1] * 5 + [100] * 5, 1),
    ("means are rounded down", [1, 1, 1, 1, 2, 2], 1),
    ("powers of two", [1, 2, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 9, 9, 15, 16, 16], "powers_of_two"),
    ("powers of two with a lone holder", [4, 5, 5, 6, 7, 2**100], "powers_of_two"),
    ("equal", [1, 5, 25, 125, 625], "equal"),
    ("largest weights", [2**128 - 1] * 5 + [2**128 - 2] * 4, 2),
    ("a tail of rising holders", [1] * 20 + [2**power for power in range(1, 14)], 3),
]
REFUSED_RULES = (0, 321, -1, "4", "fibonacci", "", [4], {}, True, 1.5)


def classes() -> Cases:
    """Classes of weights, electorates too small for any, invalid rules."""
    valid = []
    for name, weights, rule in CASES:
        made = [
            {
                "value": str(one.value),
                "voters": one.voters,
                "lowest": str(one.lowest),
                "highest": str(one.highest),
            }
            for one in weight_classes(weights, rule)
        ]
        valid.append({"name": name, "weights": _written(weights), "rule": rule, "classes": made})
    small = [
        {"name": f"four voters, {rule}", "weights": _written([1] * 4), "rule": rule}
        for rule in (1, "powers_of_two", "equal")
    ]
    rules = [("no classes", None), *((one, one) for one in (1, 320, "powers_of_two", "equal"))]
    return {
        "cases": valid,
        "refused": [one | {"expect": "Rejected"} for one in small],
        "sources": [{"name": str(name), "source": _source(rule)} for name, rule in rules],
        "refused_sources": [
            {
                "name": repr(rule),
                "source": SOURCE | {"classes": rule},
                "expect": "Malformed",
            }
            for rule in REFUSED_RULES
        ],
    }


def _source(rule: ClassRule | None) -> dict[str, object]:
    source = SOURCE if rule is None else SOURCE | {"classes": rule}
    return CensusSource.from_json(source).to_json()


def _written(weights: Sequence[int]) -> list[str]:
    return [str(weight) for weight in weights]
