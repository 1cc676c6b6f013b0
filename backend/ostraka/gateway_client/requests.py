"""Repeatable requests that move money or create something, with idempotency keys.

A request's key is saved to the disk before the request is sent, and kept until an answer arrives:
the same command, given again, continues the same request.

Source: draft-ietf-httpapi-idempotency-key-header-07; the XDG Base Directory Specification.
"""

import fcntl
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ostraka.gateway_client.gateway import Gateway, Unreachable
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

_NOTHING_DONE = (404, 409, 422)
"""Refusals after which the gateway has not acted on the request, and will not."""
_WORKING_TRIES, _WORKING_PAUSE_S = 60, 2
_KEY_FIELD = "Idempotency-Key"


@dataclass(frozen=True)
class Answer:
    """The answer to a request, and whether the request was sent before without an answer."""

    content: Any
    again: bool


class OpenRequests:
    """This user's unanswered requests, in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Args:
        folder: By default `$XDG_STATE_HOME/ostraka/requests`.
        """
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        self._folder = folder or state / "ostraka" / "requests"

    def post(self, gateway: Gateway, path: str, body: object, named: object = None) -> Answer:
        """Send an organizer's request, and return the answer.

        Args:
            named: Identifies the same request if the body has times relative to now; the body that
                was sent first is then sent again.

        Raises:
            Problem, Unreachable: As for `Gateway`.
            OSError: The folder cannot be written.
        """
        same = [gateway.name, path, body if named is None else named]
        asked = json.dumps(same, sort_keys=True).encode()
        file = self._folder / hashlib.sha256(asked).hexdigest()
        with self._locked(file):
            again = file.exists()
            if not again:
                _write(file, json.dumps({"key": str(uuid.uuid4()), "body": body}))
            kept = json.loads(file.read_text())
            try:
                content = _patiently(
                    lambda: gateway.post(path, kept["body"], as_organizer=True, key=kept["key"])
                )
            except Problem as problem:
                if problem.status in _NOTHING_DONE and problem.field != _KEY_FIELD:
                    file.unlink()
                raise
            file.unlink()
        return Answer(content, again)

    @contextmanager
    def _locked(self, file: Path) -> Iterator[None]:
        """Lock a request, so that two processes do not send it under the same key at once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _patiently(ask: Callable[[], Any]) -> Any:
    """Return the answer to a request that the gateway may still be working on."""
    for _ in range(_WORKING_TRIES):
        try:
            return ask()
        except Problem as problem:
            if problem.kind is not ProblemType.REQUEST_IN_PROGRESS:
                raise
        time.sleep(_WORKING_PAUSE_S)
    raise Unreachable("the gateway is still working on this request; run the command again later")


def _write(file: Path, text: str) -> None:
    """Write a file; it is on the disk before this returns."""
    part = file.with_suffix(".part")
    with part.open("w") as writing:
        writing.write(text)
        writing.flush()
        os.fsync(writing.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
