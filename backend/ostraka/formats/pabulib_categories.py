"""The categories of a `.pb` file, and its limits for each of them.

Source: https://pabulib.org/format; docs/protocol.md §14.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ostraka.formats.pabulib import PabulibError, PabulibFile, listed, whole_of

_T = TypeVar("_T")


@dataclass(frozen=True)
class Categories:
    """The categories of META, and the indices of each project's own categories."""

    names: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]

    def of(self, category: int) -> tuple[int, ...]:
        """Return the projects of a category."""
        return tuple(slot for slot, own in enumerate(self.members) if category in own)


def categories_of(file: PabulibFile) -> Categories:
    """Read META's categories and each project's own.

    Raises:
        PabulibError: META names a category twice, or one without a name.
    """
    names = listed(file.meta.get("categories", ""))
    if len(set(names)) != len(names):
        raise file.refusal("categories", "a category occurs twice")
    if "" in names:
        raise file.refusal("categories", "a category has no name")
    members = []
    for project in file.projects:
        # The name of a category may contain commas.
        written = (project.category,) if project.category in names else listed(project.category)
        members.append(tuple(names.index(one) for one in written if one in names))
    return Categories(names, tuple(members))


def _check_categories(file: PabulibFile, categories: Categories, name: str) -> None:
    """Check that each project's category is known, as a limit of categories needs it."""
    if not categories.names:
        raise file.refusal(name, "META names no categories")
    if "category" not in file.columns:
        raise file.refusal(name, "needs the column category, which is missing")
    for project, own in zip(file.projects, categories.members, strict=True):
        if (
            project.category
            and len(own) != len(listed(project.category))
            and (project.category not in categories.names)
        ):
            where = f"{file.path}:{project.line}: category"
            raise PabulibError(f"{where}: {project.category[:60]!r} is not a category of META")


def per_category(
    file: PabulibFile, categories: Categories, name: str, read: Callable[[str, str], _T]
) -> list[_T]:
    """Return a limit for each category; an empty list where the file sets none.

    Args:
        name: The limit's member of META.
        read: Reads one value; gets its text and `name`.

    Raises:
        PabulibError: The file does not say to which categories the values belong.
    """
    values = [read(part, name) for part in listed(file.meta.get(name, ""))]
    if not values:
        return []
    _check_categories(file, categories, name)
    if len(values) == 1:
        values *= len(categories.names)
    if len(values) != len(categories.names):
        many = f"{len(values)} values for {len(categories.names)} categories"
        raise file.refusal(name, many)
    return values


def whole_in(file: PabulibFile, name: str) -> Callable[[str, str], int]:
    """Return a reader of whole numbers for `per_category`; `name` is the limit, for messages."""
    return lambda text, _: whole_of(text, f"{file.where(name)}: {name}")
