#!/usr/bin/env bash
# pabutools 1.2.3 writes a .pb file that it cannot read if a name has a semicolon.
#
# Pabulib's format is CSV with semicolons, and pabutools reads a quoted cell such as "Trees; shrubs" as
# one name. It writes the name without its quotes, so the row has a cell more than the header, and its
# own reader ends with an IndexError. Output seen on 2026-11-30 with Python 3.11:
#   read: Trees; shrubs
#   written: 1;100;Trees; shrubs
#   read again: IndexError: list index out of range
# Exits non-zero when pabutools answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pabutools==1.2.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from pabutools.election.pabulib import election_as_pabulib_string, parse_pabulib_from_string

FILE = """META
key;value
description;A street
country;Nowhere
unit;Town
instance;2026
num_projects;1
num_votes;1
budget;100
rule;greedy
vote_type;approval
PROJECTS
project_id;cost;name
1;100;"Trees; shrubs"
VOTES
voter_id;vote
1;1
"""

instance, profile = parse_pabulib_from_string(FILE)
(project,) = instance
name = instance.project_meta[project]["name"]
print(f"read: {name}")
text = election_as_pabulib_string(instance, profile)
(row,) = (line for line in text.splitlines() if line.startswith("1;100"))
print(f"written: {row}")
try:
    parse_pabulib_from_string(text)
    again = "the file"
except IndexError as error:
    again = f"IndexError: {error}"
print(f"read again: {again}")
expected = ("Trees; shrubs", "1;100;Trees; shrubs", "IndexError: list index out of range")
sys.exit((name, row, again) != expected)
PYTHON
