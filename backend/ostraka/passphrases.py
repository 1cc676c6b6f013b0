"""Sources of a key file's passphrase.

An environment variable, a file named by the variable with the suffix `_FILE`, a systemd
credential, or the terminal. Arguments of a command are no source: process listings show them.
"""

import os
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path

from ostraka.files import require_private

MIN_PASSPHRASE = 10
"""Minimum length of a new passphrase in characters, as in the browser."""
_MAX_BYTES = 4096


@dataclass(frozen=True)
class Passphrases:
    """Sources of the passphrase of one kind of key.

    Attributes:
        variable: Environment variable; with the suffix `_FILE`, it names a file. The systemd
            credential has the same name in lower case with hyphens.
            file: The file according to the settings; None uses the environment only.
            plain_option: Name of the option that allows a key without a passphrase.
    """

    variable: str
    plain_option: str
    file: Path | None = None

    @property
    def credential(self) -> str:
        """Name of the systemd credential."""
        return self.variable.lower().replace("_", "-")

    def of(self, path: Path) -> str:
        """Return the passphrase of an existing key file.

        Raises:
            ValueError: No source or several sources give a passphrase.
        """
        given = self._given()
        if given is None:
            self._require_terminal(path)
            given = getpass(f"Passphrase of {path}: ")
        return normalized(given)

    def new(self, path: Path) -> str:
        """Return the passphrase for a new key file; at the terminal it is typed twice.

        Raises:
            ValueError: No source or several sources give a passphrase, it is too short, or it was
                typed differently.
        """
        given = self._given()
        if given is None:
            self._require_terminal(path)
            given = getpass(f"New passphrase for {path}, {MIN_PASSPHRASE} characters or more: ")
            if normalized(getpass("The same again: ")) != normalized(given):
                raise ValueError("passphrase: typed differently the second time")
        chosen = normalized(given)
        if len(chosen) < MIN_PASSPHRASE:
            raise ValueError(f"passphrase: shorter than {MIN_PASSPHRASE} characters")
        return chosen

    def _given(self) -> str | None:
        """Return the passphrase from environment, file or credential; None without any."""
        sources: dict[str, Callable[[], str]] = {}
        if self.variable in os.environ:
            # Removed, so that no child process inherits it.
            sources[self.variable] = lambda: os.environ.pop(self.variable)
        named = self.file or os.environ.get(f"{self.variable}_FILE")
        if named:
            sources[f"{self.variable}_FILE"] = lambda: _of_file(Path(named), private=True)
        credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), self.credential)
        if "CREDENTIALS_DIRECTORY" in os.environ and credential.is_file():
            # systemd protects it by access lists, which show as permissions of the group.
            sources["the credential"] = lambda: _of_file(credential, private=False)
        if len(sources) > 1:
            raise ValueError(f"passphrase: given twice, by {' and '.join(sources)}")
        return next((read() for read in sources.values()), None)

    def _require_terminal(self, path: Path) -> None:
        if not sys.stdin.isatty():
            raise ValueError(
                f"{path}: no passphrase, and no terminal to ask for it; set {self.variable}_FILE, "
                f"{self.variable} or the systemd credential {self.credential}; "
                f"{self.plain_option} allows a key without one"
            )


def normalized(passphrase: str) -> str:
    """Normalize a passphrase, so that every keyboard gives the same bytes.

    Raises:
        ValueError: It cannot be written as UTF-8.
    """
    try:
        passphrase.encode()
    except UnicodeEncodeError:
        # The original message would show a part of the passphrase.
        raise ValueError("passphrase: not UTF-8") from None
    return unicodedata.normalize("NFKC", passphrase)


def _of_file(path: Path, *, private: bool) -> str:
    """Return the first line of a file."""
    if private:
        require_private(path)
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    line, _, rest = content.partition(b"\n")
    if len(content) > _MAX_BYTES or rest.strip():
        raise ValueError(f"{path}: expected one line with the passphrase")
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise ValueError(f"{path}: the passphrase is not UTF-8") from None
