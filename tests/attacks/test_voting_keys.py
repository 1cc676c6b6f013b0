"""No contract of the organizer chooses who signs for an account (docs/protocol.md §6.3, §6.5, C4).

The attacker deploys a contract that emits what voting keys do, and names its own key for every
member: then it votes for all of them. Version 1 read the contract that the description named, and
found exactly that census.
"""

from collections.abc import Iterator
from dataclasses import replace
from secrets import randbits
from typing import Any

import pytest

from ostraka.keys import SigningKey
from ostraka_verifier import rpc
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.chain_reader import ChainReader
from ostraka_verifier.checks import Audit, Claimed, Finding, numbered
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from ostraka_verifier.releases import created_address
from ostraka_verifier.report import read_evidence
from ostraka_verifier.snapshot import CensusSource, SourceKind
from tests.support.endpoint import Answer, Endpoint, hexed, log, serving, telling
from tests.support.polls import REGISTRY, SyntheticPoll

MEMBERS = bytes([0xAA] * 20)
ITS_OWN = bytes([0xEE] * 20)
REAL = created_address(REGISTRY, 2)
ATTACKER = SigningKey(bytes([5] * 32)).address


def poll_of(keys: bytes, shared: bool) -> SyntheticPoll:
    """Six members of a registry, whose keys a contract names."""
    return SyntheticPoll(
        [[1, 0], [0, 1]] * 3,
        approval(2, 0, 2),
        NoOutcome(),
        source=CensusSource(SourceKind.MEMBERS, MEMBERS, 60, keys=keys),
        members={"shared_keys": True} if shared else {},
    )


def telling_of_keys(poll: SyntheticPoll, answer: Answer, said_by: bytes) -> Answer:
    """The chain has these members, and a contract that names the attacker's key for each."""
    member_set = hexed(keccak256(b"MemberSet(address,uint128)"))
    registered = hexed(keccak256(b"VotingKeyRegistered(address,address)"))

    def told(method: str, given: list[Any]) -> Any:
        if method == "eth_getCode" and given[0] in (hexed(MEMBERS), hexed(ITS_OWN)):
            return "0x01"
        if method == "eth_getLogs" and given[0]["topics"][0] == member_set:
            return [log(given[0], word(1), 50, word(one)) for one in poll.accounts]
        if method == "eth_getLogs" and given[0]["topics"][0] == registered:
            if given[0]["address"] != hexed(said_by):
                return []
            return [log(given[0], b"", 50, word(one), word(ATTACKER)) for one in poll.accounts]
        return answer(method, given)

    return told


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


def census_check(endpoint: Endpoint, keys: bytes, *, shared: bool = False) -> Finding:
    """C4 of a poll in whose census the attacker's key signs for all."""
    poll = poll_of(keys, shared)
    board, chain = poll.finish()
    census = Census(tuple(CensusEntry(one, ATTACKER, 1) for one in poll.accounts))
    encoded = replace(board, census=census.encode()).encode()
    endpoint.answer = telling_of_keys(poll, telling(poll, chain), keys)
    evidence = read_evidence(ChainReader(endpoint.url, REGISTRY), 1, encoded)
    audit = Audit(load(), Claimed(REGISTRY, 1), evidence, encoded, randbits)
    (found,) = audit.run(numbered("C4"))
    return found


def test_an_attackers_contract_cannot_name_voting_keys(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        # The old rule: whatever contract the description names.
        old.setattr("ostraka_verifier.checks.census.created_address", lambda *_: ITS_OWN)
        assert census_check(endpoint, ITS_OWN, shared=True).verdict.value == "holds"
    found = census_check(endpoint, ITS_OWN, shared=True)
    assert (found.verdict.value, found.item) == ("fails", "description.census.keys")


def test_one_key_for_several_accounts_only_if_the_poll_allows_it(endpoint: Endpoint) -> None:
    allowed = census_check(endpoint, REAL, shared=True)
    assert allowed.verdict.value == "holds"
    assert "6 of 6 entries sign with a different key than the account's" in allowed.detail
    assert hexed(REAL) in allowed.detail
    found = census_check(endpoint, REAL)
    assert (found.verdict.value, found.item) == ("fails", f"signing key {hexed(ATTACKER)}")
    assert found.detail == "it signs for 6 accounts"
