"""`ostraka gateway …`: for operators of a gateway."""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import url_option
from ostraka.cli.key_options import PlainKey, chosen
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
from ostraka.files import write_new

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Run a gateway: rounds, polls and ballots over HTTP.",
    no_args_is_help=True,
)

_SETTINGS = """\
# Settings of an Ostraka gateway. Environment variables OSTRAKA_GATEWAY_… take precedence.

# Key of the account that pays for transactions. The account needs some of the chain's coin.
key_file = "{key_file}"
# File with the key's passphrase, mode 600. Otherwise it comes from OSTRAKA_GATEWAY_PASSPHRASE, a
# systemd credential or the terminal.
{protection}
# SQLite, or postgresql+psycopg://…
database_url = "sqlite:///{database}"
# JSON-RPC provider of the chain.
rpc_url = "{rpc_url}"
# Public provider of the chain, which browsers use to check polls.
# public_rpc_url = "https://…"
# Address at which people reach this gateway, for absolute links.
# public_url = "https://vote.example"
# Addresses of the contracts, and the block in which the earlier one was deployed.
registry = "{registry}"
treasury = "{treasury}"
deployed_at = {deployed_at}
# How many blocks behind the newest one a block counts as final. Only for chains without the tag
# `finalized`: without this setting, the chain decides.
# confirmations = 64
# Digests of the committees whose nodes tally. The first one is the default.
committees = []
# SHA-256 of the first administrator's token. The token itself is not stored.
# `ostraka organizer add` adds further organizers.
organizer_token_sha256 = "{token_hash}"
# Addresses or networks of reverse proxies whose X-Forwarded-For identifies the client.
# trusted_proxies = ["127.0.0.1"]
host = "127.0.0.1"
port = 8200
# Prometheus reads /metrics on an address of its own, which no reverse proxy makes public.
# metrics_host = "127.0.0.1"
# metrics_port = 8201
# Watch the roots of polls: "answer" challenges, or also "challenge" false roots. Needs coin: see
# docs/operations.md, "Watch the roots of polls".
# guard = "answer"
# Folder of receipts of left-out ballots that voters hand in, and that others may read.
# guard_receipts = "…"
# "json" or "console"; without this, text on a terminal and JSON elsewhere.
# log_format = "json"

# Name, logo, colours and statements of the site: see docs/operations.md, "Name, logo and colours".
# Last in the file, because a table ends the settings above it.
# [brand]
# name = "Springfield votes"
# description = "One sentence for search engines and previews of links."
# logo = "logo.svg"
# icon = "icon.png"
# accent = "#0b5d3b"
# accent_dark = "#8ce0b5"
# contact = "votes@town.example"
# imprint = "imprint.md"
# privacy = "https://town.example/privacy"
# accessibility = "accessibility.md"
"""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder for key, database and settings.")],
    plain_key: PlainKey = False,
    deployment: DeploymentFile = None,
    rpc: Annotated[
        str, url_option("--rpc", "JSON-RPC endpoint of the chain.", envvar="OSTRAKA_RPC")
    ] = DEFAULT_RPC,
) -> None:
    """Create a key, the first administrator's token and a commented settings file.

    A passphrase protects the key. The command asks for it, unless it comes from
    OSTRAKA_GATEWAY_PASSPHRASE_FILE, OSTRAKA_GATEWAY_PASSPHRASE or a systemd credential.

    Example: ostraka gateway init /srv/ostraka-gateway --deployment deployments/1.json
    """
    # Slow to import, like the imports of `run`.
    from ostraka.key_files import create_key
    from ostraka.services.settings import GATEWAY_PASSPHRASES

    contracts = read_deployment(deployment)
    key = create_key(folder / "key", chosen(folder / "key", GATEWAY_PASSPHRASES, plain_key))
    token = secrets.token_urlsafe(24)
    settings = folder / "gateway.toml"
    content = _SETTINGS.format(
        key_file=(folder / "key").absolute(),
        protection=protection(plain_key),
        rpc_url=rpc,
        registry=address_of(contracts, "PollRegistry"),
        treasury=address_of(contracts, "BudgetTreasury"),
        deployed_at=block_of(contracts),
        database=(folder / "gateway.db").absolute(),
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
    )
    write_new(settings, content.encode())
    typer.echo(f"Account that pays: {key.address_hex}")
    typer.echo(f"Organizer's token (shown only now): {token}")
    typer.echo(f"Fill in {settings}, then: ostraka gateway run --settings {settings}")


@app.command()
def run(
    settings: Annotated[
        Path | None, typer.Option(help="TOML file, as created by `ostraka gateway init`.")
    ] = None,
) -> None:
    """Serve until interrupted.

    Settings come from the file and from environment variables `OSTRAKA_GATEWAY_…`, which take
    precedence. The gateway documents its API at /api/docs.

    Example: ostraka gateway run --settings /srv/ostraka-gateway/gateway.toml
    """
    from ostraka.services.run_gateway import run_gateway
    from ostraka.services.settings import GatewaySettings

    loaded = load_settings(lambda: GatewaySettings.load(settings), "OSTRAKA_GATEWAY_", settings)
    require_free(loaded.host, loaded.port)
    run_gateway(loaded)
