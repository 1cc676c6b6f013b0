"""Every problem type of the table is made by some code, and met by some test."""

import ast
from pathlib import Path

import pytest

from ostraka.wire.problem_types import BY_URI, URI_PREFIX, ProblemType

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend/ostraka"
TABLE = BACKEND / "wire/problem_types.py"
TESTS = [
    path
    for folder, suffix in (("tests", "*.py"), ("tests/web", "*.ts"))
    for path in sorted((ROOT / folder).rglob(suffix))
    if path != Path(__file__)
]


def types_named(tree: ast.AST) -> set[str]:
    """Names of problem types in code, as `ProblemType.NAME`."""
    return {
        one.attr
        for one in ast.walk(tree)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == "ProblemType"
    }


def types_made(path: Path) -> set[str]:
    """Types of which a file makes problems; what a route only declares is not made."""
    tree = ast.parse(path.read_text())
    if "routers" not in path.parts:
        return types_named(tree)
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    made = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Problem"]
    return {name for one in made for name in types_named(one)}


DECLARING = {TABLE, BACKEND / "wire/ballot_requests.py", BACKEND / "wire/openapi.py"}
MADE = {
    name for path in BACKEND.rglob("*.py") if path not in DECLARING for name in types_made(path)
}
TEXT = "\n".join(path.read_text() for path in TESTS)


@pytest.mark.parametrize("kind", ProblemType, ids=lambda kind: kind.code)
def test_some_code_makes_it(kind: ProblemType) -> None:
    assert kind.name in MADE


@pytest.mark.parametrize("kind", ProblemType, ids=lambda kind: kind.code)
def test_some_test_meets_it(kind: ProblemType) -> None:
    assert f"ProblemType.{kind.name}" in TEXT or kind.title in TEXT or kind.uri in TEXT


def test_codes_and_titles_are_one_each() -> None:
    assert len(BY_URI) == len({kind.title for kind in ProblemType}) == len(ProblemType)
    assert all(uri.startswith(URI_PREFIX) for uri in BY_URI)
