"""Load the settings of a long-running service, and report invalid ones."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from ostraka.cli.errors import USAGE, WrongFile
from ostraka.wire.wording import did_you_mean, place_of, reason_of

if TYPE_CHECKING:
    from pydantic import ValidationError

_T = TypeVar("_T")


def load_settings(load: Callable[[], _T], prefix: str, file: Path | None = None) -> _T:
    """Return what `load` returns. Print invalid settings, and end with exit code 2.

    Args:
        prefix: Of the variables' names.
        file: Settings file that `load` reads.

    Raises:
        WrongFile: The file is not TOML, or others may read it.
        OSError: It cannot be read.
    """
    # Slow to import.
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return load()
    except ValidationError as error:
        _refuse(list(_problems(error, prefix, file)))
    except SettingsError as error:
        # The library's message names the field, and also a class of the library.
        field = re.search(r'field "(\w+)"', str(error))
        name = field[1].upper() if field else ""
        _refuse([f'{prefix}{name}: expected a JSON list, such as ["…", "…"]'])
    except ValueError as error:
        if file is None:
            raise
        raise WrongFile(file, str(error)) from error


def _problems(error: "ValidationError", prefix: str, file: Path | None) -> Iterator[str]:
    """Yield a line for each wrong setting, which names it where it was written."""
    written = {} if file is None else tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    known = _known(prefix)
    for problem in error.errors():
        first, reason = str(problem["loc"][0]), reason_of(problem)
        if problem["type"] == "extra_forbidden":
            reason += did_you_mean(first, known)
        variable = prefix + "_".join(str(part) for part in problem["loc"]).upper()
        if first in written:
            yield f"{file}: {place_of(problem['loc'])}: {reason}"
        elif file is not None and problem["type"] == "missing":
            yield f"{file}: {first}: missing, and {variable} is not set"
        else:
            yield f"{variable}: {reason}"


def _known(prefix: str) -> Collection[str]:
    """Return the names of the settings whose variables have a prefix."""
    from ostraka.services.settings import GatewaySettings, NodeSettings

    for kind in (NodeSettings, GatewaySettings):
        if kind.model_config["env_prefix"] == prefix:
            return kind.model_fields
    return ()


def _refuse(lines: list[str]) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(USAGE) from None
