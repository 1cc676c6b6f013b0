"""A chain behind a faulty provider, gateways on it, and their organizer's requests."""

import asyncio
import hashlib
from typing import Any

import httpx
from sqlalchemy import Engine

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account
from ostraka.chain.treasury import Treasury
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.api import build_api
from ostraka.gateway.attachments import Attachments
from ostraka.gateway.context import REGISTRY, TREASURY, GatewayContext
from ostraka.gateway.idempotency import Requests
from ostraka.gateway.indexer import Indexer
from ostraka.gateway.journal import DatabaseJournal
from ostraka.gateway.plans import Plans
from ostraka.gateway.team import Team
from ostraka.planning.electorates import Electorates
from ostraka.planning.specification import PollSpecification
from ostraka_verifier import typed_data
from ostraka_verifier.curve import load
from ostraka_verifier.parameters import Committee, Member
from tests.support.api import accounts, fresh_keys
from tests.support.faulty_rpc import FaultyRpc

BUDGET = 1000
TOKEN = "a token"
TIMES = {"freeze_delay": 5, "round_duration": 8, "max_rounds": 100, "dispute_window": 600}


class FaultyChain:
    """Hardhat's node with the contracts and one committee, and the faulty way to it."""

    def __init__(self, stack: LocalStack, rpc: FaultyRpc) -> None:
        self.stack, self.rpc = stack, rpc
        self.nodes = fresh_keys(4)
        domain = stack.registry.domain
        members = tuple(
            Member(key.address, f"http://127.0.0.1/{n}") for n, key in enumerate(self.nodes)
        )
        self.committee = Committee(members, 2, 1)
        stack.registry.register_committee(
            stack.organizer,
            self.committee,
            [
                key.sign(domain.digest(typed_data.COMMITTEE, self.committee.digest))
                for key in self.nodes
            ],
        )

    def registry(self) -> Registry:
        """Seen through the faulty provider, by a program of its own."""
        stack = self.stack
        return Registry(self.rpc.url, stack.registry.address, stack.deployment.block)

    def gateway(self, engine: Engine) -> GatewayContext:
        """A gateway; several on one database are several gateways, or one restarted."""
        stack, registry = self.stack, self.registry()
        treasury = Treasury(self.rpc.url, stack.treasury.address, stack.deployment.block)
        return GatewayContext(
            self.rpc.url,
            registry,
            treasury,
            Indexer(engine, {REGISTRY: registry, TREASURY: treasury}, stack.deployment.block),
            Plans(engine),
            Account(stack.organizer, DatabaseJournal(engine)),
            Requests(engine),
            load(),
            [self.committee.digest],
            Electorates(self.rpc.url, registry.voting_keys()),
            Team(engine, hashlib.sha256(TOKEN.encode()).digest()),
            Attachments(engine),
        )

    def deposited(self, round_id: int) -> int:
        return self.stack.treasury.round(round_id).deposited

    def stop_mining(self) -> None:
        self.rpc.direct("evm_setAutomine", False)
        self.rpc.direct("evm_setIntervalMining", 0)

    def mine(self) -> None:
        self.rpc.direct("evm_mine")

    @property
    def now(self) -> int:
        return self.stack.registry.head().timestamp


def round_wanted(chain: FaultyChain) -> dict[str, Any]:
    return {
        "title": "A round",
        "budget": str(BUDGET),
        "ballot": {"kind": "approval", "at_most": 2},
        "outcome": {"kind": "greedy"},
        "members": accounts(fresh_keys(5)),
        "proposals_close_at": chain.now + 4000,
        "voting_opens_at": chain.now + 5000,
        "voting_closes_at": chain.now + 9000,
        "times": TIMES,
    }


def poll_wanted(chain: FaultyChain) -> PollSpecification:
    return PollSpecification.model_validate(
        {
            "title": "A question",
            "questions": [{"kind": "single_choice", "title": "Well?", "options": ["yes", "no"]}],
            "voters": accounts(fresh_keys(3)),
            "closes_at": chain.now + 20_000,
            "minimum_ballots": 1,
            "times": TIMES,
        }
    )


def ask_again(act: Any, times: int = 6) -> Any:
    """As the gateway's clients: whatever is out of reach is asked for again."""
    for _ in range(times):
        try:
            return act()
        except ChainError as error:
            last = error
    raise last


class OrganizersClient:
    """An organizer's client of one gateway."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._api = build_api(gateway, httpx.AsyncClient())

    def post(self, path: str, body: object, key: str = "", times: int = 1) -> list[httpx.Response]:
        """Answers to a request that is sent several times at once."""
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Idempotency-Key": key} if key else {})

        async def all_at_once() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._api)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                asked = [client.post(path, json=body, headers=headers) for _ in range(times)]
                return await asyncio.gather(*asked)

        return asyncio.run(all_at_once())
