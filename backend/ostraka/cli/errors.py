"""Errors as users see them: one plain line each, and an exit code.

0 done · 1 refused · 2 wrong usage · 3 unreachable.
"""

import json
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

    def __init__(self, title: str, detail: str, field: str = "") -> None:
        super().__init__(": ".join(part for part in (title, field, detail) if part))
        self.title = title
        self.detail = detail
        self.field = field


class OneLine(TyperGroup):
    """A group of commands that reports errors by a line and an exit code, without a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command. Report errors that concern the user by a line and an exit code."""
        as_json = ctx.ensure_object(dict)
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort):
            # Wrong usage, and ends that a command chose: the library prints them.
            raise
        except CommandError as error:
            members = {"title": error.title, "field": error.field, "detail": error.detail}
            _end(as_json, REFUSED, str(error), members)
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
