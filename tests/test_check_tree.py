"""`scripts/check_tree.py` finds lines of documentation that are too long."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_tree.py"
long_lines = runpy.run_path(str(SCRIPT))["long_lines"]


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
