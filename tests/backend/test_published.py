"""A poll as the chain publishes it: what a node serves, and what it refuses to."""

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from ostraka.chain.published import read_published
from ostraka.chain.registry import CreatedPoll, Registry
from ostraka_verifier.errors import Rejected
from ostraka_verifier.parameters import Committee
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import Domain
from tests.support.polls import REGISTRY, SyntheticPoll, approval_poll

QUESTION = {
    "kind": "approval",
    "title": "Which?",
    "options": [f"option {slot}" for slot in range(4)],
    "at_least": 1,
    "at_most": 3,
}


@dataclass
class OnePoll:
    """A registry in memory that holds one poll."""

    poll: SyntheticPoll
    created_as: CreatedPoll
    address: bytes = REGISTRY

    @property
    def domain(self) -> Domain:
        return self.poll.domain

    def created(self, poll_id: int) -> CreatedPoll | None:
        return self.created_as if poll_id == 1 else None

    def committee(self, digest: bytes) -> Committee | None:
        return self.poll.committee if digest == self.poll.committee.digest else None


def read(poll: SyntheticPoll, poll_id: int = 1, **changes: Any) -> PublishedPoll | None:
    outcome_rule = poll.outcome.encode()
    created = CreatedPoll(
        1, poll.context, poll.parameters, poll.rule.encode(), outcome_rule, poll.description
    )
    registry = OnePoll(poll, replace(created, **changes))
    return read_published(cast(Registry, registry), poll_id)


def test_an_honest_poll_is_read() -> None:
    for members in (dict[str, Any](), {"questions": [QUESTION]}):
        poll = approval_poll(members=members)
        published = read(poll)
        assert published is not None
        assert (published.rule, published.context) == (poll.rule, poll.context)
    assert read(approval_poll(), poll_id=2) is None


@pytest.mark.parametrize(
    "questions",
    [
        [QUESTION | {"at_most": 2}],
        [QUESTION | {"options": ["option 0", "option 1", "option 2", "option X"]}],
        [QUESTION, QUESTION],
        [QUESTION | {"hidden": 1}],
        [QUESTION | {"at_most": 5}],
        [],
        "What?",
        None,
    ],
    ids=range(8),
)
def test_polls_whose_questions_contradict_the_rule_are_refused(questions: Any) -> None:
    with pytest.raises(Rejected, match="P5"):
        read(approval_poll(members={"questions": questions}))


def test_polls_with_a_wrong_digest_are_refused() -> None:
    poll = approval_poll()
    other = approval_poll(members={"title": "Another question"})
    with pytest.raises(Rejected, match="P1"):
        read(poll, description=other.description)
