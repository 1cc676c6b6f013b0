"""`ostraka poll …`: polls, with or without a round."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import RenderableType

from ostraka.cli import file_check, rehearse, warnings
from ostraka.cli.amounts import stated_currency
from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    PollName,
    Token,
    ask_once,
    named_by,
    plan_of,
    poll_number,
    waits_for,
)
from ostraka.cli.outcome_steps import outcome_on_ballots
from ostraka.cli.output import emit, facts, printable, progress, table, when
from ostraka.cli.poll_veto import veto
from ostraka.cli.templates import POLL
from ostraka.formats.figures import decimal, standard_deviation
from ostraka.formats.opened_ballots import opened_csv
from ostraka.formats.opened_preflib import opened_preflib
from ostraka.formats.results import results_csv, results_pb
from ostraka.gateway_client.config import chain_time
from ostraka.gateway_client.gateway import Gateway, Unreachable
from ostraka.planning.money import Currency
from ostraka_verifier.outcome.pairs import PairCounts
from ostraka_verifier.question import Pairwise, read_questions

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Polls: surveys, decisions, and the votes of rounds.",
    epilog=(
        "Polls open and close by themselves: the gateway opens and closes them by chain time. "
        "There is no command for this."
    ),
    no_args_is_help=True,
)

_ENDED = ("tallied", "void")
_RECONNECTS = 5
_PAUSE_S = 2


@app.command()
def template() -> None:
    """Print a commented TOML file that describes a poll.

    Example: ostraka poll template > meeting.toml
    """
    typer.echo(POLL, nl=False)


@app.command()
def create(
    file: Annotated[
        Path, typer.Argument(help="TOML file, as printed by `poll template`, or JSON.")
    ],
    yes: warnings.Yes = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Plan a poll without a round. It goes on chain when registration closes.

    The gateway opens and closes it by chain time, and submits the tally. The command first shows
    what the result may reveal, and asks people for confirmation.

    Example: ostraka poll create meeting.toml
    """
    # Slow to import, and nothing else needs them.
    from ostraka.planning.specification import PollSpecification
    from ostraka.planning.specification_file import read_specification

    with Gateway(gateway, token) as to:
        wanted = read_specification(file, PollSpecification, chain_time(to.get("/config")))
        asked = warnings.asks(yes, as_json)
        if asked:
            tried = to.post("/polls?dry_run=true", wanted, as_organizer=True)
            warnings.agree(tried["warnings"])
        plan = ask_once(to, "/polls", wanted, named_by(file, wanted))
    if not asked:
        warnings.show(as_json, plan["warnings"])
    emit(
        as_json,
        plan,
        facts({"Plan": plan["plan"]}),
        f"Next: ostraka poll show {plan['plan']}",
    )


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="TOML file, as printed by `poll template`, or JSON.")
    ],
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Check a poll's file: its rules, its contracts, and what the result may reveal.

    The file stays on this machine. If a gateway answers, the command asks it whether the addresses
    of contracts that the file names are tokens or registries of members. Only `poll create`
    checks what the gateway knows of other polls.

    Exit code 1: nodes refuse such a poll. 2: the file has mistakes.

    Example: ostraka poll check meeting.toml
    """
    from ostraka.planning.specification import PollSpecification

    file_check.check(file, PollSpecification, gateway, as_json)


app.command("rehearse")(rehearse.poll)


@app.command("list")
def list_(gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List all polls of the registry with state and times, and those that the gateway plans.

    Example: ostraka poll list
    """
    with Gateway(gateway) as to:
        polls, plans = to.get("/polls"), to.get("/plans")
        # Only the chain knows the state, which also depends on its time.
        states = {one["poll"]: to.get(f"/polls/{one['poll']}")["status"] for one in polls}
    planned = {plan["poll"]: plan for plan in plans if plan["poll"]}
    waiting = (plan for plan in plans if plan["poll"] is None and not plan["finished"])
    listed = [
        *(_listed(planned.get(one["poll"]), one, states[one["poll"]]) for one in polls),
        *(_listed(plan, plan["specification"], "planned") for plan in waiting),
    ]
    rows = (
        (
            one["poll"] or one["plan"],
            one["title"],
            one["status"],
            when(one["opens_at"]),
            when(one["closes_at"]),
            one["round"],
            waits_for(one),
        )
        for one in listed
    )
    columns = ("Poll", "Title", "State", "Opens", "Closes", "Round", "Waits for")
    emit(as_json, listed, table(columns, rows))


