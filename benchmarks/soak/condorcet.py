"""Condorcet rules against pref-voting and VoteKit, and on real rankings.

    make soak ARGS="condorcet [COUNT] [FILE…]"

COUNT is the number of random profiles for each rule, 2,000 by default: 2 to 7 options, a third of
them without ties in a ballot. A FILE is a ranked file of PrefLib's. The other programs run in an
environment of their own.

A difference is explained where the same winners follow from the other program's reading, computed
here: `READINGS` states it. Exit code 1 if a difference is not explained.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from random import Random

from tests.support.oracles import oracle

from ostraka.formats.preflib import read_preflib
from ostraka_verifier.outcome import Condorcet, Method, Strength
from ostraka_verifier.outcome.pairs import Pair, PairCounts

SEED = "condorcet"
Profile = tuple[int, list[list[int]]]
"""Number of options, and each voter's options, the best first; those left out tie at the end."""
READINGS = {
    "votes alone": "strength is the winning votes alone; here fewer votes against go first",
    "ties locked": "tied pairs are locked like defeats, in the ballot's order",
    "every order": "all orders of equal defeats are tried; the winner here is one of theirs",
    "tier": "the first name of the smallest set of options that beat all others wins",
    "other order": "as tier, and equal defeats are locked in the order of unordered pairs",
}


class VotesAlone(Condorcet):
    """Strengths by winning votes, without votes against."""

    def _strength(self, counts: PairCounts, pair: Pair) -> tuple[int, int]:
        return (super()._strength(counts, pair)[0], 0)


def main(arguments: Sequence[str]) -> int:
    """Compare; exit code 1 for a difference that no reading explains."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    files = [Path(one) for one in arguments if not one.isdigit()]
    count = numbers[0] if numbers else 2000
    random = Random(SEED)
    profiles = [random_profile(random, number) for number in range(count)]
    found = compared(profiles, others(profiles))
    print(f"{count} random profiles")
    _show(found)
    real = [profile_of(path) for path in files]
    for path, profile, answers in zip(files, real, others(real) if real else [], strict=True):
        options, orders = profile
        winners = {
            f"{method.name.lower()}, {strength.name.lower()}": winner(method, strength, profile)
            for method in Method
            for strength in Strength
            if method is not Method.COPELAND or strength is Strength.WINNING_VOTES
        }
        print(f"{path.name}: {options} options, {len(orders)} voters, winners {set_of(winners)}")
        one = compared([profile], [answers])
        _show(one)
        found.update(one)
    return 1 if any(reading == "" for _, reading in found) else 0


def set_of(winners: dict[str, int]) -> str:
    """Return which options win, from 1, and under which rules if several do."""
    if len(set(winners.values())) == 1:
        return str(min(winners.values()) + 1)
    return ", ".join(f"{rule}: {option + 1}" for rule, option in winners.items())


def random_profile(random: Random, number: int) -> Profile:
    """Return a profile; few voters make ties, many a cycle or a clear winner."""
    options = random.randint(2, 7)
    orders = []
    for _ in range(random.choice((3, 6, 11, 30, 60))):
        order = random.sample(range(options), options)
        orders.append(order if number % 3 == 0 else order[: random.randint(1, options)])
    return options, orders


def profile_of(path: Path) -> Profile:
    """Read a ranked file of PrefLib's."""
    file = read_preflib(path)
    orders = [
        [option - 1 for option in order.options]
        for order in file.orders
        if not order.problem
        for _ in range(order.voters)
    ]
    return len(file.names), orders


def tally_of(profile: Profile) -> list[int]:
    """Return the slots of a pairwise ranking."""
    options, orders = profile
    pairs = list(permutations(range(options), 2))
    slots = dict.fromkeys(pairs, 0)
    wins = [0] * options
    for order in orders:
        place = {option: at for at, option in enumerate(order)}
        for better, worse in pairs:
            if place.get(better, options) < place.get(worse, options):
                slots[better, worse] += 1
                wins[better] += 1
    return [*wins, *slots.values()]


def winner(method: Method, strength: Strength, profile: Profile) -> int:
    """Return the option that wins here."""
    return Condorcet(profile[0], method, strength).awards(tally_of(profile)).index(1)


def others(profiles: Sequence[Profile]) -> list[dict[str, list[int] | None]]:
    """Return the other programs' winners for each profile."""
    asked = [{"options": options, "orders": orders} for options, orders in profiles]
    answers: list[dict[str, list[int] | None]] = oracle("condorcet", asked)
    return answers


def compared(
    profiles: Sequence[Profile], answers: Sequence[dict[str, list[int] | None]]
) -> Counter[tuple[str, str]]:
    """Count comparisons by name and outcome: "equal", "not compared", a reading, "" for none."""
    found: Counter[tuple[str, str]] = Counter()
    for profile, theirs in zip(profiles, answers, strict=True):
        options, tally = profile[0], tally_of(profile)
        for strength in Strength:
            name = "votes" if strength is Strength.WINNING_VOTES else "margin"
            for method in (Method.SCHULZE, Method.MINIMAX):
                asked = f"{method.name.lower()} {name}"
                ours = Condorcet(options, method, strength).tied(tally)
                found[asked, _by_strength(ours, theirs[asked], options, method, tally)] += 1
            found.update(_ranked_pairs(name, strength, options, tally, theirs))
        same = Condorcet(options, Method.COPELAND).tied(tally) == theirs["copeland"]
        found["copeland", "equal" if same else ""] += 1
        found.update(_votekit(options, tally, theirs))
    return found


