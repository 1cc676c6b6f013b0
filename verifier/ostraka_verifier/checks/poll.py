"""Checks P1 to P6: the poll, its rules, its nodes and their poll keys.

Source: docs/protocol.md §13.
"""

from ostraka_verifier import typed_data
from ostraka_verifier.board import decode_poll_keys
from ostraka_verifier.checks.audit import Audit
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import outcome_rule_digest
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.poll_key import check_poll_keys, node_key, node_keys_hash
from ostraka_verifier.wording import counted


def check_p1(audit: Audit) -> str:
    """P1: the board is of this chain, registry and poll, and gives the context on chain."""
    identity = PollIdentity.decode(audit.sections["poll"])
    asked = PollIdentity(audit.chain.chain_id, audit.claimed.registry, audit.claimed.poll_id)
    if identity != asked:
        raise Rejected("P1", "board.poll", "a different chain, registry or poll than requested")
    audit.parameters.check_known()
    if "extension" in audit.sections:
        raise Rejected("P1", "board.extension", "the parameters ask for none")
    if identity.context(audit.parameters, audit.rule) != audit.chain.poll_context:
        raise Rejected("P1", "board.parameters", "they do not have the poll's context on chain")
    notes = ", ".join(f"section {tag} ({size} bytes)" for tag, size in audit.notes.items())
    unread = f"; read by no check: {notes}" if notes else ""
    return f"context 0x{audit.chain.poll_context.hex()}{unread}"


def check_p2(audit: Audit) -> str:
    """P2: rules and description have their digests; the rule is valid with the total weight."""
    # What P2 itself reads comes first: it fails by that, whatever else cannot be read.
    rule, outcome_rule, description = audit.rule, audit.outcome_rule, audit.description
    parameters = audit.parameters
    digests = (
        ("board.rule", rule.digest, parameters.rule),
        (
            "board.outcome_rule",
            outcome_rule_digest(outcome_rule.encode()),
            parameters.outcome_rule,
        ),
        ("board.description", description.digest, parameters.description),
    )
    for item, computed, fixed in digests:
        if computed != fixed:
            raise Rejected("P2", item, "not what the poll's parameters fix")
    rule.check_weight(parameters.total_weight)
    outcome_rule.check_slots(len(rule.slots))
    outcome_rule.check_counting(parameters.is_shuffled)
    if len(description.options) != len(rule.slots):
        raise Rejected("P2", "board.description", "it does not name one option for each slot")
    return ", ".join(
        (
            counted(len(rule.slots), "option", "options"),
            counted(rule.bits, "bit", "bits"),
            counted(len(rule.rows), "row", "rows"),
        )
    )


def check_p3(audit: Audit) -> str:
    """P3: the committee obeys its bounds and has its digest."""
    committee = audit.committee
    if not committee.digest == audit.parameters.committee == audit.chain.committee:
        raise Rejected("P3", "board.committee", "not the committee that the poll fixes")
    n, t = len(committee.members), committee.threshold
    return f"{n} nodes; fewer than {t} learn nothing; {committee.faults} may fail"


def check_p4(audit: Audit) -> str:
    """P4: poll keys are valid, distinct, signed by all nodes, and pinned on chain."""
    on_chain = audit.node_keys
    announced = decode_poll_keys(audit.sections["poll_keys"])
    members = audit.committee.members
    keys = [one.public_key for one in announced]
    words = tuple(node_key(one) for one in keys)
    pinned = node_keys_hash(words)
    if words != on_chain or pinned != audit.chain.poll_keys_digest:
        raise Rejected("P4", "board.poll_keys", "not those pinned on chain")
    if len(keys) != len(members):
        raise Rejected("P4", "board.poll_keys", "not one for each node")
    check_poll_keys(keys)
    digest = audit.domain.digest(typed_data.POLL_KEYS, audit.chain.poll_context, pinned)
    for number, one in enumerate(announced, start=1):
        item = f"poll key of node {number}"
        audit.require_signer("P4", item, audit.member("P4", number), one.signature, digest)
    return counted(len(keys), "poll key", "poll keys")


def check_p5(audit: Audit) -> str:
    """P5: the description's questions, where it has any, make exactly the poll's rule."""
    questions = audit.description.check_questions(audit.rule)
    if audit.parameters.is_shuffled:
        audit.description.check_determined(audit.rule)
    if not questions:
        return "the description has no questions"
    return ", ".join(question.kind for question in questions)


def check_p6(audit: Audit) -> str:
    """P6: the parameters keep the bounds of §4.1, and a committee that has to can shuffle."""
    audit.parameters.check_bounds()
    if audit.parameters.is_shuffled:
        # Only then: a summed poll keeps its bounds whatever its committee is.
        audit.parameters.check_committee(audit.committee)
    fixed = audit.parameters
    said = f"dispute window {fixed.dispute_window} s, then {fixed.tally_period} s for the tally"
    if not fixed.max_dispute_delay:
        return said
    return f"{said}; disputes delay it by {fixed.max_dispute_delay} s at most"
