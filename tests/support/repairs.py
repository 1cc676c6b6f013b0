"""Repairs of a synthetic poll's shares by the real parts, without any network."""

from collections.abc import Mapping, Sequence

from ostraka.node.repair_shares import (
    Contribution,
    Helper,
    Pair,
    RepairCommittee,
    RepairRequest,
    SignedSeed,
    repair_subject,
)
from ostraka.sealing import ballot_info
from ostraka_verifier.curve import Points
from ostraka_verifier.sharing import BoxContent, Share
from tests.support.polls import SyntheticPoll


def committee_of(poll: SyntheticPoll) -> RepairCommittee:
    """What everybody knows of the poll's nodes."""
    return RepairCommittee(
        poll.curve,
        poll.factory.key,
        poll.domain,
        tuple(key.address for key in poll.node_keys),
        tuple(key.public_key for key in poll.poll_keys),
        len(poll.rule.slots),
    )


def helper_of(
    poll: SyntheticPoll,
    node: int,
    kind: type[Helper] = Helper,
    committee: RepairCommittee | None = None,
) -> Helper:
    """A node as a helper; its repair secret follows from its number."""
    return kind(
        committee or committee_of(poll),
        node,
        poll.poll_keys[node - 1],
        bytes([node]) * 32,
        lambda *statement: poll.node_keys[node - 1].sign(poll.domain.digest(*statement)),
    )


def request_for(
    poll: SyntheticPoll, target: int, helpers: Sequence[int], attempt: int = 0
) -> RepairRequest:
    """A request for the share of the poll's first ballot."""
    subject = repair_subject(poll.prepared[0].ballot.digest)
    return RepairRequest(poll.context, subject, target, tuple(helpers), attempt)


def sharing_of(poll: SyntheticPoll) -> Points:
    """`V, A_1, …, A_{t−1}` of the first ballot."""
    return poll.prepared[0].ballot.sharing


def share_of(poll: SyntheticPoll, node: int) -> Share:
    """A node's share of the first ballot."""
    plain = poll.poll_keys[node - 1].open(
        poll.prepared[0].boxes[node - 1], ballot_info(poll.context, node)
    )
    return BoxContent.decode(plain, len(poll.rule.slots)).share


def seeds_of(request: RepairRequest, helpers: Mapping[int, Helper]) -> dict[Pair, SignedSeed]:
    """First leg: every pair's seed, as its lower helper seals and signs it."""
    return {
        pair: seed
        for node in request.helpers
        for pair, seed in zip(request.seeds_from(node), helpers[node].seeds(request), strict=True)
    }


def contribution_of(
    poll: SyntheticPoll,
    request: RepairRequest,
    helper: Helper,
    seeds: Mapping[Pair, SignedSeed],
    share: Share | None = None,
) -> Contribution:
    """Second leg: what one helper answers to these seeds."""
    given = [seeds[pair] for pair in request.seeds_to(helper.node) if pair in seeds]
    return helper.contribute(request, sharing_of(poll), share or share_of(poll, helper.node), given)
