"""Electorates read from the chain: members, tokens with votes, and voting keys of wallets."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ostraka.app.local_stack import LocalStack
from ostraka.chain.contract import artifact, checksum, connect, deploy, transact
from ostraka.keys import SigningKey
from ostraka.wire.records import to_hex
from ostraka_verifier.census import Census
from ostraka_verifier.rpc import JsonRpc
from ostraka_verifier.snapshot import CensusSource, SourceKind, read_census
from tests.support.api import (
    TIMES,
    Api,
    audit,
    ballots_of,
    fresh_keys,
    stack_with_gateway,
    wait_for_heads,
)
from tests.support.town import body_of, eventually
from tests.web.bridge import Browser

DAY = 86_400


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The client of browsers, which reads the same censuses."""
    one = Browser()
    yield one
    one.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with stack_with_gateway(tmp_path_factory.mktemp("electorates")) as stack:
        yield stack


class Contract:
    """A deployed contract, used by the organizer or by whoever is named."""

    def __init__(self, stack: LocalStack, name: str, *arguments: Any) -> None:
        self.stack, self.web3 = stack, connect(stack.rpc_url)
        self.address, _ = deploy(stack.rpc_url, stack.organizer, name, *arguments)
        self.contract = self.web3.eth.contract(
            address=checksum(self.address), abi=artifact(name)["abi"]
        )

    def send(self, function: str, *arguments: Any, sender: SigningKey | None = None) -> None:
        """One transaction."""
        key = sender or self.stack.organizer
        transact(self.web3, key, self.contract.functions[function](*arguments))

    def data(self, function: str, *arguments: Any) -> bytes:
        """Calldata, for a wallet to send."""
        return bytes.fromhex(self.contract.encode_abi(function, list(arguments))[2:])


def rich(stack: LocalStack) -> SigningKey:
    """A fresh key with some of the chain's coin."""
    key, web3 = SigningKey(), connect(stack.rpc_url)
    web3.provider.make_request(
        "hardhat_setBalance",  # type: ignore[arg-type]
        [key.address_hex, hex(10**18)],
    )
    return key


def weights_now(stack: LocalStack, browser: Browser, source: CensusSource) -> dict[bytes, int]:
    rpc = JsonRpc(stack.rpc_url)
    census: Census = read_census(rpc, source, rpc.newest_block())
    wanted = json.dumps(source.to_json())
    assert browser.call("census", rpc_url=stack.rpc_url, source=wanted) == [
        [to_hex(one.account), to_hex(one.signing_key), str(one.weight)] for one in census.entries
    ]
    return {entry.account: entry.weight for entry in census.entries}


def past_block(stack: LocalStack) -> int:
    """The latest block, once it is past."""
    number = stack.registry.head().number
    eventually(lambda: stack.registry.head().number > number, "another block")
    return number


