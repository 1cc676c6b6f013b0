"""Fewer than t nodes learn nothing from repairs (docs/protocol.md §9.3).

The coalition has t − 1 nodes, one or all of which ask for repairs as targets; it relays every seed,
and signs and seals what it likes. What honest helpers send it are linear equations in the
polynomial that shares one slot of one ballot, and in masks. Two masks are one unknown exactly where
helpers publish one commitment for both. The attacker solves them: either they give the vote, or
every vote explains them equally well.

Each attack first reads a vote off helpers that break one rule.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from ostraka.node import possession, repair_shares
from ostraka.node.possession import answer_challenge
from ostraka.node.repair_shares import Helper, Pair, RepairCommittee, RepairRequest, SignedSeed
from ostraka.sealing import PollKey, seed_info
from ostraka.wire.poll_keys import PollKeyList
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import keccak256, tagged_hash, unsigned
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.poll_key import ML_KEM_BYTES
from ostraka_verifier.sharing import Share, lagrange
from ostraka_verifier.signatures import recover
from tests.support.coalitions import Masks, Sent, ask, opened, requests_of, solve
from tests.support.equations import SLOT, Equations
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.repairs import (
    committee_of,
    contribution_of,
    helper_of,
    request_for,
    seeds_of,
    share_of,
)

NODES = {2: 4, 3: 5, 4: 6, 5: 7}
"""Size of the committee by its threshold."""
_POLLS: dict[int, SyntheticPoll] = {}


def poll_of(threshold: int) -> SyntheticPoll:
    if threshold not in _POLLS:
        _POLLS[threshold] = approval_poll(
            nodes=NODES[threshold], threshold=threshold, faults=1, seed=f"repair {threshold}"
        )
    return _POLLS[threshold]


def vote_in(poll: SyntheticPoll) -> int:
    """What the attacker is after: the first ballot's slot."""
    return poll.votes[0][SLOT]


def run_all(
    poll: SyntheticPoll,
    kind: type[Helper],
    targets: Iterable[int],
    committee: RepairCommittee | None = None,
) -> tuple[list[Sent], Masks]:
    """All repairs for some targets, all helpers at work: everything sent, and all masks."""
    helpers = {node: helper_of(poll, node, kind, committee) for node in range(1, poll.nodes + 1)}
    sent, masks = [], {}
    for target in targets:
        for request in requests_of(poll, target):
            seeds = seeds_of(request, helpers)
            for node in request.helpers:
                sent.append(ask(poll, request, helpers[node], seeds))
                for pair in request.seeds_from(node):
                    seed = helpers[node]._own_seed(request, pair)
                    masks[request.hash, pair] = helpers[node]._mask(request, pair, seed)[SLOT]
    return sent, masks


def learned(
    poll: SyntheticPoll, coalition: Sequence[int], sent: Sequence[Sent], masks: Masks
) -> int | None:
    """The vote, from all that honest helpers sent to targets of a coalition."""
    seen = [one for one in sent if one.request.target in coalition and one.helper not in coalition]
    known = {key: mask for key, mask in masks.items() if set(key[1]) & set(coalition)}
    return solve(poll, coalition, seen, known)


@pytest.mark.parametrize("threshold", NODES)
def test_no_coalition_learns_a_vote(threshold: int) -> None:
    poll = poll_of(threshold)
    sent, masks = run_all(poll, Helper, range(1, poll.nodes + 1))
    for coalition in combinations(range(1, poll.nodes + 1), threshold - 1):
        assert learned(poll, coalition, sent, masks) is None
    # One node more, and the same equations give the vote: the attacker knows how to solve them.
    enough = range(1, threshold + 1)
    assert learned(poll, enough, sent, masks) == vote_in(poll)


class WithoutRepairHash(Helper):
    """Masks that are the same in every repair."""

    def _own_seed(self, request: RepairRequest, pair: Pair) -> bytes:
        return tagged_hash("repair-seed", self._secret, bytes(pair))

    def _mask(self, request: RepairRequest, pair: Pair, seed: bytes) -> list[int]:
        use = seed, bytes(pair), *self.committee.node_keys(pair)
        return [
            int.from_bytes(tagged_hash("repair-mask", *use, unsigned(number, 4)), "big") % R
            for number in range(self.committee.slots + 1)
        ]


