"""Checkpoints of the nodes' logs of receipts, with their proofs (docs/protocol.md §9.6)."""

from typing import Annotated

from fastapi import APIRouter, Query

from ostraka.node.answers.checkpoints import (
    Checkpoint,
    CheckpointChain,
    ConsistencyProof,
    InclusionProof,
    KnownCheckpoints,
)
from ostraka.node.dependencies import Poll
from ostraka.node.problem_groups import POLL
from ostraka.wire.openapi import problems
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import from_hex

router = APIRouter(prefix="/polls/{poll_id}/checkpoints", tags=["checkpoints"])

Size = Annotated[int, Query(ge=0, lt=2**32)]
Digest = Annotated[str, Query(pattern="^0x[0-9a-f]{64}$", description="Digest of the ballot.")]

_PROOF = problems(POLL, ProblemType.NOT_FOUND, ProblemType.NODE_INCOMPLETE)


@router.get("", responses=problems(POLL))
def known(poll: Poll) -> KnownCheckpoints:
    """The latest checkpoint of every node that this node knows, and proofs of contradictions."""
    return KnownCheckpoints.model_validate(poll.checkpoints.known())


@router.get("/latest", responses=problems(POLL, ProblemType.NOT_FOUND))
def latest(poll: Poll) -> Checkpoint:
    """This node's latest checkpoint."""
    return Checkpoint.model_validate(poll.checkpoints.latest())


@router.get("/chain", responses=problems(POLL, ProblemType.NOT_FOUND))
def chain(
    poll: Poll,
    node: Annotated[int, Query(ge=1, le=255, description="Whose checkpoints.")],
    after: Annotated[int, Query(ge=0, lt=2**32)] = 0,
) -> CheckpointChain:
    """A page of a node's checkpoints, after a number, as this node has seen them."""
    return CheckpointChain(checkpoints=poll.checkpoints.chain(node, after))


@router.get("/consistency", responses=_PROOF)
def consistency(
    poll: Poll,
    first: Annotated[Size, Query(alias="from", description="Number of receipts before.")],
    second: Annotated[Size, Query(alias="to", description="Number of receipts later.")],
) -> ConsistencyProof:
    """The proof that this node's log only grew from one number of receipts to another."""
    return ConsistencyProof(proof=poll.checkpoints.consistency(first, second))


@router.get("/inclusion", responses=_PROOF)
def inclusion(poll: Poll, digest: Digest) -> InclusionProof:
    """The proof that this node's latest checkpoint contains its receipt of a ballot."""
    return InclusionProof.model_validate(poll.checkpoints.inclusion(from_hex(digest, "digest")))
