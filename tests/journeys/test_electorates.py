"""Electorates read from the chain: members, tokens with votes, and voting keys of wallets."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import ChainError, checksum
from ostraka.chain.published import read_published
from ostraka.chain.registry import Status
from ostraka.chain.treasury import ElectorateKind, Item, RoundElectorate, RoundParameters
from ostraka.demo.chains import CHAIN_ID
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.description import round_description
from ostraka.keys import SigningKey
from ostraka.planning import round_rules
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import RegistryMembers
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.outcome import Misfit, Order
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.redemption import Redemptions, invitations
from ostraka_verifier.rpc import JsonRpc
from ostraka_verifier.snapshot import CensusSource, InvitedCensus, SourceKind, read_census
from ostraka_verifier.typed_data import Domain
from tests.support.api import (
    TIMES,
    Api,
    accounts,
    audit,
    ballots_of,
    finish,
    fresh_keys,
    propose,
    stack_with_gateway,
    unopened_board,
    wait_for_heads,
)
from tests.support.faulty_rpc import FaultyRpc
from tests.support.invitations import REDEMPTION, redeem, redemption
from tests.support.town import eventually
from tests.support.voters_contracts import Contract, consent, members_of, rich, voting_keys
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
    keys = voting_keys(stack)
    wallet = Contract(stack, "TestWallet")
    voters = fresh_keys(6)
    wallet_key, cold, cold_key = SigningKey(), rich(stack), SigningKey()
    accounts = [key.address for key in voters] + [wallet.address, cold.address]
    members = members_of(stack, accounts)
    members.send("setMembers", [checksum(voters[5].address)], [0])
    # Nobody claims a key that did not consent to that very account.
    for_other = consent(keys, wallet.address, cold_key)
    with pytest.raises(ChainError, match="VotingKeysWrongSigner"):
        keys.send("register", checksum(cold_key.address), for_other, sender=cold)
    consented = consent(keys, wallet.address, wallet_key)
    register = keys.data("register", checksum(wallet_key.address), consented)
    wallet.send("execute", checksum(keys.address), register)
    consented = consent(keys, cold.address, cold_key)
    keys.send("register", checksum(cold_key.address), consented, sender=cold)
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
            "voting_keys": True,
        },
        "times": TIMES,
    }
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{plan}")["poll"])
    # What happens after the census was read concerns later votes only.
    members.send("setMembers", [checksum(SigningKey().address)], [1])
    wallet.send("changeMind")
    keys.send("register", checksum(bytes(20)), b"", sender=cold)
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "open")
    wait_for_heads(stack)
    votes = [(key, key.address, [0]) for key in voters[:5]]
    votes += [(wallet_key, wallet.address, [1]), (cold_key, cold.address, [1])]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]
    # Neither a member that left, nor a wallet's owner in place of its voting key.
    for key, account in ((voters[5], voters[5].address), (stack.organizer, wallet.address)):
        (stranger,) = ballots_of(stack, poll_id, [(key, account, [0])])
        assert api("POST", f"/polls/{poll_id}/ballots", stranger.record.to_json())[0] == 422
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
    assert keys.address.hex() in source["detail"]
    assert source["assumes"] == f"the owner of {to_hex(members.address)} listed its members"
    # An endpoint without the contract's events says nothing against the census.
    with FaultyRpc(stack.rpc_url) as proxy:
        proxy.lost_events = frozenset({members.contract.events["MemberSet"]().topic})
        report = audit(stack, poll_id, rpc_url=proxy.url)
    assert report["verdict"] == "not checked", report
    assert "lacks its events" in next(
        one["detail"] for one in report["checks"] if one["check"] == "C4"
    )


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


# Who votes in a round, and what its funders then take on somebody's word.
KINDS = ("members", "list", "on chain", "invitations")
ROUND = {"budget": 100, "ballot": {"kind": "approval", "at_most": 1}, "times": TIMES}


def test_rounds_with_voters_of_every_kind(stack: LocalStack) -> None:
    """From the round's creation to an audit that holds, and states its assumptions."""
    api, keys = Api(stack), voting_keys(stack)
    proposers, listed, invited = fresh_keys(6), fresh_keys(6), fresh_keys(8)
    on_chain, later, own = [rich(stack) for _ in range(6)], fresh_keys(1), fresh_keys(6)
    members = members_of(stack, [key.address for key in on_chain])
    now = stack.registry.head().timestamp
    times = {
        "proposals_close_at": now + DAY,
        "voting_opens_at": now + 2 * DAY,
        "voting_closes_at": now + 3 * DAY,
    }
    by_registry = {"contract": to_hex(members.address), "voting_keys": True}
    addresses = [{"address": key.address_hex} for key in invited]
    voters: dict[str, dict[str, Any]] = {
        "members": {},
        "list": {"voters": accounts(listed)},
        "on chain": {"voters": {"kind": "members", **by_registry}},
        "invitations": {"voters": {"kind": "invitations", "invitations": addresses}},
    }
    plans: dict[str, str] = {}
    rounds: dict[str, int] = {}
    for number, kind in enumerate(KINDS):
        wanted = ROUND | times | {"title": kind, "members": accounts(proposers)} | voters[kind]
        made = api.good("POST", "/rounds", wanted, token=True)
        plans[kind], rounds[kind] = made["plan"], int(made["round"])
        assert stack.treasury.round(rounds[kind]).electorate_kind == number
        api.good("POST", f"/rounds/{rounds[kind]}/funding", {"amount": 100}, token=True)
        item = {"recipient": SigningKey().address_hex, "amount": 60, "title": "Tree", "text": ""}
        propose(api, rounds[kind], proposers[0], item)
    # Two invitations stay unused; a key that has one gets no second.
    for invitation, key in zip(invited, own, strict=False):
        redeem(api, invitation, key, plans["invitations"])
    second = redemption(api, invited[6], own[0], plans["invitations"])
    status, problem = api("POST", REDEMPTION, second)
    assert (status, problem["field"]) == (409, "signing_key")
    # Until proposals close, members name keys and are named.
    cold_key = SigningKey()
    # Two who choose one key keep no poll from opening: what accounts choose on chain counts.
    for account in on_chain[:2]:
        consented = consent(keys, account.address, cold_key)
        keys.send("register", checksum(cold_key.address), consented, sender=account)
    stack.move_time(times["proposals_close_at"])
    members.send("setMembers", [checksum(key.address) for key in later], [1])
    keys.send("register", checksum(bytes(20)), b"", sender=on_chain[0])
    polls: dict[str, int] = {}
    for kind, plan in plans.items():
        eventually(lambda plan=plan: api.good("GET", f"/plans/{plan}")["poll"], "created", 60)  # type: ignore[misc]
        polls[kind] = int(api.good("GET", f"/plans/{plan}")["poll"])
        path = f"/polls/{polls[kind]}"
        eventually(lambda path=path: api.good("GET", path)["poll_keys"], "open", 60)  # type: ignore[misc]
    stack.move_time(times["voting_opens_at"])
    wait_for_heads(stack)
    signers = {
        "members": [(key, key.address) for key in proposers],
        "list": [(key, key.address) for key in listed],
        "on chain": [
            *((cold_key, one.address) for one in on_chain[:2]),
            *((key, key.address) for key in on_chain[2:]),
        ],
        "invitations": [
            (key, invitation.address) for invitation, key in zip(invited, own, strict=False)
        ],
    }
    strangers = {
        "members": (listed[0], listed[0].address),
        "list": (proposers[0], proposers[0].address),
        "on chain": (later[0], later[0].address),
        "invitations": (invited[0], invited[0].address),
    }
    for kind, poll_id in polls.items():
        path = f"/polls/{poll_id}/ballots"
        for ballot in ballots_of(stack, poll_id, [(*one, [0]) for one in signers[kind]]):
            assert api.good("POST", path, ballot.record.to_json())["recorded"]
        (stranger,) = ballots_of(stack, poll_id, [(*strangers[kind], [0])])
        assert api("POST", path, stranger.record.to_json())[0] == 422
    finish(stack, *polls.values())
    not_members = "the voters, who are not the round's members, are those that its funders expected"
    by_hand = "the organizer, who listed 6 voters by hand, listed those who may vote"
    owner = f"the owner of {to_hex(members.address)} listed its members"
    persons = "each of 8 invitations (6 used) went to a different person"
    assumed = {
        "members": (by_hand, ""),
        "list": (by_hand, not_members),
        "on chain": (owner, not_members),
        "invitations": (persons, not_members),
    }
    for kind, poll_id in polls.items():
        path = f"/rounds/{rounds[kind]}"
        eventually(lambda path=path: api.good("GET", path)["status"] == "decided", "decided", 60)  # type: ignore[misc]
        report = audit(stack, poll_id)
        assert report["verdict"] == "holds", (kind, report)
        found = {one["check"]: one["assumes"] for one in report["checks"]}
        assert (found["C4"], found["D1"]) == assumed[kind]
        said = next(one["detail"] for one in report["checks"] if one["check"] == "C4")
        assert ("keys that sign for several accounts: 1" in said) is (kind == "on chain")
        assert set(filter(None, assumed[kind])) <= set(report["assumes"])


