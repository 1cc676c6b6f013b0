"""Logs of receipts: roots, proofs, checkpoints, and pairs of checkpoints (§9.6)."""

from dataclasses import replace
from typing import Any

from ostraka_verifier.receipt_log import (
    EMPTY_ROOT,
    Checkpoint,
    ReceiptLog,
    contradiction,
    successor_objection,
)
from ostraka_verifier.units import UnixSeconds
from tests.vectors.cases import Cases, hexed

CONTEXT = bytes(range(32))
OPENS_AT = UnixSeconds(900)
FREEZES_AT = UnixSeconds(2_000)
_COUNTS = (1, 2, 3, 7, 8, 13)


def _digest(number: int) -> bytes:
    return bytes([number]) * 32


def receipt_logs() -> Cases:
    """A log of 13 receipts with all its proofs, and statements about it."""
    log = ReceiptLog(_digest(number) for number in range(13))
    return {
        "poll_context": hexed(CONTEXT),
        "opens_at": OPENS_AT,
        "freezes_at": FREEZES_AT,
        "digests": [hexed(_digest(number)) for number in range(13)],
        "roots": [hexed(log.root(count)) for count in range(14)],
        "inclusion": [
            {"index": index, "count": count, "proof": list(map(hexed, log.inclusion(index, count)))}
            for count in _COUNTS
            for index in range(count)
        ],
        "consistency": [
            {"from": first, "to": second, "proof": list(map(hexed, log.consistency(first, second)))}
            for second in _COUNTS
            for first in range(second + 1)
        ],
        "pairs": _pairs(log),
        "firsts": _firsts(log),
    }


def _pairs(log: ReceiptLog) -> list[dict[str, Any]]:
    first = Checkpoint(2, 1, 3, log.root(3), EMPTY_ROOT, UnixSeconds(1_000))
    second = Checkpoint(2, 2, 8, log.root(8), first.hash(CONTEXT), UnixSeconds(1_060))
    cases = {
        "the next one": (first, second),
        "the same one": (first, first),
        "another node's": (first, replace(first, node=3, root=log.root(4))),
        "two of one number": (first, replace(first, signed_at=UnixSeconds(1_001))),
        "fewer receipts": (first, replace(second, count=2, root=log.root(2))),
        "other receipts": (first, replace(second, count=3)),
        "an earlier time": (first, replace(second, signed_at=UnixSeconds(999))),
        "another one before": (first, replace(second, previous=_digest(9))),
        "a gap": (first, replace(second, number=3, previous=_digest(9))),
        "no new receipt": (first, replace(second, count=3, root=first.root)),
        "too soon": (first, replace(second, signed_at=UnixSeconds(1_009))),
        "the last one, soon": (
            replace(first, signed_at=UnixSeconds(1_999)),
            replace(
                second,
                count=3,
                root=first.root,
                previous=replace(first, signed_at=UnixSeconds(1_999)).hash(CONTEXT),
                signed_at=FREEZES_AT,
            ),
        ),
        "after freezing": (first, replace(second, signed_at=UnixSeconds(2_001))),
    }
    return [
        {
            "name": name,
            "first": hexed(one.encode()),
            "second": hexed(other.encode()),
            "first_hash": hexed(one.hash(CONTEXT)),
            "contradicts": contradiction(CONTEXT, one, other) is not None,
            "follows": successor_objection(CONTEXT, one, other, OPENS_AT, FREEZES_AT) is None,
        }
        for name, (one, other) in cases.items()
    ]


def _firsts(log: ReceiptLog) -> list[dict[str, Any]]:
    """Checkpoints that may be a node's first one, and others."""
    first = Checkpoint(2, 1, 3, log.root(3), EMPTY_ROOT, OPENS_AT)
    empty = replace(first, count=0, root=EMPTY_ROOT)
    cases = {
        "at the opening": first,
        "before the opening": replace(first, signed_at=UnixSeconds(OPENS_AT - 1)),
        "the last one at once": replace(first, signed_at=FREEZES_AT),
        "after the freezing": replace(first, signed_at=UnixSeconds(FREEZES_AT + 1)),
        "without a receipt": empty,
        "the last one without a receipt": replace(empty, signed_at=FREEZES_AT),
        "a second one": replace(first, number=2, previous=_digest(9)),
    }
    return [
        {
            "name": name,
            "checkpoint": hexed(one.encode()),
            "begins": successor_objection(CONTEXT, None, one, OPENS_AT, FREEZES_AT) is None,
        }
        for name, one in cases.items()
    ]
