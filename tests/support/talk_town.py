"""A gateway of one round in which members propose, over a scripted chain and a real database."""

import hashlib
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from ostraka.chain.sending import Account
from ostraka.chain.treasury import RoundStatus
from ostraka.gateway.api import build_api
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.context import TREASURY, GatewayContext
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.messenger import Post
from ostraka.gateway.plans import Fixed, Plans
from ostraka.gateway.team import Team
from ostraka.keys import SigningKey
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import RoundSpecification
from ostraka.storage.gateway_tables import IndexedEvent
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.records import to_hex
from ostraka.wire.talk import CommentStatement, EndorsementStatement
from ostraka_verifier.census import Census, CensusEntry
from tests.support.polls import OPENS_AT, SyntheticPoll
from tests.support.village import ScriptedRegistry

TOKEN = "a token"
ROUND = 7
PROPOSAL = bytes([5] * 32)
MEMBERS = [SigningKey(bytes([number] * 32)) for number in (9, 10, 11)]
DELEGATE = SigningKey(bytes([12] * 32))
"""Signs for the account `DELEGATING`."""
DELEGATING = bytes([13] * 20)


def spring_round(members: dict[str, Any]) -> RoundSpecification:
    """A round that is open for proposals of these members."""
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


class ScriptedTreasury:
    """A round that the test defines, with one proposal."""

    def __init__(self, poll: SyntheticPoll) -> None:
        self.address = bytes([8] * 20)
        self.domain = poll.domain
        self.withdrawn = False
        self.proposed_at = OPENS_AT + 990
        parameters = SimpleNamespace(budget=1000, proposals_close_at=2_000_000_000)
        self.state = SimpleNamespace(
            status=RoundStatus.PROPOSING, deposited=1, parameters=parameters, poll_id=0
        )

    def round(self, round_id: int) -> Any:
        """Its state; no other round exists."""
        return self.state if round_id == ROUND else SimpleNamespace(status=RoundStatus.NONE)

    def head(self, block: int) -> Any:
        """A block some seconds ago."""
        return SimpleNamespace(timestamp=self.proposed_at)

    def read(self, name: str, _: int) -> list[tuple[object, ...]]:
        """Its proposal, neither funded nor paid."""
        assert name == "proposals"
        zero = "0x" + 40 * "0"
        return [(PROPOSAL, zero, zero, 10, 0, self.withdrawn, False, False)]


