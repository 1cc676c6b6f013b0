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


def figure_at_least(
    group: str, name: str, value: float | None, unit: str, goal: float, how: str, digits: int
) -> dict[str, Any]:
    """Return a figure whose goal is to reach a value.

    Args:
        value: None if it could not be measured; `how` then states why.
        digits: As for `figure_at_most`.
    """
    return {
        "group": group,
        "name": name,
        "value": None if value is None else round(value, digits),
        "unit": unit,
        "goal": goal,
        "op": ">=",
        "met": value is not None and value >= goal,
        "how": how,
    }
