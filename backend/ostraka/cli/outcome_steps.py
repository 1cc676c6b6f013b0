"""What commands show of an outcome that opened ballots decide: whose word it is, and every step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from ostraka.cli.amounts import stated_currency
from ostraka.cli.output import facts, printable, table, when
from ostraka.formats.ballot_lines import groups
from ostraka.gateway_client.gateway import Gateway
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex
from ostraka_verifier.outcome import BallotOutcome, decode_outcome_rule, steps_json
from ostraka_verifier.outcome.ballots import Profile
from ostraka_verifier.outcome.steps import Count, Shares, Step, Unaffordable

_ON_BALLOTS = ("equal_shares", "instant_runoff", "transferable_vote", "phragmen")
_LOST = ("vetoed", "missed")
_NO_BALLOTS = (ProblemType.NOT_OPENED, ProblemType.NODES_UNREACHABLE)


def outcome_on_ballots(
    to: Gateway, results: Mapping[str, Any]
) -> tuple[dict[str, Any], list[RenderableType]]:
    """Return what opened ballots decide, for programs and for people; nothing in other polls.

    The JSON has `attested`, what the contract knows, and `steps` as vectors have them, which are
    null as long as nobody shows the opened ballots.

    Args:
        results: Of a poll, as the gateway answers them.
    """
    if results["outcome"]["kind"] not in _ON_BALLOTS:
        return {}, []
    poll = results["poll"]
    attested = to.get(f"/polls/{poll}/outcome")
    shown: list[RenderableType] = [facts({"Outcome": _said(attested)})]
    try:
        opened = to.get(f"/polls/{poll}/opened")
    except Problem as problem:
        if problem.kind not in _NO_BALLOTS:
            raise
        shown.append(f"No steps to show: {printable(problem.detail)}.")
        return {"attested": attested, "steps": None}, shown
    encoded = to.get(f"/polls/{poll}")["outcome_rule"]
    rule = decode_outcome_rule(from_hex(encoded, "outcome_rule"))
    assert isinstance(rule, BallotOutcome)
    profile = Profile(tuple((slots, count) for count, slots in groups(opened)))
    winners, steps = rule.decide(profile)
    names = [one["option"] for one in results["options"]]
    shown += _steps(steps, names, _money(results))
    awards = [int(slot in winners) for slot in range(rule.slots)]
    if attested["awards"] is not None and attested["awards"] != awards:
        shown.append(_DIFFERENT)
    elif attested["state"] in _LOST and winners:
        shown.append("These steps have no effect, because the poll has no outcome.")
    return {"attested": attested, "steps": steps_json(steps)}, shown


_DIFFERENT = (
    "The nodes attested other winners than these ballots give. Audit the poll: ostraka board"
    " export, then ostraka-verify audit. The veto holder can void the outcome: ostraka poll veto."
)


def _said(attested: Mapping[str, Any]) -> str:
    holder, end = attested["veto_holder"], attested["objection_ends_at"]
    match attested["state"]:
        case "awaited":
            return f"the nodes can bring it to the contract until {when(attested['attest_by'])}"
        case "objectable":
            may = f"{holder} may veto it" if holder else "final"
            return f"by the nodes' word; {may} {'until' if holder else 'from'} {when(end)}"
        case "final":
            return f"by the nodes' word, final since {when(end)}; an audit recomputes it"
        case "vetoed":
            return f"vetoed by {holder}: there is none"
    return "the nodes brought none in time: there is none"


def _money(results: Mapping[str, Any]) -> Callable[[int], str]:
    """Return how amounts are written: with a round's currency, or in the smallest unit."""
    if results["round"]:
        return stated_currency(results["round"]).written
    return lambda units: f"{units:,}"


def _steps(
    steps: Sequence[Step], names: Sequence[str], money: Callable[[int], str]
) -> Iterator[RenderableType]:
    # Loaded for polls on ballots only: it comes with the whole report.
    from ostraka_verifier.html_report import step_words

    counts = [step for step in steps if isinstance(step, Count)]
    if counts:
        heads, votes = step_words.count_table(counts, len(names))
        rows = zip([*names, "No further choice"], votes, strict=True)
        yield table(heads, ([name, *row] for name, row in rows), "Votes at each count")
        if counts[0].quota is not None:
            yield step_words.quota_words(counts[0].quota)
        for number, count in enumerate(counts, start=1):
            sentences = (
                "".join(
                    printable(names[piece.slot])
                    if isinstance(piece, step_words.OptionName)
                    else piece
                    for piece in sentence
                )
                for sentence in step_words.count_words(count)
            )
            yield f"Count {number}: {' '.join(sentences)}"
        return
    bought = list[Sequence[str]]()
    for step in steps:
        if isinstance(step, Shares):
            yield step_words.share_words(step, money)
        elif not isinstance(step, Count):
            bought.append([names[step.option], *step_words.purchase_cells(step, money)])
    if bought:
        yield table(step_words.PURCHASES, bought, "Purchases in their order")
    if any(isinstance(step, Unaffordable) for step in steps):
        yield step_words.WHOSE_MONEY
