"""A journal of transactions in one file, for commands that send transactions.

Every change is on disk before the method returns. A lock keeps a second program out.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from ostraka.chain.journal import MemoryJournal, Outgoing, Signed
from ostraka.files import private, replace_file
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed

_FORMAT = "ostraka/journal/v1"


class FileJournal(MemoryJournal):
    """See `Journal`. Used as a context, which holds the lock."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: The file; missing means that nothing was sent. Its folder is there.
        """
        super().__init__()
        self._path = path
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Take the lock and read the file.

        Raises:
            ValueError: Another program has the lock, or the file is damaged.
        """
        self._lock = private(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ValueError(f"{self._path}: another program uses this journal") from None
        if self._path.exists():
            self._read()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def add(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        added = super().add(outgoing)
        self._write()
        return added

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """See `Journal`."""
        super().add_version(outgoing, signed)
        self._write()

    def resend(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        resent = super().resend(outgoing)
        self._write()
        return resent

    def drop(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        dropped = super().drop(outgoing)
        self._write()
        return dropped

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """See `Journal`."""
        super().settle(outgoing, settled)
        self._write()

    def give_up(self, outgoing: Outgoing) -> None:
        """See `Journal`."""
        super().give_up(outgoing)
        self._write()

    def _write(self) -> None:
        content = {
            "format": _FORMAT,
            "transactions": [
                {**_encoded(one), "over": nonce in self._over, "resent": nonce in self._resent}
                for nonce, one in sorted(self._known.items())
            ],
        }
        replace_file(self._path, json.dumps(content, indent=1).encode() + b"\n")

    def _read(self) -> None:
        try:
            content = parse_json(self._path.read_bytes(), "journal")
            if content["format"] != _FORMAT:
                raise ValueError
            for one in content["transactions"]:
                outgoing = _decoded(one)
                self._known[outgoing.nonce] = outgoing
                if one["over"]:
                    self._over.add(outgoing.nonce)
                if one["resent"]:
                    self._resent.add(outgoing.nonce)
        except (KeyError, TypeError, ValueError, Malformed) as error:
            raise ValueError(f"{self._path}: damaged, or not a journal of transactions") from error


def _encoded(one: Outgoing) -> dict[str, Any]:
    return {
        "purpose": one.purpose,
        "account": one.account.hex(),
        "nonce": one.nonce,
        "fields": dict(one.fields),
        "settled": one.settled,
        "versions": [
            {**vars(version), "hash": version.hash.hex(), "raw": version.raw.hex()}
            for version in one.versions
        ],
    }


def _decoded(content: Mapping[str, Any]) -> Outgoing:
    versions = tuple(
        Signed(**{**one, "hash": bytes.fromhex(one["hash"]), "raw": bytes.fromhex(one["raw"])})
        for one in content["versions"]
    )
    if not versions:
        raise ValueError("no version")
    return Outgoing(
        content["purpose"],
        bytes.fromhex(content["account"]),
        int(content["nonce"]),
        content["fields"],
        versions,
        bool(content["settled"]),
    )
