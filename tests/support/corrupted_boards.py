"""Boards with something broken in their leaves, or with one byte flipped anywhere.

The native pass and the readable checks must say the same of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from ostraka_verifier import typed_data
from ostraka_verifier.board import (
    LEAVES,
    SECTIONS,
    Board,
    BoardLeaf,
    join_sections,
    split_sections,
)
from ostraka_verifier.checks import CHECKS, Audit, Claimed, Finding, no_board
from ostraka_verifier.commitment import CommitmentKey, derive_generator
from ostraka_verifier.curve import Curve, LeafTerms, Points, R
from ostraka_verifier.curve.native import Native
from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.errors import Malformed
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.question import Quadratic, SingleChoice
from ostraka_verifier.signatures import SECP256K1_ORDER, recover_key
from tests.support.polls import CLOSES_AT, REGISTRY, SyntheticPoll, approval_poll

N = SECP256K1_ORDER
_KEPT_KEY, _KEPT_GENERATOR = cache(CommitmentKey), cache(derive_generator)


class Readable(Native):
    """The native curve without its pass over leaves: the specification of that pass."""

    def leaf_check(  # type: ignore[override]
        self, rule: bytes, threshold: int, context: bytes, generators: Points, terms: LeafTerms
    ) -> None:
        """Return none."""


@dataclass(frozen=True)
class Honest:
    """A poll with its board and the evidence on chain, all of which hold."""

    poll: SyntheticPoll
    board: Board
    chain: ChainEvidence

    @property
    def points(self) -> int:
        """Commitments of a ballot."""
        return ProofShape(self.poll.rule, self.poll.threshold).points


@cache
def honest_polls() -> tuple[Honest, ...]:
    """Polls of every form of ballot: slots that are the bits, slack, quadratic rows, weights."""
    single = SingleChoice("Where?", ("Park", "Square", "Hall"))
    quadratic = Quadratic("Votes", ("Bench", "Lamp"), 9)
    polls = (
        approval_poll(weights=[1, 2**70, 3, 1, 5, 1, 1], secret=False),
        SyntheticPoll(
            [single.vote_bits(number % 3) for number in range(6)],
            single.rule,
            NoOutcome(),
            nodes=5,
            threshold=3,
            seed="single",
        ),
        SyntheticPoll(
            [quadratic.vote_bits([2, 1])] * 5, quadratic.rule, NoOutcome(), seed="quadratic"
        ),
    )
    return tuple(Honest(poll, *poll.finish()) for poll in polls)


def findings(curve: Curve, board: bytes, chain: ChainEvidence, seed: str) -> list[Finding]:
    """All findings on a board."""
    weights = Random(seed)
    try:
        return Audit(curve, Claimed(REGISTRY, 1), chain, board, weights.getrandbits).run(CHECKS)
    except Malformed as error:
        return no_board(error)


def keep_generators(set_attribute: Callable[[str, object], object]) -> None:
    """Keep derived generators: they are most of the time of so small an audit."""
    set_attribute("ostraka_verifier.checks.audit.CommitmentKey", _KEPT_KEY)
    set_attribute("ostraka_verifier.checks.generators.derive_generator", _KEPT_GENERATOR)


def corrupted(random: Random) -> tuple[bytes, ChainEvidence]:
    """The bytes of a board with one to three corruptions, and its honest evidence on chain."""
    honest = random.choice(honest_polls())
    if random.random() < 0.25:
        return _flipped(random, honest.board.encode()), honest.chain
    leaves = list(honest.board.leaves)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        random.choice(_CORRUPTIONS)(random, honest, leaves)
    return replace(honest.board, leaves=tuple(leaves)).encode(), honest.chain


def with_other_sections(random: Random) -> tuple[bytes, ChainEvidence]:
    """The bytes of a board of which one or two sections are not the poll's, and its evidence.

    Sometimes it also has no ballot, or broken ones, and the chain no root.
    """
    honest = random.choice(honest_polls())
    leaves = list(honest.board.leaves)
    if random.random() < 0.3:
        random.choice(_CORRUPTIONS)(random, honest, leaves)
    sections = _by_tag(replace(honest.board, leaves=tuple(leaves)).encode())
    others = _by_tag(random.choice(honest_polls()).board.encode())
    for tag in random.sample(sorted(sections), random.choice((1, 1, 2))):
        content = sections[tag]
        changes = [
            b"",
            bytes(4),
            bytes(len(content)),
            content[:-1],
            content + b"\0",
            others.get(tag, b""),
            _flipped(random, content),
        ]
        sections[tag] = random.choice(changes)
    if random.random() < 0.3:
        sections[LEAVES] = bytes(4)
    if random.random() < 0.1:
        sections.pop(random.choice((10, 11)), None)
    chain = replace(honest.chain, anchored=None) if random.random() < 0.1 else honest.chain
    return join_sections(sections), chain


def _by_tag(board: bytes) -> dict[int, bytes]:
    sections = split_sections(board)
    return {tag: sections[name] for tag, name in SECTIONS.items() if name in sections}


def _flipped(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]


def _flip_in_a_leaf(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    place = random.randrange(len(leaves))
    name = random.choice(("ballot", "ballot", "public_key", "boxes_hash", "signature"))
    changed = _flipped(random, getattr(leaves[place], name))
    leaves[place] = replace(leaves[place], **{name: changed})


def _exchange(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    one, other = random.randrange(len(leaves)), random.randrange(len(leaves))
    leaves[one], leaves[other] = leaves[other], leaves[one]


def _repeat(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    leaves.insert(random.randrange(len(leaves) + 1), random.choice(leaves))


def _leave_out(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    if len(leaves) > 1:
        del leaves[random.randrange(len(leaves))]


def _mix_parts(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    """A part of one leaf in another one."""
    place, other = random.randrange(len(leaves)), random.choice(leaves)
    name = random.choice(("ballot", "public_key", "boxes_hash", "signature"))
    leaves[place] = replace(leaves[place], **{name: getattr(other, name)})


def _strange_signature(random: Random, _honest: Honest, leaves: list[BoardLeaf]) -> None:
    """Numbers at the bounds of what a signature may have."""
    place = random.randrange(len(leaves))
    signature = leaves[place].signature
    r, s = (int.from_bytes(signature[start : start + 32], "big") for start in (0, 32))
    v = signature[64]
    match random.randrange(4):
        case 0:
            v = random.choice((0, 1, 26, 27, 28, 29, 30, 255))
        case 1:
            r = random.choice((0, 1, 2, 5, N - 1, N, N + 2, (r + N) % 2**256, 2**256 - 1))
        case 2:
            s = random.choice((0, 1, N // 2, N // 2 + 1, N - s, N - 1, N, 2**256 - 1))
        case 3:
            s, v = N - s, 55 - v
    changed = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
    leaves[place] = replace(leaves[place], signature=changed)


def _strange_key(random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    place = random.randrange(len(leaves))
    other = random.choice(honest.poll.node_keys)
    key = random.choice((bytes(64), b"\xff" * 64, other.public_key))
    leaves[place] = replace(leaves[place], public_key=key)


def _strange_time(random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    """A ballot that its voter signed, mostly out of time."""
    place = random.randrange(len(leaves))
    at = random.choice((0, CLOSES_AT - 3601, CLOSES_AT - 1, CLOSES_AT, 2**64 - 1))
    ballot = leaves[place].ballot
    _sign_again(honest, leaves, place, ballot[:20] + at.to_bytes(8, "big") + ballot[28:])


def _strange_voter(random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    place = random.randrange(len(leaves))
    voter = random.choice((random.randbytes(20), bytes(20), leaves[place - 1].ballot[:20]))
    _sign_again(honest, leaves, place, voter + leaves[place].ballot[20:])


def _strange_scalar(random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    """Another response, or the same by another encoding, in a ballot that its voter signed."""
    place, start = random.randrange(len(leaves)), 28 + 64 * honest.points
    ballot = leaves[place].ballot
    at = start + 32 * random.randrange((len(ballot) - start) // 32)
    value = int.from_bytes(ballot[at : at + 32], "big")
    value = random.choice(((value + 1) % R, value + R, R, R - 1, 0))
    _sign_again(honest, leaves, place, ballot[:at] + value.to_bytes(32, "big") + ballot[at + 32 :])


def _strange_point(random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    """Another point, the identity, or none, in a ballot that its voter signed."""
    place = random.randrange(len(leaves))
    at, other = (28 + 64 * random.randrange(honest.points) for _ in range(2))
    ballot = leaves[place].ballot
    point = random.choice((ballot[other : other + 64], bytes(64), b"\xff" * 64))
    _sign_again(honest, leaves, place, ballot[:at] + point + ballot[at + 64 :])


def _break_all_proofs(_random: Random, honest: Honest, leaves: list[BoardLeaf]) -> None:
    for place, leaf in enumerate(leaves):
        last = (int.from_bytes(leaf.ballot[-32:], "big") + 1) % R
        _sign_again(honest, leaves, place, leaf.ballot[:-32] + last.to_bytes(32, "big"))


def _sign_again(honest: Honest, leaves: list[BoardLeaf], place: int, ballot: bytes) -> None:
    poll = honest.poll
    key = poll.voter_keys[min(place, len(poll.voter_keys) - 1)]
    digest = poll.domain.digest(
        typed_data.BALLOT,
        poll.context,
        ballot[:20],
        int.from_bytes(ballot[20:28], "big"),
        tagged_hash("ballot", ballot),
        bytes(32),
    )
    signature = key.sign(digest)
    leaves[place] = BoardLeaf(ballot, recover_key(digest, signature), bytes(32), signature)


_CORRUPTIONS: Sequence[Callable[[Random, Honest, list[BoardLeaf]], None]] = (
    _flip_in_a_leaf,
    _flip_in_a_leaf,
    _exchange,
    _repeat,
    _leave_out,
    _mix_parts,
    _strange_signature,
    _strange_signature,
    _strange_key,
    _strange_time,
    _strange_voter,
    _strange_scalar,
    _strange_point,
    _break_all_proofs,
)
