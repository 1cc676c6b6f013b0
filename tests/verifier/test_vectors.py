"""Every shared vector, in Python: one case, one reason, the expected class of error."""

import secrets
from typing import Any

import pytest

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import derive_generator, generators
from ostraka_verifier.curve import Curve, R, load
from ostraka_verifier.encoding import Reader, parse_json
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.merkle_sum import Leaf, sum_root
from ostraka_verifier.outcome import (
    BallotOutcome,
    decode_outcome_rule,
    outcome_rule_digest,
    steps_json,
)
from ostraka_verifier.parameters import Committee, PollIdentity, PollParameters
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.question import (
    KINDS,
    ballot_bits,
    implied_question,
    knapsack,
    poll_labels,
    poll_rule,
    read_questions,
)
from ostraka_verifier.rule import BallotRule, slack_bits, slack_coefficients
from ostraka_verifier.sharing import Share
from ostraka_verifier.signatures import recover
from ostraka_verifier.snapshot import CensusSource
from ostraka_verifier.tally_proof import combine
from ostraka_verifier.transcript import Transcript
from ostraka_verifier.weight_classes import weight_classes
from tests.support.vectors import named, unhex, vectors

ERRORS: dict[str, type[AuditError]] = {"Malformed": Malformed, "Rejected": Rejected}


@pytest.fixture(params=["native", "reference"])
def curve(request: pytest.FixtureRequest) -> Curve:
    return load(request.param)


def test_generators() -> None:
    points = vectors("generators")["points"]
    assert [unhex(point) for point in points] == [derive_generator(n) for n in range(321)]
    assert len(set(points)) == 321


@pytest.mark.parametrize("case", vectors("transcript")["cases"])
def test_transcript(case: dict[str, Any]) -> None:
    transcript = Transcript(case["purpose"], unhex(case["poll_context"]))
    for label, message in case["messages"]:
        transcript.absorb(label, unhex(message))
    assert transcript.challenge() == int(case["challenge"])


def test_transcripts_that_differ_in_anything_differ_in_the_challenge() -> None:
    challenges = [case["challenge"] for case in vectors("transcript")["cases"]]
    assert len(set(challenges)) == len(challenges)


@pytest.mark.parametrize("case", vectors("typed_data")["cases"], ids=lambda case: case["type"])
def test_typed_data(case: dict[str, Any]) -> None:
    given = vectors("typed_data")
    domain = typed_data.Domain(given["chain_id"], unhex(given["registry"]))
    values = [
        unhex(value) if isinstance(value, str) and value.startswith("0x") else value
        for value in case["values"]
    ]
    digest = domain.digest(case["type"], *values)
    assert digest == unhex(case["digest"])
    assert recover(digest, unhex(case["signature"])) == unhex(given["signer"])


