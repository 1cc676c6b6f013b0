"""Answers for people, as tables, and for programs, as JSON."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ostraka.wire.wording import utc_time


def emit(as_json: bool, answer: object, *shown: RenderableType) -> None:
    """Print `answer` as JSON for programs, or the given texts and tables for people."""
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console = Console()
    for one in filter(None, shown):
        console.print(printable(one) if isinstance(one, str) else one, markup=False)


def note(as_json: bool, text: str) -> None:
    """Print a note for people on standard error, apart from the answer."""
    if text and not as_json:
        typer.echo(printable(text), err=True)


def facts(pairs: Mapping[str, object]) -> Table:
    """Return names and values as rows. Values that are None are left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, value in pairs.items():
        if value is not None:
            grid.add_row(name, _cell(value))
    return grid


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> Table:
    """Return a table of rows under headings."""
    made = Table(title=None if title is None else _cell(title))
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def progress(as_json: bool, *, transient: bool = True) -> Progress:
    """Return a progress bar on standard error, disabled for programs."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=as_json,
        transient=transient,
    )


def when(unix_s: Any) -> str | None:
    """Format a time for people."""
    if unix_s is None:
        return None
    return utc_time(int(unix_s))


def printable(text: str) -> str:
    """Replace characters that move a terminal's cursor or set colours: titles can be anybody's."""
    return "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cf") and sign != "\n" else sign
        for sign in text
    )


def _cell(value: object) -> Text:
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("" if value is None else printable(str(value)))