def test_an_organizer_with_voters_of_its_own_gets_no_poll_keys(
    stack: LocalStack, tmp_path: Path
) -> None:
    """The treasury takes any census of a round whose voters come later; nodes do not (§6, §17.4).

    The organizer carries everything itself, without a gateway that could refuse. Nor would nodes of
    its own help: audits fail at D1 or C4, whoever opens the poll.
    """
    treasury, registry, organizer = stack.treasury, stack.registry, stack.organizer
    committee = from_hex(Api(stack).good("GET", "/config")["committees"][0], "committee")
    invited = fresh_keys(6)
    tree = invitations([(key.address, 1) for key in sorted(invited, key=lambda key: key.address)])
    members = members_of(stack, [key.address for key in fresh_keys(6)])
    proposers = entered([(organizer, organizer)])
    my_keys = [(key, key) for key in fresh_keys(6)]
    mine = entered(my_keys)
    early, foreign = past_block(stack), Contract(stack, "VotingKeys")
    now = registry.head().timestamp
    closes_at = now + DAY
    wanted = RegistryMembers(kind="members", contract=to_hex(members.address), voting_keys=True)
    electorates = Electorates(stack.rpc_url, stack.voting_keys)
    source = electorates.source(wanted, 0)
    on_chain = RoundElectorate(ElectorateKind.SOURCE, source=source.at_time(closes_at))
    abroad = replace(source, keys=foreign.address)
    by_foreign = RoundElectorate(ElectorateKind.SOURCE, source=abroad.at_time(closes_at))
    by_invitation = RoundElectorate(ElectorateKind.INVITATIONS, tree.tree)
    fixed = {
        "true": on_chain,
        "other keys": on_chain,
        "another block": on_chain,
        "foreign voting keys": by_foreign,
        "no invitations": by_invitation,
        "one key twice": by_invitation,
        "no source": on_chain,
        "other invitations": by_invitation,
    }
    parameters = RoundParameters(
        token=bytes(20),
        budget=10,
        minimum_amount=1,
        maximum_amount=10,
        proposals_per_member=1,
        maximum_proposals=1,
        member_root=proposers.root,
        proposals_open_at=now,
        proposals_close_at=closes_at,
        claim_period=DAY,
        ballot=round_rules.approval(0, 1),
        outcome=round_rules.greedy(Order.VOTES, Misfit.SKIP, 1),
        committee=committee,
        voting_opens_at=closes_at + DAY,
        voting_closes_at=closes_at + 2 * DAY,
        minimum_ballots=5,
        tally_period=DAY,
        response_time=150,
        max_dispute_delay=600,
        secret=True,
        **TIMES,
    )
    rounds = {}
    for name, electorate in fixed.items():
        rounds[name], _ = treasury.create_round(organizer, parameters, electorate, name, "")
        treasury.fund(organizer, rounds[name], parameters.budget)
        tree_to_buy = Item(SigningKey().address, 5, "Tree", "")
        treasury.propose(organizer, rounds[name], tree_to_buy, proposers)
    stack.move_time(closes_at)
    past_block(stack)
    past_block(stack)
    true, at_time = electorates.census_at(wanted, closes_at)

    def redeemed(
        name: str, pairs: Sequence[tuple[SigningKey, SigningKey]], invited: Census = tree
    ) -> bytes:
        domain = Domain(CHAIN_ID, treasury.address)
        electorate = InvitedElectorate(domain, invited.root, rounds[name], None)
        ordered = sorted(pairs, key=lambda pair: pair[0].address)
        return Redemptions(invited, tuple(electorate.redeem(*one) for one in ordered)).encode()

    own, uninvited = SigningKey(), list(zip(fresh_keys(6), fresh_keys(6), strict=True))
    twice = [(key, own) for key in invited]
    origin = InvitedCensus(tree.root).to_json()
    my_tree = invitations([(one.account, 1) for one in mine.entries])
    # Census, its description, redemptions, what nodes say of it, and the check that fails.
    cheats: dict[str, tuple[Census, dict[str, Any] | None, bytes, str, str]] = {
        "other keys": (mine, at_time.to_json(), b"", "gives another census", "C4"),
        "another block": (
            read_census(JsonRpc(stack.rpc_url), replace(source, block=early), early + 1),
            replace(source, block=early).to_json(),
            b"",
            "is not the latest until",
            "C4",
        ),
        "foreign voting keys": (
            true,
            replace(at_time, keys=foreign.address).to_json(),
            b"",
            "voting keys are not those of this registry",
            "C4",
        ),
        "no invitations": (
            entered(uninvited),
            origin,
            redeemed("no invitations", uninvited),
            "not an invitation",
            "C4",
        ),
        "one key twice": (
            entered(twice),
            origin,
            redeemed("one key twice", twice),
            "redeemed another invitation as well",
            "C4",
        ),
        "no source": (mine, None, b"", "names no source", "D1"),
        "other invitations": (
            mine,
            InvitedCensus(my_tree.root).to_json(),
            redeemed("other invitations", my_keys, my_tree),
            "does not name the invitations",
            "D1",
        ),
        "true": (true, at_time.to_json(), b"", "", ""),
    }
    courier = Courier(registry, organizer)
    for name, (census, described, redemptions, says, check) in cheats.items():
        description = round_description(treasury, rounds[name], described, shared_keys=True)
        poll_id, _ = treasury.start_voting(organizer, rounds[name], census, description)
        poll = read_published(registry, poll_id)
        assert poll is not None
        said = ""
        deadline = time.monotonic() + 60
        # Nodes that only wait for one another, or for a block, are asked again.
        while registry.poll(poll_id).status is Status.CREATED:
            assert time.monotonic() < deadline, (name, said)
            try:
                courier.open_poll(poll, census.encode() + redemptions)
            except CourierError as error:
                said = str(error)
                if says and says in said:
                    break
            time.sleep(0.3)
        assert (registry.poll(poll_id).status is Status.OPEN) is (name == "true"), (name, said)
        found = audit_of_board(
            stack, poll, unopened_board(stack, poll, census, redemptions), tmp_path
        )
        failing = {one for one, finding in found.items() if finding["verdict"] == "fails"}
        if check:
            assert failing == {check}, (name, found)
        else:
            assert not failing & {"C4", "D1"}, (name, found)
            assert found["C4"]["verdict"] == found["D1"]["verdict"] == "holds"


def audit_of_board(
    stack: LocalStack, poll: PublishedPoll, board: bytes, folder: Path
) -> dict[str, dict[str, str]]:
    """Findings of the command line's audit, by check."""
    file = folder / "board"
    file.write_bytes(board)
    report = audit(stack, poll.poll_id, board=str(file))
    return {one["check"]: one for one in report["checks"]}


def entered(pairs: Sequence[tuple[SigningKey, SigningKey]]) -> Census:
    """Each with the account of the first key, signing by the second."""
    entries = [CensusEntry(one.address, key.address, 1) for one, key in pairs]
    return Census(tuple(sorted(entries, key=lambda entry: entry.account)))


@pytest.mark.parametrize(
    ("electorate", "says"),
    [
        ({"kind": "votes", "contract": "0x" + "00" * 19 + "09"}, "no contract"),
        ({"kind": "members", "contract": "0x12"}, "40 hexadecimal digits"),
        ({"kind": "votes", "contract": "0x" + "11" * 20, "unit": 0}, "expected more than 0"),
        ({"kind": "lottery"}, "is not one of"),
    ],
    ids=["nobody", "no address", "unit of zero", "unknown kind"],
)
def test_invalid_electorates_are_refused(
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
