"""A JSON-RPC endpoint over real HTTP that tells of a synthetic poll, honestly or not."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_abi import abi

from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.evidence import DeploymentEvidence
from tests.support.polls import CHAIN_ID, REGISTRY, approval_poll

POLL = approval_poll()
BOARD, CHAIN = POLL.finish()
# A wallet made the poll.
CHAIN = replace(CHAIN, creator_is_contract=True)
assert isinstance(CHAIN.deployment, DeploymentEvidence)
DEPLOYMENT = CHAIN.deployment
CODES = {
    REGISTRY: DEPLOYMENT.registry,
    DEPLOYMENT.generator_table: CHAIN.generators,
    DEPLOYMENT.voting_keys.address: DEPLOYMENT.voting_keys.code,
    DEPLOYMENT.poll_rules.address: DEPLOYMENT.poll_rules.code,
    CHAIN.creator: b"\1",
}
GETTERS = {
    "generatorTable()": DEPLOYMENT.generator_table,
    "votingKeys()": DEPLOYMENT.voting_keys.address,
    "pollRules()": DEPLOYMENT.poll_rules.address,
    "periodFloor()": DEPLOYMENT.period_floor,
    "disputes()": DEPLOYMENT.disputes,
    "registry()": bytes(20),
}
Answer = Callable[[str, list[Any]], Any]


def selector(signature: str) -> str:
    return "0x" + keccak256(signature.encode())[:4].hex()


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def listed(values: list[int]) -> bytes:
    return word(len(values)) + b"".join(word(value) for value in values)


def poll_view() -> bytes:
    """The words of PollView, as the contract returns them."""
    root = CHAIN.root
    parameters = POLL.parameters
    words: list[int | bytes] = [6, CHAIN.poll_context, CHAIN.committee, bytes(20), 4, 1, 7, 7, 1]
    words += [parameters.opens_at, parameters.closes_at, 0, 0, CHAIN.anchored_at]
    words += [CHAIN.dispute_window_ends_at, CHAIN.tally_deadline, parameters.outcome_rule]
    words += [CHAIN.poll_keys_digest, 0, root.hash, root.sum[:32], root.sum[32:], root.count]
    words += [CHAIN.tally_digest, 0, 0, 0]
    return b"".join(word(one) for one in words)


def opened_event() -> bytes:
    keys = [int.from_bytes(key, "big") for key in CHAIN.node_keys]
    return word(64) + word(64 + 32 * (1 + len(keys))) + listed(keys) + word(0)


def anchored_event() -> bytes:
    assert CHAIN.anchored is not None
    root, attestations = CHAIN.anchored.root, CHAIN.anchored.attestations
    head = word(0) + root.hash + root.sum + word(root.count) + word(6 * 32)
    parts = [
        word(one.node) + word(64) + word(65) + one.signature + bytes(31) for one in attestations
    ]
    offsets = [word(32 * len(parts) + sum(map(len, parts[:n]))) for n in range(len(parts))]
    return head + word(len(parts)) + b"".join(offsets) + b"".join(parts)


def tally_event() -> bytes:
    assert CHAIN.tally is not None
    return word(64) + word(CHAIN.tally.blinding) + listed(list(CHAIN.tally.values))


def honest(method: str, parameters: list[Any]) -> Any:
    """What an honest endpoint answers about the synthetic poll."""
    if method == "eth_chainId":
        return hex(CHAIN_ID)
    if method == "eth_blockNumber":
        return hex(CHAIN.block)
    if method == "eth_getCode":
        return hexed(CODES.get(bytes.fromhex(parameters[0][2:]), b""))
    if method == "eth_getBlockByNumber":
        return {"timestamp": hex(CHAIN.tallied_at)}
    if method == "eth_call":
        data = parameters[0]["data"]
        if data.startswith(selector("poll(uint256)")):
            return hexed(poll_view())
        for signature, answer in GETTERS.items():
            if data.startswith(selector(signature)):
                return hexed(word(answer))
        if data.startswith(selector("awards(uint256,uint256[],bytes,uint16[])")):
            assert CHAIN.awards is not None
            assert CHAIN.tally is not None
            types = ["uint256", "uint256[]", "bytes", "uint16[]"]
            poll_id, tally, rule, order = abi.decode(types, bytes.fromhex(data[10:]))
            assert (poll_id, tally, rule) == (1, CHAIN.tally.values, POLL.outcome.encode())
            assert list(order) == POLL.outcome.order(tally)
            return hexed(word(32) + listed(list(CHAIN.awards)))
        raise AssertionError(data)
    topic = parameters[0]["topics"][0]
    root = "(uint32,bytes32,uint256,uint256,uint32)"
    events = {
        "PollOpened(uint256,bytes32[],bytes[])": opened_event,
        f"RootAnchored(uint256,{root},(uint8,bytes)[])": anchored_event,
        "TallyAccepted(uint256,uint256[],uint256)": tally_event,
    }
    for signature, data_of in events.items():
        if topic == hexed(keccak256(signature.encode())):
            asked = {"address": parameters[0]["address"], "topics": parameters[0]["topics"]}
            return [asked | {"data": hexed(data_of()), "blockNumber": hex(900)}]
    raise AssertionError(topic)


class Refusal(dict[str, str]):
    """An error of an endpoint."""


class Reply:
    """What an HTTP server answers, whatever was asked."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Endpoint:
    """An HTTP server that answers JSON-RPC as told, and serves the board.

    Attributes:
        answer: Result of a method, a `Refusal`, or a `Reply` in place of any JSON-RPC.
        batches: What it answers to a batch; None where it takes batches.
        asked: Methods asked for so far.
    """

    def __init__(self) -> None:
        self.answer: Answer = honest
        self.batches: Reply | None = None
        self.board = BOARD.encode()
        self.board_status = 200
        self.asked: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.reply(endpoint.reply(request))

            def do_GET(self) -> None:
                self.reply(Reply(endpoint.board_status, endpoint.board))

            def reply(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, request: Any) -> Reply:
        """Of one request, or of a batch of them."""
        if isinstance(request, list):
            if self.batches is not None:
                return self.batches
            answers = [self._one(one) for one in request]
            return Reply(200, json.dumps(answers).encode())
        answer = self._one(request)
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())

    def _one(self, request: Any) -> Any:
        self.asked.append(request["method"])
        result = self.answer(request["method"], request["params"])
        if isinstance(result, Reply):
            return result
        kind = "error" if isinstance(result, Refusal) else "result"
        return {"jsonrpc": "2.0", "id": request["id"], kind: result}


@contextmanager
def serving() -> Iterator[Endpoint]:
    """An honest endpoint, for as long as the context lasts."""
    endpoint = Endpoint()
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.server.shutdown()
        endpoint.server.server_close()


def asking(method: str, answer: Callable[[list[Any]], Any]) -> Answer:
    """Honest, but for one method."""

    def answered(asked: str, given: list[Any]) -> Any:
        return answer(given) if asked == method else honest(asked, given)

    return answered
