"""Options of commands that send transactions themselves: who pays, and how it signs."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostraka.cli.client import address_option, url_option
from ostraka.cli.errors import CommandError
from ostraka.cli.key_options import opened
from ostraka.keys import SigningKey
from ostraka.wire.records import to_hex

if TYPE_CHECKING:
    from web3 import Web3

    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.journal_file import FileJournal
    from ostraka.chain.sending import Account, Payer
    from ostraka.chain.signers import Signer

SECRET_VARIABLE = "OSTRAKA_SECRET_KEY"  # noqa: S105 - the name of a variable
_CLEF, _NODE = "account_signTransaction", "eth_signTransaction"

Rpc = Annotated[
    str,
    url_option("--rpc", "JSON-RPC endpoint of the chain.", envvar="OSTRAKA_RPC"),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        envvar="OSTRAKA_KEY",
        help="Key file of the account that pays: made by `ostraka key new`, or an Ethereum "
        "keystore (version 3). The command asks for its passphrase, unless it comes from "
        f"OSTRAKA_KEY_PASSPHRASE_FILE or OSTRAKA_KEY_PASSPHRASE. Without --key and --signer, the "
        f"key is 64 hexadecimal digits in {SECRET_VARIABLE}.",
    ),
]
SignerUrl = Annotated[
    str | None,
    url_option(
        "--signer",
        "JSON-RPC endpoint that signs instead of a key file: web3signer, clef, or a node that "
        "holds the key. Needs --account.",
    ),
]
SignerAccount = Annotated[
    bytes | None, address_option("--account", "Account that the signer signs for.")
]
SentFolder = Annotated[
    Path, typer.Option("--deployments", help="Folder that records what was sent.")
]
SENT = Path("deployments")
"""Default of `SentFolder`."""


@dataclass(frozen=True)
class Sender:
    """Who pays, as the command line names it.

    Attributes:
        key: Key file, None without one.
        plain_key: Whether the key file may lack a passphrase.
        signer: URL of an external signer, None without one.
        account: Whom that signer signs for.
    """

    key: Path | None
    plain_key: bool
    signer: str | None
    account: bytes | None

    def open(self, as_json: bool) -> "Signer":
        """Return what signs the transactions.

        Raises:
            typer.BadParameter: None or more than one is named.
            ValueError: The key cannot be read.
        """
        # Slow to import.
        from ostraka.chain.contract import connect
        from ostraka.chain.signers import KeySigner, RemoteSigner

        if self.signer is not None:
            if self.key is not None:
                raise typer.BadParameter("name either --key or --signer", param_hint="--signer")
            if self.account is None:
                raise typer.BadParameter("--signer needs --account", param_hint="--account")
            web3 = connect(self.signer)
            return RemoteSigner(web3, self.account, _signing_method(web3))
        if self.account is not None:
            raise typer.BadParameter("needs --signer", param_hint="--account")
        return KeySigner(secret_key(self.key, self.plain_key, as_json))


def secret_key(path: Path | None, plain_key: bool, as_json: bool) -> SigningKey:
    """Return the key of a file, or of the environment where no file is named.

    Raises:
        typer.BadParameter: Neither is there.
        ValueError: It cannot be read.
    """
    if path is not None:
        return opened(path, plain_key, as_json)
    # Taken out, so that no child of this process inherits it.
    secret = os.environ.pop(SECRET_VARIABLE, None)
    if secret is None:
        raise typer.BadParameter(f"name a key file, or set {SECRET_VARIABLE}", param_hint="--key")
    if not re.fullmatch("(0x)?[0-9a-fA-F]{64}", secret):
        raise ValueError(f"{SECRET_VARIABLE}: expected 64 hexadecimal digits")
    return SigningKey(bytes.fromhex(secret[-64:]))


def require_holder(holder: bytes, signer: "Signer", what: str) -> None:
    """Refuse an account that is not the veto holder.

    Args:
        holder: Its address; zeros for nobody.
        what: What the holder may do, as "veto this outcome".

    Raises:
        CommandError: Another account, or nobody, may do it.
    """
    if holder != signer.address:
        who = to_hex(holder) if any(holder) else "nobody"
        detail = f"{who} may {what}, and your account is {to_hex(signer.address)}"
        raise CommandError("Not the veto holder", detail)


@contextmanager
def journaled(folder: Path, chain: "ChainIdentity", signer: "Signer") -> Iterator["Payer"]:
    """Return a payer whose transactions are remembered in a folder, from run to run.

    Raises:
        ValueError: Another command uses the same journal, or it is damaged.
    """
    from ostraka.chain.sending import Payer

    with _journal(folder, chain, signer.address) as journal:
        yield Payer(signer, journal)


@contextmanager
def journaled_account(folder: Path, chain: "ChainIdentity", key: SigningKey) -> Iterator["Account"]:
    """As `journaled`, for a key that signs statements, too."""
    from ostraka.chain.sending import Account

    with _journal(folder, chain, key.address) as journal:
        yield Account(key, journal)


def _journal(folder: Path, chain: "ChainIdentity", account: bytes) -> "FileJournal":
    from ostraka.chain.journal_file import FileJournal

    folder.mkdir(parents=True, exist_ok=True)
    name = f"{chain.id}-{chain.genesis.hex()[:8]}-0x{account.hex()}.journal"
    return FileJournal(folder / name)


def _signing_method(web3: "Web3") -> str:
    """Return clef's own method where the endpoint is clef, else what everybody else has."""
    # Slow to import.
    from ostraka.chain.contract import call

    answer = call(lambda: web3.provider.make_request("account_version", []))  # type: ignore[arg-type]
    return _CLEF if "result" in answer else _NODE
