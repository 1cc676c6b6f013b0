"""Options and settings files of the commands that run services."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ostraka.chain.deployment import Deployment

DEFAULT_RPC = "http://127.0.0.1:8545"
DeploymentFile = Annotated[
    Path | None,
    typer.Option(
        "--deployment",
        help="Record of the contracts, as written by `ostraka chain deploy`. Fills in addresses.",
    ),
]


def read_deployment(path: Path | None) -> "Deployment | None":
    """Return the record in a file, None without a file.

    Raises:
        ValueError: It is no such record.
        OSError: It cannot be read.
    """
    # Slow to import.
    from ostraka.chain.deployment import Deployment

    return None if path is None else Deployment.read(path)


def address_of(deployment: "Deployment | None", name: str) -> str:
    """Return the address of a contract for a settings file; a placeholder without a record."""
    return "0x…" if deployment is None else f"0x{deployment.address(name).hex()}"


def block_of(deployment: "Deployment | None") -> int:
    """Return the block in which reading of events starts."""
    return 0 if deployment is None else deployment.deployment_block


def protection(plain_key: bool) -> str:
    """Return the line of a settings file that says how the key is protected."""
    return "plain_key = true" if plain_key else '# passphrase_file = "…"'
