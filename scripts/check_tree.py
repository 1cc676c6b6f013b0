"""Refuse what must never be committed: machine paths, registry hosts, build outputs, secrets.

Also refuse lines of documentation and source files that are too long to read or to compare. The
check covers the files that git tracks and those that it would add.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Split so that this file does not find itself.
FORBIDDEN_TEXT = re.compile(
    "|".join(
        (
            # Only at the start of a path: URLs may have such a part.
            r"(?<![\w.})])/(wor" r"k|roo" r"t|home/\w+)/",
            r"registry\.npm" r"js",
            r"py" r"pi\.org",
            r"python" r"hosted",
            r"crates" r"\.io",
            r"BEGIN \w* ?PRIVATE KEY",
        )
    )
)
FORBIDDEN_NAME = re.compile(
    r"(^|/)(uv\.lock|Cargo\.lock|\.env|\.venv|node_modules|artifacts|build|dist|target|__pycache__)(/|$)"
    r"|\.egg-info(/|$)|\.(so|whl|pyc|db|sqlite3?)$|\.(db|sqlite3?)-(wal|shm|journal)$"
)

LONGEST_LINE = 120
"""Maximum length of a line of documentation; see docs/style.md."""
LONGEST_LINES = {"docs/protocol.md": 100}
"""Documents with a different limit."""
LINK = re.compile(r"\]\([^)]*\)|https?://\S+")

MOST_LINES = 500
"""Maximum number of lines of a source file; a longer one is split by noun."""
SOURCES = frozenset({".go", ".js", ".py", ".rs", ".sol", ".ts", ".tsx"})
GENERATED = {
    "web/src/messages/ids.ts": "web/catalogues.ts writes it: one line for each message",
}
"""Source files that may be longer, each with the reason."""


def long_lines(name: str, text: str) -> Iterator[str]:
    """Yield a message for each line of a Markdown file that is too long.

    Lines of tables and code blocks are exempt, since they cannot be wrapped. The targets of links
    do not count.

    Args:
        name: Path of the file within the repository.
        text: Its content.
    """
    limit = LONGEST_LINES.get(name, LONGEST_LINE)
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.lstrip().startswith("|"):
            length = len(LINK.sub("", line))
            if length > limit:
                yield f"{name}:{number}: {length} characters, at most {limit}"


def too_many_lines(name: str, text: str) -> Iterator[str]:
    """Yield a message for a source file that is too long and that no program writes.

    Args:
        name: Path of the file within the repository.
        text: Its content.
    """
    lines = len(text.splitlines())
    if Path(name).suffix in SOURCES and name not in GENERATED and lines > MOST_LINES:
        yield f"{name}: {lines} lines, at most {MOST_LINES}"


def main() -> int:
    """Check every file. Return exit code 1 if one must not be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        capture_output=True,
        check=True,
    )
    problems = []
    for name in listed.stdout.decode().split("\0"):
        path = Path(name)
        if not name or not path.is_file():
            continue
        if FORBIDDEN_NAME.search(name):
            problems.append(f"{name}: must not be tracked")
        text = path.read_text(errors="replace")
        if path.suffix == ".md":
            problems += long_lines(name, text)
        problems += too_many_lines(name, text)
        for number, line in enumerate(text.splitlines(), start=1):
            found = FORBIDDEN_TEXT.search(line)
            if found:
                problems.append(f"{name}:{number}: {found.group()!r} must not be committed")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
