"""Find settings of a round or poll that can never work, or that voters could not read.

`poll check`, `round check`, the creation of a plan and the dry run over HTTP all report these
problems, each under the name of the member that must change.

Source: docs/protocol.md §4.1, §6, §14, §17.1.
"""

from collections.abc import Iterator, Sequence

from ostraka.planning.poll_outcomes import (
    CategoriesWanted,
    EqualSharesWanted,
    GreedyWanted,
    MajorityWanted,
    PluralityWanted,
    PollOutcome,
    costs_of,
)
from ostraka.planning.round_ballots import OnBallots, RoundCategories, RoundGreedy
from ostraka.planning.specification import (
    AccountList,
    Invitations,
    PollSpecification,
    RoundSpecification,
)
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import ToShuffle
from ostraka.wire.titles import first_alike, title_problem
from ostraka_verifier.census import Census
from ostraka_verifier.parameters import DIFFERENT_WEIGHTS, LEAST_ANSWERS, MINIMUM_OPENED
from ostraka_verifier.question import Question, poll_labels
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.units import Seconds, UnixSeconds
from ostraka_verifier.wording import counted

_PAST_S = 900
"""A time counts as past only when it is older: clocks differ, and files take time to be sent."""
_MAX_SETTLING_S = 1 << 40
_NAMED = 3
"""Most accounts with the same key that a problem lists."""
Wrong = Iterator[tuple[str, str]]
"""Member, and why it is impossible."""


def refuse_impossible(
    wanted: RoundSpecification | PollSpecification,
    census: Census | None,
    rule: BallotRule,
    now_unix_s: UnixSeconds,
) -> None:
    """Raise the first of `impossibilities` as a Problem."""
    for field, reason in impossibilities(wanted, census, rule, now_unix_s):
        raise Problem(ProblemType.INVALID_REQUEST, reason, field)


def refuse_wrong_periods(
    wanted: RoundSpecification | PollSpecification, period_floor: Seconds, disputable: bool
) -> None:
    """Refuse periods that the registry would refuse when the poll is created (§4.1).

    Args:
        period_floor: Shortest period that the registry takes.
        disputable: Whether the registry has disputes.

    Raises:
        Problem: A period is too short, or the registry has no disputes; names it.
    """
    times = wanted.times
    asked = {
        "times.response_time": times.response_time,
        "times.max_dispute_delay": times.max_dispute_delay,
    }
    if not disputable:
        for field, period in asked.items():
            if period is not None:
                detail = "this registry has no disputes: leave it out"
                raise Problem(ProblemType.INVALID_REQUEST, detail, field)
    periods = {
        "times.dispute_window": times.dispute_window,
        "times.tally_period": times.tally_period,
    }
    if times.response_time is not None:
        periods["times.response_time"] = times.response_time
    if isinstance(wanted, RoundSpecification):
        periods["claim_period"] = wanted.claim_period
        if wanted.veto_holder is not None:
            periods["payout_delay"] = wanted.fixed_payout_delay
    periods |= _objection_times(wanted)
    for field, period in periods.items():
        if period < period_floor:
            detail = f"{period} s, at least {period_floor} s in this registry"
            raise Problem(ProblemType.INVALID_REQUEST, detail, field)
    fixed = times.fixed(period_floor, disputable)
    response, delay = fixed["response_time"], fixed["max_dispute_delay"]
    if delay < LEAST_ANSWERS * response:
        least = f"at least {LEAST_ANSWERS} times the response time of {response} s"
        field = "times.max_dispute_delay" if times.max_dispute_delay else "times.response_time"
        raise Problem(ProblemType.INVALID_REQUEST, f"{delay} s, {least}", field)
    if delay >= 1 << 32:
        detail = f"four times {response} s is too long; state a shorter response time"
        raise Problem(ProblemType.INVALID_REQUEST, detail, "times.response_time")


def _objection_times(wanted: RoundSpecification | PollSpecification) -> dict[str, Seconds]:
    """Time in which a named veto holder may object, by the field that states it."""
    outcomes: dict[str, object] = {}
    if isinstance(wanted, RoundSpecification):
        outcomes["outcome"] = wanted.outcome
    else:
        for place, rule in enumerate(wanted.outcomes or ()):
            outcomes[f"outcomes[{place}]"] = rule
    return {
        f"{field}.objection_time": rule.objection_time
        for field, rule in outcomes.items()
        if isinstance(rule, OnBallots) and rule.veto_holder is not None
    }


