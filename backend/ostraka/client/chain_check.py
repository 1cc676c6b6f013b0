"""A poll from the chain itself, for voters who trust no gateway (checks P1 to P4).

A gateway that could name its own poll keys would read every vote sealed to them. The chain has the
words that stand for the keys; the keys themselves come from any node, and are compared.

Source: docs/protocol.md §4, §13.
"""

from collections.abc import Sequence
from typing import Any

import httpx

from ostraka.chain.contract import call, checksum
from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import Registry, Status
from ostraka.client.gateway import Refusal
from ostraka.client.poll import VotersPoll
from ostraka.wire.poll_keys import KeyReport, PollKeyList, check_signatures
from ostraka.wire.records import strict_json, to_hex
from ostraka_verifier.errors import AuditError, Malformed, Rejected
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import node_keys_hash

_TIMEOUT = httpx.Timeout(10, connect=5)
_ANSWER_BYTES = 2**20
"""More than a node says of the keys of the largest committee."""


def poll_of_chain(rpc_url: str, registry: bytes, poll_id: int) -> tuple[VotersPoll, int]:
    """An open poll, and the timestamp of the latest block.

    Raises:
        Refusal: There is no such poll, or it is not open.
        ChainError: The chain is out of reach, or has no such registry.
        AuditError: What the chain says does not fit together; names the check.
    """
    contract = Registry(rpc_url, registry)
    if not call(lambda: contract.web3.eth.get_code(checksum(registry))):
        detail = f"chain {contract.domain.chain_id} has no contract at {to_hex(registry)}"
        raise Refusal(0, "No such registry", detail, "registry")
    view = contract.poll(poll_id)
    if view.status is not Status.OPEN:
        raise Refusal(0, "Not open", f"on chain, poll {poll_id} is {view.status.name.lower()}")
    published = PublishedPoll.read(contract, poll_id)
    opened = contract.opened(poll_id)
    if published is None or opened is None:
        raise Refusal(503, "Not indexed", "the chain's provider does not show the poll's events")
    # P1: the registry itself must say the same as the event.
    if published.context != view.poll_context:
        raise Rejected("P1", "poll_context", "the registry holds another than its event says")
    if node_keys_hash(opened.node_keys) != view.poll_keys:
        raise Rejected("P4", "poll_keys", "not those pinned on chain")
    check_signatures(
        published.committee,
        published.domain,
        published.context,
        view.poll_keys,
        opened.signatures,
    )
    poll = VotersPoll(
        poll_id,
        published.domain,
        published.context,
        published.description,
        published.rule,
        published.committee,
        poll_keys_of_nodes(published.committee, poll_id, opened.node_keys).public_keys,
        published.parameters.opens_at,
        published.parameters.closes_at,
    )
    return poll, contract.head().timestamp


def poll_keys_of_nodes(
    committee: Committee, poll_id: int, node_keys: Sequence[bytes]
) -> PollKeyList:
    """The full poll keys whose words are pinned on chain, from the first node that has them.

    Raises:
        Refusal: No node answers with them; names what each said.
    """
    said = []
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for member in committee.members:
            url = f"{member.url.rstrip('/')}/api/v1/polls/{poll_id}/opening"
            try:
                report = KeyReport.from_json(_answer(client, url), len(committee.members))
                return report.pinned(node_keys)
            except (AuditError, httpx.HTTPError) as error:
                said.append(f"{member.url}: {error or type(error).__name__}")
    raise Refusal(503, "No poll keys", "; ".join(said), "poll_keys")


def _answer(client: httpx.Client, url: str) -> Any:
    """JSON of a node's answer; Malformed when it is none, or too long."""
    body = bytearray()
    with client.stream("GET", url) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _ANSWER_BYTES:
                raise Malformed(f"answer: more than {_ANSWER_BYTES} bytes")
    if response.status_code != 200:
        raise Malformed(f"answer: {response.status_code}")
    return strict_json(bytes(body))
