"""Checks S1 and S2: the aggregate shares.

Source: docs/protocol.md §13.
"""

from ostraka_verifier import typed_data
from ostraka_verifier.board import SignedShare
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import aggregate_share_hash, combine
from ostraka_verifier.wording import counted


def check_s1(audit: Audit) -> str:
    """S1: every aggregate share on the board is signed and good."""
    if "shares" not in audit.sections:
        raise Undecided("the board has no aggregate share")
    audit.require_anchored()
    shares, sums = audit.shares, audit.sums
    for signed in shares:
        require_signed(audit, signed)
        sums.verify_share(audit.curve, audit.key, signed.node, signed.share)
    return f"nodes {', '.join(str(signed.node) for signed in shares)}"


def require_signed(audit: Audit, signed: SignedShare) -> None:
    """Raise Rejected (S1) unless the node signed its share for the root of the board."""
    digest = audit.domain.digest(
        typed_data.AGGREGATE_SHARE,
        audit.chain.poll_context,
        audit.anchored.root.digest,
        signed.node,
        aggregate_share_hash(signed.share),
    )
    item = f"aggregate share of node {signed.node}"
    audit.require_signer("S1", item, audit.member("S1", signed.node), signed.signature, digest)


def check_s2(audit: Audit) -> str:
    """S2: at least `t` good shares give the tally on chain."""
    tally, shares, sums = audit.tally, audit.shares, audit.sums
    if not shares:
        raise Rejected("S2", "board.shares", "none, though the chain has a tally")
    good: dict[int, Share] = {}
    for signed in shares:
        try:
            sums.verify_share(audit.curve, audit.key, signed.node, signed.share)
        except Rejected:
            continue
        good[signed.node] = signed.share
    if combine(good, audit.committee.threshold) != tally:
        raise Rejected("S2", "tally", "the aggregate shares give a different one")
    return f"{counted(len(good), 'good share', 'good shares')}, {audit.committee.threshold} needed"
