"""From what a voter chooses to the bits of a ballot.

Source: docs/protocol.md §5.4, §5.5.
"""

from collections.abc import Collection

from ostraka_verifier.rule import BallotRule, slack_bits


def selection_bits(rule: BallotRule, chosen: Collection[int]) -> list[int]:
    """Bits of a ballot that selects some slots: single choice, approval and knapsack.

    Args:
        chosen: Slots, counted from 0.

    Raises:
        ValueError: The rule asks for more than a selection, or forbids this one; says why.
    """
    if any(len(slot) != 1 or slot[0][1] != 1 for slot in rule.slots) or len(rule.rows) > 1:
        raise ValueError("this poll's ballot is no plain selection of options")
    for slot in chosen:
        if not 0 <= slot < len(rule.slots):
            raise ValueError(f"option {slot + 1} does not exist, there are {len(rule.slots)}")
    bits = [0] * rule.bits
    for slot in chosen:
        bits[rule.slots[slot][0][0]] = 1
    of_slots = {slot[0][0] for slot in rule.slots}
    for row in rule.rows:
        slack = [(bit, coefficient) for bit, coefficient in row.terms if bit not in of_slots]
        used = sum(coefficient * bits[bit] for bit, coefficient in row.terms)
        span = sum(coefficient for _, coefficient in slack)
        left = row.constant - used
        if not 0 <= left <= span:
            raise ValueError(
                f"the choice comes to {used}, allowed are {row.constant - span} to {row.constant}"
            )
        for (bit, _), value in zip(slack, slack_bits(span, left), strict=True):
            bits[bit] = value
    return bits
