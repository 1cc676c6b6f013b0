"""The titles of a `.pb` file's poll and options, short enough for a description.

Source: https://pabulib.org/format; docs/protocol.md §17.7.
"""

from ostraka.formats.election import distinct, shortened
from ostraka.formats.pabulib import PabulibError, PabulibFile
from ostraka.wire.titles import first_alike

TITLE_BYTES = 150
_ALL_TITLES_BYTES = 28_000
"""Limit of all options' names together: a description has each twice, in 65,536 bytes."""


def names_of(file: PabulibFile) -> tuple[str, ...]:
    """Return one title for each project, in the file's order.

    Names that are too long are cut, and names that occur twice get their project's id.

    Raises:
        PabulibError: Two titles still look alike.
    """
    most = min(TITLE_BYTES, _ALL_TITLES_BYTES // len(file.projects))
    short = [shortened(project.name, most) for project in file.projects]
    ids = [shortened(project.project_id, most) for project in file.projects]
    names = distinct(short, ids, most)
    alike = first_alike(names)
    if alike is not None:
        later, first = (file.projects[slot] for slot in alike)
        reason = f"looks like that of project {first.project_id} in line {first.line}"
        raise PabulibError(f"{file.path}:{later.line}: name: {reason}")
    return names


def title_of(file: PabulibFile) -> str:
    """Return the poll's title, at most `TITLE_BYTES` of UTF-8."""
    return shortened(file.meta.get("description", "Participatory budget"), TITLE_BYTES)
