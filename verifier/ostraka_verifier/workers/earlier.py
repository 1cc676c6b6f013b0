"""What an earlier audit of the same poll found, so that only what changed since is checked.

The leaves are in ranges of fixed length. A range with the same bytes at the same place, in a poll
with the same rule, parameters and census and under the same program, is taken from the file. All
other checks are made again.

The file is the auditor's own: whoever writes it decides what holds.

Source: docs/decisions/0091-scale-out.md.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from ostraka_verifier import __version__
from ostraka_verifier.board_leaves import LeafRecords, join_parts
from ostraka_verifier.board_source import opened_board
from ostraka_verifier.content import Content
from ostraka_verifier.curve import LeafCheck, LeafPart
from ostraka_verifier.errors import Malformed
from ostraka_verifier.leaf_poll import LeafPoll
from ostraka_verifier.packed_census import CensusBlocks
from ostraka_verifier.rpc import Progress
from ostraka_verifier.wording import counted

SCHEMA = "ostraka-earlier/1"
RANGE = 4096
"""Leaves of a range: the end of the board may have fewer."""
_MAX_BYTES = 1 << 28
_HASH = re.compile("[0-9a-f]{64}")


class Earlier:
    """The file of an earlier audit, `report.BoardWorkers`."""

    def __init__(self, path: Path, source: str) -> None:
        """Args:
        path: Of the file; there is none before the first audit.
        source: The board.

        Raises:
            Malformed: The file is not one of an audit.
        """
        self._path = path
        self._source = source
        self._of, self._known = _read(path)
        self._next: tuple[str, dict[str, bytes]] | None = None
        self._taken = 0
        self._total = 0

    @property
    def assumed(self) -> str:
        """What the verdict assumes of the file; empty if nothing was taken from it."""
        if not self._taken:
            return ""
        ballots = counted(self._total, "ballot", "ballots")
        return (
            f"an audit of your own wrote {self._path.name}, from which {self._taken} of {ballots}"
            " are taken"
        )

    @property
    def said(self) -> str:
        """How many ballots were checked anew, in a sentence."""
        ballots = counted(self._total, "ballot", "ballots")
        return f"{self._total - self._taken} of {ballots} checked anew."

    def opened(self) -> AbstractContextManager[Content]:
        """Open the board."""
        return opened_board(self._source)

    def check(
        self,
        poll: LeafPoll,
        census: CensusBlocks,
        records: LeafRecords,
        check: LeafCheck,
        fits: Callable[[LeafPart], bool],
        progress: Progress,
    ) -> LeafPart:
        """Check all leaves but those that are known, as `LeafWorkers.check`."""
        of = _identity(poll, census.index.digest)
        known = self._known if of == self._of else {}
        one = _Pass(known, records, check, progress)
        whole = join_parts(one.parts())
        if one.taken and not fits(whole):
            # The board or the file is at fault: everything is checked.
            one = _Pass({}, records, check, progress)
            whole = join_parts(one.parts())
        self._taken, self._total, self._next = one.taken, len(records), (of, one.found)
        return whole

    def save(self) -> None:
        """Write what is known now, whole or not at all; OSError if that is impossible."""
        if self._next is None:
            return
        of, found = self._next
        parts = {name: part.hex() for name, part in found.items()}
        content = json.dumps({"schema": SCHEMA, "of": of, "parts": parts})
        unfinished = self._path.with_name(self._path.name + ".new")
        try:
            unfinished.write_text(content, encoding="utf-8")
            unfinished.replace(self._path)
        finally:
            unfinished.unlink(missing_ok=True)


class _Pass:
    """One pass over the leaves.

    Attributes:
        found: Encoded findings by the names of ranges that hold.
        taken: Leaves that were known.
    """

    def __init__(
        self, known: dict[str, bytes], records: LeafRecords, check: LeafCheck, progress: Progress
    ) -> None:
        self.found: dict[str, bytes] = {}
        self.taken = 0
        self._known, self._records, self._check = known, records, check
        self._progress = progress

    def parts(self) -> Iterator[LeafPart]:
        """Yield the findings on neighbouring ranges; errors as for `LeafRecords.chunk`."""
        total, size = len(self._records), min(RANGE, self._records.at_once)
        yield self._check.check(0, b"")
        for first in range(0, total, size):
            count = min(size, total - first)
            data = self._records.chunk(first, count)
            name = hashlib.sha256(first.to_bytes(8, "big") + data).hexdigest()
            part = _part(self._known.get(name), first, count)
            if part is None:
                part = self._check.check(first, data)
            else:
                self.taken += count
            if _holds(part):
                self.found[name] = part.encode()
            yield part
            self._progress(first + count, total)


def _identity(poll: LeafPoll, census: bytes) -> str:
    """Hash of all that findings depend on, apart from the leaves; `census` is its digest."""
    members: list[Any] = [__version__, poll.rule.hex(), poll.threshold, poll.context.hex()]
    members += [poll.generators.hex(), poll.domain.hex(), poll.opens_to_closes]
    members.append(census.hex())
    return hashlib.sha256(json.dumps(members).encode()).hexdigest()


def _holds(part: LeafPart) -> bool:
    named = (part.malformed, part.disordered, part.stranger, part.unsigned, part.untimely)
    return part.sums() is not None and not part.unproven and named == (None,) * len(named)


def _part(data: bytes | None, first: int, count: int) -> LeafPart | None:
    """Return known findings; None if there are none on just this range."""
    from ostraka_verifier_native import LeafPart as NativePart

    if data is None:
        return None
    with suppress(ValueError):
        part = NativePart.decode(data)
        if (part.first, part.count) == (first, count) and _holds(part):
            return part
    return None


def _read(path: Path) -> tuple[str, dict[str, bytes]]:
    if not path.exists():
        return "", {}
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise Malformed(path.name, f"more than {_MAX_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
        schema, of, parts = content["schema"], content["of"], content["parts"]
        if schema != SCHEMA or not isinstance(of, str):
            raise Malformed(path.name, f"not a file of {SCHEMA}")
        return of, {
            name: bytes.fromhex(part) for name, part in parts.items() if _HASH.fullmatch(name)
        }
    except OSError as error:
        raise Malformed(path.name, error.strerror or str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed(path.name, "not the file of an earlier audit") from None
