"""The log of receipts, its proofs, and what two checkpoints prove (protocol §9.6, RFC 6962)."""

from itertools import pairwise
from typing import Any

import pytest

from ostraka_verifier.encoding import Reader, tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.receipt_log import (
    CHECKPOINT_BYTES,
    EMPTY_ROOT,
    Checkpoint,
    ReceiptLog,
    SignedCheckpoint,
    contradiction,
    proves_consistency,
    proves_inclusion,
    successor_objection,
)
from ostraka_verifier.units import UnixSeconds
from tests.support.vectors import named, unhex, vectors

CASES = vectors("receipt_log")
CONTEXT = unhex(CASES["poll_context"])
DIGESTS = [unhex(one) for one in CASES["digests"]]
ROOTS = [unhex(one) for one in CASES["roots"]]
EXTRA = bytes(32)


def tree_hash(digests: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not digests:
        return EMPTY_ROOT
    if len(digests) == 1:
        return tagged_hash("log-leaf", digests[0])
    split = 1
    while 2 * split < len(digests):
        split *= 2
    return tagged_hash("log-node", tree_hash(digests[:split]), tree_hash(digests[split:]))


def test_roots() -> None:
    log = ReceiptLog()
    for count in range(len(DIGESTS) + 1):
        assert len(log) == count
        assert log.root() == tree_hash(DIGESTS[:count]) == ROOTS[count]
        log.append(DIGESTS[count : count + 1])
    for count, root in enumerate(ROOTS):
        assert log.root(count) == root


def test_proofs_of_the_vectors() -> None:
    log = ReceiptLog(DIGESTS)
    for case in CASES["inclusion"]:
        proof = [unhex(one) for one in case["proof"]]
        assert log.inclusion(case["index"], case["count"]) == proof
    for case in CASES["consistency"]:
        proof = [unhex(one) for one in case["proof"]]
        assert log.consistency(case["from"], case["to"]) == proof


def test_a_proof_shows_one_ballot_at_one_place() -> None:
    log = ReceiptLog(DIGESTS)
    for count in range(1, len(DIGESTS) + 1):
        for index in range(count):
            proof = log.inclusion(index, count)
            shown = [
                place
                for place in range(-1, count + 2)
                if proves_inclusion(DIGESTS[index], place, count, proof, ROOTS[count])
            ]
            assert shown == [index]
            for wrong in ([*proof, EXTRA], proof[:-1], proof[::-1], [EXTRA, *proof[1:]]):
                if wrong != proof:
                    assert not proves_inclusion(DIGESTS[index], index, count, wrong, ROOTS[count])


def test_a_proof_shows_that_a_log_only_grew() -> None:
    log = ReceiptLog(DIGESTS)
    for second in range(len(DIGESTS) + 1):
        for first in range(second + 1):
            proof, roots = log.consistency(first, second), (ROOTS[first], ROOTS[second])
            assert proves_consistency(first, roots[0], second, roots[1], proof)
            for other in ROOTS:
                if other != roots[0]:
                    assert not proves_consistency(first, other, second, roots[1], proof)
                if other != roots[1] and first:
                    assert not proves_consistency(first, roots[0], second, other, proof)
            for wrong in ([*proof, EXTRA], proof[:-1], proof[::-1]):
                if wrong != proof:
                    assert not proves_consistency(first, roots[0], second, roots[1], wrong)
    assert not proves_consistency(3, ROOTS[3], 2, ROOTS[2], [])


def test_a_changed_log_has_no_proof() -> None:
    other = ReceiptLog([*DIGESTS[:4], EXTRA, *DIGESTS[5:]])
    for first in range(5, len(DIGESTS)):
        proof = other.consistency(first, len(DIGESTS))
        assert not proves_consistency(first, ROOTS[first], len(DIGESTS), other.root(), proof)


def test_proofs_outside_the_log() -> None:
    log = ReceiptLog(DIGESTS)
    for index, count in ((-1, 1), (1, 1), (0, 0), (0, 14)):
        with pytest.raises(ValueError, match="outside the log"):
            log.inclusion(index, count)
    for first, second in ((-1, 1), (2, 1), (0, 14)):
        with pytest.raises(ValueError, match="outside the log"):
            log.consistency(first, second)


def read(text: str) -> Checkpoint:
    reader = Reader(unhex(text), "checkpoint")
    found = Checkpoint.read(reader)
    reader.end()
    return found


@pytest.mark.parametrize("case", named(CASES["pairs"]))
def test_pairs_of_checkpoints(case: dict[str, Any]) -> None:
    first, second = read(case["first"]), read(case["second"])
    assert first.encode() == unhex(case["first"])
    assert first.hash(CONTEXT) == unhex(case["first_hash"])
    for one, other in ((first, second), (second, first)):
        assert (contradiction(CONTEXT, one, other) is not None) == case["contradicts"]
    objection = successor_objection(CONTEXT, first, second, UnixSeconds(0), CASES["freezes_at"])
    assert (objection is None) == case["follows"]


@pytest.mark.parametrize("case", named(CASES["firsts"]))
def test_first_checkpoints(case: dict[str, Any]) -> None:
    first, times = read(case["checkpoint"]), (CASES["opens_at"], CASES["freezes_at"])
    assert (successor_objection(CONTEXT, None, first, *times) is None) == case["begins"]


def test_which_checkpoints_may_be_first() -> None:
    begin = {case["name"] for case in CASES["firsts"] if case["begins"]}
    assert begin == {"at the opening", "the last one at once", "the last one without a receipt"}


def test_what_the_pairs_show() -> None:
    shown = {case["name"] for case in CASES["pairs"] if case["contradicts"]}
    assert shown == {
        "two of one number",
        "fewer receipts",
        "other receipts",
        "an earlier time",
        "another one before",
    }
    follows = {case["name"] for case in CASES["pairs"] if case["follows"]}
    assert follows == {"the next one", "the last one, soon"}


def test_an_honest_log_contradicts_itself_nowhere() -> None:
    log, chain = ReceiptLog(DIGESTS), list[Checkpoint]()
    for number, count in enumerate((1, 4, 5, 13), start=1):
        previous = chain[-1].hash(CONTEXT) if chain else EMPTY_ROOT
        at = UnixSeconds(1_000 + 60 * number)
        chain.append(Checkpoint(1, number, count, log.root(count), previous, at))
    for one in chain:
        assert all(contradiction(CONTEXT, one, other) is None for other in chain)
    steps = [(None, chain[0]), *pairwise(chain)]
    assert all(
        successor_objection(CONTEXT, before, after, UnixSeconds(1_060), UnixSeconds(2_000)) is None
        for before, after in steps
    )
    # Otherwise a node could sign millions of them with times long past.
    early = successor_objection(CONTEXT, None, chain[0], UnixSeconds(1_061), UnixSeconds(2_000))
    assert early == "a checkpoint from before the opening"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("node 0", lambda data: b"\0" + data[1:]),
        ("number 0", lambda data: data[:1] + bytes(4) + data[5:]),
        ("a first one with one before", lambda data: data[:41] + b"\1" * 32 + data[73:]),
        ("no receipts, but a root", lambda data: data[:5] + bytes(4) + data[9:]),
        ("receipts without a root", lambda data: data[:9] + bytes(32) + data[41:]),
        ("one byte short", lambda data: data[:-1]),
        ("one byte over", lambda data: data + b"\0"),
    ],
)
def test_checkpoints_that_cannot_be_read(name: str, change: Any) -> None:
    good = SignedCheckpoint(read(CASES["pairs"][0]["first"]), bytes(65)).encode()
    assert SignedCheckpoint.decode(good).encode() == good
    assert len(good) == CHECKPOINT_BYTES + 65
    with pytest.raises(Malformed):
        SignedCheckpoint.decode(change(good))
