"""Where a program gets the passphrase of a key file: never from its arguments.

From an environment variable, a file that its `…_FILE` names, a systemd credential, or else the
terminal.
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
"""Least length of a new passphrase in characters, as in the browser."""
_MAX_BYTES = 4096


@dataclass(frozen=True)
class Passphrases:
    """Where the passphrase of one kind of key comes from.

    Attributes:
        variable: Environment variable; `…_FILE` after it names a file. The systemd credential has
            the same name in lower case with hyphens.
        file: What settings name as that file; None leaves it to the environment.
        plain_option: What allows a key that no passphrase protects.
    """

    variable: str
    plain_option: str
    file: Path | None = None

    @property
    def credential(self) -> str:
        """Name of the systemd credential."""
        return self.variable.lower().replace("_", "-")

    def of(self, path: Path) -> str:
        """Passphrase of a key file that is there.

        Raises:
            ValueError: There is none, or more than one.
        """
        given = self._given()
        if given is None:
            self._require_terminal(path)
            given = getpass(f"Passphrase of {path}: ")
        return normalized(given)

    def new(self, path: Path) -> str:
        """Passphrase for a new key file; typed twice at the terminal.

        Raises:
            ValueError: There is none, more than one, it is too short, or typed differently.
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
        """What environment, file or credential says; None when nothing does."""
        sources: dict[str, Callable[[], str]] = {}
        if self.variable in os.environ:
            # Taken out, so that no child of this process inherits it.
            sources[self.variable] = lambda: os.environ.pop(self.variable)
        named = self.file or os.environ.get(f"{self.variable}_FILE")
        if named:
            sources[f"{self.variable}_FILE"] = lambda: _of_file(Path(named), private=True)
        credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), self.credential)
        if "CREDENTIALS_DIRECTORY" in os.environ and credential.is_file():
            # Guarded by systemd, by access lists that show as bits of the group.
            sources["the credential"] = lambda: _of_file(credential, private=False)
        if len(sources) > 1:
            raise ValueError(f"passphrase: given twice, by {' and by '.join(sources)}")
        return next((read() for read in sources.values()), None)

    def _require_terminal(self, path: Path) -> None:
        if not sys.stdin.isatty():
            raise ValueError(
                f"{path}: no passphrase, and no terminal to ask at; set {self.variable}_FILE or "
                f"{self.variable}, or the systemd credential {self.credential}; "
                f"{self.plain_option} does without any"
            )


def normalized(passphrase: str) -> str:
    """One spelling of a passphrase, whatever keyboard types it.

    Raises:
        ValueError: It cannot be written as UTF-8.
    """
    try:
        passphrase.encode()
    except UnicodeEncodeError:
        # The library's own message shows a part of it.
        raise ValueError("passphrase: not UTF-8") from None
    return unicodedata.normalize("NFKC", passphrase)


def _of_file(path: Path, *, private: bool) -> str:
    """First line of a file."""
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
