"""An honest poll passes every numbered check, and each check has a mutation that it refuses."""

from ostraka_verifier.checks import CHECKS, Verdict
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import single_choice
from tests.support.audits import BOARD, CHAIN, findings
from tests.support.polls import SyntheticPoll
from tests.verifier.checks.mutations import MUTATIONS


def test_an_honest_poll_holds() -> None:
    found = findings(BOARD, CHAIN)
    assert [finding.check for finding in found.values()] == [number for number, _, _ in CHECKS]
    assert {finding.verdict for finding in found.values()} == {Verdict.HOLDS}


def test_an_honest_poll_of_slots_that_are_bits_holds() -> None:
    poll = SyntheticPoll(
        votes=[[1, 0, 0]] * 3 + [[0, 0, 1]] * 2, rule=single_choice(3), outcome=NoOutcome()
    )
    assert {one.verdict for one in findings(*poll.finish()).values()} == {Verdict.HOLDS}


def test_every_check_has_a_mutation() -> None:
    killed = {number for _, expected in MUTATIONS for number in expected}
    assert killed == {number for number, _, _ in CHECKS}
