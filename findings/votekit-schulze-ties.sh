#!/usr/bin/env bash
# VoteKit 3.5.0's Schulze election can elect a candidate whom every voter ranks below another one.
#
# VoteKit's documentation says that a candidate is preferred if its strongest path is stronger than the
# path back. Two ballots, C > A > B and B > C > A, put C above A both times. No path leads from A to C,
# so A is no winner under Schulze's method, which leaves B and C tied. VoteKit elects A: it seems to put
# options that are tied with one another through others into one tier, and then takes the first by name.
# pref_voting 1.18.2 (beat_path) finds B and C. Output seen on 2026-11-30 with Python 3.11:
#   C > A > B, B > C > A: VoteKit elects A, pref_voting finds B and C
# Exits non-zero when the programs answer otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check votekit==3.5.0 pref_voting==1.18.2
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from pref_voting.margin_based_methods import beat_path
from pref_voting.profiles import Profile
from votekit.ballot import RankBallot
from votekit.elections import Schulze
from votekit.pref_profile import RankProfile

NAMES = "ABC"
ORDERS = ("CAB", "BCA")
ballots = tuple(
    RankBallot(ranking=tuple(frozenset({name}) for name in order), weight=1) for order in ORDERS
)
election = Schulze(RankProfile(ballots=ballots, candidates=tuple(NAMES)), n_seats=1)
elected = sorted(name for tier in election.get_elected() for name in tier)
profile = Profile([[NAMES.index(name) for name in order] for order in ORDERS])
found = [NAMES[option] for option in beat_path(profile)]
shown = ", ".join(" > ".join(order) for order in ORDERS)
print(f"{shown}: VoteKit elects {elected[0]}, pref_voting finds {' and '.join(found)}")
sys.exit((elected, found) != (["A"], ["B", "C"]))
PYTHON
