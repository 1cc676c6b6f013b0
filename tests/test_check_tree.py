"""`scripts/check_tree.py` finds what must not be committed, and what is too long."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "check_tree.py"
check_tree = runpy.run_path(str(SCRIPT))
long_lines, too_many_lines = check_tree["long_lines"], check_tree["too_many_lines"]


def found(name: str, text: str) -> list[str]:
    return list(long_lines(name, text))


@pytest.mark.parametrize(("name", "limit"), [("README.md", 120), ("docs/protocol.md", 100)])
def test_a_line_may_have_as_many_characters_as_its_document_allows(name: str, limit: int) -> None:
    assert found(name, "·" * limit) == []
    assert found(name, "first\n" + "·" * (limit + 1)) == [
        f"{name}:2: {limit + 1} characters, at most {limit}"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| " + "x" * 200 + " |",
        "  | " + "x" * 200 + " |",
        "```text\n" + "x" * 200 + "\n```",
        "see [the page](https://example.org/" + "x" * 200 + ")",
        "https://example.org/" + "x" * 200,
    ],
    ids=["table", "indented table", "code", "link", "address"],
)
def test_tables_code_and_links_are_exempt(text: str) -> None:
    assert found("README.md", text) == []


def test_text_after_a_code_block_is_not_exempt() -> None:
    text = "```text\n" + "x" * 200 + "\n```\n" + "y" * 121
    assert found("README.md", text) == ["README.md:4: 121 characters, at most 120"]


@pytest.mark.parametrize("suffix", ["py", "ts", "tsx", "js", "sol", "rs"])
def test_a_source_file_has_at_most_500_lines(suffix: str) -> None:
    name = f"folder/file.{suffix}"
    assert list(too_many_lines(name, "line\n" * 500)) == []
    assert list(too_many_lines(name, "line\n" * 501)) == [f"{name}: 501 lines, at most 500"]


def test_only_what_a_program_writes_may_be_longer() -> None:
    for name, reason in check_tree["GENERATED"].items():
        assert list(too_many_lines(name, "line\n" * 501)) == []
        text = (ROOT / name).read_text()
        assert "Written by" in text[:500], f"{name} does not say what writes it: {reason}"
        assert len(text.splitlines()) > 500, f"{name} needs no exception"
    assert list(too_many_lines("data/city.pb", "line\n" * 501)) == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty repository."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def checked(tree: Path) -> tuple[int, list[str]]:
    """Exit code and messages of the whole check."""
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=tree, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", "x = 1\n" * 501, "a.py: 501 lines, at most 500"),
        ("docs/a.md", "x" * 121, "docs/a.md:1: 121 characters, at most 120"),
        ("dist/a.js", "", "dist/a.js: must not be tracked"),
        ("node.db", "", "node.db: must not be tracked"),
        ("a.txt", "see /ro" + "ot/file", "a.txt:1: '/ro" + "ot/' must not be committed"),
        (
            "a.lock",
            "https://registry.np" + "mjs.org/x",
            "a.lock:1: 'registry.np" + "mjs' must not be committed",
        ),
        (
            "key.pem",
            "-----BEGIN PRIVATE" + " KEY-----",
            "key.pem:1: 'BEGIN PRIVATE" + " KEY' must not be committed",
        ),
    ],
    ids=["source", "documentation", "build output", "database", "path", "registry", "secret"],
)
def test_each_rule_refuses_a_tree(tree: Path, name: str, text: str, message: str) -> None:
    (tree / "good.py").write_text("x = 1\n" * 500)
    assert checked(tree) == (0, [])
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text(text)
    assert checked(tree) == (1, [message])
