#!/usr/bin/env bash
# pref_voting 1.18.2 forgets the alternatives of a PrefLib file that no ballot ranks.
#
# A file of incomplete orders (.soi) states four alternatives, of which the ballots rank three.
# `preflib_to_profile` takes the candidates from the ballots. If unranked ones count as last, which
# pref_voting calls extended strict preference, the loser of all comparisons is Cleo, although everybody
# prefers some others to Dan. With Dan among the candidates, it is Dan. Written again by
# `to_preflib_instance`, the election has three alternatives, numbered from 0, and no names. Output seen
# on 2026-11-30 with Python 3.11:
#   read: candidates [1, 2, 3], Condorcet loser 3; with all candidates: 4
#   written: {0: '1', 1: '2', 2: '3'}
# Exits non-zero when pref_voting answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pref_voting==1.18.2
cd "$folder"
cat >four.soi <<'SOI'
# FILE NAME: four.soi
# TITLE: Four
# DESCRIPTION:
# DATA TYPE: soi
# MODIFICATION TYPE: original
# RELATES TO:
# RELATED FILES:
# PUBLICATION DATE: 2026-01-01
# MODIFICATION DATE: 2026-01-01
# NUMBER ALTERNATIVES: 4
# NUMBER VOTERS: 6
# NUMBER UNIQUE ORDERS: 3
# ALTERNATIVE NAME 1: Ann
# ALTERNATIVE NAME 2: Bob
# ALTERNATIVE NAME 3: Cleo
# ALTERNATIVE NAME 4: Dan
3: 1, 2
2: 3
1: 2, 1, 3
SOI
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from pref_voting.io.readers import preflib_to_profile
from pref_voting.io.writers import to_preflib_instance
from pref_voting.profiles_with_ties import ProfileWithTies

read = preflib_to_profile("four.soi")
whole = ProfileWithTies(*read.rankings_counts, candidates=[1, 2, 3, 4])
for profile in (read, whole):
    profile.use_extended_strict_preference()
found = (read.candidates, read.condorcet_loser(), whole.condorcet_loser())
print(f"read: candidates {found[0]}, Condorcet loser {found[1]}; with all candidates: {found[2]}")
names = to_preflib_instance(read).alternatives_name
print(f"written: {names}")
sys.exit((found, names) != (([1, 2, 3], 3, 4), {0: "1", 1: "2", 2: "3"}))
PYTHON
