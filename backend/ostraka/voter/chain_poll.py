"""Read a poll from the chain itself, for voters who trust no gateway (checks P1 to P4).

A gateway that could name its own poll keys would read every vote sealed to them. The chain has
the hashes of the keys; the keys themselves come from any node, and are compared with the hashes.

Source: docs/protocol.md §4, §13.
"""

import asyncio
from collections.abc import Sequence

import httpx

from ostraka.chain.contract import call, checksum
from ostraka.chain.published import read_published
from ostraka.chain.registry import Registry, Status
from ostraka.voter.node_answers import answer_of, client_of_nodes
from ostraka.voter.poll import OpenPoll, not_open
from ostraka.wire.poll_keys import KeyReport, PollKeyList, check_signatures
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.errors import AuditError, Rejected
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.poll_key import node_keys_hash
from ostraka_verifier.units import UnixSeconds

_TIMEOUT = httpx.Timeout(10, connect=5)
_PATIENCE_S = 20


def poll_of_chain(rpc_url: str, registry: bytes, poll_id: int) -> tuple[OpenPoll, UnixSeconds]:
    """Return an open poll, and the timestamp of the latest block.

    Raises:
        Problem: There is no such poll, or it is not open.
        ChainError: The chain is unreachable, or has no such registry.
        AuditError: The chain's data contradicts itself; names the check.
    """
    contract = Registry(rpc_url, registry)
    if not call(lambda: contract.web3.eth.get_code(checksum(registry))):
        detail = f"chain {contract.domain.chain_id} has no contract at {to_hex(registry)}"
        raise Problem(ProblemType.NO_SUCH_REGISTRY, detail, "registry")
    view = contract.poll(poll_id)
    if view.status is not Status.OPEN:
        raise not_open(f"on chain, poll {poll_id}", view.status.name.lower())
    published = read_published(contract, poll_id)
    opened = contract.opened(poll_id)
    if published is None or opened is None:
        raise Problem(
            ProblemType.NOT_INDEXED, "the chain's provider does not show the poll's events"
        )
    # P1: the registry's state must match the event.
    if published.context != view.poll_context:
        raise Rejected("P1", "poll_context", "the registry's differs from its event's")
    if node_keys_hash(opened.node_keys) != view.poll_keys:
        raise Rejected("P4", "poll_keys", "not those pinned on chain")
    check_signatures(
        published.committee,
        published.domain,
        published.context,
        view.poll_keys,
        opened.signatures,
    )
    keys = poll_keys_of_nodes(published.committee, poll_id, opened.node_keys)
    poll = OpenPoll.opened(published, keys.public_keys)
    return poll, contract.head().timestamp


def poll_keys_of_nodes(
    committee: Committee, poll_id: int, node_keys: Sequence[bytes]
) -> PollKeyList:
    """Return the full poll keys that are pinned on chain, from the first node that shows them.

    Raises:
        Problem: No node shows them; names each node's answer.
    """
    return asyncio.run(_poll_keys_of_nodes(committee, poll_id, node_keys))


async def _poll_keys_of_nodes(
    committee: Committee, poll_id: int, node_keys: Sequence[bytes]
) -> PollKeyList:
    said = []
    async with client_of_nodes(_TIMEOUT) as client:

        async def ask(member: Member) -> PollKeyList:
            try:
                # Also bounds a node that sends its answer slowly.
                async with asyncio.timeout(_PATIENCE_S):
                    answer = await answer_of(client, member, poll_id, "opening")
                return KeyReport.from_json(answer, len(committee.members)).pinned(node_keys)
            except (AuditError, Problem, TimeoutError) as error:
                detail = f"{member.url}: {str(error) or type(error).__name__}"
                raise Problem(ProblemType.POLL_KEYS_UNAVAILABLE, detail) from error

        # All at once: the first correct answer is enough.
        asked = [asyncio.create_task(ask(member)) for member in committee.members]
        try:
            for answered in asyncio.as_completed(asked):
                try:
                    return await answered
                except Problem as problem:
                    said.append(problem.detail)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
    raise Problem(ProblemType.POLL_KEYS_UNAVAILABLE, "; ".join(sorted(said)), "poll_keys")
