"""Templates that the command line prints, and the examples of the documents."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ostraka.cli.main import app
from ostraka.cli.templates import POLL, ROUND
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification

NOW = 1_800_000_000
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ACCOUNT = "0x" + "ab" * 20


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [(ROUND, RoundSpecification), (POLL, PollSpecification)],
    ids=["round", "poll"],
)
def test_templates_are_valid(tmp_path: Path, text: str, kind: Any) -> None:
    write(tmp_path / "members.csv", f"account\n{ACCOUNT}\n")
    content = read_specification(write(tmp_path / "file.toml", text), kind, NOW)
    # What a template leaves out stands there as a comment: nothing that can be said is unknown.
    said = set(content) | {
        line[2:].split(" =")[0] for line in text.splitlines() if line.startswith("# ")
    }
    said |= {"voters"} if "# [voters]" in text else set()
    assert said >= set(kind.model_fields)
    defaults = kind.model_validate({**content, "times": {}})
    assert kind.model_validate(content).times == defaults.times


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    is_round = "proposals_close_at" in tomllib.loads(path.read_text())
    kind: Any = RoundSpecification if is_round else PollSpecification
    assert read_specification(path, kind, NOW)["title"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minimum_amount": '"6.5"'}, "minimum_amount: 6.5, more than maximum_amount of 6"),
        ({"maximum_amount": 0}, "minimum_amount: 0.1, more than maximum_amount of 0"),
        ({"maximum_amount": '"11 ETH"'}, "maximum_amount: 11, more than the budget of 10"),
        (
            {"minimum_amount": 11, "maximum_amount": None},
            "minimum_amount: 11, more than the budget of 10",
        ),
        ({"minimum_ballots": 0}, "minimum_ballots: expected at least 1"),
    ],
)
def test_rounds_that_the_treasury_refuses_are_refused(
    tmp_path: Path, changes: dict[str, int | str | None], said: str
) -> None:
    """Said by the file's check already, by the name of the line that is wrong."""
    (tmp_path / "members.csv").write_text(f"account\n{ACCOUNT}\n")
    lines = ROUND.splitlines()
    for name, value in changes.items():
        (place,) = [place for place, line in enumerate(lines) if line.startswith(f"{name} =")]
        lines[place] = "" if value is None else f"{name} = {value}"
    path = write(tmp_path / "round.toml", "\n".join(lines))
    done = CliRunner().invoke(app, ["round", "check", str(path)])
    assert done.exit_code != 0
    assert said in done.stderr.replace("\n", " ")
