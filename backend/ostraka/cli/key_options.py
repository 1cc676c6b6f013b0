"""Options of commands that create or read key files, and the sources of passphrases."""

import errno
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ostraka.cli.output import note
from ostraka.key_files import plain_warning, read_key
from ostraka.keys import SigningKey
from ostraka.passphrases import Passphrases

PASSPHRASES = Passphrases("OSTRAKA_KEY_PASSPHRASE", "--plain-key")
NEW_PASSPHRASES = Passphrases("OSTRAKA_KEY_NEW_PASSPHRASE", "--plain-key")

KeyFile = Annotated[
    Path,
    typer.Option(
        "--key",
        envvar="OSTRAKA_KEY",
        help="Your key file. The command asks for its passphrase, unless it comes from "
        "OSTRAKA_KEY_PASSPHRASE_FILE or OSTRAKA_KEY_PASSPHRASE.",
    ),
]
PlainKey = Annotated[
    bool,
    typer.Option(
        "--plain-key",
        envvar="OSTRAKA_PLAIN_KEY",
        help="Allow a key file without a passphrase. Anybody who gets a copy of it has the key.",
    ),
]


def opened(path: Path, plain_key: bool, as_json: bool) -> SigningKey:
    """Read a person's key. A plain one is accepted only if allowed, with a warning."""
    warn = partial(note, as_json)
    return read_key(path, PASSPHRASES, plain=plain_key, warn=warn)


def chosen(
    path: Path, passphrases: Passphrases, plain_key: bool, as_json: bool = False
) -> str | None:
    """Return the passphrase for a new key file, None for a plain one.

    Raises:
        FileExistsError: The file already exists.
    """
    if path.exists():
        reason = "this key file already exists and is not overwritten"
        raise FileExistsError(errno.EEXIST, reason, str(path))
    return protection(path, passphrases, plain_key, as_json)


def protection(path: Path, passphrases: Passphrases, plain_key: bool, as_json: bool) -> str | None:
    """Return the new passphrase of a key, or None for a plain key."""
    if not plain_key:
        return passphrases.new(path)
    note(as_json, plain_warning(path))
    return None
