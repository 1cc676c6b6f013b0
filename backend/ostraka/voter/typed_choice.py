"""Turn the answers that a voter types into the bits of a ballot.

Source: docs/protocol.md §5.9.
"""

from collections.abc import Sequence

from ostraka.voter.poll import OpenPoll
from ostraka_verifier.question import ballot_bits

BETWEEN_QUESTIONS = ";"


def bits_of(poll: OpenPoll, answers: Sequence[str]) -> list[int]:
    """Return the bits of a ballot from one answer for each question.

    Raises:
        ValueError: An answer cannot be read, or breaks the rule; the message states how.
    """
    questions = poll.questions
    if len(answers) != len(questions):
        raise ValueError(f"{len(answers)} answers, expected {len(questions)}")
    votes = [question.typed(text) for question, text in zip(questions, answers, strict=True)]
    return ballot_bits(questions, votes[0] if len(votes) == 1 else votes)
