"""A measured value beside its goal."""

from typing import Any


def figure_at_most(
    group: str, name: str, value: float, unit: str, goal: float, how: str, digits: int
) -> dict[str, Any]:
    """Return a figure (`benchmarks.__main__.Figure`) whose goal is not to exceed a value.

    Args:
        digits: Decimals of the value that are kept.
    """
    return {
        "group": group,
        "name": name,
        "value": round(value, digits),
        "unit": unit,
        "goal": goal,
        "op": "<=",
        "met": value <= goal,
        "how": how,
    }