def test_members_with_voting_keys_vote(stack: LocalStack, browser: Browser) -> None:
    api = Api(stack)
    members = Contract(stack, "MemberRegistry", checksum(stack.organizer.address))
    keys = Contract(stack, "VotingKeys")
    wallet = Contract(stack, "TestWallet")
    voters = fresh_keys(6)
    wallet_key, cold, cold_key = SigningKey(), rich(stack), SigningKey()
    accounts = [key.address for key in voters] + [wallet.address, cold.address]
    members.send("setMembers", [checksum(one) for one in accounts], [1] * len(accounts))
    members.send("setMembers", [checksum(voters[5].address)], [0])
    register = keys.data("register", checksum(wallet_key.address))
    wallet.send("execute", checksum(keys.address), register)
    keys.send("register", checksum(cold_key.address), sender=cold)
    source = CensusSource(SourceKind.MEMBERS, members.address, past_block(stack), keys=keys.address)
    assert len(weights_now(stack, browser, source)) == 7
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Who cleans?",
        "questions": [{"kind": "single_choice", "title": "Who?", "options": ["We", "They"]}],
        "closes_at": now + DAY,
        "voters": {
            "kind": "members",
            "contract": to_hex(members.address),
            "keys": to_hex(keys.address),
        },
        "times": TIMES,
    }
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{plan}")["poll"])
    # What happens after the census was read concerns later votes only.
    members.send("setMembers", [checksum(SigningKey().address)], [1])
    wallet.send("changeMind")
    keys.send("register", checksum(SigningKey().address), sender=cold)
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "open")
    wait_for_heads(stack)
    votes = [(key, key.address, [0]) for key in voters[:5]]
    votes += [(wallet_key, wallet.address, [1]), (cold_key, cold.address, [1])]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", body_of(ballot))["recorded"]
    # Neither a member that left, nor a wallet's owner in place of its voting key.
    for key, account in ((voters[5], voters[5].address), (stack.organizer, wallet.address)):
        (stranger,) = ballots_of(stack, poll_id, [(key, account, [0])])
        assert api("POST", f"/polls/{poll_id}/ballots", body_of(stranger))[0] == 422
    stack.move_time(now + DAY + TIMES["freeze_delay"])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 60
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "tallied", 60)
    results = api.good("GET", f"/polls/{poll_id}/results")
    assert [one["votes"] for one in results["options"]] == ["5", "2"]
    report = audit(stack, poll_id)
    assert report["verdict"] == "holds", report
    (source,) = [one for one in report["checks"] if one["check"] == "C4"]
    assert members.address.hex() in source["detail"]


def test_tokens_of_both_clocks_give_past_votes(stack: LocalStack, browser: Browser) -> None:
    token = Contract(stack, "TestToken", "Votes", "VOTE", 10**6)
    holders = [rich(stack) for _ in range(3)]
    for holder, amount in zip(holders, (250, 1000, 99), strict=True):
        token.send("transfer", checksum(holder.address), amount)
        token.send("delegate", checksum(holder.address), sender=holder)
    # The third votes by the first: delegation counts as the token has it.
    token.send("delegate", checksum(holders[0].address), sender=holders[2])
    source = CensusSource(SourceKind.VOTES, token.address, past_block(stack), 100)
    expected = {holders[0].address: 3, holders[1].address: 10}
    assert weights_now(stack, browser, source) == expected
    # Votes moved afterwards, within a block of a flash loan even, do not count.
    token.send("delegate", checksum(holders[2].address), sender=holders[1])
    past_block(stack)
    assert weights_now(stack, browser, source) == expected

    membership = Contract(stack, "TestMembership")
    for holder in holders[:2]:
        membership.send("mint", checksum(holder.address))
        membership.send("delegate", checksum(holder.address), sender=holder)
    source = CensusSource(SourceKind.VOTES, membership.address, past_block(stack))
    membership.send("mint", checksum(holders[0].address))
    past_block(stack)
    assert weights_now(stack, browser, source) == {holder.address: 1 for holder in holders[:2]}


@pytest.mark.parametrize(
    ("electorate", "says"),
    [
        ({"kind": "votes", "contract": "0x" + "00" * 19 + "09"}, "no entry"),
        ({"kind": "members", "contract": "0x12"}, "pattern"),
        ({"kind": "votes", "contract": "0x" + "11" * 20, "unit": 0}, "greater than 0"),
        ({"kind": "lottery"}, "expected tags"),
    ],
    ids=["nobody", "no address", "unit of zero", "unknown kind"],
)
def test_electorates_that_are_none(
    stack: LocalStack, electorate: dict[str, Any], says: str
) -> None:
    now = stack.registry.head().timestamp
    wanted = {
        "title": "A round",
        "budget": 100,
        "proposals_close_at": now + 10,
        "voting_opens_at": now + 20,
        "voting_closes_at": now + 30,
        "members": electorate,
        "ballot": {"kind": "knapsack"},
    }
    status, problem = Api(stack)("POST", "/rounds", wanted, token=True)
    assert status == 422, problem
    assert says in json.dumps(problem)
