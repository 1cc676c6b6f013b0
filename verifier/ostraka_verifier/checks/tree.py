"""Checks T1 to T4: the root of the ballots.

Source: docs/protocol.md §13.
"""

from ostraka_verifier.board import AnchoredRoot
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.checks.signers import judged, require_quorum
from ostraka_verifier.errors import Rejected, Undecided
from ostraka_verifier.wording import counted


def check_t1(audit: Audit) -> str:
    """T1: the sum tree over the leaves gives root hash, sum and count."""
    claimed = audit.anchored.root
    computed = audit.root
    for name in ("count", "sum", "hash"):
        if getattr(computed, name) != getattr(claimed, name):
            raise Rejected("T1", f"root.{name}", "not that of the ballots on the board")
    return f"root 0x{computed.hash.hex()} over {counted(computed.count, 'ballot', 'ballots')}"


def check_t2(audit: Audit) -> str:
    """T2: that root is the one anchored on chain."""
    anchored, onchain = audit.anchored, audit.chain.anchored
    if onchain is None or anchored.root != audit.chain.root or anchored.root != onchain.root:
        raise Rejected("T2", "board.root", "not the root anchored on chain")
    if anchored.round != onchain.round:
        raise Rejected("T2", "board.root", "anchored in another round")
    return f"anchored in round {anchored.round}"


def check_t3(audit: Audit) -> str:
    """T3: at least `q` nodes of the committee signed the root."""
    return require_quorum(audit, "T3", "board.root", *judge_attestations(audit, audit.anchored))


def judge_attestations(audit: Audit, anchored: AnchoredRoot) -> tuple[list[int], list[str]]:
    """Return the nodes whose signatures of the root are good, and what is wrong with the others."""
    root = anchored.root
    digest = audit.domain.digest(*root.statement(audit.chain.poll_context, anchored.round))
    return judged(audit, "T3", anchored.attestations, digest)


def check_t4(audit: Audit) -> str:
    """T4: the root was anchored in time, over enough ballots."""
    onchain, parameters = audit.chain.anchored, audit.parameters
    if onchain is None:
        _ = audit.anchored  # says why
        raise Undecided("no root is anchored yet")
    at, rejected = audit.chain.anchored_at, audit.chain.rejected_rounds
    clock = parameters.settling(rejected, audit.chain.rejected_at)
    if at < parameters.freezes_at:
        raise Rejected("T4", "root", f"anchored at {at}, before {parameters.freezes_at}")
    if not clock.starts_at <= at < clock.deadline:
        reason = f"anchored at {at}, not from {clock.starts_at} to {clock.deadline}"
        raise Rejected("T4", "root", reason)
    if not rejected <= onchain.round < parameters.max_rounds:
        reason = f"round {onchain.round}, not from {rejected} to {parameters.max_rounds - 1}"
        raise Rejected("T4", "root.round", reason)
    if audit.chain.tally is not None and onchain.root.count < parameters.minimum_ballots:
        tallied = counted(onchain.root.count, "ballot was tallied", "ballots were tallied")
        reason = f"{tallied}; at least {parameters.minimum_ballots} required"
        raise Rejected("T4", "root.count", reason)
    return f"anchored at {at}, in round {onchain.round}"
