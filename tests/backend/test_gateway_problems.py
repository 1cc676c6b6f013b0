"""Problems of a gateway that no journey meets: each by the code that makes it."""

import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from eth_abi import encode
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session
from web3.exceptions import ContractCustomError

from ostraka.chain.contract import ChainError, call
from ostraka.chain.errors import LowOnCoin, Refused
from ostraka.chain.registry import Registry, Status
from ostraka.chain.sending import Account
from ostraka.chain.treasury import Authorization, Item, RoundStatus
from ostraka.gateway.api import build_api
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.context import TREASURY, GatewayContext
from ostraka.gateway.courier import Courier, CourierError
from ostraka.gateway.description import MAX_BYTES, description
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.outcomes import problem_of
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.plans import Fixed, Plans
from ostraka.gateway.redeemed_invitations import RedeemedInvitations
from ostraka.gateway.relayed_proposals import RelayedProposals
from ostraka.gateway.team import Team
from ostraka.keys import SigningKey
from ostraka.planning.electorates import Electorates, census_of_list
from ostraka.planning.specification import AccountList, RoundSpecification
from ostraka.storage.gateway_tables import IndexedEvent
from ostraka.wire import ballot_requests
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem, ProblemDocument
from ostraka.wire.records import CastRecord, to_hex
from ostraka.wire.shuffle_sizes import ToShuffle, most_ballots
from ostraka_verifier import typed_data
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.encoding import keccak256
from tests.support.polls import SyntheticPoll, approval_poll
from tests.support.village import ScriptedRegistry

TOKEN_HASH = hashlib.sha256(b"a token").digest()
PROPOSAL = bytes([5] * 32)
ROUND = 7
MEMBER = SigningKey(bytes([9] * 32))
ITEM = Item(bytes([3] * 20), 10, "A bench", "", 0, bytes(32))
NEXT_NONCE = 4
SILENT = Problem(ProblemType.NODE_SILENT, "no answer in time").to_json()


class ScriptedTreasury:
    """A round that the test defines."""

    def __init__(self, poll: SyntheticPoll) -> None:
        self.address = bytes([8] * 20)
        self.domain = poll.domain
        self.state = SimpleNamespace(
            status=RoundStatus.PROPOSING, deposited=1, parameters=SimpleNamespace(budget=1000)
        )

    def round(self, round_id: int) -> Any:
        """Its state; no other round exists."""
        return self.state if round_id == ROUND else SimpleNamespace(status=RoundStatus.NONE)

    def read(self, name: str, _: int) -> list[tuple[object, ...]]:
        """One proposal, neither funded nor paid."""
        assert name == "proposals"
        zero = "0x" + 40 * "0"
        return [(PROPOSAL, zero, zero, 10, 0, False, False, False)]

    def nonce(self, _: bytes) -> int:
        """Everybody's next one."""
        return NEXT_NONCE


@pytest.fixture(scope="module")
def poll() -> SyntheticPoll:
    return approval_poll()


@pytest.fixture
def gateway(poll: SyntheticPoll, engine: Engine) -> GatewayContext:
    registry, treasury = ScriptedRegistry(poll), ScriptedTreasury(poll)
    return GatewayContext(
        rpc_url="",
        registry=registry,  # type: ignore[arg-type]
        treasury=treasury,  # type: ignore[arg-type]
        indexer=Indexer(engine, {}, 0),
        plans=Plans(engine),
        account=Account(SigningKey(), DatabaseJournal(engine)),
        requests=Requests(engine),
        curve=poll.curve,
        committees=[poll.committee.digest],
        electorates=Electorates("http://127.0.0.1:9", bytes(20)),
        team=Team(engine, TOKEN_HASH),
        attachments=Attachments(engine),
    )


@pytest.fixture
def api(gateway: GatewayContext) -> TestClient:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    nodes = httpx.AsyncClient(transport=httpx.MockTransport(unreachable))
    return TestClient(build_api(gateway, nodes))


