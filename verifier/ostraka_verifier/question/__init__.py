"""Every kind of question with its ballot rule and its JSON form.

Source: docs/protocol.md §5.5, §5.7, §5.8. Vectors: tests/vectors/questions.json.
"""

from ostraka_verifier.question.amounts import Amounts, Points, Quadratic, Score, Split
from ostraka_verifier.question.asked import Question
from ostraka_verifier.question.buckets import CrossTabulation, Histogram
from ostraka_verifier.question.caps import Cap
from ostraka_verifier.question.implied import implied_question
from ostraka_verifier.question.number import Number
from ostraka_verifier.question.pairwise import Pairwise
from ostraka_verifier.question.poll import (
    KINDS,
    ballot_bits,
    poll_labels,
    poll_rule,
    read_questions,
    stack,
)
from ostraka_verifier.question.ranking import Ranking
from ostraka_verifier.question.selection import (
    Approval,
    Knapsack,
    SingleChoice,
    approval,
    knapsack,
    single_choice,
)
from ostraka_verifier.question.votes import disambiguate

__all__ = [
    "KINDS",
    "Amounts",
    "Approval",
    "Cap",
    "CrossTabulation",
    "Histogram",
    "Knapsack",
    "Number",
    "Pairwise",
    "Points",
    "Quadratic",
    "Question",
    "Ranking",
    "Score",
    "SingleChoice",
    "Split",
    "approval",
    "ballot_bits",
    "disambiguate",
    "implied_question",
    "knapsack",
    "poll_labels",
    "poll_rule",
    "read_questions",
    "single_choice",
    "stack",
]