@pytest.mark.parametrize("threshold", [3, 4, 5])
def test_masks_without_the_repair_hash_reveal_votes(threshold: int) -> None:
    poll = poll_of(threshold)
    sent, masks = run_all(poll, WithoutRepairHash, [1])
    coalition = range(1, threshold)
    assert learned(poll, coalition, sent, masks) == vote_in(poll)


class OneMaskForAllSlots(Helper):
    """Masks whose scalars are all alike."""

    def _mask(self, request: RepairRequest, pair: Pair, seed: bytes) -> list[int]:
        return super()._mask(request, pair, seed)[:1] * (self.committee.slots + 1)


@pytest.mark.parametrize("threshold", NODES)
def test_one_mask_for_all_slots_would_reveal_differences(threshold: int) -> None:
    """Of two slots: what masks hide of each must not cancel in their difference."""
    poll = poll_of(threshold)
    target, coalition = 1, range(1, threshold)

    def difference(kind: type[Helper]) -> int | None:
        request = request_for(poll, target, range(2, threshold + 2))
        helpers = {node: helper_of(poll, node, kind) for node in request.helpers}
        equations = Equations(threshold)
        for node in coalition:
            values = share_of(poll, node).values
            equations.add_share(node, Share(((values[SLOT] - values[0]) % R,) * 2, 0))
        honest = request.helpers[-1]
        answer = contribution_of(poll, request, helpers[honest], seeds_of(request, helpers))
        values = opened(poll, request, honest, answer).values
        coefficient = lagrange(request.helpers, target)[-1]
        equations.add_contribution(honest, coefficient, [], (values[SLOT] - values[0]) % R)
        return equations.vote()

    votes = poll.votes[0]
    assert difference(OneMaskForAllSlots) == (votes[SLOT] - votes[0]) % R
    assert difference(Helper) != (votes[SLOT] - votes[0]) % R


def test_seeds_masks_and_signatures_bind_pair_keys_and_repair() -> None:
    """As docs/protocol.md §9.3 writes them, byte by byte."""
    poll, target = poll_of(3), 2
    request = request_for(poll, target, (1, 3, 4), attempt=5)
    helpers = {node: helper_of(poll, node) for node in request.helpers}
    subject = keccak256(b"ostraka/v2/repair-subject", poll.prepared[0].ballot.digest)
    named = bytes([target, 3, 1, 3, 4]) + bytes([0, 0, 0, 5])
    repair_hash = keccak256(b"ostraka/v2/repair", poll.context, subject, named)
    seeds = seeds_of(request, helpers)
    masks = {
        helper: dict(zip(request.pairs_of(helper), answer.masks, strict=True))
        for helper, answer in (
            (node, contribution_of(poll, request, helpers[node], seeds)) for node in request.helpers
        )
    }
    for low, high in ((1, 3), (1, 4), (3, 4)):
        pair, sent = bytes([low, high]), seeds[low, high]
        keys = b"".join(
            keccak256(b"ostraka/v2/node-key", poll.poll_keys[node - 1].public_key)
            for node in (low, high)
        )
        info = b"ostraka/v2/seal/seed\0" + poll.context + repair_hash + pair + keys
        seed = poll.poll_keys[high - 1].open(sent.box, info)
        # The second secret of `helper_of`.
        assert seed == keccak256(b"ostraka/v2/repair-seed", bytes([low]) * 32, repair_hash, pair)
        scalars = []
        for number in range(len(poll.rule.slots) + 1):
            use = seed + repair_hash + pair + keys + number.to_bytes(4, "big")
            halves = [keccak256(b"ostraka/v2/repair-mask", use, bytes([half])) for half in (0, 1)]
            scalars.append(int.from_bytes(b"".join(halves), "big") % R)
        point = poll.factory.key.commit([(scalars[:-1], scalars[-1])]).encode()
        statement = poll.domain.digest(
            "RepairSeed(bytes32 pollContext,bytes32 repairHash,uint32 low,uint32 high,"
            "bytes32 boxHash,bytes32 maskHash)",
            poll.context,
            repair_hash,
            low,
            high,
            keccak256(sent.box),
            keccak256(point),
        )
        assert recover(statement, sent.signature) == poll.node_keys[low - 1].address
        statement = poll.domain.digest(
            "RepairMask(bytes32 pollContext,bytes32 subject,bytes32 repairHash,uint32 low,"
            "uint32 high,bytes32 maskHash)",
            poll.context,
            subject,
            repair_hash,
            low,
            high,
            keccak256(point),
        )
        for end in (low, high):
            given, signature = masks[end][low, high]
            assert given == point
            assert recover(statement, signature) == poll.node_keys[end - 1].address


