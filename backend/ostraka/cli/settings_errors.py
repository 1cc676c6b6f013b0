"""Report invalid settings of a long-running service."""

import re
from typing import NoReturn

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from ostraka.wire.wording import reason_of


def refuse_settings(prefix: str, error: ValidationError | SettingsError) -> NoReturn:
    """Print each problem under the name of its variable, and end with exit code 2."""
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