def _by_strength(
    ours: list[int], theirs: list[int] | None, options: int, method: Method, tally: list[int]
) -> str:
    if ours == theirs:
        return "equal"
    alone = VotesAlone(options, method).tied(tally)
    return "votes alone" if alone == theirs and set(ours) < set(alone) else ""


def _ranked_pairs(
    name: str,
    strength: Strength,
    options: int,
    tally: list[int],
    theirs: dict[str, list[int] | None],
) -> list[tuple[str, str]]:
    counts = PairCounts(tally, options)
    rule = Condorcet(options, Method.RANKED_PAIRS, strength)
    ours = rule.tied(tally)[0]

    def strong(pair: Pair) -> int:
        by_votes = strength is Strength.WINNING_VOTES
        return counts.votes(*pair) if by_votes else margin(counts, pair)

    first = f"ranked_pairs first {name}"
    reading = "equal"
    if [ours] != theirs[first]:
        edges = [pair for pair in counts.pairs if not counts.beats(*pair[::-1])]
        below = {worse for _, worse in lock(options, sorted(edges, key=strong, reverse=True))}
        left = [one for one in range(options) if one not in below]
        same = left[:1] == theirs[first]
        reading = "ties locked" if same else ""
    every = theirs[f"ranked_pairs {name}"]
    if every is None:
        other = "not compared"
    elif [ours] == every:
        other = "equal"
    else:
        other = "every order" if ours in every else ""
    return [(first, reading), (f"ranked_pairs {name}", other)]


def _votekit(
    options: int, tally: list[int], theirs: dict[str, list[int] | None]
) -> list[tuple[str, str]]:
    counts = PairCounts(tally, options)
    found = []
    for method in (Method.SCHULZE, Method.RANKED_PAIRS):
        name = f"votekit {method.name.lower()}"
        rule = Condorcet(options, method, Strength.MARGIN)
        if rule.tied(tally)[:1] == theirs[name]:
            found.append((name, "equal"))
        elif method is Method.SCHULZE:
            better = path_defeats(counts)
            found.append((name, "tier" if [tier(options, better)[0]] == theirs[name] else ""))
        else:
            better = reached(options, rule.locked(counts))
            reading = "tier" if [tier(options, better)[0]] == theirs[name] else ""
            # Equal margins in the order of unordered pairs.
            edges = sorted(
                rule.defeats(counts), key=lambda pair: (-margin(counts, pair), *sorted(pair))
            )
            locked = reached(options, lock(options, edges))
            if not reading and [tier(options, locked)[0]] == theirs[name]:
                reading = "other order"
            found.append((name, reading))
    return found


def margin(counts: PairCounts, pair: Pair) -> int:
    """Return how many more votes prefer the first option than the second."""
    return counts.votes(*pair) - counts.votes(*pair[::-1])


def lock(options: int, edges: Sequence[Pair]) -> list[Pair]:
    """Lock edges in their order, except those that would close a cycle."""
    locked: list[Pair] = []
    for better, worse in edges:
        if (worse, better) not in reached(options, locked):
            locked.append((better, worse))
    return locked


def reached(options: int, edges: Sequence[Pair]) -> set[Pair]:
    """Return all pairs between which a path leads."""
    found = set(edges)
    for through in range(options):
        into = [one for one in range(options) if (one, through) in found]
        out = [one for one in range(options) if (through, one) in found]
        found |= {(one, other) for one in into for other in out}
    return found


def path_defeats(counts: PairCounts) -> set[Pair]:
    """Return the pairs whose strongest path by margins is stronger than the path back."""
    every = range(counts.options)
    paths = [[margin(counts, (a, b)) if a != b else 0 for b in every] for a in every]
    for through in every:
        for a in every:
            for b in every:
                paths[a][b] = max(paths[a][b], min(paths[a][through], paths[through][b]))
    return {(a, b) for a in every for b in every if paths[a][b] > paths[b][a]}


def tier(options: int, better: set[Pair]) -> list[int]:
    """Return the smallest set of options each of which is better than all options outside."""
    every = range(options)
    # Whoever is not below a member is a member, too.
    not_below = reached(options, [(a, b) for a in every for b in every if (b, a) not in better])
    inside = [{a} | {b for b in every if (b, a) in not_below} for a in every]
    return sorted(min(inside, key=len))


def _show(found: Counter[tuple[str, str]]) -> None:
    for (name, reading), times in sorted(found.items()):
        if reading in ("equal", "not compared"):
            print(f"  {name}: {times} {reading}")
        else:
            print(f"  {name}: {times} differ: {READINGS.get(reading, 'NOT EXPLAINED')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
