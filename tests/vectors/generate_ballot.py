"""Ballots with their proofs (§8), and what breaks them."""

from ostraka_verifier.curve import R
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.outcome import Greedy, NoOutcome
from ostraka_verifier.question import knapsack, single_choice
from ostraka_verifier.rule import BallotRule, QuadraticRow, slack_bits
from tests.support.polls import SyntheticPoll, approval_poll
from tests.vectors.cases import Cases, hexed


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


P_BASE = 21888242871839275222246405745257275088696311157297823662689037894645226208583
