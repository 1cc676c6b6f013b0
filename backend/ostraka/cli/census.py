"""`ostraka census …`: electorates in files, before a poll uses them."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli.client import AsJson
from ostraka.cli.output import emit, facts, table
from ostraka.planning.account_file import COLUMNS, read_accounts
from ostraka_verifier.census import MINIMUM_CLASS
from ostraka_verifier.errors import Malformed
from ostraka_verifier.weight_classes import (
    LARGEST_HOLDERS,
    MAX_CLASSES,
    ClassRule,
    Distortion,
    class_weight,
    distortion,
    read_class_rule,
    weight_classes,
)
from ostraka_verifier.wording import counted

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Electorates in files, before a poll uses them.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Electorates in files, before a poll uses them."""


def _rule(text: str) -> ClassRule:
    number = text.isascii() and text.isdigit() and len(text) < 10
    try:
        return read_class_rule(int(text) if number else text, "classes")
    except Malformed as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def classes(
    file: Annotated[Path, typer.Argument(help="CSV file of accounts with weights.")],
    rule: Annotated[
        Any,
        typer.Option(
            "--classes",
            parser=_rule,
            metavar="N",
            help="Maximum number of classes; or powers_of_two; or equal, for one member, one vote. "
            "Default: as many classes as possible.",
        ),
    ] = str(MAX_CLASSES),
    shared_by: Annotated[
        int, typer.Option(min=MINIMUM_CLASS, help="Minimum number of voters in each class.")
    ] = MINIMUM_CLASS,
    out: Annotated[
        Path | None, typer.Option(help="New CSV file with the weights of the classes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make weights equal within classes, so that no weight identifies a voter; show the distortion.

    A poll can be secret only if at least five voters share each weight: nodes refuse other polls. A
    voter who weighed more than another never weighs less afterwards. `classes = N` in the
    electorate of a specification has the same effect.

    Example: ostraka census classes members.csv --classes 4 --out classes.csv
    """
    entries = read_accounts(file)
    before = [entry["weight"] for entry in entries]
    made = weight_classes(before, rule, shared_by)
    after = [class_weight(made, weight) for weight in before]
    changed = distortion(before, after)
    total = sum(after)
    answer = {
        "voters": len(before),
        "rule": rule,
        "classes": [
            {
                "weight": str(one.value),
                "voters": one.voters,
                "lowest": str(one.lowest),
                "highest": str(one.highest),
                "share_before": str(Fraction(one.total, sum(before))),
                "share_after": str(Fraction(one.value * one.voters, total)),
            }
            for one in made
        ],
        "distortion": {
            "largest_loss": str(changed.largest_loss),
            "largest_gain": str(changed.largest_gain),
            "largest_holders": min(LARGEST_HOLDERS, len(before)),
            "largest_before": str(changed.largest_before),
            "largest_after": str(changed.largest_after),
            "rank_inversions": changed.inversions,
        },
        "file": None if out is None else str(out),
    }
    if out is not None:
        with out.open("x", newline="", encoding="utf-8") as written:
            lines = csv.writer(written, lineterminator="\n")
            lines.writerow(COLUMNS)
            for entry, weight in zip(entries, after, strict=True):
                lines.writerow((entry["account"], weight, entry.get("signing_key", "")))
    rows = (
        (
            one.value,
            one.voters,
            str(one.lowest) if one.lowest == one.highest else f"{one.lowest} to {one.highest}",
            _per_cent(Fraction(one.total, sum(before))),
            _per_cent(Fraction(one.value * one.voters, total)),
        )
        for one in made
    )
    columns = ("Weight", "Voters", "Weights before", "Share before", "Share after")
    emit(as_json, answer, table(columns, rows), _shown(changed, len(before)))


def _shown(changed: Distortion, voters: int) -> Any:
    before, after = _per_cent(changed.largest_before), _per_cent(changed.largest_after)
    largest = counted(min(LARGEST_HOLDERS, voters), "holder", "holders")
    return facts(
        {
            "Largest loss of a voter's share": _per_cent(changed.largest_loss),
            "Largest gain of a voter's share": _per_cent(changed.largest_gain),
            f"Share of the largest {largest}": f"{before} before, {after} after",
            "Voters ranked lower than before": changed.inversions,
        }
    )


def _per_cent(share: Fraction) -> str:
    return f"{float(100 * share):.4g} %"
