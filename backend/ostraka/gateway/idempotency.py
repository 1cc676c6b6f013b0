"""Repeat a request without doing it twice: the client names it by an `Idempotency-Key`.

Same key and same request: the same answer. Same key and another request: refused. While the first
of them is still worked on: 409, to be asked again. Only an answer of success is kept, for only
then something was done; whatever was sent to the chain before that is found by its purpose.

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
# A string of RFC 9651 is quoted; most clients leave the quotes out.
_KEY = re.compile(r'"?([A-Za-z0-9_.:-]{16,128})"?')


class Requests:
    """Requests that clients of the gateways on one database may repeat."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: set[bytes] = set()
        self._guard = Lock()

    def once(self, key: str | None, request: bytes, act: Callable[[str], Any]) -> Any:
        """What a request brings about, now or when it was made before.

        Args:
            key: The header as it came.
            request: Method, path and body.
            act: Does it; is given a name of the request that is the same each time. Must itself
                do nothing twice when another gateway does the same at the same moment.

        Raises:
            Problem: 400 without a good key, 422 if the key names another request, 409 while that
                is worked on here.
        """
        given = _KEY.fullmatch(key or "")
        if given is None:
            detail = "name the request by 16 to 128 letters, digits, or any of _.:- of your choice"
            raise Problem(ProblemType.IDEMPOTENCY_KEY_MISSING, detail, HEADER)
        key_hash = hashlib.sha256(given[1].encode()).digest()
        with self._guard:
            if key_hash in self._running:
                detail = "the same request is being worked on; ask again in a moment"
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
        """What is kept of a key, from now on if not before."""
        try:
            with Session(self._engine) as session:
                session.add(IdempotentRequest(key_hash=key_hash, fingerprint=fingerprint))
                session.commit()
        except IntegrityError:
            # Asked before: what counts is what was asked then.
            pass
        with Session(self._engine) as session:
            known = session.get_one(IdempotentRequest, key_hash)
        if known.fingerprint != fingerprint:
            detail = "this key named another request before; take a new one"
            raise Problem(ProblemType.IDEMPOTENCY_KEY_REUSED, detail, HEADER)
        return known
