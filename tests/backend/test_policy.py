"""Which committees a node joins and which polls it serves, by its policy (§3.4, §6.4)."""

from dataclasses import replace
from typing import Any

import pytest

from ostraka.node.policy import Policy
from ostraka_verifier.parameters import Committee
from tests.support.polls import SyntheticPoll, approval_poll

CREATOR = bytes([9]) * 20


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


def committee_objection(policy: Policy, committee: Committee, node: int = 0) -> str:
    member = committee.members[node]
    return policy.committee_objection(committee, member.address, member.url) or ""


def test_a_node_joins_committees_that_its_operator_named(poll: SyntheticPoll) -> None:
    committee = poll.committee
    fellows = frozenset(member.address for member in committee.members[1:])
    assert committee_objection(Policy(committees=frozenset({committee.digest})), committee) == ""
    assert committee_objection(Policy(fellows=fellows), committee) == ""
    assert "does not allow" in committee_objection(Policy(), committee)
    missing = fellows - {committee.members[2].address}
    said = committee_objection(Policy(fellows=missing), committee)
    assert committee.members[2].address.hex() in said
    high = Policy(fellows=fellows, minimum_threshold=committee.threshold + 1)
    assert f"threshold {committee.threshold} is below" in committee_objection(high, committee)


def test_a_named_committee_is_joined_at_the_nodes_own_url_only(poll: SyntheticPoll) -> None:
    committee = poll.committee
    policy = Policy(committees=frozenset({committee.digest}))
    address = committee.members[0].address
    assert "serves at https://other" in str(
        policy.committee_objection(committee, address, "https://other")
    )
    stranger = policy.committee_objection(committee, bytes(20), committee.members[0].url)
    assert stranger == "this node is not in the committee"


@pytest.mark.parametrize(
    ("policy", "changes", "reason"),
    [
        (Policy(), {}, ""),
        (Policy(creators=frozenset({CREATOR})), {}, ""),
        (Policy(creators=frozenset({bytes(20)})), {}, f"created by 0x{CREATOR.hex()}"),
        (Policy(minimum_ballots=6), {"minimum_ballots": 5}, "minimum of 6"),
        # What is not secret reveals nothing more.
        (Policy(minimum_ballots=6), {"minimum_ballots": 5, "secret": False}, ""),
        (Policy(), {"counting": 2}, "counting"),
        (Policy(), {"counting": 1, "open_minimum": 4, "shuffle_period": 9}, "open_minimum"),
        (Policy(), {"counting": 1, "open_minimum": 5, "shuffle_period": 9}, ""),
    ],
)
def test_a_poll_is_refused_with_the_reason(
    poll: SyntheticPoll, policy: Policy, changes: dict[str, Any], reason: str
) -> None:
    parameters = replace(poll.parameters, **{"minimum_ballots": 5} | changes)
    published = replace(poll.published, parameters=parameters)
    said = policy.objection_to(published, CREATOR) or ""
    assert reason in said
    assert bool(reason) == bool(said)
