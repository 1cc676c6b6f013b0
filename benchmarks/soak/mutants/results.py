"""Verdicts on mutants: kept between runs, and compared with the survivors that have an explanation.

A result is kept with the digest of what it depends on, so that a run continues where an earlier one
ended. Survivors without an explanation are tried again in every run, because tests may have been
added for them.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
EXPLAINED = Path(__file__).parent / "survivors.toml"
LEAST = 0.95
KILLED, SURVIVED, NO_MUTANT = "killed", "survived", "no mutant"


class Results:
    """Verdicts of one kind of mutants."""

    def __init__(self, kind: str) -> None:
        """Args:
        kind: contracts, python or rust.
        """
        self.kind = kind
        self.path = CHECKOUT / "build" / f"soak-mutants-{kind}.json"
        self._kept: dict[str, dict[str, str]] = {}
        if self.path.exists():
            self._kept = json.loads(self.path.read_text())
        self._now: dict[str, str] = {}

    def kept(self, name: str, digest: str) -> str | None:
        """Return an earlier verdict on the same source, other than an unexplained survival."""
        found = self._kept.get(name, {})
        survived = found.get("verdict") == SURVIVED and name not in explained(self.kind)
        if found.get("digest") != digest or survived:
            return None
        return found["verdict"]

    def add(self, name: str, digest: str, verdict: str) -> None:
        """Keep a verdict, and say what survives."""
        self._now[name] = verdict
        self._kept[name] = {"digest": digest, "verdict": verdict}
        keep(self.path, json.dumps(self._kept, indent=1, ensure_ascii=False) + "\n")
        if verdict == SURVIVED:
            reason = explained(self.kind).get(name)
            print(f"survived{f' ({reason})' if reason else ''}: {name}", flush=True)
        if len(self._now) % 20 == 0:
            print(self.summary(), flush=True)

    def summary(self) -> str:
        """Say how many mutants were killed."""
        killed, equivalent, survivors = self.counts()
        share = killed / max(1, killed + survivors)
        return (
            f"{killed} of {killed + survivors} mutants killed: {share:.1%}, goal {LEAST:.0%};"
            f" {equivalent} more are explained as equivalent"
        )

    def table(self) -> str:
        """Say for each source how many mutants were tried, and what became of them."""
        rows = [("tried", "no mutant", "killed", "explained", "open", "source")]
        sources = sorted({name.split(maxsplit=1)[0].rstrip(":") for name in self._now})
        for source in (*sources, ""):
            verdicts = [
                "explained" if verdict == SURVIVED and name in explained(self.kind) else verdict
                for name, verdict in self._now.items()
                if name.startswith(source)
            ]
            kinds = (NO_MUTANT, KILLED, "explained", SURVIVED)
            numbers = [len(verdicts), *map(verdicts.count, kinds)]
            rows.append((*map(str, numbers), source or "all"))
        return "\n".join("".join(f"{one:>10}" for one in row[:-1]) + f"  {row[-1]}" for row in rows)

    def counts(self) -> tuple[int, int, int]:
        """Return how many were killed, survive with an explanation, and survive without one."""
        reasons = explained(self.kind)
        survivors = [name for name, verdict in self._now.items() if verdict == SURVIVED]
        equivalent = sum(name in reasons for name in survivors)
        killed = sum(verdict == KILLED for verdict in self._now.values())
        return killed, equivalent, len(survivors) - equivalent

    def enough(self) -> bool:
        """Whether enough mutants were killed. One that no test can kill is not counted."""
        killed, _, survivors = self.counts()
        return killed >= LEAST * (killed + survivors) and bool(killed)


def keep(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def explained(kind: str) -> Mapping[str, str]:
    """Return the reason for each survivor that changes nothing anybody can see, by its name."""
    entries = tomllib.loads(EXPLAINED.read_text()).get(kind, [])
    return {mutant: entry["reason"] for entry in entries for mutant in entry["mutants"]}
