"""The command line as documents and settings files of other programs name it."""

from typing import Any

from typer.main import get_command

from ostraka.cli.main import app


def require_command(words: list[str]) -> None:
    """Fail unless these words are a command with its options."""
    command: Any = get_command(app)
    context = command.make_context("ostraka", [], resilient_parsing=True)
    while words and hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(context, words)
    options = {option for one in command.params for option in one.opts}
    given = {word for word in words if word.startswith("-")}
    assert given <= options, (given, options)
