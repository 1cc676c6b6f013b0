"""Result of a demo, for people and for programs."""

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ostraka.demo.file_ballots import LeftOut
from ostraka_verifier.wording import counted

_SHOWN = 10


@dataclass
class Step:
    """One step of the demo: name, duration and gas."""

    name: str
    seconds: float
    gas: int | None = None


@dataclass(frozen=True)
class DemoFraud:
    """What became of the fraud.

    Attributes:
        option: Index of the option to which the nodes gave all votes.
        votes: How many they gave it.
        rejected: Whether the contract rejected their root.
        moves: What the watchtower did, as its command prints it.
        cost_wei: What the watchtower has less than before.
    """

    option: int
    votes: int
    rejected: bool
    moves: list[dict[str, Any]]
    cost_wei: int

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**vars(self), "cost_wei": str(self.cost_wei)}


@dataclass(frozen=True)
class DemoOpened:
    """Opened ballots of a demo, and their outcome on chain.

    Attributes:
        ballots: How many were opened.
        ballots_agree: Whether they are those of the file.
        awards: 1 or 0 for each option, as the contract gives them.
        outcome_agrees: Whether the rule gives these awards on the ballots of the file.
    """

    ballots: int
    ballots_agree: bool
    awards: tuple[int, ...]
    outcome_agrees: bool

    @property
    def agrees(self) -> bool:
        """Whether both agree with the file."""
        return self.ballots_agree and self.outcome_agrees

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**vars(self), "awards": list(self.awards)}


@dataclass
class DemoResult:
    """Everything that a demo prints, machine-readable.

    Attributes:
        says: Kind of ballot and outcome rule, and how the file determines them.
        decimals: Decimal places of an amount. Amounts are in the smallest unit.
        left_out: Ballots of the file that break its own rule.
        count_agrees: Whether tally and left-out ballots equal those of the plain count.
        published_agrees: Whether the tally equals the file's result; None if not comparable.
        winners_agree: Whether the winners are the city's; None if not comparable.
        payouts_agree: Whether recipients have what they won; None without money.
        opened: Ballots that the nodes opened; None where they opened their sum only.
        fraud: The false root that all nodes anchored first; None without one.
    """

    title: str
    says: str
    currency: str
    decimals: int
    engine: str
    nodes: int
    killed_nodes: list[int]
    voters: int
    ballots: int
    left_out: list[LeftOut]
    verdict: str
    projects: list[dict[str, Any]]
    count_agrees: bool
    published_agrees: bool | None
    winners_agree: bool | None
    payouts_agree: bool | None
    opened: DemoOpened | None = None
    fraud: DemoFraud | None = None
    steps: list[Step] = field(default_factory=list)
    audit: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Return whether the audit holds, and plain count, city's winners and payouts agree.

        A file's published result may differ from its own ballots: the tally is not wrong then.
        """
        return (
            self.verdict == "holds"
            and self.count_agrees
            and self.payouts_agree is not False
            and self.winners_agree is not False
            and (self.opened is None or self.opened.agrees)
            and (self.fraud is None or self.fraud.rejected)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the result for programs."""
        return {
            "title": self.title,
            "says": self.says,
            "currency": self.currency,
            "decimals": self.decimals,
            "engine": self.engine,
            "nodes": self.nodes,
            "killed_nodes": self.killed_nodes,
            "voters": self.voters,
            "ballots": self.ballots,
            "left_out": [{"voter": one.voter, "reason": one.reason} for one in self.left_out],
            "verdict": self.verdict,
            "count_agrees": self.count_agrees,
            "published_agrees": self.published_agrees,
            "winners_agree": self.winners_agree,
            "payouts_agree": self.payouts_agree,
            "opened": None if self.opened is None else self.opened.to_json(),
            "fraud": None if self.fraud is None else self.fraud.to_json(),
            "projects": self.projects,
            "steps": [
                {"name": step.name, "seconds": round(step.seconds, 3), "gas": step.gas}
                for step in self.steps
            ],
            "audit": self.audit,
        }


def print_result(result: DemoResult, console: Console) -> None:
    """Print verdict, projects and costs for people."""
    console.print(_projects(result))
    steps = Table(title="Duration and gas", title_justify="left")
    steps.add_column("step")
    steps.add_column("seconds", justify="right")
    steps.add_column("gas", justify="right")
    for step in result.steps:
        steps.add_row(step.name, f"{step.seconds:.1f}", f"{step.gas:,}" if step.gas else "")
    console.print(steps)
    for one in result.left_out[:_SHOWN]:
        console.print(f"Left out: voter {one.voter}: {one.reason}.", markup=False)
    if len(result.left_out) > _SHOWN:
        more = counted(len(result.left_out) - _SHOWN, "more ballot", "more ballots")
        console.print(f"Left out: {more} (--json lists all).")
    ballots = counted(result.ballots, "ballot", "ballots")
    console.print(f"Counted: {ballots} of {counted(result.voters, 'voter', 'voters')}.")
    opened = result.opened
    for name, agrees in (
        ("Opened ballots, and ballots of the file", opened and opened.ballots_agree),
        ("Outcome on chain, and that of the file's ballots", opened and opened.outcome_agrees),
        ("Plain count of the file, and tally on chain", result.count_agrees),
        ("Tally, and result that the file publishes", result.published_agrees),
        ("Winners on chain, and the city's winners", result.winners_agree),
        ("Payouts, and costs of the winners", result.payouts_agree),
    ):
        if agrees is not None:
            console.print(f"{name}: {'equal' if agrees else 'DIFFERENT'}.")
    if result.fraud is not None:
        rejected = "was rejected" if result.fraud.rejected else "was NOT REJECTED"
        cost = result.fraud.cost_wei / 10**18
        console.print(f"The nodes' false root {rejected}; watching cost {cost:.6f} coins.")
    console.print(
        f"The audit {result.verdict}." if result.verdict != "not checked" else "Not fully audited."
    )


def _projects(result: DemoResult) -> Table:
    money = bool(result.currency)
    columns = [*(["cost"] if money else []), "votes", "plain"]
    columns += ["file"] if result.published_agrees is not None else []
    columns += ["wins", "city"] if money else ["wins"]
    columns += ["paid"] if result.payouts_agree is not None else []
    table = Table(title=escape(result.title), title_justify="left")
    table.add_column("project" if money else "option")
    for name in columns:
        words = name in ("wins", "city")
        table.add_column(name, justify="left" if words else "right", no_wrap=True)
    marks = {True: "yes", False: "no", None: "–"}
    for one in sorted(result.projects, key=lambda one: -one["votes"]):
        cells = {
            "cost": _amount(one["cost"], result.decimals),
            "votes": str(one["votes"]),
            "plain": str(one["plain_count"]),
            "file": str(one["published"]),
            "wins": marks[one["funded"]],
            "city": marks[one["funded_by_city"]],
            "paid": _amount(one["paid"] or "0", result.decimals),
        }
        table.add_row(escape(one["name"][:60]), *(cells[name] for name in columns))
    return table


def _amount(text: str, decimals: int) -> str:
    whole, rest = divmod(int(text), 10**decimals)
    return f"{whole:,}.{rest:0{decimals}}" if decimals else f"{whole:,}"
