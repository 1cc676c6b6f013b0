"""Run groups of measurements, print them with their goals and write them to build/bench.json.

    python -m benchmarks [--list] [GROUP…]

A group is a module of this package with `measure()`, which yields one figure after another. Exit
codes: 0 measured, whether or not the goals were met, because the machine may be busy; 1 a group
failed; 2 wrong usage.
"""

import argparse
import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypedDict, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ostraka_verifier.wording import noun

GROUPS = (
    "curve",
    "ballot",
    "audit",
    "auditor",
    "shuffle",
    "cluster",
    "chain",
    "gas",
    "node",
    "web",
    "browser",
    "lighthouse",
    "commands",
    "cities",
)
RESULT = Path(__file__).parent.parent / "build" / "bench.json"


class Figure(TypedDict):
    """A measured value and its goal, as in build/bench.json."""

    group: str
    name: str
    value: float | None
    """None if it could not be measured; `how` states why."""
    unit: str
    goal: float
    op: Literal["<=", ">="]
    """Comparison of value and goal that means that the goal is met."""
    met: bool
    how: str


def groups_present() -> list[str]:
    """Return the groups whose modules exist, in the order of a full run."""
    return [name for name in GROUPS if importlib.util.find_spec(f"benchmarks.{name}")]


def measure(group: str) -> Iterator[Figure]:
    """Yield the figures of a group, each as soon as it is measured."""
    module = importlib.import_module(f"benchmarks.{group}")
    for figure in module.measure():
        missing = Figure.__required_keys__ - set(figure)
        if missing:
            raise ValueError(f"benchmarks.{group}: a figure lacks {', '.join(sorted(missing))}")
        yield cast("Figure", figure)


def table_of(figures: Iterable[Figure]) -> Table:
    """Return figures as a table for people."""
    table = Table("group", "figure", title="Measurements and goals", title_justify="left")
    table.add_column("value", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("met")
    table.add_column("how")
    for figure in figures:
        value = "not measured" if figure["value"] is None else f"{figure['value']:,g}"
        table.add_row(
            figure["group"],
            escape(figure["name"]),
            f"{value} {figure['unit']}".strip(),
            f"{'≤' if figure['op'] == '<=' else '≥'} {figure['goal']:,g}",
            "[green]yes[/]" if figure["met"] else "[red]no[/]",
            escape(figure["how"]),
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups that the command line names; without names, all groups."""
    present = groups_present()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and compare with the goals."
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(present))
    parser.add_argument("--list", action="store_true", help="list the groups and exit")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(present))
        return 0
    unknown = [name for name in chosen.groups if name not in present]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; the groups are: {', '.join(present)}")

    console = Console()
    figures: list[Figure] = []
    broken: list[str] = []
    for group in dict.fromkeys(chosen.groups or present):
        start = time.perf_counter()
        try:
            with console.status(f"Measuring {group}"):
                figures.extend(measure(group))
        except Exception:
            # The figures of the other groups are still useful.
            console.print_exception()
            broken.append(group)
        console.print(f"{group}: {time.perf_counter() - start:.0f} s")
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    console.print(table_of(figures))
    met = sum(figure["met"] for figure in figures)
    goals = noun(len(figures), "goal", "goals")
    console.print(f"{met} of {len(figures)} {goals} met. Saved to build/{RESULT.name}.")
    for group in broken:
        console.print(f"[red]{group} failed: its figures are incomplete.[/]")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
