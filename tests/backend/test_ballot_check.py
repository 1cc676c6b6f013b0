"""The contract that checks ballots agrees with the verifier on random ballots of random rules."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from ostraka.chain.contract import artifact, connect
from ostraka.demo.chains import Anvil
from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.commitment import generators
from ostraka_verifier.curve import R, load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.proof import ProofShape, verify_proofs
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.typed_data import Domain
from tests.support.chains import running
from tests.support.damaged_ballots import damaged
from tests.support.randomness import SeededRandomness
from tests.support.rules import rules_with_votes

CURVE = load("native")
CONTEXT = bytes(range(32))
VOTER = bytes(range(20))
OK, MALFORMED, REJECTED = range(3)
CLASSES = {0: OK, 1: MALFORMED, 2: MALFORMED, 3: MALFORMED, 4: REJECTED, 5: REJECTED}
"""Of `BallotProof.Fault`."""
NOTHING = bytes(32)


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Contract, str]]:
    with running(Anvil(), tmp_path_factory.mktemp("chain")) as url:
        web3 = connect(url)
        payer = web3.eth.accounts[0]

        def deployed(name: str) -> Contract:
            built = artifact(name)
            creation = web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
            sent = creation.constructor().transact({"from": payer})
            address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
            return web3.eth.contract(address=address, abi=built["abi"])

        yield deployed("BallotCheck"), deployed("GeneratorTable").address


def by_contract(
    check: tuple[Contract, str], rule: BallotRule, threshold: int, ballot: bytes
) -> int:
    contract, table = check
    setting = (NOTHING, table, CONTEXT, threshold)
    parameters: list[Any] = [NOTHING] * 5 + [0] * 2 + [False] + [0] * 15 + [NOTHING]
    terms = (tuple(parameters), rule.encode())
    return CLASSES[contract.functions.faultOf(setting, terms, ballot).call()]


def by_verifier(rule: BallotRule, threshold: int, ballot: bytes) -> int:
    shape = ProofShape(rule, threshold)
    try:
        proof = BallotLayout(shape).decode(CURVE, ballot).proof
    except Malformed:
        return MALFORMED
    points = generators(CURVE, rule.width)
    try:
        verify_proofs(CURVE, points, shape, CONTEXT, [proof], lambda bits: (1 << bits) - 159)
    except Rejected:
        return REJECTED
    return OK


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rules_with_votes(), st.integers(2, 5), st.booleans(), st.data())
def test_contract_and_verifier_agree(
    check: tuple[Contract, str],
    case: tuple[BallotRule, list[int]],
    threshold: int,
    honest: bool,
    data: st.DataObject,
) -> None:
    rule, vote = case
    seed = SeededRandomness(f"{data.draw(st.integers(0, 2**32))}")
    factory = BallotFactory(CURVE, rule, threshold, Domain(31337, bytes(20)), CONTEXT, [], seed)
    if not honest and data.draw(st.booleans()):
        # A proof of another vote, by the same steps.
        place = data.draw(st.integers(0, rule.bits - 1))
        other = data.draw(st.sampled_from([1 - vote[place], 2, R - 1]))
        vote = [*vote[:place], other, *vote[place + 1 :]]
    ballot = factory.prove(VOTER, vote, 1).ballot.encoded
    points = ProofShape(rule, threshold).points
    if not honest and data.draw(st.booleans()):
        ballot = data.draw(damaged(ballot, points))
    expected = by_verifier(rule, threshold, ballot)
    assert not honest or expected == OK
    assert by_contract(check, rule, threshold, ballot) == expected
