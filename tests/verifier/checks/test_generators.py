"""Checks G1 and G2: mutations that they refuse, and variants that they accept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ostraka_verifier.checks import Verdict
from ostraka_verifier.encoding import word
from ostraka_verifier.evidence import (
    CodeEvidence,
    DeploymentEvidence,
    DisputesEvidence,
    RoundEvidence,
)
from ostraka_verifier.releases import created_address, known_releases
from tests.support.audits import (
    BOARD,
    CHAIN,
    ROUND_CHAIN,
    Case,
    Mutations,
    failing,
    findings,
    name_of,
    not_checked,
    of_round,
    with_immutable,
    with_one_place_changed,
)
from tests.support.deployments import deployment, disputes_of
from tests.support.polls import REGISTRY


def of_deployment(**changes: Any) -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    return BOARD, replace(CHAIN, deployment=replace(CHAIN.deployment, **changes))


def of_registry(name: str, value: bytes) -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    code = CHAIN.deployment.registry
    return of_deployment(registry=with_immutable("PollRegistry", name, value, code))


def voting_keys_of_another_chain() -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    keys = CHAIN.deployment.voting_keys
    code = with_immutable("VotingKeys", "_cachedChainId", bytes(32), keys.code)
    return of_deployment(voting_keys=replace(keys, code=code))


def voting_keys_elsewhere() -> Case:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    keys = CHAIN.deployment.voting_keys
    return of_deployment(voting_keys=replace(keys, address=bytes([9] * 20)))


def a_generator() -> Case:
    code = bytearray(CHAIN.generators)
    code[100] ^= 1
    return BOARD, replace(CHAIN, generators=bytes(code))


MUTATIONS: Mutations = [
    (a_generator, {"G1"}),
    (lambda: of_registry("generatorTable", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("votingKeys", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("pollRules", word(bytes([1] * 20))), {"G2"}),
    (lambda: of_registry("_cachedChainId", word(1)), {"G2"}),
    (lambda: of_registry("_cachedThis", word(1)), {"G2"}),
    (lambda: of_registry("_cachedDomainSeparator", word(1)), {"G2"}),
    (lambda: of_registry("_hashedVersion", word(1)), {"G2"}),
    (lambda: of_registry("_name", word(1)), {"G2"}),
    (lambda: of_deployment(period_floor=0), {"G2"}),
    (lambda: of_deployment(disputes=disputes_of(CHAIN.chain_id, bytes([1] * 20))), {"G2"}),
    (lambda: of_deployment(generator_table=bytes([1] * 20)), {"G2"}),
    (voting_keys_elsewhere, {"G2"}),
    (voting_keys_of_another_chain, {"G2"}),
]


@pytest.mark.parametrize(("mutate", "expected"), MUTATIONS, ids=name_of)
def test_a_mutation_kills_its_check(mutate: Callable[[], Case], expected: set[str]) -> None:
    assert failing(*mutate()) == expected


def test_unknown_code_is_not_checked() -> None:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    deployment = CHAIN.deployment
    for changes in (
        {"registry": deployment.registry + b"\0"},
        {"registry": b"\xfe" + deployment.registry[1:]},
        {"registry": with_one_place_changed("PollRegistry", deployment.registry)},
        {"voting_keys": replace(deployment.voting_keys, code=b"\0")},
        {"poll_rules": replace(deployment.poll_rules, code=b"")},
    ):
        left = not_checked(*of_deployment(**changes))
        assert set(left) == {"G2"}
        assert "in any release that this program knows" in left["G2"]
    assert isinstance(ROUND_CHAIN.round, RoundEvidence)
    code = ROUND_CHAIN.round.code
    assert set(not_checked(*of_round(code=code[:-1] + b"\1"))) == {"D4"}
    rules = ROUND_CHAIN.round.rules
    assert set(not_checked(*of_round(rules=replace(rules, code=code)))) == {"D4"}


def test_an_immutable_that_a_release_does_not_name_is_not_passed_over() -> None:
    assert isinstance(CHAIN.deployment, DeploymentEvidence)
    found = known_releases().find("PollRegistry", CHAIN.deployment.registry)
    assert found is not None
    assert found.differing({"periodFloor": found.immutables["periodFloor"]}) is None
    assert found.differing({"renamed": bytes(32)}) == "renamed"


def test_a_contract_s_first_addresses_are_those_of_ethereum() -> None:
    creator = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    expected = "343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    assert created_address(creator, 1).hex() == expected
    assert created_address(creator, 127) != created_address(creator, 126)
    for nonce in (0, 128):
        with pytest.raises(ValueError, match="outside 1 to 127"):
            created_address(creator, nonce)


def test_the_floor_of_a_test_deployment_is_said() -> None:
    assert "600 s, less than an hour: a test deployment" in findings(BOARD, CHAIN)["G2"].detail
    hour = of_registry("periodFloor", word(3600))
    assert isinstance(hour[1].deployment, DeploymentEvidence)
    chain = replace(hour[1], deployment=replace(hour[1].deployment, period_floor=3600))
    assert "test" not in findings(BOARD, chain)["G2"].detail


def with_disputes(disputes: DisputesEvidence) -> Case:
    chain_id, registry = CHAIN.chain_id, REGISTRY
    return of_deployment(
        registry=deployment(chain_id, registry, disputes).registry, disputes=disputes
    )


DISPUTES = bytes([7] * 20)


def test_unknown_disputes_are_an_assumption() -> None:
    for check in (None, CodeEvidence(bytes(20), b"")):
        unknown = DisputesEvidence(CodeEvidence(DISPUTES, b"\1"), check)
        found = findings(*with_disputes(unknown))["G2"]
        assert found.verdict is Verdict.HOLDS
        assert DISPUTES.hex() in found.assumes


def test_disputes_of_the_same_release_are_no_assumption() -> None:
    found = findings(*with_disputes(disputes_of(CHAIN.chain_id, DISPUTES)))["G2"]
    assert found.verdict is Verdict.HOLDS
    assert not found.assumes
    assert "of the same release" in found.detail


def test_disputes_with_other_values_than_their_deployment_are_refused() -> None:
    good = disputes_of(CHAIN.chain_id, DISPUTES)
    assert good.ballot_check is not None
    elsewhere = replace(good.ballot_check, address=bytes([9] * 20))
    changed = with_immutable("Disputes", "ballotCheck", word(1), good.contract.code)
    for wrong in (
        replace(good, ballot_check=elsewhere),
        replace(good, ballot_check=None),
        replace(good, contract=replace(good.contract, code=changed)),
        replace(good, contract=disputes_of(1, DISPUTES).contract),
    ):
        assert failing(*with_disputes(wrong)) == {"G2"}
    unknown = replace(good.ballot_check, code=b"\1")
    assert set(not_checked(*with_disputes(replace(good, ballot_check=unknown)))) == {"G2"}