class TalkTown:
    """The gateway's API, and its chain in a state that the test defines.

    Attributes:
        api: The gateway over HTTP.
    """

    def __init__(self, poll: SyntheticPoll, engine: Engine, post: Post | None = None) -> None:
        self._engine = engine
        self._indexed = 0
        self.registry, self.treasury = ScriptedRegistry(poll), ScriptedTreasury(poll)
        self.context = GatewayContext(
            rpc_url="",
            registry=self.registry,  # type: ignore[arg-type]
            treasury=self.treasury,  # type: ignore[arg-type]
            indexer=Indexer(engine, {}, 0),
            plans=Plans(engine),
            account=Account(SigningKey(), DatabaseJournal(engine)),
            requests=Requests(engine),
            curve=poll.curve,
            committees=[poll.committee.digest],
            electorates=Electorates("http://127.0.0.1:9", bytes(20)),
            team=Team(engine, hashlib.sha256(TOKEN.encode()).digest()),
            attachments=Attachments(engine),
        )
        self._plan_round()
        item = {"title": "A bench", "text": "", "details": "0x" + 64 * "0"}
        submitted: dict[str, object] = {"proposalId": to_hex(PROPOSAL), "item": item}
        self.index(TREASURY, "ProposalSubmitted", str(ROUND), submitted)
        nodes = httpx.AsyncClient(transport=httpx.MockTransport(_unreachable))
        self.api = TestClient(build_api(self.context, nodes, post=post))

    @property
    def now(self) -> int:
        """The chain's time."""
        return int(self.registry.now)

    def _plan_round(self) -> None:
        own = [CensusEntry(key.address, key.address, 1) for key in MEMBERS]
        entries = [*own, CensusEntry(DELEGATING, DELEGATE.address, 1)]
        census = Census(tuple(sorted(entries, key=lambda one: one.account)))
        accounts = [{"account": to_hex(one.account)} for one in census.entries]
        wanted = spring_round({"kind": "list", "accounts": accounts})
        plan = self.context.plans.add(wanted, census.encode(), fixed=Fixed(census))
        plan.round_id = ROUND
        self.context.plans.save(plan)

    def index(self, contract: str, name: str, subject: str, arguments: dict[str, object]) -> None:
        """Index an event, as if it had been read from the chain."""
        with Session(self._engine) as session:
            event = IndexedEvent(
                block=1,
                log_index=self._indexed,
                contract=contract,
                name=name,
                subject=subject,
                arguments=arguments,
                transaction="0x" + 64 * "0",
            )
            session.add(event)
            session.commit()
        self._indexed += 1

    def index_round(self, title: str, **times: int) -> None:
        """Index the creation of the round.

        Args:
            times: Seconds from now, by the names of the contract's parameters.
        """
        parameters = {name: str(self.now + later_s) for name, later_s in times.items()}
        organizer = "0x" + "ab" * 20
        created = {"title": title, "organizer": organizer, "parameters": parameters}
        self.index(TREASURY, "RoundCreated", str(ROUND), dict(created))

    def signed_comment(
        self, key: SigningKey, text: str, account: bytes | None = None, skew_s: int = 0
    ) -> dict[str, Any]:
        """The body of a request to comment."""
        author, time = account or key.address, self.registry.now + skew_s
        digest = CommentStatement.of(PROPOSAL, author, text, time).digest(self.treasury.domain)
        signature = to_hex(key.sign(digest))
        return {
            "author": to_hex(author),
            "text": text,
            "written_at": time,
            "signature": signature,
        }

    def comment(self, key: SigningKey, text: str, **more: Any) -> httpx.Response:
        """Comment on the proposal."""
        return self.send_comment(self.signed_comment(key, text, **more))

    def send_comment(self, body: dict[str, Any]) -> httpx.Response:
        """Send the body of a comment."""
        return self.api.post(f"/api/v1/proposals/{to_hex(PROPOSAL)}/comments", json=body)

    def endorse(self, key: SigningKey, endorses: bool = True, skew_s: int = 0) -> httpx.Response:
        """Endorse the proposal, or take that back."""
        time = self.registry.now + skew_s
        statement = EndorsementStatement(PROPOSAL, key.address, endorses, time)
        signature = to_hex(key.sign(statement.digest(self.treasury.domain)))
        body = {"endorses": endorses, "stated_at": time, "signature": signature}
        path = f"/api/v1/proposals/{to_hex(PROPOSAL)}/endorsements/{key.address_hex}"
        return self.api.put(path, json=body)

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a resource."""
        answer = self.api.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def comments(self) -> Any:
        """The first part of the proposal's comments."""
        return self.get(f"/proposals/{to_hex(PROPOSAL)}/comments")

    def moderate(
        self, comment: str, hidden: bool, reason: str = "Not polite.", token: str = TOKEN
    ) -> httpx.Response:
        """Hide a comment, or show it again."""
        body = {"hidden": hidden, "reason": reason}
        headers = {"Authorization": f"Bearer {token}"}
        return self.api.post(f"/api/v1/comments/{comment}/moderation", json=body, headers=headers)


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def reported(answer: httpx.Response) -> tuple[ProblemType, str]:
    """Type and field of the problem that an answer reports."""
    document = answer.json()
    (kind,) = [one for one in ProblemType if one.uri == document["type"]]
    assert (answer.status_code, document["title"]) == (kind.status, kind.title)
    return kind, document.get("field", "")
