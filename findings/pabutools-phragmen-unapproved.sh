#!/usr/bin/env bash
# pabutools 1.2.3's sequential Phragmén buys projects that nobody approves.
#
# Its documentation says that a project is bought "as soon as a group of supporters have enough virtual
# currency to buy a project they all approve". Two voters approve of project a alone, and b has no
# supporter. With a budget for both, pabutools buys a and then b: it takes a price of infinity for any
# other price when no project with supporters is left. abcvoting 2.19.2 fills a committee alike, but it has
# to. Output seen on 2026-11-30 with Python 3.11:
#   approved: a; bought: a, b
# Exits non-zero when pabutools answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pabutools==1.2.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

from pabutools.election import ApprovalBallot, ApprovalProfile, Instance, Project
from pabutools.rules import sequential_phragmen

a, b = Project("a", 2), Project("b", 3)
instance = Instance([a, b], budget_limit=9)
profile = ApprovalProfile([ApprovalBallot({a}), ApprovalBallot({a})], instance=instance)
bought = sorted(project.name for project in sequential_phragmen(instance, profile))
print(f"approved: a; bought: {', '.join(bought)}")
sys.exit(bought != ["a", "b"])
PYTHON