class BySharedSecret(Helper):
    """The rule of version 1: a pair's mask comes from both ends' poll keys and nothing else."""

    def _own_seed(self, request: RepairRequest, pair: Pair) -> bytes:
        other = pair[0] if pair[1] == self.node else pair[1]
        own = hashlib.shake_256(self._poll_key.secret()).digest(96)[64:]
        half = self.committee.public_keys[other - 1][ML_KEM_BYTES:]
        return X25519PrivateKey.from_private_bytes(own).exchange(
            X25519PublicKey.from_public_bytes(half)
        )

    def _given_seed(self, request: RepairRequest, pair: Pair, given: SignedSeed) -> bytes:
        return self._own_seed(request, pair)

    def _mask(self, request: RepairRequest, pair: Pair, seed: bytes) -> list[int]:
        return [
            int.from_bytes(tagged_hash("mask", seed, request.hash, unsigned(number, 4)), "big") % R
            for number in range(self.committee.slots + 1)
        ]


@pytest.mark.parametrize("threshold", [3, 4, 5])
def test_a_copied_key_reveals_no_vote_even_if_not_refused(threshold: int) -> None:
    """The last node announces the first one's key; an honest node between them is asked."""
    poll = poll_of(threshold)
    honest = committee_of(poll)
    copied = replace(honest, public_keys=(*honest.public_keys[:-1], honest.public_keys[0]))
    target, copier = poll.nodes - 1, poll.nodes
    coalition = [*range(3, threshold), target, copier]

    def seen(kind: type[Helper]) -> int | None:
        helpers = {node: helper_of(poll, node, kind, copied) for node in range(1, copier + 1)}
        sent, known = [], {}
        for request in requests_of(poll, target):
            seeds = seeds_of(request, helpers)
            for node in request.helpers:
                for pair in request.seeds_from(node):
                    if set(pair) & set(coalition) and not (
                        kind is BySharedSecret and copier in pair
                    ):
                        seed = helpers[node]._own_seed(request, pair)
                        known[request.hash, pair] = helpers[node]._mask(request, pair, seed)[SLOT]
                if node not in coalition:
                    sent.append(ask(poll, request, helpers[node], seeds))
        return solve(poll, coalition, sent, known)

    assert seen(BySharedSecret) == vote_in(poll)
    assert seen(Helper) is None


Weaken = Callable[[RepairRequest, Pair, SignedSeed], SignedSeed | None]


class WithoutSignature(Helper):
    """Takes seeds that nobody signed."""

    def _require_seed_signature(self, *_: object) -> None:
        return


class AnySignature(Helper):
    """Takes seeds that any node of the committee signed."""

    def _require_seed_signature(
        self, request: RepairRequest, pair: Pair, given: SignedSeed
    ) -> None:
        statement = request.seed_statement(pair, given.box, given.mask_hash)
        for node in range(1, len(self.committee.addresses) + 1):
            try:
                self.committee.require_signer(node, given.signature, statement, "its seed")
            except Rejected:
                continue
            return
        raise Rejected("S0", "seed", "signed by nobody of the committee")


