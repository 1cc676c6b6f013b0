#!/usr/bin/env bash
# VoteKit 3.5.0's single transferable vote ends with an IndexError on valid ballots.
#
# Eight ballots, five for A, two for B and one for B > C, elect three of four candidates. A and B have
# the quota of 3, which leaves C and D for the last seat. A's surplus has nobody to go to, and no ballot
# is left for C or D. VoteKit then eliminates the first of an empty list, whether it elects one candidate
# at a time or several at once. pref_voting 1.18.2 (stv_wig) elects A, B and C. Output seen on 2026-11-30
# with Python 3.11:
#   one at a time: IndexError: list index out of range; at once: the same; pref_voting: ABC
# Exits non-zero when the programs answer otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check votekit==3.5.0 pref_voting==1.18.2
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.proportional_methods import stv_wig
from votekit.ballot import RankBallot
from votekit.elections import STV
from votekit.pref_profile import RankProfile

NAMES = "ABCD"
ORDERS = {"A": 5, "B": 2, "BC": 1}
ballots = tuple(
    RankBallot(ranking=tuple(frozenset({name}) for name in order), weight=weight)
    for order, weight in ORDERS.items()
)


def elected(simultaneous: bool) -> str:
    profile = RankProfile(ballots=ballots, candidates=tuple(NAMES))
    try:
        election = STV(profile, n_seats=3, simultaneous=simultaneous, tiebreak="first_place")
    except IndexError as error:
        return f"IndexError: {error}"
    return "".join(sorted(name for tier in election.get_elected() for name in tier))


ranked = [{NAMES.index(name): place for place, name in enumerate(order, 1)} for order in ORDERS]
profile = ProfileWithTies(ranked, rcounts=list(ORDERS.values()), candidates=[0, 1, 2, 3])
other = "".join(NAMES[option] for option in stv_wig(profile, num_seats=3, quota_rule="droop"))
found = elected(False), elected(True), other
at_once = "the same" if found[1] == found[0] else found[1]
print(f"one at a time: {found[0]}; at once: {at_once}; pref_voting: {found[2]}")
sys.exit(found != (*["IndexError: list index out of range"] * 2, "ABC"))
PYTHON
