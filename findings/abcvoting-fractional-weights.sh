#!/usr/bin/env bash
# abcvoting 2.19.2 loses a voter's fractional weight when it writes a PrefLib file.
#
# A voter's weight is "int or Fraction" by its documentation. `write_profile_to_preflib_cat_file` takes 1
# in place of every weight that is not whole, without a warning: of three voters with weights 1/2, 5/2
# and 2, approval elects the second before and the third after. Its own format (`.abc.yaml`) has a
# field for weights, and writing a Fraction there raises an error. Output seen on 2026-11-30 with
# Python 3.11:
#   before: {1}; written: 2, 1, 1; after: {2}
#   yaml: RepresenterError
# Exits non-zero when abcvoting answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check abcvoting==2.19.2
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from fractions import Fraction

from abcvoting import abcrules, fileio
from abcvoting.preferences import Profile, Voter
from ruamel.yaml.representer import RepresenterError

profile = Profile(3, cand_names=["A", "B", "C"])
for candidate, weight in enumerate((Fraction(1, 2), Fraction(5, 2), 2)):
    profile.add_voter(Voter([candidate], weight=weight))


def elected(voters):
    """The one winner by approval."""
    (committee,) = abcrules.compute("av", voters, committeesize=1)
    return set(committee)


fileio.write_profile_to_preflib_cat_file("three.cat", profile)
again = fileio.read_preflib_file("three.cat", use_weights=True)
weights = ", ".join(str(voter.weight) for voter in again)
before, after = elected(profile), elected(again)
print(f"before: {before}; written: {weights}; after: {after}")
try:
    fileio.write_abcvoting_instance_to_yaml_file("three.abc.yaml", profile, committeesize=1)
    yaml = "written"
except RepresenterError as error:
    yaml = type(error).__name__
print(f"yaml: {yaml}")
sys.exit((before, weights, after, yaml) != ({1}, "2, 1, 1", {2}, "RepresenterError"))
PYTHON