class PassesOver(Helper):
    """Goes on without a mask where a seed is missing."""

    def _given_seeds(
        self, request: RepairRequest, seeds: Sequence[SignedSeed]
    ) -> dict[Pair, bytes]:
        given = {
            pair: self._given_seed(request, pair, seed)
            for pair in request.seeds_to(self.node)
            for seed in seeds
            if self._is_for(request, pair, seed)
        }
        return dict.fromkeys(request.seeds_to(self.node), b"") | given

    def _is_for(self, request: RepairRequest, pair: Pair, seed: SignedSeed) -> bool:
        try:
            self._require_seed_signature(request, pair, seed)
        except Rejected:
            return False
        return True

    def _mask(self, request: RepairRequest, pair: Pair, seed: bytes) -> list[int]:
        if not seed:
            return [0] * (self.committee.slots + 1)
        return super()._mask(request, pair, seed)


def forged(
    poll: SyntheticPoll, request: RepairRequest, pair: Pair, signer: int | None
) -> SignedSeed:
    """A seed that the coalition knows, for a pair of honest helpers."""
    committee = committee_of(poll)
    info = seed_info(poll.context, request.hash, pair, committee.node_keys(pair))
    seed = bytes(32)
    box = committee.seal(pair[1], seed, info)
    anyone = helper_of(poll, 1)
    mask_hash = keccak256(anyone._commitment(anyone._mask(request, pair, seed)))
    if signer is None:
        return SignedSeed(box, mask_hash, bytes(65))
    digest = poll.domain.digest(*request.seed_statement(pair, box, mask_hash))
    return SignedSeed(box, mask_hash, poll.node_keys[signer - 1].sign(digest))


def attack_one(
    poll: SyntheticPoll, kind: type[Helper], signer: int | None, *, leave_out: bool
) -> int | None:
    """Bare the highest honest helper's share, in whose pairs with honest ones it is the higher."""
    target, victim = 1, poll.nodes
    coalition = list(range(1, poll.threshold))
    request = request_for(poll, target, [*coalition[1:], victim - 1, victim])
    helpers = {node: helper_of(poll, node) for node in range(1, poll.nodes + 1)}
    seeds = seeds_of(request, helpers)
    known: Masks = {}
    for pair in request.seeds_to(victim):
        low = helpers[pair[0]]
        mask = low._mask(request, pair, low._own_seed(request, pair))
        if pair[0] not in coalition:
            del seeds[pair]
            mask = [0] * len(mask)
            if not leave_out:
                seeds[pair] = forged(poll, request, pair, signer)
                mask = low._mask(request, pair, bytes(32))
        known[request.hash, pair] = mask[SLOT]
    sent = ask(poll, request, helper_of(poll, victim, kind), seeds)
    return solve(poll, coalition, [sent], known)


@pytest.mark.parametrize("threshold", NODES)
@pytest.mark.parametrize(
    ("weak", "signed", "leave_out", "refusal"),
    [
        (WithoutSignature, False, False, "its seed: signature"),
        (AnySignature, True, False, "did not sign its seed"),
        (PassesOver, True, True, "seeds: "),
    ],
)
def test_a_seed_counts_only_with_its_own_helpers_signature(
    threshold: int, weak: type[Helper], signed: bool, leave_out: bool, refusal: str
) -> None:
    poll = poll_of(threshold)
    signer = threshold - 1 if signed else None
    assert attack_one(poll, weak, signer, leave_out=leave_out) == vote_in(poll)
    with pytest.raises(AuditError, match=refusal):
        attack_one(poll, Helper, signer, leave_out=leave_out)