@pytest.mark.parametrize("case", named(vectors("typed_data")["refused"]))
def test_invalid_signatures(case: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        recover(unhex(case["digest"]), unhex(case["signature"]))


@pytest.mark.parametrize("case", named(vectors("rule")["cases"]))
def test_rule(case: dict[str, Any]) -> None:
    if case["expect"] != "valid":
        with pytest.raises(ERRORS[case["expect"]]):
            BallotRule.decode(unhex(case["rule"]))
        return
    rule = BallotRule.decode(unhex(case["rule"]))
    assert rule.encode() == unhex(case["rule"])
    assert rule.digest == unhex(case["digest"])
    assert len(rule.slots) == case["slots"]
    assert rule.max_slot_value == int(case["max_slot_value"])
    assert rule.slots_are_bits == case["slots_are_bits"]


@pytest.mark.parametrize(
    "case", vectors("constructors")["knapsack"], ids=lambda case: case["budget"]
)
def test_knapsack_allows_exactly_what_the_budget_buys(case: dict[str, Any]) -> None:
    costs, budget = [int(cost) for cost in case["costs"]], int(case["budget"])
    rule = knapsack(costs, budget)
    assert rule.encode() == unhex(case["rule"])
    assert BallotRule.decode(rule.encode()) == rule
    for chosen in ((), (0,), tuple(range(len(costs)))):
        bits = [int(option in chosen) for option in range(len(costs))]
        left = budget - sum(costs[option] for option in chosen)
        if left >= 0:
            assert rule.violated([*bits, *slack_bits(budget, left)]) is None
        else:
            for slack in (0, budget):
                assert rule.violated([*bits, *slack_bits(budget, slack)])


@pytest.mark.parametrize("case", vectors("constructors")["rounds"])
def test_a_round_s_rule_says_what_is_asked(case: dict[str, Any]) -> None:
    rule, options = BallotRule.decode(unhex(case["rule"])), case["implied"]["options"]
    question = implied_question(rule, "Round", options)
    assert question.to_json() == case["implied"]
    assert question.rule == rule


def test_a_rule_of_no_question_says_none() -> None:
    with pytest.raises(Rejected, match="no question implies the rule"):
        implied_question(BallotRule(2, (((0, 2),), ((1, 3),))), "Round", ["a", "b"])


@pytest.mark.parametrize("case", vectors("slack")["cases"], ids=lambda case: case["span"])
def test_slack_spans_exactly_its_range(case: dict[str, Any]) -> None:
    span, coefficients = case["span"], [int(one) for one in case["coefficients"]]
    assert list(slack_coefficients(span)) == coefficients
    reachable = {0}
    for coefficient in coefficients:
        reachable |= {value + coefficient for value in reachable}
    assert reachable == set(range(span + 1))
    for value in range(span + 1):
        bits = slack_bits(span, value)
        assert sum(c * b for c, b in zip(coefficients, bits, strict=True)) == value


@pytest.mark.parametrize("case", named(vectors("ballot")["cases"]))
def test_ballot(case: dict[str, Any]) -> None:
    curve = load("native")
    shape = ProofShape(BallotRule.decode(unhex(case["rule"])), case["threshold"])

    def check() -> None:
        ballot = BallotLayout(shape).decode(curve, unhex(case["ballot"]))
        assert ballot.encoded == unhex(case["ballot"])
        context, points = unhex(case["poll_context"]), generators(curve, shape.rule.width)
        verify_proofs(curve, points, shape, context, [ballot.proof], secrets.randbits)
        assert ballot.digest == unhex(case["digest"])

    if case["expect"] == "valid":
        check()
    else:
        with pytest.raises(ERRORS[case["expect"]]):
            check()


def test_ballots_on_the_reference_engine() -> None:
    curve = load("reference")
    for case in vectors("ballot")["cases"]:
        if case["expect"] == "valid":
            shape = ProofShape(BallotRule.decode(unhex(case["rule"])), case["threshold"])
            ballot = BallotLayout(shape).decode(curve, unhex(case["ballot"]))
            context, points = unhex(case["poll_context"]), generators(curve, shape.rule.width)
            verify_proofs(curve, points, shape, context, [ballot.proof], secrets.randbits)


@pytest.mark.parametrize("case", vectors("census")["cases"])
def test_census(case: dict[str, Any]) -> None:
    census = Census.decode(unhex(case["census"]))
    assert census.root == unhex(case["root"])
    assert census.encode() == unhex(case["census"])


@pytest.mark.parametrize("case", named(vectors("census")["refused"]))
def test_bytes_that_are_no_census(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        Census.decode(unhex(case["census"]))


@pytest.mark.parametrize(
    "case", vectors("merkle_sum")["cases"], ids=lambda case: len(case["leaves"])
)
def test_sum_tree(case: dict[str, Any], curve: Curve) -> None:
    leaves = [
        Leaf(unhex(one["voter"]), int(one["weight"]), one["cast_at"], unhex(one["digest"]))
        for one in case["leaves"]
    ]
    values = curve.decode(b"".join(unhex(one["value"]) for one in case["leaves"]))
    root = sum_root(curve, leaves, values)
    assert (root.hash, root.sum) == (unhex(case["hash"]), unhex(case["sum"]))
    assert root.digest == unhex(case["root_digest"])


@pytest.mark.parametrize("case", named(vectors("outcome")["cases"]))
def test_outcome(case: dict[str, Any]) -> None:
    rule = decode_outcome_rule(unhex(case["rule"]))
    assert rule.encode() == unhex(case["rule"])
    assert outcome_rule_digest(rule.encode()) == unhex(case["digest"])
    tally = [int(votes) for votes in case["tally"]]
    rule.check_slots(case["slots"])
    assert rule.order(tally) == case["order"]
    assert rule.awards(tally) == [int(award) for award in case["awards"]]


@pytest.mark.parametrize("case", named(vectors("outcome")["refused"]))
def test_bytes_that_are_no_outcome_rule(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        decode_outcome_rule(unhex(case["rule"])).check_slots(case["slots"])


@pytest.mark.parametrize("case", named(vectors("outcome")["refused_orders"]))
def test_orders_that_are_the_wrong_hint(case: dict[str, Any]) -> None:
    rule = decode_outcome_rule(unhex(case["rule"]))
    assert rule.order([int(votes) for votes in case["tally"]]) != case["order"]


@pytest.mark.parametrize("case", named(vectors("ballot_outcomes")["cases"]))
def test_outcome_of_ballots(case: dict[str, Any]) -> None:
    rule = decode_outcome_rule(unhex(case["rule"]))
    assert isinstance(rule, BallotOutcome)
    assert rule.encode() == unhex(case["rule"])
    assert outcome_rule_digest(rule.encode()) == unhex(case["digest"])
    rule.check_slots(case["slots"])
    ballots = [tuple(ballot) for ballot in case["ballots"]]
    for order in (ballots, ballots[::-1], sorted(ballots)):
        assert rule.awards_of(order) == case["awards"]
        assert steps_json(rule.explain(order)) == case["steps"]


@pytest.mark.parametrize("case", named(vectors("ballot_outcomes")["refused"]))
def test_bytes_that_are_no_rule_on_ballots(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        decode_outcome_rule(unhex(case["rule"])).check_slots(case["slots"])


@pytest.mark.parametrize("case", named(vectors("questions")["cases"]))
def test_questions(case: dict[str, Any]) -> None:
    read = read_questions(case["questions"])
    assert poll_rule(read).encode() == unhex(case["rule"])
    assert BallotRule.decode(unhex(case["rule"])) == poll_rule(read)
    assert list(poll_labels(read)) == case["labels"]
    assert [question.to_json() for question in read] == case["written"]
    assert read_questions(case["written"]) == read
    assert [str(one.possible_answers) for one in read] == case["possible_answers"]
    assert [one.slots_objection is None for one in read] == case["slots_tell"]


def test_votes_on_every_kind_are_tried() -> None:
    kinds = {one["kind"] for case in vectors("votes")["polls"] for one in case["questions"]}
    assert kinds == KINDS.keys(), "add each kind to tests/vectors/asked_polls.py"


@pytest.mark.parametrize("case", named(vectors("questions")["refused"]))
def test_what_is_no_list_of_questions(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        poll_rule(read_questions(case["questions"]))


@pytest.mark.parametrize("case", named(vectors("votes")["polls"]))
def test_votes(case: dict[str, Any]) -> None:
    questions = read_questions(case["questions"])
    rule = poll_rule(questions)
    for one in case["votes"]:
        bits = ballot_bits(questions, one["vote"])
        assert bits == [int(bit) for bit in one["bits"].split()]
        assert rule.violated(bits) is None
        assert rule.slot_values(bits) == [int(value) for value in one["slots"]]
    for one in case["refused_votes"]:
        with pytest.raises(ValueError):
            ballot_bits(questions, one["vote"])


@pytest.mark.parametrize("case", named(vectors("votes")["polls"]))
def test_bits_that_break_a_rule(case: dict[str, Any]) -> None:
    """Each but of pairs breaks one thing: an invalid bit, rows of one kind, or a quadratic row."""
    rule = poll_rule(read_questions(case["questions"]))
    for one in case["refused_bits"]:
        # Modulo r: what the proof would say of a bit of r − 1 is what it says of −1.
        bits = [int(bit) if int(bit) < R // 2 else int(bit) - R for bit in one["bits"].split()]
        assert rule.violated([int(bit) for bit in one["bits"].split()]), one["name"]
        if len(bits) != rule.bits:
            continue
        values = rule.slot_values(bits)
        broken = {
            "bits": any(bit not in (0, 1) for bit in bits),
            "rows": any(
                sum(coefficient * bits[bit] for bit, coefficient in row.terms) != row.constant
                for row in rule.rows
            ),
            "quadratic": any(
                sum(values[slot] ** 2 for slot in row.slots)
                + sum(coefficient * bits[bit] for bit, coefficient in row.terms)
                != row.constant
                for row in rule.quadratic_rows
            ),
        }
        kinds = [kind for kind, is_broken in broken.items() if is_broken]
        # A pair of options is in several rows, and in the quadratic one of the wins.
        most = 3 if "pairwise" in case["name"] else 1
        assert 1 <= len(kinds) <= most, (one["name"], broken)


@pytest.mark.parametrize("case", named(vectors("question_ballots")["cases"]))
def test_ballots_on_questions(case: dict[str, Any]) -> None:
    rule = poll_rule(read_questions(case["questions"]))
    curve, shape = load("native"), ProofShape(rule, case["threshold"])
    ballot = BallotLayout(shape).decode(curve, unhex(case["ballot"]))
    arguments = (curve, generators(curve, rule.width), shape, unhex(case["poll_context"]))
    if case["expect"] == "valid":
        verify_proofs(*arguments, [ballot.proof], secrets.randbits)
        assert ballot.digest == unhex(case["digest"])
    else:
        with pytest.raises(ERRORS[case["expect"]], match="B6"):
            verify_proofs(*arguments, [ballot.proof], secrets.randbits)


def test_board() -> None:
    given = vectors("board")
    parameters = PollParameters.decode(unhex(given["board"]["parameters"]))
    assert parameters.encode() == unhex(given["board"]["parameters"])
    committee = Committee.decode(unhex(given["board"]["committee"]))
    assert committee.digest == unhex(given["board"]["committee_digest"])
    assert PollIdentity.decode(unhex(given["board"]["poll"])).poll_id == 1
    shares = {}
    for one in given["aggregate_shares"]:
        reader = Reader(unhex(one["share"]), "share")
        shares[one["node"]] = Share.read(reader, len(given["tally"]), "share")
    tally = combine(shares, committee.threshold)
    assert tally.values == tuple(int(votes) for votes in given["tally"])
    assert tally.blinding == int(given["blinding"])


@pytest.mark.parametrize("case", named(vectors("board")["counted"]))
def test_ways_to_count(case: dict[str, Any]) -> None:
    def check() -> None:
        parameters = PollParameters.decode(unhex(case["parameters"]))
        parameters.check_known()
        parameters.check_bounds()
        parameters.check_committee(Committee.decode(unhex(case["committee"])))

    if case["expect"] == "valid":
        check()
        return
    with pytest.raises(ERRORS[case["expect"]], match=r"P[16]"):
        check()


@pytest.mark.parametrize("case", named(vectors("weight_classes")["cases"]))
def test_weight_classes(case: dict[str, Any]) -> None:
    made = weight_classes([int(weight) for weight in case["weights"]], case["rule"])
    assert [
        {
            "value": str(one.value),
            "voters": one.voters,
            "lowest": str(one.lowest),
            "highest": str(one.highest),
        }
        for one in made
    ] == case["classes"]


@pytest.mark.parametrize("case", named(vectors("weight_classes")["refused"]))
def test_too_few_for_classes(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]]):
        weight_classes([int(weight) for weight in case["weights"]], case["rule"])


@pytest.mark.parametrize("case", named(vectors("weight_classes")["sources"]))
def test_sources_of_censuses(case: dict[str, Any]) -> None:
    assert CensusSource.from_json(case["source"]).to_json() == case["source"]


@pytest.mark.parametrize("case", named(vectors("weight_classes")["refused_sources"]))
def test_invalid_sources(case: dict[str, Any]) -> None:
    with pytest.raises(ERRORS[case["expect"]], match="classes"):
        CensusSource.from_json(case["source"])


@pytest.mark.parametrize("case", named(vectors("json")["cases"]))
def test_json(case: dict[str, Any]) -> None:
    data = unhex(case["data"])
    if case["expect"] == "valid":
        parse_json(data, "json")
    else:
        with pytest.raises(ERRORS[case["expect"]]):
            parse_json(data, "json")
