"""What a provider's answers say about a transaction, in the words of each client."""

from typing import Any

import pytest
from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ostraka.chain import provider
from ostraka.chain.journal import Outgoing, Signed

ACCOUNT = bytes([7]) * 20
NAME = Web3.to_checksum_address(ACCOUNT)


class Answers(BaseProvider):
    """A chain of blocks, each with the nonces of one account that it contains."""

    def __init__(self, *blocks: list[int], problem: object = None) -> None:
        super().__init__()
        self.blocks, self.problem = blocks, problem

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if isinstance(self.problem, BaseException):
            raise self.problem
        if self.problem is not None:
            return _refusal(self.problem)
        if method == "eth_getTransactionCount":
            last = int(params[1], 16)
            if last >= len(self.blocks):
                return _refusal("header not found")
            return _answer(hex(sum(map(len, self.blocks[: last + 1]))))
        if method == "eth_getBlockByNumber":
            number = len(self.blocks) - 2 if params[0] == "finalized" else int(params[0], 16)
            transactions = [
                {"from": NAME, "nonce": hex(nonce), "hash": "0x" + f"{nonce:02x}" * 32}
                for nonce in self.blocks[number]
            ]
            return _answer({"number": hex(number), "transactions": transactions})
        assert method == "eth_sendRawTransaction"
        return _answer("0x" + "00" * 32)


def _answer(result: Any) -> RPCResponse:
    return {"jsonrpc": "2.0", "id": 1, "result": result}


def _refusal(message: object) -> RPCResponse:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": str(message)}}


def outgoing(nonce: int) -> Outgoing:
    version = Signed(bytes([nonce]) * 32, b"raw", 2, 1, 0, 0)
    return Outgoing("a purpose", ACCOUNT, nonce, {}, (version,))


@pytest.mark.parametrize(
    "message",
    [
        "nonce too low: next nonce 5, tx nonce 4",
        "the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 4",
        "nonce too high",
        "replacement transaction underpriced",
        "insufficient funds for gas * price + value",
        "sender doesn't have enough funds to send tx",
        "exceeds block gas limit",
        "intrinsic gas too low",
        "max fee per gas less than block base fee",
        "invalid sender",
    ],
)
def test_certain_refusals_of_a_provider_are_reported(message: str) -> None:
    refusal = provider.send(Web3(Answers(problem=message)), b"raw")
    assert isinstance(refusal, Web3RPCError)
    assert message in str(refusal)


@pytest.mark.parametrize(
    "problem",
    [
        None,
        "already known",
        "known transaction: 00",
        "transaction already imported",
        # Says nothing for certain: it is looked for, and sent again.
        "internal error",
        "upstream timed out",
        ConnectionResetError("gone"),
        TimeoutError("late"),
    ],
)
def test_possibly_accepted_transactions_count_as_sent(problem: object) -> None:
    assert provider.send(Web3(Answers(problem=problem)), b"raw") is None


@pytest.mark.parametrize("empty", [0, 1, 9])
def test_the_holder_of_a_nonce_is_found_in_its_block(empty: int) -> None:
    """Whatever number of blocks came before it and after it."""
    blocks: list[list[int]] = [[], *([[]] * empty), [0], [1, 2], *([[]] * empty), [3], []]
    web3 = Web3(Answers(*blocks))
    last = len(blocks) - 1
    for nonce in range(4):
        assert provider.nonce_holder(web3, outgoing(nonce), last) == bytes([nonce]) * 32
    assert provider.nonce_holder(web3, outgoing(4), last) is None


def test_a_replica_that_lags_behind_proves_nothing() -> None:
    web3 = Web3(Answers([], [0]))
    assert provider.nonce_holder(web3, outgoing(0), 2) is None
    assert provider.final_block(web3, None) == 0
    assert provider.final_block(Web3(Answers(problem="unknown block")), None) is None
