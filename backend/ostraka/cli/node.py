"""`ostraka node …`: for operators of tallying nodes."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from ostraka.cli.key_options import PlainKey, chosen
from ostraka.cli.settings_errors import refuse_settings

app = typer.Typer(help="Run a tallying node.", no_args_is_help=True)


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder for the node's key, poll secrets and database.")
    ],
    plain_key: PlainKey = False,
) -> None:
    """Create a signing key, and show what to set before `ostraka node run`.

    A passphrase protects the key, and with it the secrets of polls. The command asks for it, unless
    it comes from OSTRAKA_NODE_PASSPHRASE_FILE, OSTRAKA_NODE_PASSPHRASE or a systemd credential.

    Example: ostraka node init /srv/ostraka
    """
    # Slow to import, like the imports of `run`.
    from ostraka.key_files import create_key
    from ostraka.services.settings import NODE_PASSPHRASES

    key = create_key(folder / "key", chosen(folder / "key", NODE_PASSPHRASES, plain_key))
    typer.echo(f"Node address: {key.address_hex}")
    typer.echo("Set these, then run `ostraka node run`:")
    typer.echo(f"  OSTRAKA_NODE_KEY_FILE={(folder / 'key').absolute()}")
    if plain_key:
        typer.echo("  OSTRAKA_NODE_PLAIN_KEY=true")
    else:
        typer.echo("  OSTRAKA_NODE_PASSPHRASE_FILE=…         or type the passphrase at each start")
    typer.echo(f"  OSTRAKA_NODE_DATABASE_URL=sqlite:///{(folder / 'node.db').absolute()}")
    typer.echo('  OSTRAKA_NODE_RPC_URLS=["https://…"]   ideally several independent providers')
    typer.echo("  OSTRAKA_NODE_REGISTRY=0x…             address of the PollRegistry")
    typer.echo("  OSTRAKA_NODE_URL=https://…            where others can reach this node")
    typer.echo('  OSTRAKA_NODE_COMMITTEES=["0x…"]       committees to join, or set FELLOW_NODES')


@app.command()
def run() -> None:
    """Serve until interrupted.

    Settings come from `OSTRAKA_NODE_…`; `ostraka node init` lists them. The node joins only
    committees that OSTRAKA_NODE_COMMITTEES names, or whose other nodes are all in
    OSTRAKA_NODE_FELLOW_NODES. It announces a key only for polls that its policy allows:
    OSTRAKA_NODE_CREATORS limits who may create them, and a secret poll's minimum of ballots must be
    at least OSTRAKA_NODE_MINIMUM_BALLOTS.

    Example: ostraka node run
    """
    from ostraka.services.run_node import run_node
    from ostraka.services.settings import NodeSettings

    try:
        settings = NodeSettings()
    except (ValidationError, SettingsError) as error:
        refuse_settings("OSTRAKA_NODE_", error)
    run_node(settings)
