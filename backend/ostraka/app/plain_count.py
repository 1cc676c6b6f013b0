"""A plain count of a `.pb` file, to hold a private tally against.

Deliberately shares no code with anything else in Ostraka: it reads the file by itself.
"""

from pathlib import Path


def count_votes(path: Path, voters: int | None = None) -> dict[str, int]:
    """Votes of each project id, by the file's first `voters` voters or by all."""
    counts: dict[str, int] = {}
    section, header, seen = "", [""], 0
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        text = line.strip()
        if text in ("META", "PROJECTS", "VOTES"):
            section, header = text, []
        elif section and not header:
            header = text.split(";")
        elif section == "PROJECTS" and text:
            counts[text.split(";")[header.index("project_id")]] = 0
        elif section == "VOTES" and text and (voters is None or seen < voters):
            seen += 1
            for chosen in text.split(";")[header.index("vote")].strip('"').split(","):
                if chosen:
                    counts[chosen] += 1
    return counts