@app.command()
def show(name: PollName, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Show a poll with its options, or a plan that is not on chain yet.

    Example: ostraka poll show 1
    """
    with Gateway(gateway) as to:
        plan = plan_of(to, name)
        if plan is not None and plan["poll"] is None:
            emit(as_json, {"poll": None, "status": "planned", **plan}, _planned(plan))
            return
        found = to.get(f"/polls/{name if plan is None else plan['poll']}")
    committee = found["committee"]
    emit(
        as_json,
        found,
        facts(
            {
                "Poll": f"{found['poll']}: {found['title']}",
                "State": found["status"],
                "Round": found["round"] and found["round"]["id"],
                "Secret": found["secret"],
                "Voters": found["voters"],
                "Total weight": found["total_weight"],
                "Minimum ballots": found["minimum_ballots"],
                "Opened": _opened(found),
                "Opens": when(found["opens_at"]),
                "Closes": when(found["closes_at"]),
                "Tally from": when(found["releasable_at"]),
                "Nodes": (
                    f"{len(committee['nodes'])}; fewer than {committee['threshold']} learn "
                    f"nothing; {committee['faults']} may fail"
                ),
                "Plan": found["plan"],
                "Context": found["poll_context"],
            }
        ),
        *_asked(found),
    )


def _opened(found: Mapping[str, Any]) -> str:
    """Say what a poll opens."""
    if found["counting"] == "summed":
        return "only the sum of all ballots"
    least = found["open_minimum"]
    return f"every ballot, without its voter's name; with fewer than {least}, only their sum"


@app.command()
def results(name: PollName, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Show votes and winners, once the chain has the tally.

    Where opened ballots decide: also every step to the winners, computed from the ballots here, and
    what the contract knows of the outcome that the nodes attested.

    To verify what the gateway shows: ostraka board export, then ostraka-verify audit.

    Example: ostraka poll results 1
    """
    with Gateway(gateway) as to:
        found = to.get(f"/polls/{poll_number(to, name)}/results")
        decided, shown = outcome_on_ballots(to, found)
        emit(as_json, found | decided, *result_tables(found), *shown)


@app.command()
def export(
    name: PollName,
    format_: Annotated[
        Literal["pb", "csv", "json", "preflib"],
        typer.Option("--format", help="Format of the file."),
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write [default: poll-POLL.FORMAT; PrefLib's end in soc, soi or cat]"
        ),
    ] = None,
    ballots: Annotated[
        bool,
        typer.Option("--ballots", help="Include the ballots of a poll that opened them."),
    ] = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Save a poll's results to a file, once the chain has the tally.

    A .pb file has Pabulib's format with complete metadata. It has no votes, because nobody can read
    single ballots. If the poll opened its ballots, --ballots adds them to a .pb file, sorted and
    without voters. With csv, json and preflib, --ballots saves only the ballots.

    Example: ostraka poll export 1 --format pb
    """
    if format_ == "preflib" and not ballots:
        raise typer.BadParameter("needs --ballots", param_hint="--format preflib")
    with Gateway(gateway) as to:
        number = poll_number(to, name)
        found = to.get(f"/polls/{number}/results")
        opened = to.get(f"/polls/{number}/opened") if ballots else None
    suffix, made = _exported(format_, found, opened)
    path = out or Path(f"poll-{number}.{suffix}")
    path.write_text(made, encoding="utf-8", newline="")
    emit(as_json, {"poll": str(number), "file": str(path)}, f"Saved to {path}.")


def _exported(
    format_: str, found: Mapping[str, Any], opened: Mapping[str, Any] | None
) -> tuple[str, str]:
    """Return the suffix and the text of a file."""
    if format_ == "pb":
        return format_, results_pb(found, opened)
    if opened is None:
        return format_, results_csv(found) if format_ == "csv" else _json(found)
    if format_ == "preflib":
        return opened_preflib(found, opened)
    return format_, opened_csv(opened) if format_ == "csv" else _json(opened)


@app.command()
def watch(
    name: PollName,
    once: Annotated[bool, typer.Option("--once", help="Show the current counts and exit.")] = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show how many have voted, until the poll is tallied or void.

    With --json, each line is an object.

    Example: ostraka watch 1
    """
    with Gateway(gateway) as to, progress(as_json, transient=False) as bar:
        number = poll_number(to, name)
        task = bar.add_task(f"poll {number}", total=None)
        failures = 0
        while True:
            try:
                for counts in to.events(f"/polls/{number}/events?once={str(once).lower()}"):
                    failures = 0
                    if as_json:
                        typer.echo(json.dumps(counts))
                    elif "problem" in counts:
                        bar.update(task, description=f"poll {number}: the gateway is waiting")
                    else:
                        bar.update(
                            task,
                            description=_counts(counts),
                            total=counts["voters"],
                            completed=counts["voted"] or 0,
                        )
                    if once or counts.get("status") in _ENDED:
                        return
            except Unreachable:
                failures += 1
                if failures > _RECONNECTS:
                    raise
            time.sleep(_PAUSE_S)


app.command()(veto)


def result_tables(found: dict[str, Any]) -> list[RenderableType]:
    """Return a poll's result as tables for people."""
    shown: list[RenderableType] = [
        facts(
            {
                "Poll": f"{found['poll']}: {found['title']}",
                "Voted": f"{found['counted']} of {found['voters']}",
                "Root": found["root"],
            }
        )
    ]
    currency = stated_currency(found["round"]) if found["round"] else None
    shown += _counts_of(found, currency)
    if currency is not None:
        rows = (
            (
                one["title"],
                currency.written(one["amount"]),
                one["recipient"],
                "paid" if one["paid"] else "to be paid",
            )
            for one in found["round"]["payouts"]
            if one["funded"]
        )
        shown.append(table(("Winner", "Amount", "Recipient", "Payout"), rows))
    return shown


def _counts_of(found: dict[str, Any], currency: Currency | None) -> Iterator[RenderableType]:
    """Yield a table for each question. Numbers have statistics instead of their sums.

    Args:
        currency: Of a round's awards; None in polls without a round.
    """
    slots = list(zip(found["options"], _deciding(found), strict=True))
    statistics = found["statistics"]
    if not statistics:
        yield _votes(slots, [one["option"] for one in found["options"]], currency=currency)
        return
    for question, one in zip(read_questions(found["questions"]), statistics, strict=True):
        own, slots = slots[: len(question.labels())], slots[len(question.labels()) :]
        title = one["title"] if len(statistics) > 1 else None
        if one["groups"]:
            yield _numbers(one, title)
        elif isinstance(question, Pairwise):
            yield from _pairs(question, [int(slot["votes"]) for slot, _ in own], title)
        else:
            yield _votes(own, question.labels(), title, currency)
        if one["quartiles"]:
            yield table(
                ("Quartile", "Bracket", "From", "To below"),
                ((at["quantile"], at["label"], at["low"], at["high"]) for at in one["quartiles"]),
            )


def _deciding(found: dict[str, Any]) -> list[str]:
    """Return for each slot the kind of outcome rule that decides it."""
    outcome = found["outcome"]
    if outcome["kind"] == "parts":
        return [rule["kind"] for slots, rule in outcome["parts"] for _ in range(int(slots))]
    return [outcome["kind"]] * len(found["options"])


def _votes(
    slots: Sequence[tuple[dict[str, Any], str]],
    labels: Sequence[str],
    title: str | None = None,
    currency: Currency | None = None,
) -> RenderableType:
    named = zip(labels, slots, strict=True)
    if all(one["award"] is None or kind == "none" for one, kind in slots):
        return table(("Option", "Votes"), ((name, one["votes"]) for name, (one, _) in named), title)
    rows = (
        (name, one["votes"], _award(one["award"], kind, currency)) for name, (one, kind) in named
    )
    return table(("Option", "Votes", "Award"), rows, title)


def _award(award: str, kind: str, currency: Currency | None) -> str:
    if kind == "proportional":
        return currency.written(award) if currency else award
    return "" if award == "0" else "wins"


def _pairs(question: Pairwise, tally: list[int], title: str | None) -> Iterator[RenderableType]:
    """Yield how many votes prefer the option of each row to that of each column."""
    counts = PairCounts(tally, len(question.options))
    options = range(counts.options)
    rows = (
        (
            f"{one + 1} {question.options[one]}",
            *("–" if one == other else counts.votes(one, other) for other in options),
        )
        for one in options
    )
    yield table(("Preferred to", *(str(option + 1) for option in options)), rows, title)
    winner = counts.condorcet_winner
    if winner is not None:
        yield f"{question.options[winner]} beats every other option in direct comparison."
    else:
        yield "No option beats every other option in direct comparison."


def _numbers(statistics: dict[str, Any], title: str | None) -> RenderableType:
    groups = statistics["groups"]
    overall = statistics["overall"]
    rows = (
        (
            one["group"] or "all",
            one["count"],
            decimal(one["mean"]),
            decimal(one["variance"]),
            standard_deviation(one["variance"]),
        )
        for one in (groups if len(groups) == 1 else [*groups, overall])
    )
    columns = ("Group", "Answers", "Mean", "Variance", "Standard deviation")
    shown = columns.index("Variance") if overall["variance"] is None else len(columns)
    return table(columns[:shown], (row[:shown] for row in rows), title)


def _json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _asked(found: dict[str, Any]) -> Iterator[RenderableType]:
    """Yield what a poll asks, as `vote --choose` numbers it."""
    if not found["questions"]:
        yield table(("Option", "Title"), enumerate(found["options"], start=1))
        return
    questions = read_questions(found["questions"])
    for question in questions:
        yield table((question.title,), ((one,) for one in question.choices()))
        yield question.how_to_answer()
    if len(questions) > 1:
        yield f"With --choose, separate the {len(questions)} answers by ;"


def _listed(plan: dict[str, Any] | None, one: dict[str, Any], status: str) -> dict[str, Any]:
    """Return a line of the list.

    Args:
        one: The poll's summary, or the plan's specification before it is on chain.
    """
    opens, closes = ("opens_at", "closes_at")
    if "voting_closes_at" in one:
        opens, closes = ("voting_opens_at", "voting_closes_at")
    return {
        "poll": one.get("poll"),
        "title": one["title"],
        "status": status,
        "opens_at": one.get(opens),
        "closes_at": one.get(closes),
        "round": plan["round"] if plan else None,
        "plan": plan["plan"] if plan else None,
        "problem": plan["problem"] if plan else None,
    }


def _planned(plan: dict[str, Any]) -> RenderableType:
    invitations = plan["invitations"]
    return facts(
        {
            "Plan": f"{plan['plan']}: {plan['specification']['title']}",
            "State": "not on chain yet",
            "Registration": "closed" if plan["census_fixed"] else "open",
            "Invitations": f"{invitations['redeemed']} of {invitations['issued']} redeemed",
            "Waits for": waits_for(plan),
        }
    )


def _counts(counts: dict[str, Any]) -> str:
    answering = sum(1 for node in counts["nodes"] if node["answers"])
    return printable(
        f"poll {counts['poll']} {counts['status']}, {answering} of {len(counts['nodes'])} nodes"
    )
