#!/usr/bin/env bash
# Two voting libraries miscount weights in the smallest unit of a token with 18 decimals.
#
# Two holders of 6 and 5 tokens disagree. In units of 10^-18 these are 6 and 5 times 10^18, as token
# contracts state them. pref_voting 1.18.2 keeps counts in 64-bit integers: it finds a negative number of
# voters, and instant runoff ends in a tie; with weights of 6 and 5 the first wins. VoteKit 3.5.0 keeps
# weights as floating-point numbers: of holders with 10^18 + 1 and 10^18 units, plurality finds a tie
# that it refuses to break. abcvoting 2.19.2 computes with integers of any size, and elects the first
# in both cases. Output seen on 2026-11-30 with Python 3.11:
#   pref_voting: 6 to 5: 11 voters, winners [0]; in units: -7446744073709551616 voters, winners [0, 1]
#   votekit: Cannot elect correct number of candidates without breaking ties.
#   abcvoting: [{0}] [{0}]
# Exits non-zero when the programs answer otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pref_voting==1.18.2 votekit==3.5.0 abcvoting==2.19.2
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from abcvoting import abcrules
from abcvoting.preferences import Profile as Approvals
from abcvoting.preferences import Voter
from pref_voting.iterative_methods import instant_runoff
from pref_voting.profiles import Profile
from votekit.ballot import RankBallot
from votekit.elections import Plurality
from votekit.pref_profile import RankProfile

UNITS = 10**18


def by_pref_voting(first, second):
    """The number of voters, and the winners of instant runoff."""
    profile = Profile([[0, 1], [1, 0]], rcounts=[first, second])
    return int(profile.num_voters), sorted(int(one) for one in instant_runoff(profile))


def by_votekit(first, second):
    """The winner, or why there is none."""
    weights = {"A": first, "B": second}
    ballots = tuple(
        RankBallot(ranking=(frozenset({name}),), weight=weight) for name, weight in weights.items()
    )
    profile = RankProfile(ballots=ballots, candidates=("A", "B"))
    try:
        return str(Plurality(profile, n_seats=1).get_elected())
    except ValueError as error:
        return str(error)


def by_abcvoting(first, second):
    """The winners of approval voting."""
    profile = Approvals(2)
    for candidate, weight in enumerate((first, second)):
        profile.add_voter(Voter([candidate], weight=weight))
    return [set(one) for one in abcrules.compute("av", profile, committeesize=1)]


small, large = by_pref_voting(6, 5), by_pref_voting(6 * UNITS, 5 * UNITS)
print(
    f"pref_voting: 6 to 5: {small[0]} voters, winners {small[1]}; "
    f"in units: {large[0]} voters, winners {large[1]}"
)
tie = by_votekit(UNITS + 1, UNITS)
print(f"votekit: {tie}")
exact = [by_abcvoting(6 * UNITS, 5 * UNITS), by_abcvoting(UNITS + 1, UNITS)]
print("abcvoting:", *exact)
expected = (
    (small, large) == ((11, [0]), (-7446744073709551616, [0, 1]))
    and tie == "Cannot elect correct number of candidates without breaking ties."
    and exact == [[{0}], [{0}]]
)
sys.exit(not expected)
PYTHON
