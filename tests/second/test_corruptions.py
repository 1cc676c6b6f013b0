"""Both verifiers give each check the same verdict on boards and chain records changed at random."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from ostraka_verifier.evidence import DeploymentEvidence
from ostraka_verifier.outcome import EqualShares, NoOutcome
from ostraka_verifier.question import single_choice
from tests.support.audits import with_one_place_changed
from tests.support.corrupted_boards import with_other_sections
from tests.support.corruptions import corruptions
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll
from tests.support.second_verifier import Question, SecondVerifier, to_json
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll
from tests.support.two_verifiers import by_the_first, by_the_second, verdicts

PARTS, EACH = 4, 500
"""10,000 corruptions, in parts that several processes share."""
OTHER_SECTIONS = 500
ON_BALLOTS = EqualShares(objection_time=60, costs=(50, 40, 30, 20), budget=100)


def three_voters() -> SyntheticPoll:
    """The smallest committee, and slots that are exactly the bits."""
    return SyntheticPoll(
        votes=[[1, 0], [0, 1], [1, 0]],
        rule=single_choice(2),
        outcome=NoOutcome(),
        nodes=3,
        faults=0,
        secret=False,
    )


POLLS: dict[str, Callable[[], SyntheticPoll | ShuffledPoll]] = {
    "three voters": three_voters,
    "weights": lambda: approval_poll(weights=[2] * 7),
    "round": lambda: approval_poll(treasury=bytes([42] * 20), seed="round"),
    "invited": lambda: approval_poll(unused_invitations=2),
    "shuffled": lambda: ShuffledPoll.of(shuffled_approval_poll(outcome=ON_BALLOTS)),
}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", POLLS)
def test_corruptions_are_judged_alike(second: SecondVerifier, name: str, part: int) -> None:
    compare(second, name, EACH, f"corruptions of {name}, part {part}")


def compare(second: SecondVerifier, name: str, count: int, seed: str) -> None:
    """Ask both about some corruptions; most of them must fail somewhere."""
    board, chain = POLLS[name]().finish()
    second.use(chain)
    made = list(corruptions(board, chain, count, random.Random(seed)))
    questions = (
        Question(
            one.board, REGISTRY, 1, {name: to_json(value) for name, value in one.changes.items()}
        )
        for one in made
    )
    failing = 0
    for one, answer in zip(made, second.audits(questions), strict=True):
        first = by_the_first(one.board, replace(chain, **one.changes), REGISTRY)
        assert verdicts(by_the_second(answer)) == verdicts(first), one.what
        failing += "fails" in verdicts(first).values()
    assert failing > 0.7 * count


def test_code_with_two_values_of_one_immutable_is_judged_alike(second: SecondVerifier) -> None:
    """The compiler writes one value in all places, so such code is of no release."""
    board, chain = three_voters().finish()
    deployment = chain.deployment
    assert isinstance(deployment, DeploymentEvidence)
    code = with_one_place_changed("PollRegistry", deployment.registry)
    changed = replace(chain, deployment=replace(deployment, registry=code))
    second.use(changed)
    answer = by_the_second(second.audit(Question(board.encode(), REGISTRY)))
    assert verdicts(answer)["G2"] == "not checked"
    assert verdicts(answer) == verdicts(by_the_first(board.encode(), changed, REGISTRY))


def test_boards_with_other_sections_are_judged_alike(second: SecondVerifier) -> None:
    """What one section lacks may keep other checks from being made, in both verifiers alike."""
    seeded = random.Random("other sections")
    for number in range(OTHER_SECTIONS):
        board, chain = with_other_sections(seeded)
        second.use(chain)
        answer = by_the_second(second.audit(Question(board, REGISTRY)))
        assert verdicts(answer) == verdicts(by_the_first(board, chain, REGISTRY)), number
