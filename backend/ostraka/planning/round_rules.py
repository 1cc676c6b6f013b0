"""A round's ballot kind and outcome rule, in the encoding that the treasury takes.

The contract derives the poll's rules from these bytes and the open proposals, and refuses
impossible ones.

Source: docs/protocol.md §17.7, contracts/RoundRules.sol.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from ostraka.wire.records import to_hex
from ostraka_verifier.category_names import split_names
from ostraka_verifier.encoding import ADDRESS_BYTES, Reader, unsigned
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import BallotMethod, Completion, Misfit, Order, Utility
from ostraka_verifier.question import Question, read_questions
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.units import Seconds
from ostraka_verifier.wording import counted

_GREEDY, _CATEGORIES, _PROPORTIONAL, _BALLOTS = 1, 4, 5, 8


class BallotKind(IntEnum):
    """Ballot kinds of rounds, as the contract numbers them."""

    SINGLE_CHOICE = 0
    APPROVAL = 1
    KNAPSACK = 2
    SCORE = 3
    POINTS = 4
    QUADRATIC = 5
    RANKING = 6


def single_choice() -> bytes:
    """Exactly one proposal."""
    return unsigned(BallotKind.SINGLE_CHOICE, 1)


def approval(at_least: int, at_most: int) -> bytes:
    """Between `at_least` and `at_most` proposals, or all if there are fewer."""
    return unsigned(BallotKind.APPROVAL, 1) + unsigned(at_least, 2) + unsigned(at_most, 2)


def knapsack() -> bytes:
    """Any proposals that together fit the budget."""
    return unsigned(BallotKind.KNAPSACK, 1)


def score(max_score: int) -> bytes:
    """A score of 0 … `max_score` for each proposal."""
    return unsigned(BallotKind.SCORE, 1) + unsigned(max_score, 8)


def points(credits: int, at_least: int = 0) -> bytes:
    """Between `at_least` and `credits` points for any proposals."""
    return unsigned(BallotKind.POINTS, 1) + unsigned(credits, 8) + unsigned(at_least, 8)


def quadratic(credits: int) -> bytes:
    """Votes for any proposals whose squares together cost at most `credits`."""
    return unsigned(BallotKind.QUADRATIC, 1) + unsigned(credits, 8)


def ranking(scores: Sequence[int]) -> bytes:
    """A first, second, … proposal: one for each of at least two scores, with every place filled."""
    places = [unsigned(len(scores), 2), *(unsigned(one, 8) for one in scores)]
    return unsigned(BallotKind.RANKING, 1) + b"".join(places)


def greedy(order: Order, misfit: Misfit, minimum_support: int) -> bytes:
    """Fund by rank while the budget lasts (§14.3)."""
    return bytes([_GREEDY, order, misfit]) + unsigned(minimum_support, 16)


def greedy_by_category(
    budgets: Sequence[int],
    order: Order,
    misfit: Misfit,
    leftover: bool,
    minimum_support: int,
) -> bytes:
    """Fund by rank while the budgets of the categories last (§14.6).

    Together they are at most the round's budget.
    """
    head = bytes([_CATEGORIES, order, misfit, leftover]) + unsigned(minimum_support, 16)
    return head + unsigned(len(budgets), 2) + b"".join(unsigned(one, 16) for one in budgets)


def proportional() -> bytes:
    """Divide the budget by votes (§14.7); proposals ask for no amount."""
    return bytes([_PROPORTIONAL])


def equal_shares(
    utility: Utility,
    completion: Completion,
    increment: int,
    objection_time: Seconds,
    veto_holder: bytes,
) -> bytes:
    """Fund what voters buy together with equal shares of the budget (§14.10.2)."""
    manner = bytes([utility, completion]) + unsigned(increment, 16)
    return _on_ballots(BallotMethod.EQUAL_SHARES, objection_time, veto_holder) + manner


def phragmen(objection_time: Seconds, veto_holder: bytes) -> bytes:
    """Fund proposals by approvals under Phragmén's sequential rule (§14.10.5)."""
    return _on_ballots(BallotMethod.PHRAGMEN, objection_time, veto_holder)


