"""Safe repetition of requests: the client identifies a request by an `Idempotency-Key`.

The same key with the same request gets the same answer; with another request it is refused. While
the first request is being processed, the answer is 409, and the client asks again. Only successful
answers are stored, because only they have an effect; transactions sent before a crash are found by
their purpose.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
import re
from collections.abc import Callable
from threading import Lock
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ostraka.storage.gateway_tables import IdempotentRequest
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem

HEADER = "Idempotency-Key"
# RFC 9651 quotes strings; most clients omit the quotes.
_KEY = re.compile(r'"?([A-Za-z0-9_.:-]{16,128})"?')


class Requests:
    """Requests that clients of the gateways on one database may repeat."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: set[bytes] = set()
        self._guard = Lock()

    def once(self, key: str | None, request: bytes, act: Callable[[str], Any]) -> Any:
        """Act on a request unless it was done before, and return the answer.

        Args:
            key: The unparsed header.
            request: Method, path and body.
            act: Acts on the request; gets an identifier that is the same for every repetition. It
                must be safe if another gateway does the same at the same moment.

        Raises:
            Problem: 400 without a valid key, 422 if the key belongs to another request, 409 while
                the request is being processed here.
        """
        given = _KEY.fullmatch(key or "")
        if given is None:
            detail = "identify the request with 16 to 128 letters, digits, or any of _.:-"
            raise Problem(ProblemType.IDEMPOTENCY_KEY_MISSING, detail, HEADER)
        key_hash = hashlib.sha256(given[1].encode()).digest()
        with self._guard:
            if key_hash in self._running:
                detail = "the same request is being processed; ask again in a moment"
                raise Problem(ProblemType.REQUEST_IN_PROGRESS, detail, HEADER, 2)
            self._running.add(key_hash)
        try:
            known = self._known(key_hash, hashlib.sha256(request).digest())
            if known.outcome is not None:
                return known.outcome
            outcome = act(key_hash.hex())
            with Session(self._engine) as session:
                known.outcome = outcome
                session.merge(known)
                session.commit()
            return outcome
        finally:
            with self._guard:
                self._running.discard(key_hash)

    def _known(self, key_hash: bytes, fingerprint: bytes) -> IdempotentRequest:
        """Return the stored request of a key; store it if it is new."""
        try:
            with Session(self._engine) as session:
                session.add(IdempotentRequest(key_hash=key_hash, fingerprint=fingerprint))
                session.commit()
        except IntegrityError:
            # The first request with this key counts.
            pass
        with Session(self._engine) as session:
            known = session.get_one(IdempotentRequest, key_hash)
        if known.fingerprint != fingerprint:
            detail = "this key belongs to an earlier request; use a new one"
            raise Problem(ProblemType.IDEMPOTENCY_KEY_REUSED, detail, HEADER)
        return known