def impossibilities(
    wanted: RoundSpecification | PollSpecification,
    census: Census | None,
    rule: BallotRule,
    now_unix_s: UnixSeconds,
) -> Wrong:
    """Yield everything that can never work.

    Args:
        census: The voters, as far as they are fixed; None if they are read from the chain later.
        rule: The ballot rule; in a round, the rule for the largest number of proposals.
        now_unix_s: Chain time.
    """
    yield from _keys(wanted)
    if isinstance(wanted, PollSpecification):
        yield from _names(wanted.asked)
        yield from _poll_times(wanted, now_unix_s)
        yield from _budgets(wanted)
    else:
        yield from _round_times(wanted, now_unix_s)
        yield from _round_budgets(wanted)
    yield from _counting(wanted)
    if wanted.times.round_duration * wanted.times.max_rounds > _MAX_SETTLING_S:
        yield "times.max_rounds", "all attempts together would take thousands of years"
    # An electorate on chain may still gain members.
    voters = wanted.members if isinstance(wanted, RoundSpecification) else wanted.voters
    if isinstance(wanted.voters or voters, AccountList | Invitations) and census is not None:
        yield from _numbers(wanted, census, rule)


def _counting(wanted: RoundSpecification | PollSpecification) -> Wrong:
    """Yield what belongs to shuffled polls only, and what these cannot ask (§19.1)."""
    times = wanted.times
    if isinstance(wanted, RoundSpecification):
        if times.shuffle_period is not None:
            yield (
                "times.shuffle_period",
                "the treasury takes half of the tally period, at most a day",
            )
        if wanted.is_shuffled and wanted.minimum_ballots < MINIMUM_OPENED:
            reason = f"{wanted.minimum_ballots}, at least {MINIMUM_OPENED} to open every ballot"
            yield "minimum_ballots", reason
        return
    if not wanted.is_shuffled:
        yield from _unshuffled(wanted)
        return
    half = times.tally_period // 2
    if times.fixed_shuffle_period > half:
        reason = f"{times.fixed_shuffle_period} s, more than half of the tally period: {half} s"
        yield "times.shuffle_period", reason
    for number, question in enumerate(wanted.asked):
        objection = question.slots_objection
        if objection is not None:
            yield f"questions[{number}].scores", objection


def _unshuffled(wanted: PollSpecification) -> Wrong:
    for place, outcome, _ in _outcomes(wanted):
        if isinstance(outcome, OnBallots):
            yield f"{place}.kind", 'it needs every ballot: set counting = "shuffled"'
    shuffled_only = {
        "open_minimum": wanted.open_minimum,
        "times.shuffle_period": wanted.times.shuffle_period,
    }
    for field, value in shuffled_only.items():
        if value is not None:
            yield field, 'only with counting = "shuffled"'


def _keys(wanted: RoundSpecification | PollSpecification) -> Wrong:
    if wanted.shared_keys:
        return
    electorates = [("voters", wanted.voters)]
    if isinstance(wanted, RoundSpecification):
        electorates.insert(0, ("members", wanted.members))
    for name, electorate in electorates:
        if not isinstance(electorate, AccountList):
            continue
        signs_for: dict[str, list[str]] = {}
        for entry in electorate.accounts:
            signs_for.setdefault(entry.signing_key or entry.account, []).append(entry.account)
        for key, accounts in signs_for.items():
            if len(accounts) > 1:
                some = ", ".join(accounts[:_NAMED]) + (", …" if len(accounts) > _NAMED else "")
                yield (
                    f"{name}.accounts",
                    f"the key {key} signs for {len(accounts)} accounts ({some}): one person could "
                    "cast all their votes; set shared_keys = true if this is intended",
                )


def _names(questions: Sequence[Question]) -> Wrong:
    """Yield titles and options that voters could not read or distinguish."""
    for number, question in enumerate(questions):
        place = f"questions[{number}]"
        problem = title_problem(question.title)
        if problem:
            yield f"{place}.title", problem
        for member, names in question.names():
            found = [(slot, title_problem(name)) for slot, name in enumerate(names)]
            for slot, problem in found:
                if problem:
                    yield f"{place}.{member}[{slot}]", problem
            alike = None if any(problem for _, problem in found) else first_alike(names)
            if alike:
                later, first = alike
                yield (
                    f"{place}.{member}[{later}]",
                    f"{names[later]!r} looks like {names[first]!r}, number {first + 1}",
                )
    if len(questions) > 1:
        alike = first_alike([question.title for question in questions])
        if alike and first_alike(poll_labels(questions)):
            later, first = alike
            reason = f"the same title and options as question {first + 1}"
            yield f"questions[{later}].title", reason


def _poll_times(wanted: PollSpecification, now: UnixSeconds) -> Wrong:
    closes_registration, opens = wanted.registration_closes_at, wanted.opens_at
    if closes_registration is None and isinstance(wanted.voters, Invitations):
        reason = "missing: without it nobody can redeem an invitation"
        yield "registration_closes_at", reason
    yield from _past("registration_closes_at", closes_registration, now)
    yield from _past("opens_at", opens, now)
    if closes_registration is not None and opens is not None and opens < closes_registration:
        yield "opens_at", "voting would open before registration closes"
    if wanted.closes_at <= max(now, closes_registration or now, opens or now):
        yield "closes_at", "voting must close after now, after registration, and after it opens"


