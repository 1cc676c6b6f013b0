"""A journal of transactions in one file, for commands that send transactions.

The first line names the format. Each further line is the state of one transaction, or that its
nonce was dropped; the last line of a nonce counts. So a change appends a line, however many
transactions there are. Every change is on disk before the method returns; a last line without an
end is of a change that did not return. A lock keeps a second program out.
"""

import errno
import fcntl
import json
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Self

from ostraka.chain.journal import MemoryJournal, Outgoing, Signed
from ostraka.files import private, replace_file
from ostraka_verifier.encoding import parse_json
from ostraka_verifier.errors import Malformed

_FORMAT = "ostraka/journal/v2"


class FileJournal(MemoryJournal):
    """See `Journal`. Used as a context, which holds the lock."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: The file; missing means that nothing was sent. Its folder is there.
        """
        super().__init__()
        self._path = path
        self._lock: int | None = None
        self._file: FileIO | None = None

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
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            os.close(self._lock)

    def add(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        added = super().add(outgoing)
        if added:
            self._note(outgoing.nonce)
        return added

    def add_version(self, outgoing: Outgoing, signed: Signed) -> None:
        """See `Journal`."""
        super().add_version(outgoing, signed)
        self._note(outgoing.nonce)

    def resend(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        was_resent = outgoing.nonce in self._resent
        resent = super().resend(outgoing)
        if resent and not was_resent:
            self._note(outgoing.nonce)
        return resent

    def drop(self, outgoing: Outgoing) -> bool:
        """See `Journal`."""
        dropped = super().drop(outgoing)
        if dropped:
            self._note(outgoing.nonce)
        return dropped

    def settle(self, outgoing: Outgoing, settled: bool) -> None:
        """See `Journal`."""
        super().settle(outgoing, settled)
        self._note(outgoing.nonce)

    def give_up(self, outgoing: Outgoing) -> None:
        """See `Journal`."""
        super().give_up(outgoing)
        self._note(outgoing.nonce)

    def _note(self, nonce: int) -> None:
        """Append the state of a nonce."""
        if self._file is None:
            # Without the lines that later ones replaced, and without one that was not finished.
            lines = [_line({"format": _FORMAT}), *map(self._state, sorted(self._known))]
            replace_file(self._path, b"".join(lines))
            self._file = self._path.open("ab", buffering=0)
            return
        try:
            line = self._state(nonce)
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
            os.fsync(self._file.fileno())
        except OSError:
            # Perhaps a part of the line is there: the next change writes all anew.
            self._file.close()
            self._file = None
            raise

    def _state(self, nonce: int) -> bytes:
        known = self._known.get(nonce)
        if known is None:
            return _line({"dropped": nonce})
        marks = {"over": nonce in self._over, "resent": nonce in self._resent}
        return _line({**_encoded(known), **marks})

    def _read(self) -> None:
        try:
            head, *lines = self._path.read_bytes().splitlines(keepends=True)
            if parse_json(head, "journal")["format"] != _FORMAT:
                raise ValueError
            for line in lines:
                if line.endswith(b"\n"):
                    self._take(parse_json(line, "journal"))
        except (KeyError, TypeError, ValueError, Malformed) as error:
            raise ValueError(f"{self._path}: damaged, or not a journal of transactions") from error

    def _take(self, state: Mapping[str, Any]) -> None:
        if "dropped" in state:
            self._known.pop(int(state["dropped"]), None)
            return
        outgoing = _decoded(state)
        self._known[outgoing.nonce] = outgoing
        for marked, nonces in ((state["over"], self._over), (state["resent"], self._resent)):
            if marked:
                nonces.add(outgoing.nonce)
            else:
                nonces.discard(outgoing.nonce)


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"


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
