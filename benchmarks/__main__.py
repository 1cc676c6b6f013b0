"""Run groups of measurements, print them beside their goals and write them to build/bench.json.

    python -m benchmarks [--list] [GROUP…]

A group is a module of this package with `measure()`, which yields one figure after another. Exit
code 0: measured, goals met or not, for a busy machine is no fault; 1: a group broke off; 2: usage.
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

GROUPS = ("curve", "ballot", "audit", "chain", "node", "web", "browser", "cities")
RESULT = Path(__file__).parent.parent / "build" / "bench.json"


class Figure(TypedDict):
    """One measured value and its goal, as build/bench.json holds it."""

    group: str
    name: str
    value: float | None
    """None: could not be measured; `how` says why."""
    unit: str
    goal: float
    op: Literal["<=", ">="]
    """How value and goal compare when the goal is met."""
    met: bool
    how: str


def groups_present() -> list[str]:
    """The groups whose modules exist, in the order of a full run."""
    return [name for name in GROUPS if importlib.util.find_spec(f"benchmarks.{name}")]


def measure(group: str) -> Iterator[Figure]:
    """The figures of one group, each as soon as it is there."""
    module = importlib.import_module(f"benchmarks.{group}")
    for figure in module.measure():
        missing = Figure.__required_keys__ - set(figure)
        if missing:
            raise ValueError(f"benchmarks.{group}: a figure lacks {', '.join(sorted(missing))}")
        yield cast("Figure", figure)


def table_of(figures: Iterable[Figure]) -> Table:
    """Figures for a reader."""
    table = Table("group", "figure", title="Measured, beside the goals", title_justify="left")
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
    """Run what the command line names; every group that is there when it names none."""
    present = groups_present()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(present))
    parser.add_argument("--list", action="store_true", help="name the groups and end")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(present))
        return 0
    unknown = [name for name in chosen.groups if name not in present]
    if unknown:
        parser.error(f"no group {', '.join(unknown)}; there are: {', '.join(present)}")

    console = Console()
    figures: list[Figure] = []
    broken: list[str] = []
    for group in dict.fromkeys(chosen.groups or present):
        start = time.perf_counter()
        try:
            with console.status(f"Measuring {group}"):
                figures.extend(measure(group))
        except Exception:
            # The other groups' figures are worth having all the same.
            console.print_exception()
            broken.append(group)
        console.print(f"{group}: {time.perf_counter() - start:.0f} s")
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    console.print(table_of(figures))
    met = sum(figure["met"] for figure in figures)
    console.print(f"{met} of {len(figures)} goals met. Written to build/{RESULT.name}.")
    for group in broken:
        console.print(f"[red]{group} broke off: its figures are not complete.[/]")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
