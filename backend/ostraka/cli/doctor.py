"""`ostraka doctor …`: check a service's settings end to end."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.client import AsJson
from ostraka.cli.output import emit, table
from ostraka.cli.settings_errors import load_settings

if TYPE_CHECKING:
    from ostraka.services.doctor import Diagnosis

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Check the settings of a service end to end. Sends nothing.",
    no_args_is_help=True,
)

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings", help="TOML file, as created by `init`. Default: environment variables."
    ),
]


@app.command()
def node(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Check a node: files, database, providers, contracts, clock, finality, fellow nodes.

    Exit code 0 if nothing is bad. The node may be running or not.

    Example: ostraka doctor node --settings /srv/ostraka/node.toml
    """
    # Slow to import.
    from ostraka.services.doctor import examine_node
    from ostraka.services.settings import NodeSettings

    loaded = load_settings(lambda: NodeSettings.load(settings), "OSTRAKA_NODE_", settings)
    _report(examine_node(loaded), as_json)


@app.command()
def gateway(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Check a gateway: files, database, providers, contracts, coin, committees, web client.

    Exit code 0 if nothing is bad. The gateway may be running or not.

    Example: ostraka doctor gateway --settings /srv/ostraka-gateway/gateway.toml
    """
    from ostraka.services.doctor import examine_gateway
    from ostraka.services.settings import GatewaySettings

    loaded = load_settings(lambda: GatewaySettings.load(settings), "OSTRAKA_GATEWAY_", settings)
    _report(examine_gateway(loaded, _account(loaded.key_file, loaded.plain_key)), as_json)


def _account(path: Path, plain_key: bool) -> bytes | None:
    """Return the address that a key file states; None if only its passphrase would show it."""
    from ostraka.key_files import stated_address

    try:
        return stated_address(path, plain=plain_key)
    except (OSError, ValueError):
        # The file's own finding says what is wrong.
        return None


def _report(findings: "Iterator[Diagnosis]", as_json: bool) -> None:
    from ostraka.services.doctor import Level

    found = list(findings)
    bad = any(one.level is Level.BAD for one in found)
    answer = {"good": not bad, "findings": [vars(one) for one in found]}
    rows = [(one.level.value, one.subject, one.detail, one.remedy) for one in found]
    emit(as_json, answer, table(("", "Subject", "Found", "What to do"), rows))
    if bad:
        raise typer.Exit(1)
