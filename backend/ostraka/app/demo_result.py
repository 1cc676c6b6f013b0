"""What a demo came to, for a person and for a program."""

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Step:
    """One step of the demo: what it was, how long it took, what gas it cost."""

    name: str
    seconds: float
    gas: int | None = None


@dataclass
class DemoResult:
    """Everything that a demo prints, machine-readable."""

    title: str
    engine: str
    nodes: int
    killed_nodes: list[int]
    ballots: int
    verdict: str
    projects: list[dict[str, Any]]
    count_agrees: bool
    winners_agree: bool | None
    payouts_agree: bool
    steps: list[Step] = field(default_factory=list)
    audit: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """The audit holds, and plain count, city's winners and payouts agree."""
        return (
            self.verdict == "holds"
            and self.count_agrees
            and self.payouts_agree
            and self.winners_agree is not False
        )

    def to_json(self) -> dict[str, Any]:
        """Members as printed by `--json`."""
        return {
            "title": self.title,
            "engine": self.engine,
            "nodes": self.nodes,
            "killed_nodes": self.killed_nodes,
            "ballots": self.ballots,
            "verdict": self.verdict,
            "count_agrees": self.count_agrees,
            "winners_agree": self.winners_agree,
            "payouts_agree": self.payouts_agree,
            "projects": self.projects,
            "steps": [
                {"name": step.name, "seconds": round(step.seconds, 3), "gas": step.gas}
                for step in self.steps
            ],
            "audit": self.audit,
        }


def print_result(result: DemoResult, console: Console) -> None:
    """Verdict, projects and costs for a person."""
    table = Table(title=result.title, title_justify="left")
    table.add_column("project")
    for name in ("cost", "votes", "plain", "funded", "city", "paid"):
        number = name not in ("funded", "city")
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    marks = {True: "yes", False: "no", None: "–"}
    for one in sorted(result.projects, key=lambda one: -one["votes"]):
        table.add_row(
            one["name"][:60],
            f"{int(one['cost']):,}",
            str(one["votes"]),
            str(one["plain_count"]),
            marks[one["funded"]],
            marks[one["funded_by_city"]],
            f"{int(one['paid']):,}",
        )
    console.print(table)
    steps = Table(title="What it took", title_justify="left")
    steps.add_column("step")
    steps.add_column("seconds", justify="right")
    steps.add_column("gas", justify="right")
    for step in result.steps:
        steps.add_row(step.name, f"{step.seconds:.1f}", f"{step.gas:,}" if step.gas else "")
    console.print(steps)
    count = "equal" if result.count_agrees else "DIFFERENT"
    console.print(f"Plain count of the file and tally on chain: {count}.")
    if result.winners_agree is not None:
        winners = "equal" if result.winners_agree else "DIFFERENT"
        console.print(f"Winners on chain and the city's: {winners}.")
    payouts = "equal" if result.payouts_agree else "DIFFERENT"
    console.print(f"Payouts and the winners' costs: {payouts}.")
    console.print(
        f"The audit {result.verdict}." if result.verdict != "not checked" else "Not checked."
    )
