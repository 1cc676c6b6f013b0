"""What failed before fails again at no cost; malice is counted for the signer alone (§9.1)."""

from dataclasses import replace

from ostraka.node.failures import SUSPECTED_AFTER, Failures
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import CastRecord

VOTER = bytes([1]) * 20
RECORD = CastRecord(VOTER + bytes(20), (bytes(8),), bytes(65))
PROBLEM = Problem(ProblemType.CHECK_FAILED, "B6: the proof is false")


def test_a_false_ballot_fails_in_every_record() -> None:
    failures = Failures()
    digest = RECORD.ballot_digest
    assert failures.of(RECORD, digest) is None
    failures.false_ballot(VOTER, digest, PROBLEM)
    for record in (RECORD, replace(RECORD, boxes=(bytes([1]),)), replace(RECORD, signature=b"")):
        found = failures.of(record, digest)
        assert found is not None
        assert found.detail == PROBLEM.detail
    assert failures.of_ballot(digest) is not None


def test_a_false_box_or_signature_fails_only_in_that_record() -> None:
    failures, other = Failures(), replace(RECORD, boxes=(bytes([1]),))
    failures.false_box(VOTER, RECORD, PROBLEM)
    assert failures.of(RECORD, RECORD.ballot_digest) is not None
    assert failures.of(other, RECORD.ballot_digest) is None
    failures.forged(other, PROBLEM)
    assert failures.of(other, RECORD.ballot_digest) is not None
    assert failures.of_ballot(RECORD.ballot_digest) is None


def test_malice_is_several_failures_that_the_voter_signed() -> None:
    failures = Failures()
    for number in range(10):
        # Anybody can send false signatures in a voter's name, and one ballot again and again.
        failures.forged(replace(RECORD, signature=bytes([number])), PROBLEM)
        failures.false_ballot(VOTER, RECORD.ballot_digest, PROBLEM)
    assert not failures.suspected(VOTER)
    for number in range(1, SUSPECTED_AFTER):
        failures.false_ballot(VOTER, bytes([number]) * 32, PROBLEM)
    assert failures.suspected(VOTER)
    assert not failures.suspected(bytes(20))
