"""Errors as users see them: one plain line each, and an exit code.

0 done · 1 refused · 2 wrong usage · 3 unreachable.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

REFUSED, USAGE, UNREACHABLE = 1, 2, 3


class CommandError(Exception):
    """A command cannot do what the user asked for. The client decided this, not a server.

    Attributes:
        title: Kind of error.
        detail: What is wrong in this case.
        field: Option or setting that it concerns, "" for none.
    """

    exit_code = REFUSED

    def __init__(self, title: str, detail: str, field: str = "") -> None:
        super().__init__(": ".join(part for part in (title, field, detail) if part))
        self.title = title
        self.detail = detail
        self.field = field


class WrongFile(CommandError):
    """A file that the user named has mistakes."""

    exit_code = USAGE

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__("", reason if reason.startswith(str(path)) else f"{path}: {reason}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Report what is wrong with a file that is read within: it is the user's to correct.

    Raises:
        WrongFile: The file cannot be read as what it should be.
    """
    # Slow to import.
    from ostraka_verifier.errors import AuditError

    try:
        yield
    except UnicodeError as error:
        raise WrongFile(path, "not UTF-8") from error
    except (ValueError, AuditError) as error:
        raise WrongFile(path, str(error)) from error


class OneLine(TyperGroup):
    """A group of commands that reports errors by a line and an exit code, without a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command. Report errors that concern the user by a line and an exit code."""
        as_json = ctx.ensure_object(dict)
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            # The library prints wrong usage, and is silent when nobody reads any more.
            raise
        except CommandError as error:
            members = {"title": error.title, "field": error.field, "detail": error.detail}
            _end(as_json, error.exit_code, str(error), members)
        except Exception as error:
            # Slow to import.
            from ostraka.cli.reported_errors import reported

            found = reported(error)
            if found is None:
                raise
            _end(as_json, found.exit_code, found.line, found.members)


def _end(state: dict[str, Any], code: int, line: str, members: dict[str, Any]) -> NoReturn:
    # Slow to import, and only errors need it here.
    from ostraka.cli.output import printable

    if state.get("json"):
        typer.echo(
            json.dumps({"error": {"exit_code": code, **members}}, ensure_ascii=False), err=True
        )
    else:
        for one in line.splitlines():
            typer.echo(f"ostraka: {printable(one)}", err=True)
    raise typer.Exit(code) from None
