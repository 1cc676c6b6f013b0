"""A gateway answers every request as its OpenAPI document describes."""

import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st

from ostraka.demo.local_stack import LocalStack
from ostraka.files import make_private_folder
from ostraka.gateway.api import build_api, describe_api
from ostraka.gateway.context import GatewayContext
from ostraka.gateway.courier import Courier
from ostraka.gateway.idempotency import HEADER
from ostraka.gateway.plan_runner import PlanRunner
from ostraka.gateway.roles import Role
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.planning.proposal_details import ProposalDetails
from ostraka.services.run_gateway import open_gateway
from ostraka.services.settings import GatewaySettings
from ostraka.storage.database import Schema, open_database
from ostraka.wire.invitations import InvitedElectorate
from ostraka.wire.records import CastRecord, encode_records, from_hex, to_hex
from ostraka.wire.talk import CommentStatement, EndorsementStatement
from tests.support.api import TIMES, accounts, ballots_of, fresh_keys, signed, wait_for_heads
from tests.support.fuzzed_api import Running, budget, client_of, operations, running
from tests.support.pictures import picture_file
from tests.support.town import eventually

OPERATIONS = operations(describe_api())
NOT_YET = {
    "POST /rounds/{round_id}/refunds",
    "PUT /proposals/{proposal}",
    "POST /proposals/{proposal}/withdrawal",
    "POST /proposals/{proposal}/payout",
    "GET /polls/{poll_id}/opened",
    "GET /polls/{poll_id}/opened.csv",
    "GET /polls/{poll_id}/opened.pb",
    "GET /polls/{poll_id}/opened.preflib",
    "GET /polls/{poll_id}/outcome",
    "GET /polls/{poll_id}/results",
    "GET /polls/{poll_id}/results.csv",
    "GET /polls/{poll_id}/results.pb",
    "POST /polls/{poll_id}/omitted",
    "POST /sign-in/message",
    "POST /sign-in",
    "GET /statements/{statement}",
    "POST /rounds/{round_id}/members/{account}/replacement",
    "POST /subscriptions",
    "GET /subscriptions/{subscription}",
    "DELETE /subscriptions/{subscription}",
    "POST /subscriptions/{subscription}/confirmation",
    "POST /subscriptions/{subscription}/unsubscribe",
}
"""Requests that fail here for everybody: nothing is decided, no signature is available, no member
came by invitation, and this gateway has no folder for receipts, public URL or statements, and
sends no messages."""
TOKEN = {"Authorization": "Bearer a token"}
PICTURE = picture_file()


