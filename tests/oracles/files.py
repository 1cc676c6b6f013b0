"""Winners that pabutools, abcvoting and pref-voting (with preflibtools) compute from files.

Reads `[{"rule", "suffix", "text"}]`, a file and how it is decided, and writes for each the winners:
ids of projects, or numbers of options from 1.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from abcvoting import abcrules
from abcvoting.fileio import read_preflib_file
from pabutools.election import (
    Additive_Cardinal_Sat,
    Cost_Sat,
    parse_pabulib,
)
from pabutools.rules import (
    completion_by_rule_combination,
    greedy_utilitarian_welfare,
    method_of_equal_shares,
    sequential_phragmen,
)
from pref_voting.io.readers import preflib_to_profile
from pref_voting.iterative_methods import instant_runoff_put

Found = list[str] | list[int]


def equal_shares(path: str) -> Found:
    """Equal shares by cost of approvals, without completion."""
    return _names(method_of_equal_shares(*parse_pabulib(path), sat_class=Cost_Sat))


def equal_shares_points(path: str) -> Found:
    """Equal shares by points, without completion."""
    return _names(method_of_equal_shares(*parse_pabulib(path), sat_class=Additive_Cardinal_Sat))


def equal_shares_utilitarian(path: str) -> Found:
    """Equal shares by cost of approvals, completed by the most useful for each unit of cost."""
    parts = [method_of_equal_shares, greedy_utilitarian_welfare]
    given = [{"sat_class": Cost_Sat}, {"sat_class": Cost_Sat}]
    return _names(completion_by_rule_combination(*parse_pabulib(path), parts, given))


def phragmen(path: str) -> Found:
    """Sequential Phragmén with costs."""
    return _names(sequential_phragmen(*parse_pabulib(path)))


def phragmen_committee(path: str, seats: int = 2) -> Found:
    """Sequential Phragmén of a committee, from two categories."""
    found = abcrules.compute_seqphragmen(read_preflib_file(path), seats, resolute=True)
    return sorted(option + 1 for option in found[0])


def instant_runoff(path: str) -> Found:
    """All winners over the orders in which equally few can be eliminated."""
    profile = preflib_to_profile(path)
    return sorted(int(option) for option in instant_runoff_put(profile))


RULES: dict[str, Callable[[str], Found]] = {
    rule.__name__: rule
    for rule in (
        equal_shares,
        equal_shares_points,
        equal_shares_utilitarian,
        phragmen,
        phragmen_committee,
        instant_runoff,
    )
}


def _names(projects: Any) -> list[str]:
    return sorted(project.name for project in projects)


def _decided(one: dict[str, str]) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{one['suffix']}"
        path.write_text(one["text"], encoding="utf-8")
        return RULES[one["rule"]](str(path))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump([_decided(one) for one in json.load(sys.stdin)], sys.stdout)
