"""Which nodes signed one statement, as checks T3 and A4 ask.

Source: docs/protocol.md §13.1.
"""

from collections.abc import Sequence

from ostraka_verifier.board import Attestation
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.errors import Rejected
from ostraka_verifier.wording import counted


def judged(
    audit: Audit, check: str, attestations: Sequence[Attestation], digest: bytes
) -> tuple[list[int], list[str]]:
    """Return the nodes that signed a digest, and what is wrong with the other signatures.

    Args:
        check: Number of the check that asks.
        digest: 32 bytes.
    """
    good, bad = list[int](), list[str]()
    for one in attestations:
        try:
            signer = audit.member(check, one.node)
            audit.require_signer(check, f"node {one.node}", signer, one.signature, digest)
        except Rejected as failure:
            bad.append(f"{failure.item}: {failure.reason}")
        else:
            good.append(one.node)
    return good, bad


def require_quorum(
    audit: Audit, check: str, item: str, good: Sequence[int], bad: Sequence[str]
) -> str:
    """Return who signed, in words.

    Raises:
        Rejected: Fewer than `q` nodes did.
    """
    ignored = "".join(f"; not counted: {one}" for one in bad)
    quorum = audit.committee.quorum
    if len(good) < quorum:
        signed = counted(len(good), "good signature", "good signatures")
        raise Rejected(check, item, f"{signed}, {quorum} needed{ignored}")
    return f"nodes {', '.join(map(str, good))}{ignored}"