def _round_times(wanted: RoundSpecification, now: UnixSeconds) -> Wrong:
    opened = wanted.proposals_open_at
    yield from _past("proposals_open_at", opened, now)
    if wanted.proposals_close_at <= max(now, opened or now):
        yield "proposals_close_at", "proposals must close after now, and after they open"
    if wanted.voting_opens_at <= wanted.proposals_close_at:
        yield "voting_opens_at", "voting would open before proposals close"
    if wanted.voting_closes_at <= wanted.voting_opens_at:
        yield "voting_closes_at", "voting would close before it opens"


def _past(field: str, moment: UnixSeconds | None, now: UnixSeconds) -> Wrong:
    if moment is not None and moment < now - _PAST_S:
        yield field, "this time is past"


def _outcomes(wanted: PollSpecification) -> Iterator[tuple[str, PollOutcome, Question]]:
    for number, (outcome, question) in enumerate(
        zip(wanted.outcomes or (), wanted.asked, strict=False)
    ):
        yield f"outcomes[{number}]", outcome, question


def _budgets(wanted: PollSpecification) -> Wrong:
    for place, outcome, question in _outcomes(wanted):
        if isinstance(outcome, GreedyWanted | CategoriesWanted | EqualSharesWanted):
            cheapest = min(costs_of(question, outcome.costs))
            if cheapest > outcome.budget:
                reason = f"{outcome.budget}, less than the cheapest option costs: {cheapest}"
                yield f"{place}.budget", reason


def _round_budgets(wanted: RoundSpecification) -> Wrong:
    outcome = wanted.outcome
    if isinstance(outcome, RoundCategories) and not outcome.leftover:
        most = max(outcome.budgets)
        if most < wanted.minimum_amount:
            reason = f"at most {most}, less than the minimum_amount of {wanted.minimum_amount}"
            yield "outcome.budgets", reason


def _numbers(
    wanted: RoundSpecification | PollSpecification, census: Census, rule: BallotRule
) -> Wrong:
    """Yield numbers that the voters of this census can never reach."""
    voters, weight = len(census), census.total_weight
    if wanted.minimum_ballots > voters:
        reason = f"{wanted.minimum_ballots}, more than the {counted(voters, 'voter', 'voters')}"
        yield "minimum_ballots", reason
    if wanted.opens_from > max(voters, wanted.minimum_ballots):
        reason = f"{wanted.opens_from}, more than the {counted(voters, 'voter', 'voters')}"
        yield "open_minimum", reason
    objection = weights_objection(wanted, census)
    if objection is not None:
        yield field_of_weights(wanted), objection
    if isinstance(wanted, RoundSpecification):
        most = max(rule.slot_maxima) * weight
        outcome = wanted.outcome
        if isinstance(outcome, RoundGreedy | RoundCategories) and outcome.minimum_support > most:
            yield "outcome.minimum_support", _too_much(outcome.minimum_support, most)
        return
    for place, one, question in _outcomes(wanted):
        most = max(question.rule.slot_maxima) * weight
        if isinstance(one, MajorityWanted) and one.quorum > weight:
            reason = f"{one.quorum}, more than the weight of all voters together: {weight}"
            yield f"{place}.quorum", reason
        supported = PluralityWanted | GreedyWanted | CategoriesWanted
        if isinstance(one, supported) and one.minimum_support > most:
            yield f"{place}.minimum_support", _too_much(one.minimum_support, most)


def field_of_weights(wanted: RoundSpecification | PollSpecification) -> str:
    """Return the member because of which all weights must be equal."""
    return "outcome.kind" if isinstance(wanted, RoundSpecification) else "counting"


def weights_objection(wanted: RoundSpecification | PollSpecification, census: Census) -> str | None:
    """Return why a shuffled poll cannot have these voters; None if it can."""
    different = census.different_weights() if wanted.is_shuffled else None
    if different is None:
        return None
    shown = f"weights of {different[0]} and {different[1]}"
    return f'{shown}: {DIFFERENT_WEIGHTS}; classes = "equal" makes them equal'


def too_many_reason(wanted: ToShuffle, most: int) -> str:
    """Return in words that nodes cannot open so many ballots.

    Args:
        most: How many they can shuffle.
    """
    slots = counted(wanted.slots, "slot", "slots")
    return (
        f"{counted(wanted.voters, 'voter', 'voters')}, but the nodes can open at most {most} "
        f"ballots of {slots}: open only the sum of all ballots, offer fewer options, or split the "
        "voters among several polls"
    )


def _too_much(support: int, most: int) -> str:
    return f"{support}, more than all voters together can give: {most}"
