"""Load the settings of a long-running service, and report invalid ones."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from ostraka.wire.wording import reason_of

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

_T = TypeVar("_T")


def load_settings(load: Callable[[], _T], prefix: str) -> _T:
    """Return what `load` returns. Print invalid settings, and end with exit code 2.

    Args:
        prefix: Of the variables' names.
    """
    # Slow to import.
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return load()
    except (ValidationError, SettingsError) as error:
        _refuse(prefix, error)


def _refuse(prefix: str, error: "ValidationError | SettingsError") -> NoReturn:
    from pydantic_settings import SettingsError

    if isinstance(error, SettingsError):
        # The library's message names the field, and also a class of the library.
        field = re.search(r'field "(\w+)"', str(error))
        name = field[1].upper() if field else ""
        typer.echo(f'{prefix}{name}: expected a JSON list, such as ["…", "…"]', err=True)
        raise typer.Exit(2) from None
    for problem in error.errors():
        name = "_".join(str(part) for part in problem["loc"]).upper()
        typer.echo(f"{prefix}{name}: {reason_of(problem)}", err=True)
    raise typer.Exit(2) from None
