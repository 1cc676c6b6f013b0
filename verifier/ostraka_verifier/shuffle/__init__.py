"""Anonymous ballots: a verifiable shuffle of commitments whose shares the nodes hold.

Groups and covers are in `groups`, states and their hashes in `state`, the proof in `proof`, whole
runs in `run`, and what is opened in `shares`.

Source: docs/protocol.md §19. Vectors: tests/vectors/shuffle.json.
"""

from ostraka_verifier.shuffle.groups import (
    MAX_SHUFFLING_NODES,
    Group,
    covers,
    fewest_groups,
    is_group,
    may_shuffle,
    uncovered,
)
from ostraka_verifier.shuffle.proof import (
    Responses,
    ShuffleClaim,
    ShuffleKey,
    ShuffleProof,
    challenge_vector,
    final_challenge,
    shuffle_generators,
    statement,
    verify_claims,
)
from ostraka_verifier.shuffle.run import (
    follow_steps,
    verify_cover,
    verify_groups,
    verify_steps,
)
from ostraka_verifier.shuffle.shares import (
    ballots_hash,
    combine_shares,
    decode_shares,
    encode_shares,
    refuted_by,
    sum_of,
    verify_openings,
    verify_state_shares,
    verify_sum,
    verify_total,
)
from ostraka_verifier.shuffle.state import (
    BYTES_A_BALLOT,
    RunContext,
    RunRecord,
    ShuffleState,
    StepRecord,
    sharing_hash,
)

__all__ = [
    "BYTES_A_BALLOT",
    "MAX_SHUFFLING_NODES",
    "Group",
    "Responses",
    "RunContext",
    "RunRecord",
    "ShuffleClaim",
    "ShuffleKey",
    "ShuffleProof",
    "ShuffleState",
    "StepRecord",
    "ballots_hash",
    "challenge_vector",
    "combine_shares",
    "covers",
    "decode_shares",
    "encode_shares",
    "fewest_groups",
    "final_challenge",
    "follow_steps",
    "is_group",
    "may_shuffle",
    "refuted_by",
    "sharing_hash",
    "shuffle_generators",
    "statement",
    "sum_of",
    "uncovered",
    "verify_claims",
    "verify_cover",
    "verify_groups",
    "verify_openings",
    "verify_state_shares",
    "verify_steps",
    "verify_sum",
    "verify_total",
]
