"""Errors as users see them: one plain line each, and an exit code.

0 done · 1 refused · 2 wrong usage · 3 unreachable.
"""

import json
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from ostraka.chain.errors import ChainError, Refused
from ostraka.cli.output import printable
from ostraka.gateway_client.gateway import Unreachable
from ostraka.planning.account_file import WrongLines
from ostraka.wire.problems import Problem
from ostraka.wire.wording import of_file
from ostraka_verifier.errors import AuditError

REFUSED, USAGE, UNREACHABLE = 1, 2, 3
_FIRST_SERVER_ERROR = 500


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
        except Problem as error:
            code = UNREACHABLE if error.status >= _FIRST_SERVER_ERROR else REFUSED
            _end(as_json, code, str(error), error.to_json())
        except CommandError as error:
            members = {"title": error.title, "field": error.field, "detail": error.detail}
            _end(as_json, REFUSED, str(error), members)
        except WrongLines as error:
            _end(as_json, USAGE, str(error), {"problems": error.problems})
        except UnicodeError:
            line = "a name or text is not UTF-8"
            _end(as_json, REFUSED, line, {"detail": line})
        except (Refused, AuditError, ValueError) as error:
            _end(as_json, REFUSED, str(error), {"detail": str(error)})
        except (Unreachable, ChainError) as error:
            _end(as_json, UNREACHABLE, str(error), {"detail": str(error)})
        except FileNotFoundError as error:
            _end(as_json, USAGE, of_file(error), {"detail": of_file(error)})
        except OSError as error:
            _end(as_json, REFUSED, of_file(error), {"detail": of_file(error)})


def _end(state: dict[str, Any], code: int, line: str, members: dict[str, Any]) -> NoReturn:
    if state.get("json"):
        typer.echo(
            json.dumps({"error": {"exit_code": code, **members}}, ensure_ascii=False), err=True
        )
    else:
        for one in line.splitlines():
            typer.echo(f"ostraka: {printable(one)}", err=True)
    raise typer.Exit(code) from None
