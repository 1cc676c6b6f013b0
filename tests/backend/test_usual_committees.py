"""The committees that `committee propose` suggests keep every bound."""

import pytest

from ostraka.planning.committee_file import usual_faults, usual_threshold
from ostraka_verifier.parameters import Committee, Member, shuffle_objection


@pytest.mark.parametrize("nodes", range(2, 65))
@pytest.mark.parametrize("shuffles", [False, True])
def test_usual_committees_keep_the_bounds(nodes: int, shuffles: bool) -> None:
    members = tuple(Member(bytes([number] * 20), "u") for number in range(1, nodes + 1))
    faults = usual_faults(nodes)
    committee = Committee(members, usual_threshold(nodes, faults, shuffles=shuffles), faults)
    if shuffles and 3 <= nodes <= 7:
        assert shuffle_objection(committee) is None


@pytest.mark.parametrize(
    ("nodes", "usual", "shuffling"),
    [(4, (2, 1), (2, 1)), (5, (3, 1), (2, 1)), (6, (4, 1), (3, 1)), (7, (3, 2), (3, 2))],
)
def test_committees_that_shuffle_have_a_lower_threshold(
    nodes: int, usual: tuple[int, int], shuffling: tuple[int, int]
) -> None:
    faults = usual_faults(nodes)
    assert (usual_threshold(nodes, faults, shuffles=False), faults) == usual
    assert (usual_threshold(nodes, faults, shuffles=True), faults) == shuffling
