"""Options and settings files of the commands that run services."""

import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.errors import CommandError, reading

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
        WrongFile: It is no such record.
        OSError: It cannot be read.
    """
    # Slow to import.
    from ostraka.chain.deployment import Deployment

    if path is None:
        return None
    with reading(path):
        return Deployment.read(path)


def contract_address(
    given: bytes | None, record: "Deployment | None", option: str, contract: str
) -> bytes:
    """Return the address in an option, or else that in a deployment's record.

    Args:
        option: Name of the option, as `--registry`.
        contract: Name of the contract in the record.

    Raises:
        BadParameter: Neither was given.
    """
    if given is not None:
        return given
    if record is None:
        raise typer.BadParameter(f"name {option} or --deployment", param_hint=option)
    return record.address(contract)


def require_free(host: str, port: int) -> None:
    """Refuse an address that no service can listen on, before anything else is opened.

    Raises:
        CommandError: Another program listens there, or it is not an address of this machine.
    """
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            # As the server itself does: a port that was closed a moment ago is free.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            tried.listen(1)
    except OSError as error:
        reason = _UNUSABLE.get(error.errno or 0, "this machine cannot listen there")
        if isinstance(error, socket.gaierror):
            reason = "no such host"
        raise CommandError("Cannot listen", f"{where}: {reason}", "host, port") from error


_UNUSABLE = {
    errno.EADDRINUSE: "another program listens there; stop it, or set another `port`",
    errno.EADDRNOTAVAIL: "not an address of this machine",
    errno.EACCES: "ports below 1024 need a privilege; set another `port`",
}


def address_of(deployment: "Deployment | None", name: str) -> str:
    """Return the address of a contract for a settings file; a placeholder without a record."""
    return "0x…" if deployment is None else f"0x{deployment.address(name).hex()}"


def block_of(deployment: "Deployment | None") -> int:
    """Return the block in which reading of events starts."""
    return 0 if deployment is None else deployment.deployment_block


def protection(plain_key: bool) -> str:
    """Return the line of a settings file that says how the key is protected."""
    return "plain_key = true" if plain_key else '# passphrase_file = "…"'
