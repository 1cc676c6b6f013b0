"""Repair of a starved share: every helper set works, no helper can lie, nothing else shows."""

from dataclasses import replace
from itertools import combinations

import pytest

from ostraka.node.repair_shares import (
    Contribution,
    Helper,
    RepairRequest,
    decode_seeds,
    encode_seeds,
    repaired_share,
)
from ostraka.sealing import contribution_info
from ostraka_verifier.curve import R, load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share, verify_shares
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.repairs import (
    committee_of,
    contribution_of,
    helper_of,
    request_for,
    seeds_of,
    share_of,
    sharing_of,
)

CURVE = load("native")
TARGET = 2


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll(nodes=5, threshold=3, faults=1)


def helpers_of(poll: SyntheticPoll) -> dict[int, Helper]:
    return {node: helper_of(poll, node) for node in range(1, 6)}


def answers_to(poll: SyntheticPoll, request: RepairRequest) -> dict[int, Contribution]:
    """What all helpers say to a request, over the wire."""
    helpers = helpers_of(poll)
    seeds = seeds_of(request, helpers)
    encoded = {
        node: contribution_of(poll, request, helpers[node], seeds).encode()
        for node in request.helpers
    }
    return {node: Contribution.decode(data, 4, 3) for node, data in encoded.items()}


def repair(poll: SyntheticPoll, request: RepairRequest, answers: dict[int, Contribution]) -> Share:
    key = poll.poll_keys[request.target - 1]
    return repaired_share(committee_of(poll), request, sharing_of(poll), answers, key)


@pytest.mark.parametrize("helpers", list(combinations((1, 3, 4, 5), 3)))
def test_any_t_helpers_restore_the_targets_share(
    poll: SyntheticPoll, helpers: tuple[int, ...]
) -> None:
    request = request_for(poll, TARGET, helpers)
    share = repair(poll, request, answers_to(poll, request))
    assert share == share_of(poll, TARGET)
    verify_shares(CURVE, poll.factory.key, TARGET, [(sharing_of(poll), share)])


def test_a_lying_helper_is_named(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    honest = answers_to(poll, request)
    # Another share than the masks' commitments allow, which its node seals itself.
    info = contribution_info(poll.context, request.hash, 3, TARGET)
    content = bytearray(poll.poll_keys[TARGET - 1].open(honest[3].box, info))
    content[31] ^= 1
    box = committee_of(poll).seal(TARGET, bytes(content), info)
    with pytest.raises(Rejected, match="node 3: its contribution"):
        repair(poll, request, honest | {3: replace(honest[3], box=box)})
    other_mask = answers_to(poll, request_for(poll, TARGET, (1, 3, 4), attempt=1))[3].masks
    with pytest.raises(Rejected, match="node 3: did not sign"):
        repair(poll, request, honest | {3: replace(honest[3], masks=other_mask)})
    swapped = honest[3].masks[::-1]
    with pytest.raises(Rejected, match="node 3"):
        repair(poll, request, honest | {3: replace(honest[3], masks=swapped)})


def test_both_helpers_that_disagree_are_named(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    honest = answers_to(poll, request)
    other = honest[4].masks[1][0]
    signed = poll.domain.digest(*request.mask_statement((1, 3), keccak256(other)))
    lie = ((other, poll.node_keys[2].sign(signed)), honest[3].masks[1])
    with pytest.raises(Rejected, match=r"nodes \(1, 3\): signed different commitments"):
        repair(poll, request, honest | {3: replace(honest[3], masks=lie)})


def test_a_helper_checks_its_own_share_first(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    helpers = helpers_of(poll)
    good = share_of(poll, 3)
    false = Share(((good.values[0] + 1) % R, *good.values[1:]), good.blinding)
    with pytest.raises(Rejected, match="S0"):
        contribution_of(poll, request, helpers[3], seeds_of(request, helpers), false)


def test_masks_are_fresh_for_each_repair(poll: SyntheticPoll) -> None:
    """Reused, the masks of one pair would cancel between two sets and bare an honest share."""
    sets = ((1, 3, 4), (1, 3, 5), (3, 4, 5))
    requests = [request_for(poll, TARGET, helpers) for helpers in sets]
    requests += [request_for(poll, TARGET, (1, 3, 4), attempt=1)]
    requests += [replace(requests[0], target=5), replace(requests[0], subject=bytes(32))]
    helpers = helpers_of(poll)
    seen = {
        (pair, seed.mask_hash)
        for request in requests
        for pair, seed in seeds_of(request, helpers).items()
    }
    assert len({mask for _, mask in seen}) == 3 * len(requests)


def test_the_same_request_gets_the_same_masks_after_a_restart(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    first, second = (answers_to(poll, request) for _ in range(2))
    for node in request.helpers:
        assert [point for point, _ in first[node].masks] == [
            point for point, _ in second[node].masks
        ]


def test_a_single_contribution_does_not_reveal_the_share(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    for node, answer in answers_to(poll, request).items():
        info = contribution_info(poll.context, request.hash, node, TARGET)
        opened = poll.poll_keys[TARGET - 1].open(answer.box, info)
        assert opened != share_of(poll, node).encode()


def test_seeds_have_one_encoding(poll: SyntheticPoll) -> None:
    request = request_for(poll, TARGET, (1, 3, 4))
    seeds = helper_of(poll, 1).seeds(request)
    data = encode_seeds(seeds)
    assert decode_seeds(data, 2) == seeds
    for broken, count in ((data, 1), (data, 3), (data[:-1], 2), (data + b"\0", 2)):
        with pytest.raises(Malformed):
            decode_seeds(broken, count)


def test_helpers_are_t_other_nodes_of_the_committee(poll: SyntheticPoll) -> None:
    request_for(poll, TARGET, (1, 3, 4)).check(5, 3)
    for bad in ((1, 3), (1, 2, 3), (3, 1, 4), (1, 1, 4), (0, 1, 3), (1, 3, 6), (), (1, 3, 4, 5)):
        with pytest.raises(Malformed):
            request_for(poll, TARGET, bad).check(5, 3)
