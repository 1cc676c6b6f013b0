#!/usr/bin/env bash
# pabulib-checker 1.0.8 refuses valid .pb files whose amounts have cents.
#
# The checker itself declares `cost` and `budget` as floats, and Pabulib's format allows amounts such as
# 5.60. Before it compares them it rounds each down to a whole number (check_budgets). So
#   - a project for 0.75 is called a "project with no cost", and the 0.25 that it leaves of 1.00 is said to
#     pay for one of 1.00 ("unused budget");
#   - a budget of 10.50 with projects for 5.60 and 4.95, which cost 10.55 together, is said to pay for
#     "all projects", although it cannot.
# The same files in cents (75, 1050, 560, 495) are valid. Output seen on 2026-11-29 with Python 3.11:
#   euros 0.75: ['all projects funded', 'project with no cost', 'unused budget']
#   cents 75: []
#   euros 10.50: ['all projects funded', 'unused budget']
#   cents 1050: []
# Exits non-zero when the checker says something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pabulib-checker==1.0.8 pycountry==26.2.16
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import sys

from pabulib.checker import Checker


def errors(budget, first, second, selected):
    """Kinds of errors of a file with two projects, of which one is funded, and three voters."""
    text = f"""META
key;value
description;Two projects
country;Poland
unit;Town
instance;2024
num_projects;2
num_votes;3
budget;{budget}
vote_type;approval
rule;greedy
date_begin;01.03.2024
date_end;31.03.2024
currency;EUR
PROJECTS
project_id;cost;votes;name;selected
1;{first};3;Bench;{selected[0]}
2;{second};1;Tree;{selected[1]}
VOTES
voter_id;vote
1;1
2;1,2
3;1"""
    with contextlib.redirect_stdout(io.StringIO()):
        found = Checker().process_files([text])
    (about,) = (one for name, one in found.items() if name not in ("metadata", "summary"))
    return sorted(about["results"]["errors"])


cases = [
    (
        "euros 0.75",
        errors("1.00", "0.75", "1.00", (1, 0)),
        ["all projects funded", "project with no cost", "unused budget"],
    ),
    ("cents 75", errors("100", "75", "100", (1, 0)), []),
    (
        "euros 10.50",
        errors("10.50", "5.60", "4.95", (1, 0)),
        ["all projects funded", "unused budget"],
    ),
    ("cents 1050", errors("1050", "560", "495", (1, 0)), []),
]
for name, found, _ in cases:
    print(f"{name}: {found}")
sys.exit(any(found != expected for _, found, expected in cases))
PYTHON
