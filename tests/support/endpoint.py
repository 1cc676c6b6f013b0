"""A JSON-RPC endpoint over real HTTP that tells of a synthetic poll, honestly or not."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_abi import abi

from ostraka_verifier.contracts import POLL_CREATED
from ostraka_verifier.encoding import keccak256, word
from ostraka_verifier.evidence import ChainEvidence, DeploymentEvidence, OutcomeEvidence
from tests.support.polls import CHAIN_ID, REGISTRY, SyntheticPoll, approval_poll

POLL = approval_poll()
BOARD, CHAIN = POLL.finish()
# A wallet made the poll.
CHAIN = replace(CHAIN, creator_is_contract=True)
assert isinstance(CHAIN.deployment, DeploymentEvidence)
Answer = Callable[[str, list[Any]], Any]


def selector(signature: str) -> str:
    return "0x" + keccak256(signature.encode())[:4].hex()


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def listed(values: Sequence[int]) -> bytes:
    return word(len(values)) + b"".join(word(value) for value in values)


def poll_view(poll: SyntheticPoll, chain: ChainEvidence) -> bytes:
    """The words of PollView, as the contract returns them."""
    root = chain.root
    parameters = poll.parameters
    words: list[int | bytes] = [6, chain.poll_context, chain.committee, chain.creator, 4, 1, 7, 7]
    words += [1, parameters.opens_at, parameters.closes_at, 0, 0, chain.anchored_at]
    words += [chain.dispute_window_ends_at, chain.tally_deadline, parameters.outcome_rule]
    words += [chain.poll_keys_digest, 0, root.hash, root.sum[:32], root.sum[32:], root.count]
    words += [chain.tally_digest, 0, 0, 0]
    return b"".join(word(one) for one in words)


def opened_event(chain: ChainEvidence) -> bytes:
    keys = [int.from_bytes(key, "big") for key in chain.node_keys]
    return word(64) + word(64 + 32 * (1 + len(keys))) + listed(keys) + word(0)


def anchored_event(chain: ChainEvidence) -> bytes:
    assert chain.anchored is not None
    root, attestations = chain.anchored.root, chain.anchored.attestations
    head = word(0) + root.hash + root.sum + word(root.count) + word(6 * 32)
    parts = [
        word(one.node) + word(64) + word(65) + one.signature + bytes(31) for one in attestations
    ]
    offsets = [word(32 * len(parts) + sum(map(len, parts[:n]))) for n in range(len(parts))]
    return head + word(len(parts)) + b"".join(offsets) + b"".join(parts)


def tally_event(chain: ChainEvidence) -> bytes:
    assert chain.tally is not None
    return word(64) + word(chain.tally.blinding) + listed(chain.tally.values)


def telling(poll: SyntheticPoll, chain: ChainEvidence) -> Answer:
    """What an honest endpoint answers about a synthetic poll without a round."""
    deployment = chain.deployment
    assert isinstance(deployment, DeploymentEvidence)
    codes = {
        REGISTRY: deployment.registry,
        deployment.generator_table: chain.generators,
        deployment.voting_keys.address: deployment.voting_keys.code,
        deployment.poll_rules.address: deployment.poll_rules.code,
        # The poll's creator: a wallet.
        chain.creator: b"\1",
    }
    getters: dict[str, int | bytes] = {
        "generatorTable()": deployment.generator_table,
        "votingKeys()": deployment.voting_keys.address,
        "pollRules()": deployment.poll_rules.address,
        "periodFloor()": deployment.period_floor,
        "disputes()": deployment.disputes.contract.address if deployment.disputes else bytes(20),
        "registry()": bytes(20),
    }
    root = "(uint32,bytes32,uint256,uint256,uint32)"
    created = POLL_CREATED
    events = {
        # Its data is in the board.
        f"{created.name}(uint256,address,bytes32,{created.data.signature[1:]}": lambda _: b"",
        "PollOpened(uint256,bytes32[],bytes[])": opened_event,
        f"RootAnchored(uint256,{root},(uint8,bytes)[])": anchored_event,
        "TallyAccepted(uint256,uint256[],uint256)": tally_event,
    }

    def called(data: str) -> str:
        if data.startswith(selector("poll(uint256)")):
            return hexed(poll_view(poll, chain))
        for signature, answer in getters.items():
            if data.startswith(selector(signature)):
                return hexed(word(answer))
        if data.startswith(selector("awards(uint256,uint256[],bytes,uint16[])")):
            assert isinstance(chain.awards, tuple)
            assert chain.tally is not None
            types = ["uint256", "uint256[]", "bytes", "uint16[]"]
            poll_id, tally, rule, order = abi.decode(types, bytes.fromhex(data[10:]))
            assert (poll_id, tally, rule) == (1, chain.tally.values, poll.outcome.encode())
            assert list(order) == poll.outcome.order(tally)
            return hexed(word(32) + listed(chain.awards))
        if data.startswith(selector("outcome(uint256)")):
            attested = chain.outcome
            assert isinstance(attested, OutcomeEvidence)
            types = ["(uint8,uint64,uint64,uint64,address,bytes32,uint256[])"]
            known = (attested.state, 1, 2, 3, bytes(20), attested.ballots_hash, attested.awards)
            return hexed(abi.encode(types, [known]))
        raise AssertionError(data)

    def answer(method: str, parameters: list[Any]) -> Any:
        if method == "eth_chainId":
            return hex(CHAIN_ID)
        if method == "eth_blockNumber":
            return hex(chain.block)
        if method == "eth_getCode":
            return hexed(codes.get(bytes.fromhex(parameters[0][2:]), b""))
        if method == "eth_getBlockByNumber":
            return {"timestamp": hex(chain.tallied_at)}
        if method == "eth_call":
            return called(parameters[0]["data"])
        topic = parameters[0]["topics"][0]
        for signature, data_of in events.items():
            if topic == hexed(keccak256(signature.encode())):
                return [log(parameters[0], data_of(chain))]
        raise AssertionError(topic)

    return answer


def log(asked: dict[str, Any], data: bytes, block: int = 900, *topics: bytes) -> dict[str, Any]:
    """An event as it was asked for, with further topics."""
    return {
        "address": asked["address"],
        "topics": [*asked["topics"], *map(hexed, topics)],
        "data": hexed(data),
        "blockNumber": hex(block),
        "transactionHash": hexed(bytes([9] * 32)),
    }


honest = telling(POLL, CHAIN)


class Refusal(dict[str, str]):
    """An error of an endpoint."""


class Reply:
    """What an HTTP server answers, whatever was asked."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Endpoint:
    """An HTTP server that answers JSON-RPC as configured, and serves the board.

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
    """Honest except for one method."""

    def answered(asked: str, given: list[Any]) -> Any:
        return answer(given) if asked == method else honest(asked, given)

    return answered
