"""Tell what is wrong with the settings of a program that stays up."""

from typing import NoReturn

import typer
from pydantic import ValidationError

from ostraka.wire.wording import reason_of


def refuse_settings(prefix: str, error: ValidationError) -> NoReturn:
    """Print each problem under the name of its variable, and end with exit code 2."""
    for problem in error.errors():
        name = "_".join(str(part) for part in problem["loc"]).upper()
        typer.echo(f"{prefix}{name}: {reason_of(problem)}", err=True)
    raise typer.Exit(2) from None
