"""`ostraka key …`: key files and their passphrases."""

from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.client import AsJson
from ostraka.cli.key_options import NEW_PASSPHRASES, PASSPHRASES, PlainKey, chosen, protection
from ostraka.cli.output import emit, facts
from ostraka.key_files import read_key, rewrite_key, write_key
from ostraka.keys import SigningKey

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Make a key file, or change its passphrase.",
    no_args_is_help=True,
)

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="File to create.")]
OldFile = Annotated[Path, typer.Argument(metavar="FILE", help="Key file.")]


@app.command()
def new(path: NewFile, plain_key: PlainKey = False, as_json: AsJson = False) -> None:
    """Create a key file, protected by a passphrase.

    The command asks for the passphrase, unless it comes from OSTRAKA_KEY_PASSPHRASE_FILE or
    OSTRAKA_KEY_PASSPHRASE.

    Example: ostraka key new me.key
    """
    key = SigningKey()
    write_key(path, key, chosen(path, PASSPHRASES, plain_key, as_json))
    _show(path, key, as_json)


@app.command()
def passphrase(path: OldFile, plain_key: PlainKey = False, as_json: AsJson = False) -> None:
    """Change the passphrase of a key file, or remove it with --plain-key.

    Accepts files of this program, files that the browser exports, and plain ones. The command asks
    for the old passphrase, unless it comes from OSTRAKA_KEY_PASSPHRASE_FILE or
    OSTRAKA_KEY_PASSPHRASE, and for the new one, unless it comes from
    OSTRAKA_KEY_NEW_PASSPHRASE_FILE or OSTRAKA_KEY_NEW_PASSPHRASE.

    Example: ostraka key passphrase me.key
    """
    key = read_key(path, PASSPHRASES, plain=True)
    rewrite_key(path, key, protection(path, NEW_PASSPHRASES, plain_key, as_json))
    _show(path, key, as_json)


def _show(path: Path, key: SigningKey, as_json: bool) -> None:
    answer = {"account": key.address_hex, "key_file": str(path)}
    emit(as_json, answer, facts({"Account": key.address_hex, "Key file": path}))
