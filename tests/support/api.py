"""The gateway's API by curl, as anybody would use it, and what its users do beside it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from eth_account.messages import _hash_eip191_message, encode_typed_data

from ostraka.chain.published import read_published
from ostraka.chain.registry import OpenedPoll
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway.courier import Courier
from ostraka.keys import SigningKey
from ostraka.voter.chain_poll import poll_keys_of_nodes
from ostraka.voter.prepare import BallotFactory, SignedBallot
from ostraka.wire.poll_keys import PollKeyList
from ostraka.wire.records import to_hex
from ostraka_verifier.board import Board
from ostraka_verifier.census import Census
from ostraka_verifier.curve import load
from ostraka_verifier.published import PublishedPoll
from tests.support.polls import selection_bits
from tests.support.second_verifier import require_second_opinion
from tests.support.town import eventually

TIMES = {"freeze_delay": 5, "round_duration": 8, "max_rounds": 100, "dispute_window": 600}
TIMES_TOML = """
[times]
freeze_delay = "5s"
round_duration = "8s"
max_rounds = 100
dispute_window = "10m"
"""


@contextmanager
def stack_with_gateway(folder: Path, nodes: int = 4) -> Iterator[LocalStack]:
    """Chain, nodes of a committee with t = 2 and f = 1, and a gateway on SQLite."""
    with LocalStack(folder, nodes) as stack:
        stack.start_chain()
        stack.start_nodes()
        courier = Courier(stack.registry, stack.organizer)
        committee, _ = courier.register_committee(stack.node_urls, 2, 1)
        stack.start_gateway([committee.digest])
        yield stack


class Api:
    """One gateway's API."""

    def __init__(self, stack: LocalStack, number: int = 1) -> None:
        self.stack, self.url = stack, stack.gateway_urls[number - 1]

    def __call__(
        self, method: str, path: str, body: object = None, *, token: bool = False
    ) -> tuple[int, Any]:
        """Status and answer of one request; bytes are sent as they are, all else as JSON."""
        url = f"{self.url}/api/v1{path}"
        command = ["curl", "-sS", "-X", method, url, "-w", "\n%{http_code}", "--max-time", "60"]
        if method == "POST":
            command += ["-H", f"Idempotency-Key: {uuid.uuid4()}"]
        if token:
            command += ["-H", f"Authorization: Bearer {self.stack.organizer_token}"]
        sent = None
        if body is not None:
            kind = "octet-stream" if isinstance(body, bytes) else "json"
            command += ["-H", f"Content-Type: application/{kind}", "--data-binary", "@-"]
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        done = subprocess.run(command, input=sent, capture_output=True, check=True)
        content, _, status = done.stdout.rpartition(b"\n")
        try:
            return int(status), json.loads(content)
        except ValueError:
            return int(status), content

    def good(self, method: str, path: str, body: object = None, *, token: bool = False) -> Any:
        """Answer of a request that must succeed."""
        status, answer = self(method, path, body, token=token)
        assert status in (200, 201), (status, answer)
        return answer


def fresh_keys(count: int) -> list[SigningKey]:
    return [SigningKey() for _ in range(count)]


def wait_for_vote(stack: LocalStack, api: "Api", plan: Mapping[str, Any]) -> int:
    """Let a round's proposals close and its vote open; returns the number of its poll."""
    path = f"/plans/{plan['plan']}"
    stack.move_time(plan["specification"]["proposals_close_at"])
    eventually(lambda: api.good("GET", path)["poll"] is not None, "voting", 60)
    poll_id = int(api.good("GET", path)["poll"])
    eventually(lambda: api("GET", f"/polls/{poll_id}")[1].get("poll_keys") is not None, "open", 60)
    stack.move_time(plan["specification"]["voting_opens_at"])
    wait_for_heads(stack)
    return poll_id


def accounts(keys: Sequence[SigningKey], weight: int = 1) -> dict[str, Any]:
    """The electorate of these accounts, each with that weight."""
    listed = [{"account": key.address_hex, "weight": weight} for key in keys]
    return {"kind": "list", "accounts": listed}


def signed(key: SigningKey, to_sign: dict[str, Any]) -> dict[str, Any]:
    """An authorization, signed as a wallet would: from the typed data alone."""
    message = encode_typed_data(full_message=to_sign["typed_data"])
    signature = key.sign(_hash_eip191_message(message))
    authorization: dict[str, Any] = to_sign["authorization"]
    return authorization | {"signature": to_hex(signature)}


