"""The command line starts without what only some of its commands need."""

import os
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ostraka.cli.deferred import Deferred
from ostraka.cli.main import app

SERVICES = {
    "fastapi",
    "sqlalchemy",
    "sqlmodel",
    "web3",
    "eth_account",
    "pydantic_settings",
    "uvicorn",
}
# Typer itself loads pydantic where it reads options.
CLIENTS = {"httpx", "nacl", "Crypto", "cryptography", "ostraka_verifier"}
ROOT: Any = typer.main.get_command(app)


def loaded_by(*arguments: str, **environment: str) -> tuple[set[str], str]:
    """Names of the modules that a command line loads, and what it prints."""
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr))\n"
        "from ostraka.cli import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    said, _, names = done.stderr.partition("LOADED ")
    return set(names.split()), done.stdout + said


def own(modules: set[str]) -> set[str]:
    """Names of the modules of commands."""
    return {one.removeprefix("ostraka.cli.") for one in modules if one.startswith("ostraka.cli.")}


def test_the_list_of_commands_loads_no_command() -> None:
    modules, shown = loaded_by("--help")
    assert "Polls: surveys, decisions" in shown
    assert own(modules) == {"main", "errors", "deferred"}
    assert not modules & (SERVICES | CLIENTS)


def test_a_mistyped_command_is_answered_without_loading_any() -> None:
    modules, shown = loaded_by("pol", "list")
    assert "Did you mean 'poll'?" in shown
    assert not modules & (SERVICES | CLIENTS)


@pytest.mark.parametrize("name", ROOT.commands)
def test_the_help_of_a_command_loads_no_library_of_services_or_chains(name: str) -> None:
    modules, shown = loaded_by(name, "--help")
    assert "Usage:" in shown
    assert not modules & SERVICES
    mine = ROOT.commands[name].command
    others = {"round", "poll", "vote", "demo", "node", "gateway", "chain"} - {name}
    assert mine.name == name
    # `round results` prints what `poll results` prints, and `watch` is also `poll watch`.
    shared = {"round": {"poll"}, "watch": {"poll"}}.get(name, set())
    assert own(modules).isdisjoint(others - shared)


@pytest.mark.parametrize("name", ROOT.commands)
def test_the_list_says_what_the_command_says(name: str) -> None:
    listed = ROOT.commands[name]
    assert isinstance(listed, Deferred)
    first, *_ = (listed.command.help or "").split("\n\n")
    assert listed.help == " ".join(first.split())


def test_shells_complete_commands_and_options() -> None:
    runner = CliRunner()
    for words, expected in (
        ("ostraka po", "poll"),
        ("ostraka poll re", "results"),
        ("ostraka vote cast --ch", "--challenge"),
    ):
        shown = runner.invoke(
            app,
            prog_name="ostraka",
            env={
                "_OSTRAKA_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split()) - 1),
            },
        ).output
        assert expected in shown.split(), words
