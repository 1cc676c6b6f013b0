"""Titles of a `.pb` file's projects fit into a description."""

from pathlib import Path

import pytest

from ostraka.formats.election import FileError
from tests.support.elections import asked, pb


def test_names_of_many_projects_fit_into_a_description(tmp_path: Path) -> None:
    projects = ["project_id;cost;name"] + [f"{n};5;{'ż' * 200}{n}" for n in range(300)]
    election = asked(tmp_path, pb({"max_length": "2"}, projects, ["voter_id;vote", "1;7"]))
    assert sum(len(option.name.encode()) for option in election.options) <= 28_000
    too_many = ["project_id;cost", *(f"{n};5" for n in range(330))]
    with pytest.raises(FileError, match="bits"):
        asked(tmp_path, pb({"max_length": "2"}, too_many, ["voter_id;vote", "1;7"]))
