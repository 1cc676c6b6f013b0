"""Writes all shared test vectors, or checks that they are current.

    python -m tests.vectors.generate [--check]

Each negative case breaks one thing and says which class of error it must give.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka_verifier import typed_data
from ostraka_verifier.board import join_sections
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.commitment import MAX_GENERATORS, derive_generator
from ostraka_verifier.curve import R, load
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.merkle_sum import Leaf, sum_root
from ostraka_verifier.outcome import (
    Greedy,
    GreedyByCategory,
    Misfit,
    NoOutcome,
    Order,
    OutcomeRule,
    Proportional,
)
from ostraka_verifier.question import (
    Question,
    approval,
    implied_question,
    knapsack,
    single_choice,
)
from ostraka_verifier.rule import BallotRule, QuadraticRow, Row, slack_bits, slack_coefficients
from ostraka_verifier.transcript import Transcript
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.randomness import SeededRandomness
from tests.vectors.cases import Cases, hexed
from tests.vectors.generate_classes import classes
from tests.vectors.generate_curve import write_curve
from tests.vectors.generate_json import hostile_json
from tests.vectors.generate_keys import poll_keys, redemptions, sealing
from tests.vectors.generate_outcome import outcomes
from tests.vectors.generate_question import openings, question_ballots, questions, votes

FOLDER = Path(__file__).parent


def generators() -> Cases:
    """`H, G_1 … G_320`."""
    return {"points": [hexed(derive_generator(index)) for index in range(MAX_GENERATORS + 1)]}


def transcript() -> Cases:
    """Challenges of small transcripts."""
    context = bytes(range(32))
    cases = []
    for purpose, messages in (
        ("ballot", []),
        ("ballot", [("a", b"")]),
        ("ballot", [("ab", b"c")]),
        ("ballot", [("a", b"bc")]),
        ("ballot", [("a", b"b"), ("", b"c")]),
        ("other", [("ab", b"c")]),
    ):
        state = Transcript(purpose, context)
        for label, message in messages:
            state.absorb(label, message)
        cases.append(
            {
                "purpose": purpose,
                "poll_context": hexed(context),
                "messages": [[label, hexed(message)] for label, message in messages],
                "challenge": str(state.challenge()),
            }
        )
    return {"cases": cases}


def typed_statements() -> Cases:
    """One EIP-712 statement of each type, and signatures that must be refused."""
    key = SigningKey(bytes(31) + b"\7")
    domain = typed_data.Domain(31337, bytes(range(20)))
    context, digest = bytes([1] * 32), bytes([2] * 32)
    statements: list[tuple[str, list[int | bytes | str]]] = [
        (typed_data.COMMITTEE, [digest]),
        (typed_data.POLL_KEY, [context, digest]),
        (typed_data.POLL_KEYS, [context, digest]),
        (typed_data.CENSUS_UPLOAD, [context, digest]),
        (typed_data.BALLOT, [context, key.address, 1_800_000_000, digest, bytes([3] * 32)]),
        (typed_data.RECEIPT, [context, key.address, 1_800_000_000, digest]),
        (typed_data.INVENTORY, [context, digest]),
        (typed_data.ROOT, [context, 3, digest, 1, 2, 7]),
        (typed_data.FINAL, [context, digest]),
        (typed_data.AGGREGATE_SHARE, [context, digest, 4, bytes([5] * 32)]),
        (typed_data.REPAIR_MASK, [context, digest, bytes([6] * 32), 1, 2, bytes([7] * 32)]),
        (typed_data.REPAIR_SEED, [context, digest, 1, 2, bytes([6] * 32), bytes([7] * 32)]),
        (typed_data.REPAIR, [context, digest, bytes([6] * 32)]),
        (typed_data.WAITING, [context, digest, 1_800_000_000]),
        (typed_data.LACKING, [context, 5, bytes([8] * 32)]),
        (
            typed_data.PROPOSAL,
            [3, key.address, bytes([8] * 20), 409_000, 0, "Ławka", "", digest, 5, 1_800_000_000],
        ),
        (
            typed_data.REVISION,
            [
                digest,
                bytes([8] * 20),
                1,
                65_535,
                "Ławka",
                "przy rzece",
                bytes(32),
                6,
                1_800_000_000,
            ],
        ),
        (typed_data.WITHDRAWAL, [digest, 7, 1_800_000_000]),
        (typed_data.REDEMPTION, [digest, key.address, bytes([9] * 20)]),
        (typed_data.REDEEMED, [digest, key.address, bytes([9] * 20)]),
        (typed_data.VOTING_KEY, [bytes([9] * 20), key.address]),
    ]
    cases = []
    for type_string, values in statements:
        signed = domain.digest(type_string, *values)
        cases.append(
            {
                "type": type_string,
                "values": [hexed(one) if isinstance(one, bytes) else one for one in values],
                "digest": hexed(signed),
                "signature": hexed(key.sign(signed)),
            }
        )
    good = key.sign(digest)
    s = int.from_bytes(good[32:64], "big")
    high = unsigned(typed_data.SECP256K1_ORDER - s, 32)
    refused = {
        "high s": good[:32] + high + bytes([55 - good[64]]),
        "v of 0": good[:64] + b"\0",
        "v of 29": good[:64] + bytes([29]),
        "one byte short": good[:64],
        "one byte over": good + b"\0",
        "r of zero": bytes(32) + good[32:],
        "s of zero": good[:32] + bytes(32) + good[64:],
        "r of the order": unsigned(typed_data.SECP256K1_ORDER, 32) + good[32:],
    }
    return {
        "chain_id": domain.chain_id,
        "registry": hexed(domain.registry),
        "signer": hexed(key.address),
        "separator": hexed(domain.separator),
        "cases": cases,
        "refused": [
            {"name": name, "digest": hexed(digest), "signature": hexed(bad), "expect": "Malformed"}
            for name, bad in refused.items()
        ],
    }


def rules() -> Cases:
    """Valid rules with their dimensions, and invalid ones with one reason each."""
    big = (1 << 127) - 1
    quadratic = BallotRule(
        6,
        (((0, 1), (1, 2)), ((2, 1), (3, 2))),
        (),
        (QuadraticRow((0, 1), ((4, 1), (5, 2)), 3),),
    )
    widest = BallotRule(320, tuple(((bit, 1),) for bit in range(320)))
    largest_row = BallotRule(
        2, (((0, 1),),), (Row(((0, big), (1, big)), 1),)
    )  # 2 · (2^127 − 1) + 1 = 2^128 − 1
    valid = {
        "single choice of 2": single_choice(2),
        "single choice of 320": single_choice(320),
        "approval of 0 to 1": approval(1, 0, 1),
        "approval of 0 to 8 of 8, no row": approval(8, 0, 8),
        "approval of 1 to 5 of 8": approval(8, 1, 5),
        "approval of exactly 3 of 8": approval(8, 3, 3),
        "knapsack": knapsack([5, 3, 9], 10),
        "knapsack of the largest budget": knapsack([1, (1 << 112) - 1], (1 << 112) - 1),
        "quadratic": quadratic,
        "320 bits": widest,
        "a row just below the bound": largest_row,
        "negative coefficients": BallotRule(2, (((0, 1),),), (Row(((0, 1), (1, -1)), 0),)),
        "bits of no slot": BallotRule(3, (((1, 5),),)),
    }
    cases = [
        {
            "name": name,
            "rule": hexed(rule.encode()),
            "expect": "valid",
            "digest": hexed(rule.digest),
            "slots": len(rule.slots),
            "max_slot_value": str(rule.max_slot_value),
            "slots_are_bits": rule.slots_are_bits,
        }
        for name, rule in valid.items()
    ]
    term = _term
    good = approval(3, 1, 2).encode()
    rejected = {
        "no bits": _rule(0, [[term(0, 1)]]),
        "no slots": _rule(1, []),
        "321 bits": _rule(321, [[term(0, 1)]]),
        "320 bits and a quadratic row": _rule(320, [[term(0, 1)]], [], [([0], [], 0)]),
        "slot without terms": _rule(1, [[]]),
        "slot with a zero coefficient": _rule(1, [[term(0, 0)]]),
        "slot with a negative coefficient": _rule(1, [[term(0, -1)]]),
        "slot with a bit that does not exist": _rule(1, [[term(1, 1)]]),
        "slot with bits in falling order": _rule(2, [[term(1, 1), term(0, 1)]]),
        "slot with a bit twice": _rule(2, [[term(0, 1), term(0, 1)]]),
        "bit in two slots": _rule(2, [[term(0, 1)], [term(0, 1)]]),
        "bit 300 in two slots": _rule(301, [[term(300, 1)], [term(300, 1)]]),
        "row without terms": _rule(1, [[term(0, 1)]], [([], 0)]),
        "row with a zero coefficient": _rule(1, [[term(0, 1)]], [([term(0, 0)], 1)]),
        "row with a bit that does not exist": _rule(1, [[term(0, 1)]], [([term(1, 1)], 1)]),
        "row with bits in falling order": _rule(2, [[term(0, 1)]], [([term(1, 1), term(0, 1)], 1)]),
        "row with a bit twice": _rule(2, [[term(0, 1)]], [([term(0, 1), term(0, 1)], 1)]),
        "row that reaches the bound": _rule(2, [[term(0, 1)]], [([term(0, big), term(1, big)], 2)]),
        "row that reaches it with the least constant": _rule(
            2, [[term(0, 1)]], [([term(0, big), term(1, 1)], -(1 << 127))]
        ),
        "row that reaches it with the least coefficient": _rule(
            2, [[term(0, 1)]], [([term(0, -(1 << 127)), term(1, big)], 1)]
        ),
        "quadratic row without slots": _rule(1, [[term(0, 1)]], [], [([], [term(0, 1)], 1)]),
        "quadratic row with a slot that does not exist": _rule(
            1, [[term(0, 1)]], [], [([1], [], 1)]
        ),
        "quadratic row with a slot twice": _rule(1, [[term(0, 1)]], [], [([0, 0], [], 1)]),
        "quadratic row with slots in falling order": _rule(
            2, [[term(0, 1)], [term(1, 1)]], [], [([1, 0], [], 1)]
        ),
        "quadratic row with a zero coefficient": _rule(
            1, [[term(0, 1)]], [], [([0], [term(0, 0)], 1)]
        ),
        "quadratic row with a bit that does not exist": _rule(
            1, [[term(0, 1)]], [], [([0], [term(1, 1)], 1)]
        ),
        "quadratic row with a bit twice": _rule(
            1, [[term(0, 1)]], [], [([0], [term(0, 1), term(0, 1)], 1)]
        ),
        "quadratic row whose square reaches the bound": _rule(
            1, [[term(0, 1 << 64)]], [], [([0], [], 0)]
        ),
        "quadratic row whose square would overflow 256 bits": _rule(
            4, [[term(bit, big) for bit in range(4)]], [], [([0], [], 0)]
        ),
        "quadratic row that reaches the bound with its constant": _rule(
            1, [[term(0, (1 << 64) - 1)]], [], [([0], [], (1 << 65) - 1)]
        ),
        "quadratic row that reaches the bound with a coefficient": _rule(
            2, [[term(0, (1 << 63))]], [], [([0], [term(1, big)], big)]
        ),
    }
    malformed = {
        "empty": b"",
        "seven bytes": good[:7],
        "one byte short": good[:-1],
        "one byte over": good + b"\0",
        "a term short": good[:-18],
        "more slots than are there": good[:2] + unsigned(4, 2) + good[4:],
        "more rows than are there": good[:4] + unsigned(2, 2) + good[6:],
        "more quadratic rows than are there": good[:6] + unsigned(1, 2) + good[8:],
        "fewer rows than are there": good[:4] + unsigned(0, 2) + good[6:],
        "cut within a coefficient": good[:-7],
        "cut within a constant": good[: 8 + 3 * 20 + 2 + 5],
    }
    for expected, broken in (("Rejected", rejected), ("Malformed", malformed)):
        cases += [
            {"name": name, "rule": hexed(rule), "expect": expected} for name, rule in broken.items()
        ]
    return {"cases": cases}


def _term(bit: int, coefficient: int) -> bytes:
    return unsigned(bit, 2) + coefficient.to_bytes(16, "big", signed=True)


def _rule(
    bits: int,
    slots: list[list[bytes]],
    rows: list[tuple[list[bytes], int]] | None = None,
    quadratic_rows: list[tuple[list[int], list[bytes], int]] | None = None,
) -> bytes:
    """Bytes of any rule, valid or not."""
    rows, quadratic_rows = rows or [], quadratic_rows or []
    parts = [unsigned(n, 2) for n in (bits, len(slots), len(rows), len(quadratic_rows))]
    for terms in slots:
        parts += [unsigned(len(terms), 2), *terms]
    for terms, constant in rows:
        parts += [unsigned(len(terms), 2), constant.to_bytes(16, "big", signed=True), *terms]
    for members, terms, constant in quadratic_rows:
        parts += [unsigned(len(members), 2), unsigned(len(terms), 2)]
        parts += [constant.to_bytes(16, "big", signed=True)]
        parts += [unsigned(slot, 2) for slot in members]
        parts += terms
    return b"".join(parts)


def slack() -> Cases:
    """Slack coefficients span exactly 0 … S."""
    spans = (0, 1, 2, 3, 4, 5, 7, 8, 100, 127, 128)
    return {
        "cases": [
            {"span": span, "coefficients": [str(one) for one in slack_coefficients(span)]}
            for span in spans
        ]
    }


def constructors() -> Cases:
    """Rules as the treasury writes them: ballot rules (§5.5) and greedy outcome rules (§14.3)."""
    amounts = [409_000, 1, (1 << 112) - 1]
    return {
        "single_choice": [
            {"options": options, "rule": hexed(single_choice(options).encode())}
            for options in (1, 2, 8, 200)
        ],
        "approval": [
            {
                "options": options,
                "at_least": least,
                "at_most": most,
                "rule": hexed(approval(options, least, most).encode()),
            }
            for options, least, most in ((1, 0, 1), (8, 0, 8), (8, 1, 5), (8, 3, 3), (200, 0, 199))
        ],
        "knapsack": [
            {
                "costs": [str(cost) for cost in costs],
                "budget": str(budget),
                "rule": hexed(knapsack(costs, budget).encode()),
            }
            for costs, budget in (
                ([1], 1),
                ([5, 3, 9], 10),
                (amounts, amounts[-1]),
                (list(range(1, 201)), 4096),
            )
        ],
        "greedy": [
            {
                "costs": [str(cost) for cost in costs],
                "budget": str(budget),
                "order": int(order),
                "misfit": int(misfit),
                "minimum_support": str(support),
                "rule": hexed(Greedy(tuple(costs), budget, order, misfit, support).encode()),
            }
            for costs, budget, order, misfit, support in (
                ([1], 1, Order.VOTES, Misfit.SKIP, 0),
                (amounts, 409_001, Order.VOTES_PER_COST, Misfit.STOP, (1 << 128) - 1),
                (list(range(1, 201)), 4096, Order.VOTES, Misfit.STOP, 7),
            )
        ],
        "rounds": _rounds(),
    }


def _rounds() -> list[dict[str, Any]]:
    """What `RoundRules` writes for rounds of each kind, as questions and outcome rules have it."""
    amounts = [400, 300, 600, 100, 250]
    ballots = [
        round_rules.single_choice(),
        round_rules.approval(1, 3),
        round_rules.approval(0, 9),
        round_rules.knapsack(),
        round_rules.score(1),
        round_rules.score(5),
        round_rules.score((1 << 53) - 1),
        round_rules.points(1),
        round_rules.points(10),
        round_rules.points(100, 100),
        round_rules.points(100, 37),
        round_rules.quadratic(1),
        round_rules.quadratic(100),
        round_rules.quadratic(99),
        round_rules.ranking([3, 2, 1]),
        round_rules.ranking([1, 0]),
        round_rules.ranking([4, 3, 2, 1, 0]),
        round_rules.ranking([7, 7, 5, 3, 3, 1, 0, 0]),
    ]
    greedy = round_rules.greedy(Order.VOTES, Misfit.SKIP, 1)
    cases = []
    for ballot in ballots:
        for standing in (1, 2, 3, 5):
            costs = amounts[:standing]
            named = [(f"proposal {number}", cost) for number, cost in enumerate(costs)]
            question = round_rules.question_of(ballot, "Round", named, 1000)
            outcome = Greedy(tuple(costs), 1000, Order.VOTES, Misfit.SKIP, 1)
            cases.append(_round(ballot, greedy, costs, [0] * standing, question, outcome))
    question = round_rules.question_of(ballots[0], "Round", [("a", 1)] * 5, 1000)
    categories = [1, 0, 2, 1, 0]
    by_category = round_rules.greedy_by_category(
        [500, 0, 300], Order.VOTES_PER_COST, Misfit.STOP, True, 9
    )
    rule = GreedyByCategory(
        tuple(amounts),
        tuple(categories),
        (500, 0, 300),
        1000,
        Order.VOTES_PER_COST,
        Misfit.STOP,
        True,
        9,
    )
    cases.append(_round(ballots[0], by_category, amounts, categories, question, rule))
    divided = round_rules.proportional()
    cases.append(_round(ballots[0], divided, [0] * 5, [0] * 5, question, Proportional(1000, 5)))
    return cases


def _round(
    ballot: bytes,
    outcome: bytes,
    amounts: Sequence[int],
    categories: Sequence[int],
    question: Question,
    rule: OutcomeRule,
) -> dict[str, Any]:
    return {
        "ballot": hexed(ballot),
        "outcome": hexed(outcome),
        "budget": "1000",
        "amounts": [str(amount) for amount in amounts],
        "categories": list(categories),
        "rule": hexed(question.rule.encode()),
        "implied": implied_question(question.rule, question.title, question.labels()).to_json(),
        "outcome_rule": hexed(rule.encode()),
    }


def _ballot_polls() -> dict[str, SyntheticPoll]:
    quadratic = BallotRule(
        4 + 4,
        (((0, 1), (1, 2)), ((2, 1), (3, 2))),
        (),
        (QuadraticRow((0, 1), tuple((4 + n, c) for n, c in enumerate((1, 2, 4, 3))), 10),),
    )
    return {
        "approval of 1 to 3 of 4": approval_poll(seed="vector"),
        "single choice of 3": SyntheticPoll(
            votes=[[1, 0, 0], [0, 1, 0]],
            rule=single_choice(3),
            outcome=NoOutcome(),
            seed="single",
            nodes=5,
            threshold=3,
        ),
        "knapsack of 10": SyntheticPoll(
            votes=[[1, 1, 0, *slack_bits(10, 2)], [0, 0, 1, *slack_bits(10, 1)]],
            rule=knapsack([5, 3, 9], 10),
            outcome=Greedy((5, 3, 9), 10),
            seed="knapsack",
        ),
        "quadratic voting with 10 credits": SyntheticPoll(
            votes=[[1, 1, 1, 0, *slack_bits(10, 0)], [0, 1, 0, 1, *slack_bits(10, 2)]],
            rule=quadratic,
            outcome=NoOutcome(),
            seed="quadratic",
        ),
    }


def ballots() -> Cases:
    """Canonical ballots that verify, and the same with one thing broken."""
    cases = []
    for name, poll in _ballot_polls().items():
        good = poll.prepared[0].ballot
        common = {
            "rule": hexed(poll.rule.encode()),
            "threshold": poll.threshold,
            "poll_context": hexed(poll.context),
        }
        cases.append(
            {
                "name": name,
                **common,
                "ballot": hexed(good.encoded),
                "digest": hexed(good.digest),
                "expect": "valid",
            }
        )
        cases += [
            {"name": f"{name}: {what}", **common, "ballot": hexed(bad), "expect": expected}
            for what, bad, expected in _broken_ballots(poll)
        ]
    return {"cases": cases}


def _broken_ballots(poll: SyntheticPoll) -> list[tuple[str, bytes, str]]:
    good = poll.prepared[0].ballot
    data, shape = good.encoded, poll.factory.layout.shape
    points_end = 28 + 64 * shape.points
    x, y = data[28:60], data[60:92]
    order = unsigned(R, 32)

    def scalar_changed(index: int) -> bytes:
        start = points_end + 32 * index
        value = (int.from_bytes(data[start : start + 32], "big") + 1) % R
        return data[:start] + unsigned(value, 32) + data[start + 32 :]

    broken = [
        ("one byte short", data[:-1], "Malformed"),
        ("one byte over", data + b"\0", "Malformed"),
        ("empty", b"", "Malformed"),
        ("x of V off by one", data[:59] + bytes([data[59] ^ 1]) + data[60:], "Malformed"),
        ("V is the identity", data[:28] + bytes(64) + data[92:], "Malformed"),
        ("x of V is p", data[:28] + unsigned(P_BASE, 32) + data[60:], "Malformed"),
        ("y of V plus p", data[:60] + _plus_p(y) + data[92:], "Malformed"),
        ("x of V plus p", data[:28] + _plus_p(x) + data[60:], "Malformed"),
        (
            "last point is the identity",
            data[: points_end - 64] + bytes(64) + data[points_end:],
            "Malformed",
        ),
        ("first response is r", data[:points_end] + order + data[points_end + 32 :], "Malformed"),
        ("last response is r", data[:-32] + order, "Malformed"),
        ("last response is all ones", data[:-32] + b"\xff" * 32, "Malformed"),
        ("another voter", bytes([data[0] ^ 1]) + data[1:], "Rejected"),
        ("V negated", data[:60] + _negated(y) + data[92:], "Rejected"),
    ]
    names = [f"response of bit {bit} plus 1" for bit in range(poll.rule.bits)]
    names += ["response of V plus 1"]
    names += [] if poll.rule.slots_are_bits else ["response of U plus 1"]
    names += ["response of C plus 1"]
    broken += [(name, scalar_changed(index), "Rejected") for index, name in enumerate(names)]
    offset = 28
    for label, count in shape.labels:
        for number in range(count):
            y_at = offset + 32
            broken.append(
                (
                    f"{label} {number} negated",
                    data[:y_at] + _negated(data[y_at : y_at + 32]) + data[y_at + 32 :],
                    "Rejected",
                )
            )
            offset += 64
    for what, bits in _dishonest_votes(poll):
        shared = poll.factory.prove(good.voter, bits, good.cast_at_unix_s)
        broken.append((what, shared.ballot.encoded, "Rejected"))
    return broken


def _dishonest_votes(poll: SyntheticPoll) -> list[tuple[str, list[int]]]:
    """Votes that break the rule, proven as well as one can."""
    honest = list(poll.votes[0])
    votes = [("a bit of 2", [2, *honest[1:]]), ("a bit of -1", [R - 1, *honest[1:]])]
    if poll.rule.rows:
        votes.append(("no bit set", [0] * len(honest)))
        votes.append(("every bit set", [1] * len(honest)))
    if poll.rule.quadratic_rows:
        votes.append(("one credit too few", [1, 1, 1, 0, *slack_bits(10, 1)]))
        votes.append(("slack of 2 in one bit", [1, 1, 1, 0, 2, 0, 0, 0]))
    return votes


def _negated(y: bytes) -> bytes:
    return unsigned(P_BASE - int.from_bytes(y, "big"), 32)


def _plus_p(coordinate: bytes) -> bytes:
    return unsigned(int.from_bytes(coordinate, "big") + P_BASE, 32)


def censuses() -> Cases:
    """Roots of small censuses, and bytes that are none."""
    random = SeededRandomness("census")
    valid = []
    for count in (1, 2, 3, 5, 8):
        accounts = sorted(random.bytes(20) for _ in range(count))
        census = Census(
            tuple(
                CensusEntry(account, random.bytes(20), number + 1)
                for number, account in enumerate(accounts)
            )
        )
        proofs = [census.proof(account) for account in accounts]
        valid.append(
            {
                "census": hexed(census.encode()),
                "hash": hexed(census.tree.hash),
                "sum": str(census.tree.sum),
                "root": hexed(census.root),
                "proofs": [
                    {"index": index, "siblings": hexed(siblings)} for index, siblings in proofs
                ],
            }
        )
    two = [bytes([1] * 20), bytes([2] * 20)]

    def raw(*entries: tuple[bytes, int]) -> bytes:
        parts = [unsigned(len(entries), 4)]
        for account, weight in entries:
            parts += [account, account, unsigned(weight, 16)]
        return b"".join(parts)

    def keyless(account: bytes) -> bytes:
        return unsigned(1, 4) + account + bytes(20) + unsigned(1, 16)

    good = raw((two[0], 1), (two[1], 1))
    refused = [
        ("no entry", raw(), "Rejected"),
        ("falling order", raw((two[1], 1), (two[0], 1)), "Rejected"),
        ("account twice", raw((two[0], 1), (two[0], 1)), "Rejected"),
        ("weight of zero", raw((two[0], 0)), "Rejected"),
        ("zero address", raw((bytes(20), 1)), "Rejected"),
        ("zero signing key", keyless(two[0]), "Rejected"),
        ("weights of 2^128 together", raw((two[0], (1 << 128) - 1), (two[1], 1)), "Rejected"),
        ("one byte short", good[:-1], "Malformed"),
        ("one byte over", good + b"\0", "Malformed"),
        ("count too large", unsigned(3, 4) + good[4:], "Malformed"),
        ("count too small", unsigned(1, 4) + good[4:], "Malformed"),
        ("empty", b"", "Malformed"),
    ]
    return {
        "cases": valid,
        "refused": [
            {"name": name, "census": hexed(data), "expect": expected}
            for name, data, expected in refused
        ],
    }


def sum_trees() -> Cases:
    """Roots of Merkle sum trees of every small size."""
    curve, random = load("reference"), SeededRandomness("tree")
    bases = curve.fixed_bases(curve.decode(derive_generator(1)))
    cases = []
    for count in (0, 1, 2, 3, 4, 5, 7):
        leaves = [
            Leaf(voter, number + 1, 1_800_000_000 + number, random.bytes(32))
            for number, voter in enumerate(sorted(random.bytes(20) for _ in range(count)))
        ]
        values = bases.commit([[random.scalar()] for _ in leaves]) if leaves else curve.concat([])
        root = sum_root(curve, leaves, values)
        cases.append(
            {
                "leaves": [
                    {
                        "voter": hexed(leaf.voter),
                        "weight": str(leaf.weight),
                        "cast_at": leaf.cast_at_unix_s,
                        "digest": hexed(leaf.digest),
                        "value": hexed(values[number].encode()),
                    }
                    for number, leaf in enumerate(leaves)
                ],
                "hash": hexed(root.hash),
                "sum": hexed(root.sum),
                "root_digest": hexed(root.digest),
            }
        )
    return {"cases": cases}


def boards() -> Cases:
    """One whole board, with what the chain fixes of it."""
    poll = approval_poll(seed="board")
    board, chain = poll.finish()
    tally = chain.tally
    assert tally is not None
    return {
        "board": {
            # Boxes are sealed with fresh randomness, so signatures over them differ each time.
            "poll": hexed(board.poll),
            "parameters": hexed(board.parameters),
            "committee": hexed(board.committee),
            "committee_digest": hexed(poll.committee.digest),
        },
        "poll_context": hexed(poll.context),
        "containers": _containers(),
        "tally": [str(votes) for votes in tally.values],
        "blinding": str(tally.blinding),
        "sum": hexed(chain.root.sum),
        "aggregate_shares": [
            {"node": signed.node, "share": hexed(signed.share.encode())} for signed in board.shares
        ],
    }


def _containers() -> list[dict[str, str]]:
    """Boards of short sections, good and broken ones."""
    sections: dict[int, bytes | None] = {tag: bytes([tag]) for tag in range(1, 10)}
    good = join_sections(sections)
    encoded = {
        "sections 1 to 9": (good, "valid"),
        "section 10": (join_sections(sections | {10: b"root"}), "valid"),
        "all sections": (join_sections(sections | dict.fromkeys(range(10, 14), b"x")), "valid"),
        "an empty section": (join_sections(sections | {9: b""}), "valid"),
        "a note": (join_sections(sections | {0x8000: b"note"}), "valid"),
        "two notes": (join_sections(sections | {0x8001: b"note", 0xFFFF: b""}), "valid"),
        "version 1": (b"ostraka/board/v1" + good[16:], "Malformed"),
        "another magic": (b"ostraka/bored/v2" + good[16:], "Malformed"),
        "empty": (b"", "Malformed"),
        "a section missing": (join_sections(sections | {5: None}), "Malformed"),
        "an unknown section": (join_sections(sections | {14: b""}), "Malformed"),
        "the last tag that matters": (join_sections(sections | {0x7FFF: b""}), "Malformed"),
        "section 0": (join_sections(sections | {0: b""}), "Malformed"),
        "a section twice": (good + good[16 + 8 * 11 :], "Malformed"),
        "out of order": (good[:16] + good[27:38] + good[16:27] + good[38:], "Malformed"),
        "one byte short": (good[:-1], "Malformed"),
        "one byte over": (good + b"\0", "Malformed"),
        "a length of 2^53": (
            good + unsigned(0x8000, 2) + unsigned(1 << 53, 8),
            "Malformed",
        ),
        "a note longer than the board": (
            good + unsigned(0x8000, 2) + unsigned(5, 8) + b"note",
            "Malformed",
        ),
    }
    return [
        {"name": name, "board": hexed(data), "expect": expected}
        for name, (data, expected) in encoded.items()
    ]


P_BASE = 21888242871839275222246405745257275088696311157297823662689037894645226208583

WRITERS: dict[str, Callable[[], Cases]] = {
    "generators": generators,
    "transcript": transcript,
    "typed_data": typed_statements,
    "rule": rules,
    "slack": slack,
    "constructors": constructors,
    "ballot": ballots,
    "census": censuses,
    "weight_classes": classes,
    "merkle_sum": sum_trees,
    "outcome": outcomes,
    "questions": questions,
    "votes": votes,
    "question_ballots": question_ballots,
    "openings": openings,
    "board": boards,
    "poll_keys": poll_keys,
    "sealing": sealing,
    "redemptions": redemptions,
    "json": hostile_json,
}


def write(folder: Path) -> None:
    """Write every file of vectors into `folder`."""
    write_curve(folder)
    for name, make in WRITERS.items():
        text = json.dumps(make(), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Write the vectors, or with `--check` compare them with what stands in the tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    if not parser.parse_args().check:
        write(FOLDER)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        stale = [
            path.name
            for path in sorted(Path(folder).iterdir())
            if not (FOLDER / path.name).exists()
            or (FOLDER / path.name).read_bytes() != path.read_bytes()
        ]
    for name in stale:
        print(f"tests/vectors/{name} is not current: make vectors")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
