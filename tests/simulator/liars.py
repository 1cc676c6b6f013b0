"""Lies of nodes: answers in place of those of their honest programs."""

from collections.abc import Callable, Sequence

from tests.simulator.programs import SimulatedNode
from tests.simulator.virtual_network import Answer, Asked

Lie = Callable[[SimulatedNode, Asked, Answer], Answer | None]


def _withhold(_: SimulatedNode, asked: Asked, answer: Answer) -> Answer | None:
    hidden = ("/board", "/leaves", "/inventory", "/peer/ballots", "/peer/records", "/peer/draft")
    return None if asked.path.endswith(hidden) else answer


LIES: dict[str, Lie] = {"withholds boards and ballots": _withhold}


def answers(
    node: SimulatedNode, lies: Sequence[str]
) -> Callable[[Asked, Answer], Answer | None]:
    """Return what a liar answers."""

    def lie(asked: Asked, answer: Answer) -> Answer | None:
        given: Answer | None = answer
        for name in lies:
            if given is not None:
                given = LIES[name](node, asked, given)
        return given

    return lie