def reported(answer: httpx.Response) -> ProblemType:
    """Type of the problem that an answer reports."""
    document = answer.json()
    (kind,) = [one for one in ProblemType if one.uri == document["type"]]
    assert (answer.status_code, document["title"]) == (kind.status, kind.title)
    return kind


def round_wanted(members: object) -> RoundSpecification:
    return RoundSpecification.model_validate(
        {
            "title": "Wiosna",
            "budget": 1000,
            "proposals_close_at": 2_000_000_000,
            "voting_opens_at": 2_000_000_001,
            "voting_closes_at": 2_000_000_002,
            "members": members,
            "ballot": {"kind": "approval", "at_most": 2},
        }
    )


def plan_round(gateway: GatewayContext) -> None:
    """The round, as this gateway created it for one member."""
    census = Census((CensusEntry(MEMBER.address, MEMBER.address, 1),))
    wanted = round_wanted({"kind": "list", "accounts": [{"account": MEMBER.address_hex}]})
    plan = gateway.plans.add(wanted, census.encode(), fixed=Fixed(census))
    plan.round_id = ROUND
    gateway.plans.save(plan)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("DELETE", "/polls", ProblemType.METHOD_NOT_ALLOWED),
        ("GET", "/nothing", ProblemType.NOT_FOUND),
        ("GET", "/organizer", ProblemType.NOT_ORGANIZER),
        ("GET", "/rounds/9", ProblemType.NO_SUCH_ROUND),
        ("GET", f"/proposals/0x{'00' * 32}", ProblemType.NO_SUCH_PROPOSAL),
        ("GET", f"/rounds/7/members/{MEMBER.address_hex}", ProblemType.MEMBERS_UNKNOWN),
        ("GET", "/polls/1/board", ProblemType.BOARD_UNAVAILABLE),
        ("POST", f"/proposals/{to_hex(PROPOSAL)}/payout", ProblemType.NOTHING_TO_PAY),
    ],
)
def test_a_request_is_refused(
    api: TestClient, engine: Engine, method: str, path: str, kind: ProblemType
) -> None:
    with Session(engine) as session:
        event = IndexedEvent(
            block=1,
            log_index=0,
            contract=TREASURY,
            name="ProposalSubmitted",
            subject=str(ROUND),
            arguments={
                "proposalId": to_hex(PROPOSAL),
                "item": {"title": "A bench", "text": "", "details": "0x" + 64 * "0"},
            },
            transaction="0x",
        )
        session.add(event)
        session.commit()
    assert reported(api.request(method, f"/api/v1{path}")) is kind


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
def test_a_ballot_is_read_whatever_its_media_type(api: TestClient, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = api.post("/api/v1/polls/1/ballots", content=b'{"ballot": "0x00"}', headers=headers)
    assert reported(answer) is ProblemType.MALFORMED
    assert answer.json()["field"] == "boxes"


@pytest.mark.parametrize("path", ["ballots", "ballots:batch"])
def test_a_body_larger_than_any_ballot_is_refused_unread(
    api: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else is served while a body is parsed, and strangers may send 64 MiB."""

    def parsed(*_: object) -> None:
        raise AssertionError("a body was parsed")

    monkeypatch.setattr(CastRecord, "from_json", parsed)
    monkeypatch.setattr(ballot_requests, "decode_records", parsed)
    answer = api.post(f"/api/v1/polls/1/{path}", content=b"[" + b"0," * 2**20 + b"0]")
    assert reported(answer) is ProblemType.TOO_LARGE
    assert answer.json()["field"] == "body"


def test_an_unreachable_chain_is_reported_without_its_address(
    api: TestClient, gateway: GatewayContext
) -> None:
    def unreachable(_: int) -> None:
        raise ChainError("chain: http://user:secret@provider.example")

    gateway.registry.poll = unreachable  # type: ignore[method-assign, assignment]
    answer = api.get("/api/v1/polls/1")
    assert reported(answer) is ProblemType.CHAIN_UNREACHABLE
    assert "secret" not in answer.text


def test_a_poll_of_another_committee_is_not_served(
    api: TestClient, gateway: GatewayContext
) -> None:
    gateway.committees = [bytes(32)]
    assert reported(api.get("/api/v1/polls/1/progress")) is ProblemType.POLL_NOT_SERVED


@pytest.mark.parametrize(
    ("shown", "code", "reason"),
    [
        ({"poll_keys": bytes(32)}, "unopened", "not all nodes had signed its keys"),
        ({"anchored_at": 0}, "unanchored", "no root of the ballots in time"),
        ({"minimum_ballots": 1000}, "few-ballots", "fewer than the minimum of 1000"),
        ({"contested": True}, "contested", "dispute"),
        ({}, "uncounted", "no tally arrived in time"),
    ],
)
def test_a_void_poll_has_no_result_and_says_why(
    api: TestClient, gateway: GatewayContext, shown: dict[str, Any], code: str, reason: str
) -> None:
    found = {"poll_keys": b"\x01" * 32, "anchored_at": 1, "minimum_ballots": 0} | shown
    cast(Any, gateway.registry).show(status=Status.VOID, **found)
    answer = api.get("/api/v1/polls/1/results")
    assert reported(answer) is ProblemType.POLL_VOID
    assert reason in answer.json()["detail"]
    poll = api.get("/api/v1/polls/1").json()
    assert poll["void_reason"] == code
    assert (poll["counted"] is None) == (found["anchored_at"] == 0)


def problem_in(act: Callable[[], object]) -> ProblemType:
    with pytest.raises(Problem) as raised:
        act()
    return raised.value.kind


def test_shuffled_polls_get_the_first_committee_that_can_shuffle(gateway: GatewayContext) -> None:
    committees = {
        bytes([number] * 32): approval_poll(nodes=nodes, threshold=threshold).committee
        for number, (nodes, threshold) in enumerate([(5, 3), (5, 2), (4, 2)], start=1)
    }
    cast(Any, gateway.registry).committee = committees.get
    unfit, able, other = committees
    gateway.committees = [unfit, able, other]
    assert gateway.committee(None) == unfit
    few = ToShuffle(0, 20)
    assert gateway.committee(None, few) == able
    assert gateway.committee(to_hex(other), few) == other
    for wanted, served in ((to_hex(unfit), [unfit, able]), (None, [unfit])):
        gateway.committees = served
        with pytest.raises(Problem) as raised:
            gateway.committee(wanted, few)
        assert raised.value.field == "committee"
        assert "(5, 3, 1) cannot shuffle ballots: with 1 silent" in raised.value.detail
        assert "committee propose" in raised.value.detail
    gateway.committees = []
    assert problem_in(lambda: gateway.committee(None, few)) is ProblemType.NO_COMMITTEE


def test_more_ballots_than_nodes_can_shuffle_are_refused(gateway: GatewayContext) -> None:
    small, large = (
        approval_poll(nodes=nodes, threshold=threshold, faults=faults).committee
        for nodes, threshold, faults in ((7, 3, 2), (4, 2, 1))
    )
    committees = {bytes([1] * 32): small, bytes([2] * 32): large}
    cast(Any, gateway.registry).committee = committees.get
    gateway.committees = list(committees)
    most = most_ballots(small, 20)
    for voters, digest in zip((most, most + 1), committees, strict=True):
        assert gateway.committee(None, ToShuffle(voters, 20)) == digest
    most = most_ballots(large, 20)
    with pytest.raises(Problem) as raised:
        gateway.committee(None, ToShuffle(most + 1, 20))
    assert raised.value.field == "voters"
    assert f"{most + 1} voters, but the nodes can open at most {most}" in raised.value.detail
    assert "sum of all ballots, offer fewer options, or split" in raised.value.detail


def test_invalid_specifications_are_refused(gateway: GatewayContext) -> None:
    assert problem_in(lambda: gateway.committee(to_hex(bytes(32)))) is (
        ProblemType.COMMITTEE_NOT_SERVED
    )
    gateway.committees = []
    assert problem_in(lambda: gateway.committee(None)) is ProblemType.NO_COMMITTEE
    long = "x" * MAX_BYTES
    assert problem_in(lambda: description("", long, [], None, {})) is (
        ProblemType.DESCRIPTION_TOO_LONG
    )


def test_lists_without_a_valid_census_are_refused() -> None:
    def of(weights: list[int], **more: object) -> AccountList:
        entries = [
            {"account": f"0x{number:040x}", "weight": weight}
            for number, weight in enumerate(weights, start=1)
        ]
        return AccountList.model_validate({"accounts": entries} | more)

    assert problem_in(lambda: census_of_list(of([]))) is ProblemType.EMPTY_ELECTORATE
    assert problem_in(lambda: census_of_list(of([1, 2], classes=1))) is ProblemType.NO_CLASSES


def test_an_address_without_a_contract_has_no_census(monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        """A chain without contracts."""

        def __init__(self, _: str) -> None:
            pass

        def ask(self, *_: object) -> Any:
            return {"number": "0x5"}

        def newest_block(self) -> int:
            return 9

        def code(self, *_: object) -> bytes:
            return b""

    monkeypatch.setattr("ostraka.planning.electorates.JsonRpc", Empty)
    wanted = round_wanted({"kind": "members", "contract": "0x" + "11" * 20})
    assert problem_in(lambda: Electorates("", bytes(20)).census(wanted.members)) is (
        ProblemType.NO_CENSUS
    )


def test_only_members_propose_and_each_signature_counts_once(gateway: GatewayContext) -> None:
    plan_round(gateway)
    proposals = RelayedProposals(gateway)
    stranger = SigningKey()
    assert problem_in(lambda: proposals.member(ROUND, stranger.address)) is (
        ProblemType.NO_SUCH_MEMBER
    )

    def propose(key: SigningKey, nonce: int) -> object:
        head = ROUND, key.address, *ITEM.words()
        digest = gateway.treasury.domain.digest(typed_data.PROPOSAL, *head, nonce, 1)
        signed = Authorization(key.address, nonce, 1, key.sign(digest))
        return proposals.propose(ROUND, ITEM, signed)

    assert problem_in(lambda: propose(stranger, NEXT_NONCE)) is ProblemType.NOT_A_MEMBER
    assert problem_in(lambda: propose(MEMBER, NEXT_NONCE - 1)) is ProblemType.NONCE_USED


def test_invitations_of_a_round_wait_for_the_round(gateway: GatewayContext) -> None:
    invited = [{"address": MEMBER.address_hex}]
    wanted = round_wanted({"kind": "invitations", "invitations": invited})
    gateway.plans.add(wanted, b"")
    invitations = RedeemedInvitations(gateway)
    assert problem_in(lambda: invitations.invited(MEMBER.address)) is ProblemType.NOT_CREATED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (RoundStatus.NONE, ProblemType.ROUND_REVERTED),
        (RoundStatus.READY, ProblemType.UNDERFUNDED),
    ],
)
def test_a_rounds_plan_shows_the_problem_it_waits_for(
    gateway: GatewayContext, status: RoundStatus, kind: ProblemType
) -> None:
    plan_round(gateway)
    treasury: Any = gateway.treasury
    treasury.state.status = status
    treasury.state.parameters.budget = 1000
    done: Any = SimpleNamespace(begun=True, settled=True)
    gateway.errand = lambda _: done  # type: ignore[method-assign]
    gateway.push = lambda: None  # type: ignore[method-assign]
    PlanRunner(gateway).tick()
    (plan,) = gateway.plans.all()
    assert plan.problem is not None
    assert plan.problem["type"] == kind.uri


def test_an_account_without_coin_is_reported_as_low_on_funds() -> None:
    assert problem_of(LowOnCoin("the account cannot pay")).kind is ProblemType.LOW_FUNDS


def test_a_contracts_refusal_names_the_member_of_the_specification() -> None:
    """By the error's name and values: another error's text may contain the same words."""
    error = keccak256(b"PollRegistryInvalidParameter(string)")[:4]
    data = error + encode(["string"], ["disputeWindow"])

    def refuse() -> None:
        raise ContractCustomError("execution reverted", data="0x" + data.hex())

    with pytest.raises(Refused) as raised:
        call(refuse)
    assert (raised.value.name, raised.value.values) == (
        "PollRegistryInvalidParameter",
        ("disputeWindow",),
    )
    assert str(raised.value).endswith("PollRegistryInvalidParameter(disputeWindow)")
    problem = problem_of(raised.value)
    assert (problem.kind, problem.field) == (ProblemType.REJECTED_BY_CONTRACT, "dispute_window")
    in_words = Refused("the contract refuses: NotInvalidParameter(disputeWindow)")
    assert problem_of(in_words).field == ""


def test_a_refusal_names_its_values() -> None:
    error = keccak256(b"BudgetTreasuryInvalidAmount(uint256,uint256,uint256)")[:4]
    data = error + encode(["uint256"] * 3, [700, 1, 600])

    def refuse() -> None:
        raise ContractCustomError("execution reverted", data="0x" + data.hex())

    with pytest.raises(Refused, match=r"\(amount 700, minimum 1, maximum 600\)"):
        call(refuse)


@pytest.mark.parametrize("data", ["Reverted 0x", "0x123", "0x", "0xffffffff00", "0x" + "zz" * 4])
def test_an_unreadable_refusal_is_a_refusal(data: str) -> None:
    def refuse() -> None:
        raise ContractCustomError("execution reverted", data=data)

    with pytest.raises(Refused, match="the contract refuses"):
        call(refuse)


def test_a_declared_error_with_other_values_is_a_refusal() -> None:
    error = keccak256(b"PollRegistryInvalidParameter(string)")[:4]

    def refuse() -> None:
        raise ContractCustomError("execution reverted", data="0x" + error.hex() + "ff")

    with pytest.raises(Refused, match=f"0x{error.hex()}ff"):
        call(refuse)


def test_unreachable_nodes_prevent_the_opening(poll: SyntheticPoll) -> None:
    def node(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    registry = cast(Registry, ScriptedRegistry(poll))
    courier = Courier(registry, SigningKey(), httpx.MockTransport(node))
    with pytest.raises(CourierError) as raised:
        courier.open_poll(poll.published, poll.census.encode())
    problem = problem_of(raised.value)
    assert problem.kind is ProblemType.POLL_NOT_READY
    assert [one["node"] for one in problem.nodes] == [1, 2, 3, 4]
    kinds = {one["problem"]["type"] for one in problem.nodes}
    assert kinds == {ProblemType.NODE_UNREACHABLE.uri}
    assert ProblemDocument.model_validate(problem.to_json()).nodes


def test_a_nodes_refusal_stays_an_object_on_its_way_to_the_organizer(poll: SyntheticPoll) -> None:
    refusal = Problem(ProblemType.POLL_REJECTED, "too few voters; no", "census", 30)

    def node(_: httpx.Request) -> httpx.Response:
        return httpx.Response(refusal.status, json=refusal.to_json())

    registry = cast(Registry, ScriptedRegistry(poll))
    courier = Courier(registry, SigningKey(), httpx.MockTransport(node))
    with pytest.raises(CourierError) as raised:
        courier.open_poll(poll.published, poll.census.encode())
    reported = Problem.from_json(problem_of(raised.value).to_json())
    assert [one["problem"] for one in reported.nodes] == [refusal.to_json()] * poll.nodes


def test_untrusted_entries_about_nodes_must_have_the_known_form() -> None:
    known = {"node": 2, "announces_different_keys": False, "problem": SILENT}
    given = {"type": ProblemType.UNAVAILABLE.uri, "detail": "x", "nodes": [known, {"node": "x"}, 5]}
    problem = Problem.from_json(given)
    assert problem.nodes == (known,)
    assert ProblemDocument.model_validate(problem.to_json()).nodes


def test_a_problem_of_a_later_version_keeps_its_texts() -> None:
    later = Problem.from_json(
        {"type": "urn:ostraka:problem:later", "title": "Later", "detail": "x", "status": 418}
    )
    assert (later.kind, later.title, later.status) == (ProblemType.UNKNOWN, "Later", 418)
    assert later.to_json()["type"] == "urn:ostraka:problem:later"