def _on_ballots(method: BallotMethod, objection_time: Seconds, veto_holder: bytes) -> bytes:
    return bytes([_BALLOTS, method]) + unsigned(objection_time, 4) + veto_holder


def opens_ballots(outcome: bytes) -> bool:
    """Return whether a round with this outcome rule opens every ballot of its poll (§17.7)."""
    return outcome[:1] == bytes([_BALLOTS])


def ballot_json(ballot: bytes) -> dict[str, Any]:
    """Return a round's ballot kind with its parameters, as specifications write them.

    Raises:
        Malformed: The bytes are not of a kind that the treasury takes.
    """
    reader = Reader(ballot, "ballot")
    number = reader.unsigned(1, "kind")
    if number not in set(BallotKind):
        raise Malformed("ballot.kind", f"{number} is unknown")
    kind = BallotKind(number)
    content: dict[str, Any] = {"kind": kind.name.lower()}
    if kind is BallotKind.APPROVAL:
        content |= {name: reader.unsigned(2, name) for name in ("at_least", "at_most")}
    elif kind is BallotKind.SCORE:
        content["max_score"] = reader.unsigned(8, "max_score")
    elif kind is BallotKind.POINTS:
        content |= {name: reader.unsigned(8, name) for name in ("credits", "at_least")}
    elif kind is BallotKind.QUADRATIC:
        content["credits"] = reader.unsigned(8, "credits")
    elif kind is BallotKind.RANKING:
        count = reader.unsigned(2, "places")
        content["scores"] = [reader.unsigned(8, "scores") for _ in range(count)]
    reader.end()
    return content


def outcome_json(outcome: bytes) -> dict[str, Any]:
    """Return a round's outcome rule with its parameters, as specifications write them.

    Raises:
        Malformed: The bytes are not of a rule that the treasury takes.
    """
    reader = Reader(outcome, "outcome")
    kind = reader.unsigned(1, "kind")
    if kind == _PROPORTIONAL:
        reader.end()
        return {"kind": "proportional"}
    if kind == _BALLOTS:
        return _on_ballots_json(reader)
    if kind not in (_GREEDY, _CATEGORIES):
        raise Malformed("outcome.kind", f"{kind} is unknown")
    order, misfit = Order(reader.unsigned(1, "order")), Misfit(reader.unsigned(1, "misfit"))
    content: dict[str, Any] = {"order": order.name.lower(), "misfit": misfit.name.lower()}
    if kind == _CATEGORIES:
        content["leftover"] = bool(reader.unsigned(1, "leftover"))
    content["minimum_support"] = str(reader.unsigned(16, "minimum_support"))
    if kind == _CATEGORIES:
        count = reader.unsigned(2, "categories")
        content["budgets"] = [str(reader.unsigned(16, "budgets")) for _ in range(count)]
    reader.end()
    return {"kind": "greedy" if kind == _GREEDY else "categories", **content}


def _on_ballots_json(reader: Reader) -> dict[str, Any]:
    method = reader.unsigned(1, "method")
    if method not in (BallotMethod.EQUAL_SHARES, BallotMethod.PHRAGMEN):
        raise Malformed("outcome.method", f"{method} decides no round")
    content: dict[str, Any] = {"kind": BallotMethod(method).name.lower()}
    content["objection_time"] = reader.unsigned(4, "objection_time")
    holder = reader.take(ADDRESS_BYTES, "veto_holder")
    content["veto_holder"] = to_hex(holder) if any(holder) else None
    if method == BallotMethod.EQUAL_SHARES:
        for name, kinds in (("utility", Utility), ("completion", Completion)):
            number = reader.unsigned(1, name)
            if number not in set(kinds):
                raise Malformed(f"outcome.{name}", f"{number} is unknown")
            content[name] = kinds(number).name.lower()
        content["increment"] = str(reader.unsigned(16, "increment"))
    reader.end()
    return content


