"""Audits by both verifiers, and what they say differently."""

import secrets
from typing import Any

from ostraka_verifier.checks import CHECKS, Audit, Claimed
from ostraka_verifier.curve import Curve, load
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import ChainEvidence


class KeptTables:
    """The native curve, with its tables of generators made once instead of once an audit."""

    def __init__(self) -> None:
        self._curve = load("native")
        self._tables: dict[bytes, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._curve, name)

    def fixed_bases(self, points: Any) -> Any:
        key = points.encode()
        if key not in self._tables:
            self._tables[key] = self._curve.fixed_bases(points)
        return self._tables[key]


CURVE: Curve = KeptTables()  # type: ignore[assignment]


def by_the_first(
    board: bytes, chain: ChainEvidence, registry: bytes, poll_id: int = 1
) -> dict[str, tuple[str, str, bool]]:
    """Verdict, item, and whether something is assumed, of each check of the verifier in Python."""
    try:
        audit = Audit(CURVE, Claimed(registry, poll_id), chain, board, secrets.randbits)
    except Malformed:
        # No board at all: its report says so in place of the checks.
        return {
            number: ("fails", "board", False) if number == "P1" else ("not checked", "", False)
            for number, _, _ in CHECKS
        }
    return {
        one.check: (one.verdict.value, one.item, bool(one.assumes)) for one in audit.run(CHECKS)
    }


def by_the_second(answer: dict[str, dict[str, str]]) -> dict[str, tuple[str, str, bool]]:
    """The same of the second verifier's answer."""
    return {
        number: (one["verdict"], one["item"], bool(one["assumes"]))
        for number, one in answer.items()
    }


def verdicts(found: dict[str, tuple[str, str, bool]]) -> dict[str, str]:
    """Verdict of each check."""
    return {number: verdict for number, (verdict, _, _) in found.items()}