def poll_keys(poll: PublishedPoll, opened: OpenedPoll) -> PollKeyList:
    """Keys behind the words on chain; also where a browser's test runs an event loop."""
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(poll_keys_of_nodes, poll.committee, poll.poll_id, opened.node_keys)
        return asked.result()


def propose(api: Api, round_id: int, member: SigningKey, item: dict[str, Any]) -> None:
    """A member's signed proposal, sent by the gateway."""
    asked = {"kind": "proposal", "round": round_id, "item": item, "member": member.address_hex}
    to_sign = api.good("POST", "/typed-data", asked)
    sent = {"item": item, "authorization": signed(member, to_sign)}
    api.good("POST", f"/rounds/{round_id}/proposals", sent)


def ballots_of(
    stack: LocalStack, poll_id: int, votes: Sequence[tuple[SigningKey, bytes, Sequence[int]]]
) -> list[SignedBallot]:
    poll = read_published(stack.registry, poll_id)
    opened = stack.registry.opened(poll_id)
    assert poll is not None
    assert opened is not None
    keys = poll_keys(poll, opened)
    factory = BallotFactory(
        load(), poll.rule, poll.committee.threshold, poll.domain, poll.context, keys.public_keys
    )
    now = stack.registry.head().timestamp
    return [
        factory.prepare(key, account, selection_bits(poll.rule, chosen), now)
        for key, account, chosen in votes
    ]


def wait_for_heads(stack: LocalStack) -> None:
    """Chain time jumps here as it never does; nodes must have seen it before ballots come."""
    head = stack.registry.head().number
    for url in stack.node_urls:
        eventually(
            lambda url=url: httpx.get(f"{url}/api/v1/config").json()["head"] >= head,  # type: ignore[misc]
            f"{url} sees block {head}",
        )


def unopened_board(
    stack: LocalStack, poll: PublishedPoll, census: Census, redemptions: bytes = b""
) -> bytes:
    """Board of a poll that nobody opened, as its organizer could publish it."""
    created = stack.registry.created(poll.poll_id)
    assert created is not None
    return Board(
        poll=poll.identity.encode(),
        parameters=poll.parameters.encode(),
        rule=created.rule,
        outcome_rule=created.outcome_rule,
        description=created.description,
        committee=poll.committee.encode(),
        poll_keys=(),
        census=census.encode(),
        leaves=(),
        root=None,
        shares=(),
        redemptions=redemptions or None,
    ).encode()


def audit(
    stack: LocalStack, poll_id: int, number: int = 1, board: str = "", rpc_url: str = ""
) -> dict[str, Any]:
    """Report of the command line's audit. The second verifier must find the same.

    Args:
        number: The gateway that serves the board.
        board: Where it is instead.
        rpc_url: Endpoint in place of the chain's own; only the first verifier asks it.
    """
    board = board or f"{stack.gateway_urls[number - 1]}/api/v1/polls/{poll_id}/board"
    report = _audit(stack, poll_id, board, rpc_url or stack.rpc_url)
    if not rpc_url:
        require_second_opinion(stack.rpc_url, stack.registry.address, poll_id, board, report)
    return report


def _audit(stack: LocalStack, poll_id: int, board: str, rpc_url: str) -> dict[str, Any]:
    completed = subprocess.run(
        [
            *(sys.executable, "-m", "ostraka_verifier", "audit"),
            *("--rpc", rpc_url, "--registry", to_hex(stack.registry.address)),
            *("--poll", str(poll_id), "--json", "--board", board),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(completed.stdout)
    return report


def shown(stack: LocalStack, path: str) -> Any:
    """What the gateway shows: for waiting only, where a command each time would take longer."""
    return httpx.get(f"{stack.gateway_url}/api/v1{path}", trust_env=False).json()


def finish(stack: LocalStack, *polls: int) -> None:
    """Let chain time pass until the tally; of all polls, or time runs out for those that wait."""

    def all_of(member: str) -> list[Any]:
        return [shown(stack, f"/polls/{poll}")[member] for poll in polls]

    stack.move_time(max(all_of("freezes_at")))
    eventually(lambda: None not in all_of("releasable_at"), "anchored", 60)
    stack.move_time(max(all_of("releasable_at")))
    eventually(lambda: set(all_of("status")) == {"tallied"}, "tallied", 60)
