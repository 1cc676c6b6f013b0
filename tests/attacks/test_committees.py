"""No node joins a committee, or a threshold, that its operator did not allow (§3.4).

The attacker takes signatures that nodes gave for one committee, and registers another one with
puppets of its own, or with a lower threshold. Under the rule of version 1 a node signed its address
and URL, whatever the company.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ostraka.chain.registry import Status
from ostraka.keys import SigningKey
from ostraka.node.policy import Policy
from ostraka.wire.problems import Problem
from ostraka_verifier import typed_data
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.signatures import recover
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import POLL, Village

OLD_TYPE = "NodeRegistration(address node,string url)"


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll(nodes=5, threshold=3)


def puppets_of(committee: Committee) -> Committee:
    """Two known nodes, and puppets enough to read every ballot."""
    fakes = [Member(SigningKey().address, f"https://puppet-{n}.example") for n in range(2)]
    return Committee((*committee.members[:2], *fakes), 2, 0)


def forged(committee: Committee) -> dict[str, Committee]:
    """Committees that the attacker would like."""
    members = committee.members
    return {
        "puppets": puppets_of(committee),
        "lower threshold": Committee(members, 2, 1),
        "one fellow changed": replace(
            committee, members=(*members[:4], Member(SigningKey().address, "https://x.example"))
        ),
        "other url of another": replace(
            committee, members=(*members[:4], replace(members[4], url="https://x.example"))
        ),
        "other order": replace(committee, members=(members[1], members[0], *members[2:])),
    }


def test_the_old_statement_did_not_name_the_other_nodes(poll: SyntheticPoll) -> None:
    first, second = poll.committee, puppets_of(poll.committee)
    digests = {
        poll.domain.digest(OLD_TYPE, one.members[0].address, one.members[0].url)
        for one in (first, second)
    }
    # One signature for both.
    assert len(digests) == 1
    statements = {
        poll.domain.digest(typed_data.COMMITTEE, one.digest)
        for one in (first, *forged(first).values())
    }
    assert len(statements) == 1 + len(forged(first))


@pytest.mark.parametrize(
    "kind",
    ["puppets", "lower threshold", "one fellow changed", "other url of another", "other order"],
)
def test_a_node_serves_the_committee_that_its_operator_named(
    kind: str, poll: SyntheticPoll, tmp_path: Path
) -> None:
    village = Village(poll, tmp_path)
    other = forged(poll.committee)[kind]

    async def run() -> None:
        async with village.run():
            node = village.nodes[1]
            signature = node.sign_committee(poll.committee)
            digest = poll.domain.digest(typed_data.COMMITTEE, poll.committee.digest)
            assert recover(digest, signature) == node.key.address
            url = poll.committee.members[0].url + "/api/v1/committees"
            for committee, code in ((poll.committee, 200), (other, 403)):
                answer = await village.client.post(url, content=committee.encode())
                assert answer.status_code == code, answer.text
            assert answer.json()["title"] == "Committee rejected"

    asyncio.run(run())


def test_polls_of_other_committees_get_no_key(poll: SyntheticPoll, tmp_path: Path) -> None:
    """However the committee came onto the chain: here the operator took the permission back."""
    village = Village(poll, tmp_path)

    async def run() -> None:
        async with village.run():
            header = village.census_header()
            policy = Policy(committees=frozenset({bytes(32)}))
            refusing = village.node(1, seeded=False, policy=policy)
            await refusing.tick()
            with pytest.raises(Problem, match="is not to serve poll"):
                await refusing.take_census(POLL, header, poll.census.encode())
            await village.nodes[2].take_census(POLL, header, poll.census.encode())

    asyncio.run(run())


def test_a_poll_with_sealed_ballots_continues_to_its_end(
    poll: SyntheticPoll, tmp_path: Path
) -> None:
    """Else its secret would lie on the disk for ever, beside the boxes that it opens."""
    village, other = Village(poll, tmp_path), Policy(committees=frozenset({bytes(32)}))

    async def run() -> None:
        async with village.run(seeded=True):
            restarted = village.node(1, seeded=False, policy=other)
            # Nobody has sealed anything to it yet.
            await restarted.tick()
            assert restarted.polls() == []
            village.open_seeded()
            restarted = village.node(1, seeded=False, policy=other)
            await restarted.tick()
            (served,) = restarted.polls()
            assert (served["poll"], served["key_destroyed"]) == (str(POLL), False)
            secrets = tmp_path / "secrets-1"
            assert len(list(secrets.iterdir())) == 1
            await asyncio.gather(*restarted._ticking.values())
            village.registry.show(status=Status.VOID)
            await restarted.tick()
            await village.stop(restarted)
            assert restarted.polls()[0]["key_destroyed"]
            assert list(secrets.iterdir()) == []

    asyncio.run(run())


def test_all_other_nodes_are_fellows_and_the_threshold_has_a_floor(poll: SyntheticPoll) -> None:
    committee = poll.committee
    own, url = committee.members[0].address, committee.members[0].url
    fellows = frozenset(member.address for member in committee.members[1:])
    policy = Policy(fellows=fellows, minimum_threshold=3)
    assert policy.committee_objection(committee, own, url) is None
    refused = {
        "threshold 2 is below": Committee(committee.members, 2, 1),
        "does not allow a committee with": forged(committee)["one fellow changed"],
        "serves at": replace(
            committee,
            members=(
                replace(committee.members[0], url="https://x.example"),
                *committee.members[1:],
            ),
        ),
        "not in the committee": Committee(committee.members[1:], 2, 1),
    }
    for reason, other in refused.items():
        assert reason in (policy.committee_objection(other, own, url) or "")
    # Without a word of the operator a node joins nobody.
    assert Policy().committee_objection(committee, own, url)
