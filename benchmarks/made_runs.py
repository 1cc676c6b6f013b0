"""Section 14 of boards of any size: a run over the native prover's ballots, and what it opens.

One process knows all blindings, so it proves every step by itself, and no shares are made. Auditors
see no difference: the sharing is on a board by its hash only, which is drawn here.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from tests.support.polls import SyntheticPoll

from ostraka.node.shuffle.dealing import draw_deal, shuffled_values
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka.randomness import system
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.board import Attestation, OpenedBoard
from ostraka_verifier.board_leaves import LeafRecords
from ostraka_verifier.board_opened import OpenedShape, encode_opened
from ostraka_verifier.board_source import opened_board
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import HASH_BYTES, SCALAR_BYTES
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    RunContext,
    RunRecord,
    ShuffleKey,
    ShuffleState,
    StepRecord,
    fewest_groups,
)
from ostraka_verifier.typed_data import SHUFFLED


def made_section(
    poll: SyntheticPoll,
    root_digest: bytes,
    board: Path,
    votes: Sequence[Sequence[int]],
    blindings: bytes,
) -> bytes:
    """Return section 14 of a poll, with the fewest groups and `q` signatures.

    Args:
        root_digest: Digest of the anchored root.
        board: A file that has the leaves.
        votes: Bits of ballots, which the voters cast in turn.
        blindings: That of each ballot's `V`, 32 bytes.
    """
    curve, count = poll.curve, len(blindings) // SCALAR_BYTES
    run = RunContext(poll.context, root_digest, 0)
    state = _anchored(poll, run, board)
    slots = [poll.rule.slot_values(bits) for bits in votes]
    openings = [
        (slots[at % len(slots)], int.from_bytes(blindings[at * 32 : at * 32 + 32], "big"))
        for at in range(count)
    ]
    key, steps = ShuffleKey(curve, count), list[StepRecord]()
    for group in fewest_groups(poll.nodes, poll.threshold) or ():
        deal = draw_deal(group, count, system)
        order, added = deal.permutation, deal.blindings
        outputs = shuffled_values(key, state.values, order, added)
        proof = prove_shuffle(key, state, group, outputs, order, added, system)
        steps.append(StepRecord(group, proof, secrets.token_bytes(HASH_BYTES)))
        state = state.after(group, outputs, steps[-1].sharing_hash)
        openings = [
            (openings[place][0], (openings[place][1] + more) % R)
            for place, more in zip(order, added, strict=True)
        ]
    members = run.poll_context, run.root_digest, run.turn, state.hash, count
    digest = poll.domain.digest(SHUFFLED, *members)
    return encode_opened(
        OpenedShape.of(poll.rule, poll.threshold, count),
        RunRecord(run.turn, tuple(steps)),
        [
            Attestation(node, poll.node_keys[node - 1].sign(digest))
            for node in range(1, poll.committee.quorum + 1)
        ],
        [Share(tuple(values), blinding) for values, blinding in openings],
    )


def _anchored(poll: SyntheticPoll, run: RunContext, board: Path) -> ShuffleState:
    layout = BallotLayout(ProofShape(poll.rule, poll.threshold))
    with opened_board(str(board)) as content:
        opened = OpenedBoard(content)
        opened.read_to_leaves()
        records = LeafRecords(opened.leaves, layout.size)
        sharings = list(records.sharings(0, len(records), poll.threshold))
    values = poll.curve.decode(b"".join([value for value, _ in sharings]))
    return ShuffleState.start_of(run, values, b"".join([rest for _, rest in sharings]))
