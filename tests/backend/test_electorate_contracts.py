"""A contract that can never give a census is refused before a poll or round is planned."""

from typing import Any

import pytest

from ostraka.chain.errors import ChainError
from ostraka.planning.asked_poll import census_so_far
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import PollSpecification, RegistryMembers, TokenVotes
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka_verifier.encoding import word
from tests.support.endpoint import Answer, Endpoint, Refusal, hexed, serving

CONTRACT = "0x" + "11" * 20
TOKEN = TokenVotes(kind="votes", contract=CONTRACT)
MEMBERS = RegistryMembers(kind="members", contract=CONTRACT)
REVERTED = Refusal(code=3, message="execution reverted")


def chain(code: str, called: Any) -> Answer:
    """A chain whose only contract has some code, and answers every call alike."""

    def answer(method: str, _: list[Any]) -> Any:
        return {"eth_blockNumber": "0x7", "eth_getCode": code, "eth_call": called}[method]

    return answer


def contracts(endpoint: Endpoint, code: str, called: Any) -> Electorates:
    endpoint.answer = chain(code, called)
    return Electorates(endpoint.url, bytes(20))


@pytest.mark.parametrize("electorate", [TOKEN, MEMBERS], ids=["token", "members"])
def test_a_contract_without_the_function_is_refused(electorate: TokenVotes) -> None:
    with serving() as endpoint:
        contracts(endpoint, "0x01", hexed(word(0))).require_contract(electorate)
        for code, called, said in (
            ("0x", "0x", f"there is no contract at {CONTRACT}"),
            ("0x01", "0x", f"{CONTRACT} is not a"),
            ("0x01", hexed(bytes(64)), f"{CONTRACT} is not a"),
            ("0x01", REVERTED, f"{CONTRACT} is not a"),
        ):
            with pytest.raises(Problem) as refused:
                contracts(endpoint, code, called).require_contract(electorate)
            assert refused.value.kind is ProblemType.NO_CENSUS
            assert said in refused.value.detail
            assert refused.value.field == "contract"


def test_a_rounds_token_must_have_balances() -> None:
    with serving() as endpoint:
        asked = contracts(endpoint, "0x01", hexed(word(0)))
        assert asked.functions(bytes(20)) == ("balanceOf", "getVotes", "weightOf")
        asked.require_token(CONTRACT)
        # Endpoints call this a revert, or not.
        for refusal in (REVERTED, Refusal(code=-32000, message="out of gas")):
            with pytest.raises(Problem, match="is not an ERC-20 token") as refused:
                contracts(endpoint, "0x01", refusal).require_token(CONTRACT)
            assert refused.value.field == "token"
        with pytest.raises(ChainError):
            contracts(endpoint, "0x01", Refusal(code=-32000, message="busy")).require_token(
                CONTRACT
            )


def test_a_plan_with_a_wrong_token_is_refused_and_not_left_waiting() -> None:
    wanted = PollSpecification.model_validate(
        {
            "title": "Which way?",
            "closes_at": 2_000_000_000,
            "voters": {"kind": "votes", "contract": CONTRACT},
            "questions": [{"kind": "single_choice", "title": "Which?", "options": ["A", "B"]}],
        }
    )
    with serving() as endpoint, pytest.raises(Problem, match="is not a token with votes"):
        census_so_far(contracts(endpoint, "0x01", REVERTED), wanted)

    with pytest.raises(ChainError):
        census_so_far(Electorates("http://127.0.0.1:9", bytes(20)), wanted)
