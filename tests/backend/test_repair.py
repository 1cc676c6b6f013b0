"""Repair of a starved share: every helper set works, no helper can lie, nothing else shows."""

from dataclasses import replace
from itertools import combinations

import pytest

from ostraka.node.repair import Contribution, RepairRequest, contribute, repaired_share
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import BoxContent, Share, verify_shares
from tests.support.polls import SyntheticPoll, approval_poll

CURVE = load("native")
TARGET = 2


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll(nodes=5, threshold=3, faults=1)


def share_of(poll: SyntheticPoll, node: int) -> Share:
    box = poll.prepared[0].boxes[node - 1]
    return BoxContent.decode(poll.poll_keys[node - 1].open(box), 4).share


def request_for(poll: SyntheticPoll, helpers: tuple[int, ...], attempt: int = 0) -> RepairRequest:
    digest = poll.prepared[0].ballot.digest
    return RepairRequest(poll.context, digest, TARGET, helpers, attempt)


def answer(
    poll: SyntheticPoll, request: RepairRequest, helper: int, share: Share | None = None
) -> Contribution:
    return contribute(
        request,
        helper,
        share or share_of(poll, helper),
        poll.factory.key,
        poll.poll_keys[helper - 1],
        [key.public_key for key in poll.poll_keys],
        poll.node_keys[helper - 1],
        poll.domain,
    )


def repair(poll: SyntheticPoll, request: RepairRequest, answers: dict[int, Contribution]) -> Share:
    return repaired_share(
        CURVE,
        poll.factory.key,
        request,
        poll.prepared[0].ballot.sharing,
        answers,
        poll.poll_keys[TARGET - 1],
        [key.address for key in poll.node_keys],
        poll.domain,
        4,
    )


@pytest.mark.parametrize("helpers", list(combinations((1, 3, 4, 5), 3)))
def test_any_t_helpers_give_the_targets_own_share(
    poll: SyntheticPoll, helpers: tuple[int, ...]
) -> None:
    request = request_for(poll, helpers)
    answers = {
        node: Contribution.decode(answer(poll, request, node).encode(), 4, 3) for node in helpers
    }
    share = repair(poll, request, answers)
    assert share == share_of(poll, TARGET)
    ballot = poll.prepared[0].ballot
    verify_shares(CURVE, poll.factory.key, TARGET, [(ballot.sharing, share)])


def test_a_lying_helper_is_named(poll: SyntheticPoll) -> None:
    request = request_for(poll, (1, 3, 4))
    honest = {node: answer(poll, request, node) for node in request.helpers}
    good = share_of(poll, 3)
    false = Share(((good.values[0] + 1) % R, *good.values[1:]), good.blinding)
    with pytest.raises(Rejected, match="node 3: its contribution"):
        repair(poll, request, honest | {3: answer(poll, request, 3, false)})
    other_mask = answer(poll, request_for(poll, (1, 3, 4), attempt=1), 3).masks
    with pytest.raises(Rejected, match="node 3: did not sign"):
        repair(poll, request, honest | {3: replace(honest[3], masks=other_mask)})
    swapped = honest[3].masks[::-1]
    with pytest.raises(Rejected, match="node 3"):
        repair(poll, request, honest | {3: replace(honest[3], masks=swapped)})


def test_masks_are_fresh_for_each_helper_set_and_attempt(poll: SyntheticPoll) -> None:
    """Reused, the masks of one pair would cancel between two sets and bare an honest share."""
    seen = set()
    requests = [request_for(poll, helpers) for helpers in ((1, 3, 4), (1, 3, 5), (3, 4, 5))]
    requests += [request_for(poll, (1, 3, 4), attempt=1)]
    requests += [replace(requests[0], target=5), replace(requests[0], ballot_digest=bytes(32))]
    for request in requests:
        seen |= {point for point, _ in answer(poll, request, 3).masks}
    assert len(seen) == 2 * len(requests)


def test_a_contribution_alone_is_not_the_share(poll: SyntheticPoll) -> None:
    request = request_for(poll, (1, 3, 4))
    key = poll.poll_keys[TARGET - 1]
    bare = share_of(poll, 3).encode()
    assert key.open(answer(poll, request, 3).box) != bare


def test_requests_have_one_encoding(poll: SyntheticPoll) -> None:
    request = request_for(poll, (1, 3, 4), attempt=7)
    data = request.encode()
    assert RepairRequest.decode(data, poll.context, TARGET, 5, 3) == request
    bad = [
        data[:-1],
        data + b"\5",
        b"",
        request_for(poll, (1, 3)).encode(),
        request_for(poll, (1, 2, 3)).encode(),
        request_for(poll, (3, 1, 4)).encode(),
        request_for(poll, (1, 1, 4)).encode(),
        request_for(poll, (0, 1, 3)).encode(),
        request_for(poll, (1, 3, 6)).encode(),
    ]
    for broken in bad:
        with pytest.raises(Malformed):
            RepairRequest.decode(broken, poll.context, TARGET, 5, 3)