class Asked:
    """A gateway with a round, a proposal and an open poll, and what may succeed there."""

    def __init__(
        self, stack: LocalStack, gateway: GatewayContext, alive: Running, client: httpx.AsyncClient
    ) -> None:
        self.stack, self.alive, self.client = stack, alive, client
        self._keys = fresh_keys(6)
        self.invitation = SigningKey()
        runner = PlanRunner(gateway)
        now = stack.registry.head().timestamp
        self.round_wanted = {
            "title": "Wiosna",
            "budget": "1000",
            "proposals_close_at": now + 3600,
            "voting_opens_at": now + 7200,
            "voting_closes_at": now + 10_800,
            "members": accounts(self._keys),
            "ballot": {"kind": "approval", "at_most": 2},
            "times": TIMES,
        }
        self.poll_wanted = {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
            "voters": accounts(self._keys),
            "closes_at": now + 20_000,
            "times": TIMES,
        }
        self._team = gateway.team
        self.round = self._post("/rounds", self.round_wanted)["round"]
        self._post(f"/rounds/{self.round}/funding", {"amount": 100})
        self.image = self._good("POST", "/images", content=PICTURE)["sha256"]
        self.details = {"image": {"sha256": self.image, "alt": "A bench"}}
        self.item = {
            "recipient": self._keys[0].address_hex,
            "amount": "10",
            "title": "A bench",
            "details": to_hex(ProposalDetails.model_validate(self.details).digest()),
        }
        self.signed = self._signed() | {"details": self.details}
        self.proposal = self._post(f"/rounds/{self.round}/proposals", self.signed)["proposal"]
        path = f"/proposals/{self.proposal}/comments"
        self.comment = self._post(path, self._comment("Yes."))["comment"]
        self.another_comment = self._comment("No.")
        self.endorsement = self._endorsement()
        registering = {"voters": self._invited(), "registration_closes_at": now + 3600}
        self._post("/polls", self.poll_wanted | registering)
        self.redemption = self._redemption()
        self.plan = self._post("/polls", self.poll_wanted)["plan"]
        eventually(lambda: self._open(runner), "the poll opens")
        gateway.indexer.follow()
        wait_for_heads(stack)
        votes = [(key, key.address, [0]) for key in self._keys[:2]]
        self.ballots = [
            CastRecord(one.ballot.encoded, one.boxes, one.signature)
            for one in ballots_of(stack, int(self.poll), votes)
        ]
        cast = self._post(f"/polls/{self.poll}/ballots", self.ballots[0].to_json())
        assert cast["recorded"], cast

    def _invited(self) -> dict[str, Any]:
        invited = [{"address": one.address_hex} for one in (self.invitation, *fresh_keys(5))]
        return {"kind": "invitations", "invitations": invited}

    def _redemption(self) -> dict[str, Any]:
        key = SigningKey()
        (place,) = self._get(f"/invitations/{self.invitation.address_hex}")
        electorate = InvitedElectorate.from_json(place["electorate"])
        signatures = electorate.redeem(self.invitation, key)
        return {
            "plan": place["plan"],
            "invitation": self.invitation.address_hex,
            "signing_key": key.address_hex,
            "by_invitation": to_hex(signatures.by_invitation),
            "by_signing_key": to_hex(signatures.by_signing_key),
        }

    def _open(self, runner: PlanRunner) -> bool:
        runner.tick()
        self.poll = self._get(f"/plans/{self.plan}")["poll"]
        return self.poll is not None and self._get(f"/polls/{self.poll}")["status"] == "open"

    def _signed(self) -> dict[str, Any]:
        member = self._keys[0]
        asked = {"kind": "proposal", "round": int(self.round), "item": self.item}
        to_sign = self._post("/typed-data", asked | {"member": member.address_hex})
        return {"item": self.item, "authorization": signed(member, to_sign)}

    def _comment(self, text: str) -> dict[str, Any]:
        member, now = self._keys[0], self.stack.registry.head().timestamp
        proposal = from_hex(self.proposal, "proposal")
        digest = CommentStatement.of(proposal, member.address, text, now).digest(
            self.stack.treasury.domain
        )
        written = {"author": member.address_hex, "text": text, "written_at": now}
        return written | {"signature": to_hex(member.sign(digest))}

    def _endorsement(self) -> dict[str, Any]:
        member, now = self._keys[0], self.stack.registry.head().timestamp
        proposal = from_hex(self.proposal, "proposal")
        statement = EndorsementStatement(proposal, member.address, True, now)
        signature = member.sign(statement.digest(self.stack.treasury.domain))
        return {"endorses": True, "stated_at": now, "signature": to_hex(signature)}

    def _organizer(self) -> str:
        """Return the id of a new organizer: the last one may be revoked."""
        return self._team.add(uuid.uuid4().hex, Role.OBSERVER, None, None)[0].id

    def _post(self, path: str, body: object) -> Any:
        return self._good("POST", path, json=body, headers=TOKEN | {HEADER: str(uuid.uuid4())})

    def _get(self, path: str) -> Any:
        return self._good("GET", path)

    def _good(self, method: str, path: str, **options: Any) -> Any:
        answer = self.alive.do(self.client.request(method, f"/api/v1{path}", **options))
        assert answer.is_success, answer.text
        return answer.json()

    def change(self, case: schemathesis.Case, data: st.DataObject) -> dict[str, str]:
        """Ask for what is there, and as its organizer, most of the time."""
        usually = st.sampled_from([True, True, True, False])
        known = {
            "poll_id": int(self.poll),
            "round_id": int(self.round),
            "proposal": self.proposal,
            "sha256": self.image,
            "account": self._keys[0].address_hex,
            "member": self._keys[0].address_hex,
            "comment": self.comment,
            "statement": "imprint",
            "subscription": "0" * 32,
            "token": to_hex(self.stack.registry.address),
            "digest": to_hex(self.ballots[0].ballot_digest),
            "plan": self.plan,
            "organizer": self._organizer() if "organizer" in case.path_parameters else "",
            "address": data.draw(
                st.sampled_from([self._keys[0].address_hex, self.invitation.address_hex])
            ),
        }
        for name in case.path_parameters:
            if data.draw(usually):
                case.path_parameters[name] = known[name]
        wanted = {
            "POST /rounds": self.round_wanted,
            "POST /polls": self.poll_wanted,
            "POST /rounds/{round_id}/funding": {"amount": "1"},
            # Once more, which changes nothing.
            "POST /rounds/{round_id}/proposals": self.signed,
            "PUT /proposals/{proposal}/details": {"details": self.details},
            "POST /proposals/{proposal}/comments": self.another_comment,
            "PUT /proposals/{proposal}/endorsements/{member}": self.endorsement,
            "POST /comments/{comment}/moderation": {"hidden": True, "reason": "Not polite."},
            "POST /rehearsals": {
                "plan": self.plan,
                "invitations": self._invited()["invitations"],
            },
            "POST /images": PICTURE,
            "POST /invitations/redemption": self.redemption,
            "POST /typed-data": {
                "kind": "withdrawal",
                "member": self._keys[0].address_hex,
                "proposal": self.proposal,
            },
            "POST /organizers": {"name": uuid.uuid4().hex, "role": "observer"},
            "POST /polls/{poll_id}/ballots": self.ballots[0].to_json(),
            "POST /polls/{poll_id}/ballots:batch": encode_records(self.ballots),
        }.get(f"{case.operation.method.upper()} {case.operation.path.removeprefix('/api/v1')}")
        if wanted is not None and data.draw(usually):
            case.body = wanted
        if case.operation.path.endswith("/events"):
            # A stream that ends.
            case.query["once"] = "true"
        headers = dict(TOKEN) if data.draw(usually) else {}
        if data.draw(usually):
            # The same for the same request: it is done once.
            name = f"{case.method} {case.formatted_path} {case.query} {case.body!r}"
            headers[HEADER] = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
        return headers


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with LocalStack(tmp_path_factory.mktemp("stack"), 4) as stack:
        stack.start_chain()
        stack.start_nodes()
        courier = Courier(stack.registry, stack.organizer)
        committee, _ = courier.register_committee(stack.node_urls, 2, 1)
        gateway = _gateway(stack, tmp_path_factory.mktemp("gateway"), committee.digest)

        @asynccontextmanager
        async def served() -> AsyncIterator[httpx.AsyncClient]:
            async with (
                httpx.AsyncClient(trust_env=False) as nodes,
                client_of(build_api(gateway, nodes)) as client,
            ):
                yield client

        with running(served) as (alive, client):
            yield Asked(stack, gateway, alive, client)


def _gateway(stack: LocalStack, folder: Path, committee: bytes) -> GatewayContext:
    make_private_folder(folder / "key")
    write_key(folder / "key" / "key", stack.organizer, None)
    settings = GatewaySettings(
        key_file=folder / "key" / "key",
        plain_key=True,
        database_url=f"sqlite:///{folder / 'gateway.db'}",
        rpc_url=stack.rpc_url,
        registry=to_hex(stack.registry.address),
        treasury=to_hex(stack.treasury.address),
        deployed_at=stack.deployment.block,
        committees=[to_hex(committee)],
        organizer_token_sha256=hashlib.sha256(b"a token").hexdigest(),
    )
    gateway = open_gateway(settings, open_database(settings.database_url, Schema.GATEWAY))
    gateway.indexer.follow()
    return gateway


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_gateway_answers_as_its_document_says(asked: Asked, name: str) -> None:
    @budget(20)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked.alive.check(asked.client, OPERATIONS[name], data, asked.change)

    ask()
    assert asked.alive.succeeded(name) == (name not in NOT_YET)
