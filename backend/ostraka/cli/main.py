"""Entry point: one command with a group for each kind of user."""

import sys

import typer

from ostraka.chain.contract import ChainError
from ostraka.cli import demo, gateway, node

app = typer.Typer(
    name="ostraka",
    help="Private voting and budgeting that anyone can audit.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command("demo")(demo.demo)
app.add_typer(gateway.app, name="gateway")
app.add_typer(node.app, name="node")


def main() -> None:
    """Run the command line; exit code 1 with one clear line for what a user can mend."""
    try:
        app()
    except (ChainError, ValueError, OSError) as error:
        typer.echo(f"ostraka: {error}", err=True)
        sys.exit(1)