@pytest.mark.parametrize("threshold", NODES)
def test_seeds_of_another_use_are_refused(threshold: int) -> None:
    """Honest seeds, replayed where they were not made for."""
    poll = poll_of(threshold)
    helpers = {node: helper_of(poll, node) for node in range(1, poll.nodes + 1)}
    sets = list(combinations(range(2, poll.nodes + 1), threshold))
    request, victim = request_for(poll, 1, sets[-1]), poll.nodes
    good = seeds_of(request, helpers)
    (pair, *_), own = request.seeds_to(victim), good[request.seeds_to(victim)[0]]
    ask(poll, request, helpers[victim], good)
    others = [
        replace(request, attempt=1),
        replace(request, subject=bytes(32)),
        replace(request, poll_context=bytes(32)),
    ]
    replayed = [seeds_of(other, helpers)[pair] for other in others]
    replayed += [
        replace(own, mask_hash=bytes(32)),
        replace(own, box=replayed[0].box),
        replace(replayed[0], signature=own.signature),
    ]
    # Signed by the lower helper itself, of a different mask than the seed in the box gives.
    lie = poll.domain.digest(*request.seed_statement(pair, own.box, bytes(32)))
    signed = poll.node_keys[pair[0] - 1].sign(lie)
    replayed += [SignedSeed(own.box, bytes(32), signed)]
    for seed in replayed:
        with pytest.raises(AuditError):
            ask(poll, request, helpers[victim], good | {pair: seed})
    given = [good[one] for one in request.seeds_to(victim)]
    for wrong in ([*given, own], given[1:], given[:-1], []):
        with pytest.raises(Malformed, match="seeds: "):
            helpers[victim].contribute(
                request, poll.prepared[0].ballot.sharing, share_of(poll, victim), wrong
            )


@pytest.mark.parametrize("threshold", NODES)
def test_a_helper_that_lies_about_its_seeds_learns_nothing(threshold: int) -> None:
    """The coalition's own seeds differ from ask to ask; it knows them all anyway."""
    poll = poll_of(threshold)
    coalition = [poll.nodes, *range(1, threshold - 1)]
    helpers = {node: helper_of(poll, node) for node in range(1, poll.nodes + 1)}
    sent, known = [], {}
    for request in requests_of(poll, poll.nodes, attempts=1):
        seeds = seeds_of(request, helpers)
        for node in set(request.helpers) - set(coalition):
            for pair in request.pairs_of(node):
                if not set(pair) & set(coalition):
                    continue
                low = helpers[pair[0]]
                seed = low._own_seed(request, pair)
                if pair[0] in coalition:
                    seeds[pair] = forged(poll, request, pair, pair[0])
                    seed = bytes(32)
                known[request.hash, pair] = low._mask(request, pair, seed)[SLOT]
            sent.append(ask(poll, request, helpers[node], seeds))
    assert solve(poll, coalition, sent, known) is None


@pytest.mark.parametrize("threshold", NODES)
def test_one_info_for_all_purposes_would_open_seeds(
    threshold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeds on their way, handed in as challenges of another purpose."""
    poll = poll_of(threshold)
    keys = PollKeyList(tuple(key.public_key for key in poll.poll_keys))
    target, victim = 1, poll.nodes
    coalition = list(range(1, threshold))
    request = request_for(poll, target, [*coalition[1:], victim - 1, victim])

    def opens_anything(poll_key: PollKey, box: bytes) -> bytes:
        return poll_key.open(box, b"one for all")

    def attack(oracle: Callable[[PollKey, bytes], bytes]) -> int | None:
        helpers = {node: helper_of(poll, node) for node in range(1, poll.nodes + 1)}
        seeds = seeds_of(request, helpers)
        known = {}
        for pair in request.seeds_to(victim):
            seed = oracle(poll.poll_keys[victim - 1], seeds[pair].box)
            known[request.hash, pair] = helpers[victim]._mask(request, pair, seed)[SLOT]
        return solve(poll, coalition, [ask(poll, request, helpers[victim], seeds)], known)

    def challenge(poll_key: PollKey, box: bytes) -> bytes:
        body = b"".join((*keys.node_keys, box))
        return answer_challenge(poll.context, poll.nodes, victim, poll_key, target, body)

    with pytest.raises(Malformed, match="does not open"):
        attack(challenge)
    with monkeypatch.context() as weakened:
        weakened.setattr(repair_shares, "seed_info", lambda *_: b"one for all")
        weakened.setattr(possession, "challenge_info", lambda *_: b"one for all")
        assert attack(opens_anything) == vote_in(poll)
