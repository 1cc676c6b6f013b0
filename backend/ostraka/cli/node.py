"""`ostraka node …`: for operators of tallying nodes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.key_options import PlainKey, chosen
from ostraka.cli.rebuild import rebuild
from ostraka.cli.service_options import (
    DEFAULT_RPC,
    DeploymentFile,
    address_of,
    block_of,
    protection,
    read_deployment,
    require_free,
)
from ostraka.cli.settings_errors import load_settings

app = typer.Typer(rich_markup_mode="markdown", help="Run a tallying node.", no_args_is_help=True)
app.command()(rebuild)


_SETTINGS = """\
# Settings of an Ostraka node. Environment variables OSTRAKA_NODE_… take precedence.

# Signing key of the node; its address is registered with committees.
key_file = "{key_file}"
# File with the key's passphrase, mode 600. Otherwise it comes from OSTRAKA_NODE_PASSPHRASE, a
# systemd credential or the terminal.
{protection}
# SQLite, or postgresql+psycopg://…
database_url = "sqlite:///{database}"
# JSON-RPC providers of the chain. A release requires all of them to agree, so name independent
# ones.
rpc_urls = {rpc_urls}
# Where voters and other nodes reach this node, as it is registered with committees.
url = "{url}"
# Address of the PollRegistry, and the block of its deployment.
registry = "{registry}"
deployed_at = {deployed_at}
# How many blocks behind the newest one a block counts as final. Only for chains without the tag
# `finalized`: without this setting, the chain decides.
# confirmations = 64
# Digests of the committees that this node joins.
committees = []
# Or addresses of nodes with which it joins any committee whose t is at least minimum_threshold.
# fellow_nodes = ["0x…"]
# minimum_threshold = 2
# Accounts whose polls it serves; without this, everybody's.
# creators = ["0x…"]
# Addresses or networks of reverse proxies whose X-Forwarded-For identifies the client.
# trusted_proxies = ["127.0.0.1"]
host = "127.0.0.1"
port = 8100
# Prometheus reads /metrics on an address of its own, which no reverse proxy makes public.
# metrics_host = "127.0.0.1"
# metrics_port = 8101
# Watch the roots of polls: "answer" challenges, or also "challenge" false roots. Needs coin: see
# docs/operations.md, "Watch the roots of polls".
# guard = "answer"
# "json" or "console"; without this, text on a terminal and JSON elsewhere.
# log_format = "json"
"""


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder for the node's key, poll secrets, database and settings.")
    ],
    plain_key: PlainKey = False,
    deployment: DeploymentFile = None,
    rpc: Annotated[
        list[str] | None,
        typer.Option(
            "--rpc", help="JSON-RPC provider; repeat the option for several independent ones."
        ),
    ] = None,
    url: Annotated[
        str, typer.Option(help="URL at which voters and other nodes reach this node.")
    ] = "",
) -> None:
    """Create a signing key and a commented settings file.

    A passphrase protects the key, and with it the secrets of polls. The command asks for it, unless
    it comes from OSTRAKA_NODE_PASSPHRASE_FILE, OSTRAKA_NODE_PASSPHRASE or a systemd credential.

    Example: ostraka node init /srv/ostraka --deployment deployments/1.json --url https://n1.example
    """
    # Slow to import, like the imports of `run`.
    from ostraka.files import write_new
    from ostraka.key_files import create_key
    from ostraka.services.settings import NODE_PASSPHRASES

    contracts = read_deployment(deployment)
    key = create_key(folder / "key", chosen(folder / "key", NODE_PASSPHRASES, plain_key))
    settings = folder / "node.toml"
    content = _SETTINGS.format(
        key_file=(folder / "key").absolute(),
        protection=protection(plain_key),
        database=(folder / "node.db").absolute(),
        rpc_urls=json.dumps(rpc or [DEFAULT_RPC]),
        url=url,
        registry=address_of(contracts, "PollRegistry"),
        deployed_at=block_of(contracts),
    )
    write_new(settings, content.encode())
    typer.echo(f"Node address: {key.address_hex}")
    typer.echo(f"Check {settings}, then: ostraka node run --settings {settings}")


@app.command()
def run(
    settings: Annotated[
        Path | None, typer.Option(help="TOML file, as created by `ostraka node init`.")
    ] = None,
) -> None:
    """Serve until interrupted.

    Settings come from the file and from environment variables `OSTRAKA_NODE_…`, which take
    precedence. The node joins only committees that `committees` names, or whose other nodes are all
    in `fellow_nodes`. It announces a key only for polls that its policy allows: `creators` limits
    who may create them, and a secret poll's minimum of ballots must be at least `minimum_ballots`.

    Example: ostraka node run --settings /srv/ostraka/node.toml
    """
    from ostraka.services.run_node import run_node
    from ostraka.services.settings import NodeSettings

    loaded = load_settings(lambda: NodeSettings.load(settings), "OSTRAKA_NODE_", settings)
    require_free(loaded.host, loaded.port)
    run_node(loaded)
