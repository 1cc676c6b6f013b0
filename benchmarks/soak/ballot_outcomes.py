"""Rules on opened ballots against pabutools, abcvoting, pref-voting and VoteKit.

    make soak ARGS="ballot_outcomes [COUNT] [FILE…]"

COUNT is the number of random profiles for each rule, 2,000 by default. A FILE is a Pabulib file:
equal shares with each utility and completion are compared with the winners that it publishes.
`make soak ARGS="oracles ballots"` writes the answers with which tests compare.

Exit code 1 if a difference is not explained.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from tests.support.ballot_oracles import READINGS, Found, cases, compared
from tests.support.oracles import oracle

from ostraka.formats.reading import read_election
from ostraka_verifier.outcome import Ballot, Completion, EqualShares, Utility


def main(arguments: Sequence[str]) -> int:
    """Compare; exit code 1 for a difference that no reading explains."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    files = [Path(one) for one in arguments if not one.isdigit()]
    for path in files:
        _show_published(path)
    if files and not numbers:
        return 0
    count = numbers[0] if numbers else 2000
    asked = cases(count)
    found = compared(asked, oracle("ballots", asked))
    print(f"{count} random profiles for each rule")
    _show(found)
    return 1 if any(reading == "" for _, reading in found) else 0


def published(path: Path) -> tuple[EqualShares, list[Ballot], list[int]]:
    """Return a file's equal shares without completion, its ballots and its published winners."""
    election = read_election(path, greedy=True)
    question = election.question
    ballots = [
        tuple(question.rule.slot_values(question.vote_bits(one.vote)))
        for one in election.votes
        if not one.problem
    ]
    costs = tuple(option.cost for option in election.options)
    winners = [slot for slot, option in enumerate(election.options) if option.selected]
    return EqualShares(costs, election.budget, objection_time=1), ballots, winners


def _show_published(path: Path) -> None:
    rule, ballots, winners = published(path)
    unit = 10 ** read_election(path, greedy=True).decimals
    print(f"{path.name}: {len(rule.costs)} options, {len(ballots)} ballots")
    for utility, completion in product(Utility, Completion):
        increment = unit if completion.adds_one else 0
        tried = replace(rule, utility=utility, completion=completion, increment=increment)
        began = time.monotonic()
        awards = tried.awards_of(ballots)
        took = time.monotonic() - began
        wrong = sum(award != (slot in winners) for slot, award in enumerate(awards))
        verdict = f"{wrong} options differ" if wrong else "the published winners"
        name = f"{utility.name.lower()}, {completion.name.lower()}"
        print(f"  {name}: {verdict}, {took:.1f} s")


def _show(found: Found) -> None:
    for (name, reading), times in sorted(found.items()):
        print(f"  {name}: {times} {READINGS.get(reading, reading or 'NOT EXPLAINED')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