def text_and_names(text: str, outcome: bytes) -> tuple[str, list[str]]:
    """Return a round's text without the names of its categories, and the names; none without them.

    Args:
        text: As the chain has it.
        outcome: Its outcome rule.
    """
    return split_names(text, len(outcome_json(outcome).get("budgets", ())))


def widest_rule(ballot: bytes, outcome: bytes, proposals: int, budget: int) -> BallotRule:
    """Return the ballot rule for the largest number of proposals, each asking for 1.

    Rules that the treasury refuses are refused here, with the reason.

    Args:
        proposals: Largest number of open proposals.

    Raises:
        Rejected: No poll can have these rules, or not with that many proposals (check P2).
    """
    content, decides = ballot_json(ballot), outcome_json(outcome)
    kind, divides = content["kind"], decides["kind"] == "proportional"
    if kind == "approval" and content["at_least"] > content["at_most"]:
        reason = f"at least {content['at_least']}, at most {content['at_most']}"
        raise Rejected("P2", "ballot.at_least", reason)
    if kind == "ranking" and len(content["scores"]) > proposals:
        places = counted(len(content["scores"]), "place", "places")
        reason = f"{places} for at most {counted(proposals, 'proposal', 'proposals')}"
        raise Rejected("P2", "ballot.scores", reason)
    if divides and kind == "knapsack":
        raise Rejected("P2", "ballot.kind", "knapsack ballots need proposals with amounts")
    together = sum(int(one) for one in decides.get("budgets", ()))
    if together > budget:
        percent = -(-100 * together // budget)
        reason = f"together {percent} % of the round's budget, more than 100 %"
        raise Rejected("P2", "outcome.budgets", reason)
    names = [(f"proposal {number}", 1) for number in range(1, proposals + 1)]
    try:
        question = _question(content, "round", names, budget)
        if opens_ballots(outcome):
            _check_opened(content, decides["kind"], question)
        return question.rule
    except Rejected as error:
        item = f"ballot.{error.item.partition('.')[2]}"
        reason = f"{error.reason} ({counted(proposals, 'proposal', 'proposals')})"
        raise Rejected(error.check, item, reason) from None


def _check_opened(content: dict[str, Any], decides: str, question: Question) -> None:
    """Refuse what a round's opened ballots cannot decide; Rejected names the ballot's member."""
    if decides == "phragmen" and max(question.rule.slot_maxima) > 1:
        reason = f"a {content['kind']!r} ballot has points; Phragmén's rule takes approvals"
        raise Rejected("P2", "ballot.kind", reason)
    scores = content.get("scores", (1,))
    if len(set(scores)) < len(scores) or not scores[-1]:
        # Fewer proposals leave out the last places, and so a score of 0.
        reason = "opened ballots would not tell the places apart: scores must fall, and end above 0"
        raise Rejected("P2", "ballot.scores", reason)


def question_of(
    ballot: bytes, title: str, proposals: Sequence[tuple[str, int]], budget: int
) -> Question:
    """Return the question of a round's poll (§5.5).

    Args:
        proposals: Title and amount of each open proposal, at least one.
    """
    return _question(ballot_json(ballot), title, proposals, budget)


def _question(
    content: dict[str, Any], title: str, proposals: Sequence[tuple[str, int]], budget: int
) -> Question:
    kind, count = content["kind"], len(proposals)
    content = content | {"title": title, "options": [name for name, _ in proposals]}
    if kind == "approval":
        content |= {name: min(content[name], count) for name in ("at_least", "at_most")}
    elif kind == "knapsack":
        content |= {"costs": [str(amount) for _, amount in proposals], "budget": str(budget)}
    elif kind == "ranking":
        content["scores"] = content["scores"][:count]
    for name in ("max_score", "credits", "at_least"):
        if name in content:
            content[name] = str(content[name])
    if "scores" in content:
        content["scores"] = [str(one) for one in content["scores"]]
    (question,) = read_questions([content])
    return question
