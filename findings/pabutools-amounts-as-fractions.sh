#!/usr/bin/env bash
# pabutools 1.2.3 writes amounts with cents as fractions, which Pabulib's own checker cannot read.
#
# It reads a budget of 100.50 and a cost of 50.25 exactly, and writes them as 201/2 and 201/4. Pabulib
# declares both as numbers with a decimal point; pabulib-checker 1.0.8 ends its check of the file with
# the error below, although it accepts the same amounts as decimals. So an election with cents that went
# once through pabutools is no .pb file for others. Output seen on 2026-11-30 with Python 3.11:
#   written: budget 201/2, cost 201/4
#   checker: could not convert string to float: '201/4'
# Exits non-zero when the programs answer otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pabutools==1.2.3 pabulib-checker==1.0.8 pycountry==26.2.16
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io
import sys

from pabulib.checker import Checker
from pabutools.election.pabulib import election_as_pabulib_string, parse_pabulib_from_string

FILE = """META
key;value
description;A street
country;Poland
unit;Town
instance;2026
num_projects;2
num_votes;1
budget;100.50
rule;greedy
vote_type;approval
PROJECTS
project_id;cost;votes;name;selected
1;50.25;1;Trees;1
2;60.10;0;Benches;0
VOTES
voter_id;vote
1;1
"""


def problems(text):
    """What the checker says when it cannot process a file."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = Checker().process_files([text])
    return found[1]["results"].get("errors", {}).get("processing error", {})


assert not problems(FILE)
text = election_as_pabulib_string(*parse_pabulib_from_string(FILE))
lines = [line.split(";") for line in text.splitlines()]
budget = next(line[1] for line in lines if line[0] == "budget")
cost = next(line[1] for line in lines if line[0] == "1" and len(line) > 2)
print(f"written: budget {budget}, cost {cost}")
said = " ".join(problems(text).values())
print(f"checker: {said.removeprefix('Failed to process file: ')}")
sys.exit((budget, cost) != ("201/2", "201/4") or "convert string to float: '201/" not in said)
PYTHON
