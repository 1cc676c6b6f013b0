"""What a JSON-RPC endpoint tells of a synthetic poll that decides a round, and of its treasury."""

from collections.abc import Callable
from typing import Any

from eth_abi import abi

from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.evidence import ChainEvidence, ProposalEvidence, RoundEvidence, Transfer
from tests.support.endpoint import Answer, hexed, log, selector, telling
from tests.support.polls import SyntheticPoll

ITEM = "(address,uint128,uint16,string,string,bytes32)"
DECIMALS = 2
"""Of the token EURX, in which the round pays."""
_ROUND_PARAMETERS = (
    "(address,uint128,uint128,uint128,uint16,uint16,bytes32,uint64,uint64,uint32,uint32,address,"
    "bytes,bytes,bytes32,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,bool)"
)
_ELECTORATE = "(uint8,bytes32,uint128,uint32,bytes)"


def telling_of_round(
    poll: SyntheticPoll, chain: ChainEvidence, texts: Callable[[int], bytes] = lambda _: b""
) -> Answer:
    """An honest endpoint.

    Args:
        texts: What the proposer of each proposal says of it, any bytes.
    """
    of_poll, evidence, treasury = telling(poll, chain), chain.round, poll.treasury
    assert isinstance(evidence, RoundEvidence)
    assert treasury is not None
    codes = {treasury: evidence.code, evidence.rules.address: evidence.rules.code}

    def answer(method: str, parameters: list[Any]) -> Any:
        if method == "eth_getCode":
            code = codes.get(bytes.fromhex(parameters[0][2:]))
            return of_poll(method, parameters) if code is None else hexed(code)
        if method == "eth_call" and parameters[0]["to"] == hexed(treasury):
            return hexed(_called(parameters[0]["data"], evidence))
        if method == "eth_call" and parameters[0]["to"] == hexed(evidence.token):
            named = parameters[0]["data"] == selector("symbol()")
            return hexed(word(32) + _dynamic(b"EURX") if named else word(DECIMALS))
        if method == "eth_getLogs" and parameters[0]["address"] in (
            hexed(treasury),
            hexed(evidence.token),
        ):
            return _logs(parameters[0], evidence, texts)
        return of_poll(method, parameters)

    return answer


def _called(data: str, evidence: RoundEvidence) -> bytes:
    if data.startswith(selector("registry()")):
        return word(evidence.registry)
    if data.startswith(selector("rules()")):
        return word(evidence.rules.address)
    if data.startswith(selector("proposals(uint256)")):
        rows = [_proposal_words(one) for one in evidence.proposals]
        return word(32) + word(len(rows)) + b"".join(rows)
    assert data.startswith(selector("round(uint256)"))
    electorate = evidence.electorate
    fixed: list[int | bytes] = [evidence.status, bytes(20), evidence.poll_id, evidence.deposited]
    fixed += [evidence.committed, evidence.paid_out, 0, 0, 0, 0, electorate.kind]
    fixed += [electorate.root]
    fixed += [electorate.voters, electorate.weight, 15 * 32]
    parameters: list[int | bytes] = [0] * 26
    parameters[0], parameters[1] = evidence.token, evidence.budget
    parameters[6], parameters[25] = evidence.member_root, int(evidence.secret)
    return word(32) + b"".join(word(one) for one in (*fixed, *parameters))


def _proposal_words(one: ProposalEvidence) -> bytes:
    words: list[int | bytes] = [one.id, bytes(20), one.recipient, one.amount, one.category]
    words += [int(one.withdrawn), int(one.funded), int(one.paid)]
    return b"".join(word(value) for value in words)


def _logs(
    asked: dict[str, Any], evidence: RoundEvidence, texts: Callable[[int], bytes]
) -> list[dict[str, Any]]:
    kind = asked["topics"][0]
    if kind == _topic(f"ProposalSubmitted(uint256,bytes32,address,uint16,{ITEM})"):
        return [
            log(asked, _submitted(number, one, texts(number)), 800, one.id, bytes(32))
            for number, one in enumerate(evidence.proposals)
        ]
    if kind == _topic("PayoutClaimed(uint256,bytes32,address,uint256)"):
        return [
            log(asked, word(one.amount), one.block, one.proposal_id, word(one.recipient))
            | {"transactionHash": hexed(one.transaction)}
            for one in evidence.payouts
        ]
    if kind == _topic("Transfer(address,address,uint256)"):
        assert isinstance(evidence.moved, tuple)
        return [
            log(asked, word(one.amount), 950, word(one.recipient))
            | {"transactionHash": hexed(one.transaction)}
            for one in evidence.moved
            if isinstance(one, Transfer)
        ]
    created = f"RoundCreated(uint256,address,{_ROUND_PARAMETERS},{_ELECTORATE},string,string)"
    if kind == _topic(created):
        electorate = word(0) * 4 + word(5 * 32) + _dynamic(evidence.electorate.source)
        title, text = _dynamic(evidence.title.encode()), _dynamic(evidence.text.encode())
        at = 4 * 32
        head = word(0)
        for part in (electorate, title, text):
            head += word(at)
            at += len(part)
        return [log(asked, head + electorate + title + text, 700, bytes(32))]
    assert kind == _topic(f"ProposalRevised(uint256,bytes32,{ITEM})")
    return []


def _submitted(number: int, one: ProposalEvidence, text: bytes) -> bytes:
    """Index and item, as `bytes` where the contract has strings: it takes any."""
    item = ITEM.replace("string", "bytes")
    recipient = hexed(one.recipient)
    words = (recipient, one.amount, one.category, one.title.encode(), text, bytes(32))
    return abi.encode(["uint16", item], [number, words])


def _dynamic(data: bytes) -> bytes:
    return word(len(data)) + data + bytes(-len(data) % 32)


def _topic(signature: str) -> str:
    return hexed(keccak256(signature.encode()))
