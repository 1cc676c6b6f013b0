"""Prepare a ballot on the voter's own device, and send it through a gateway or to the nodes.

The choice enters `prepare` and leaves the device only sealed.

Source: docs/protocol.md §7 to §9.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx

from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.voter.inclusion import Inclusions, inclusions
from ostraka.voter.node_answers import client_of_nodes
from ostraka.voter.prepare import SealedBallot
from ostraka.voter.saved_votes import ReceiptedBallot, SavedVotes
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka.wire.relay import Cast, Nodes, rejection
from ostraka_verifier.challenge import Opening
from ostraka_verifier.errors import Malformed
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.units import UnixSeconds

_TIMEOUT = httpx.Timeout(60, connect=5)
_CROWDED_TRIES = 8
_LONGEST_PAUSE_S = 5


def prepare(votes: SavedVotes, bits: Sequence[int], now_unix_s: UnixSeconds) -> SealedBallot:
    """Prepare a new ballot with a fixed digest, to be signed and cast, or challenged.

    Args:
        bits: The vote in the rule's bits, slack included.
        now_unix_s: Chain time.

    Raises:
        Problem: It is not the time to vote.
        ValueError: The bits break the poll's rule; the message states how.
    """
    poll = votes.poll
    poll.check_time(now_unix_s)
    proven = poll.factory.share(votes.voter, bits, votes.next_cast_at(now_unix_s))
    return poll.factory.seal(proven)


def sign(votes: SavedVotes, signer: SigningKey, sealed: SealedBallot) -> ReceiptedBallot:
    """Sign a ballot to cast it; it is saved to the disk before it is sent.

    Args:
        signer: The voter's key in the census.

    Raises:
        Problem: Another program has cast a ballot since, so this one might not count.
    """
    votes.refresh()
    if votes.ballots and votes.ballots[-1].cast_at >= sealed.ballot.cast_at_unix_s:
        detail = f"{votes.path} holds a ballot that was cast since this one was sealed; vote again"
        raise Problem(ProblemType.SUPERSEDED, detail)
    ballot = ReceiptedBallot(votes.poll.factory.sign(sealed, signer).record)
    votes.ballots.append(ballot)
    votes.write()
    return ballot


def opened(votes: SavedVotes, sealed: SealedBallot) -> Opening:
    """Return the opening of a challenged ballot, which must never be cast (§8.9)."""
    poll, proven = votes.poll, sealed.proven
    identity = PollIdentity(poll.domain.chain_id, poll.domain.registry, poll.poll_id)
    return Opening(identity, poll.context, proven.ballot.encoded, proven.bits, proven.blinding)


def send_by_gateway(
    gateway: Gateway, votes: SavedVotes, ballot: ReceiptedBallot
) -> dict[int, Problem]:
    """Send a saved ballot through a gateway, which can drop but not change it; keep the receipts.

    Returns:
        The problem of each node without a valid receipt.

    Raises:
        Problem: No node accepted it; states why.
        Unreachable: The gateway does not answer.
    """
    answer = _posted(gateway, f"/polls/{votes.poll.poll_id}/ballots", ballot.record.to_json())
    try:
        refusals = {
            int(one["node"]): Problem.from_json(one["problem"]) for one in answer["refusals"]
        }
        for node in answer["waiting"]:
            detail = "it has not answered yet; the gateway keeps asking"
            refusals[int(node)] = Problem(ProblemType.NODE_SILENT, detail)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("answer", f"no refusals: {error!r}") from error
    refusals |= _keep(votes, ballot, answer)
    return refusals


def _posted(gateway: Gateway, path: str, body: object) -> Any:
    """Send a request; while too many voters send theirs, again after the pause that it names."""
    for _ in range(_CROWDED_TRIES):
        try:
            return gateway.post(path, body)
        except Problem as problem:
            if problem.kind is not ProblemType.QUEUE_FULL:
                raise
            time.sleep(min(max(1, problem.retry_after_s), _LONGEST_PAUSE_S))
    return gateway.post(path, body)


def send_to_nodes(votes: SavedVotes, ballot: ReceiptedBallot) -> dict[int, Problem]:
    """Send a saved ballot to every node without a gateway; keep the receipts.

    Returns:
        The problem of each node without a valid receipt.

    Raises:
        Problem: No node accepted it; the reason that more nodes than may lie gave.
    """

    async def run() -> list[Cast]:
        async with client_of_nodes(_TIMEOUT) as client, Nodes(client) as nodes:
            return await nodes.send(votes.poll, [ballot.record])

    (result,) = asyncio.run(run())
    ballot.receipts |= result.receipts
    votes.write()
    silent = Problem(ProblemType.NODE_SILENT, "it has not answered yet")
    refusals = result.refusals | dict.fromkeys(result.waiting, silent)
    if not result.receipts:
        raise rejection(refusals, votes.poll.committee.faults)
    return refusals


def check_inclusion(votes: SavedVotes, ballot: ReceiptedBallot) -> Inclusions:
    """Ask the nodes without a gateway to prove that their checkpoints have a ballot's receipt."""

    async def run() -> Inclusions:
        async with client_of_nodes(_TIMEOUT) as client:
            return await inclusions(client, votes.poll, ballot.digest)

    return asyncio.run(run())


def fetch_receipts(gateway: Gateway, votes: SavedVotes, ballot: ReceiptedBallot) -> None:
    """Ask for the receipts of a ballot again; it is no error if there are none.

    Raises:
        Problem, Unreachable: The gateway cannot ask the nodes.
    """
    path = f"/polls/{votes.poll.poll_id}/receipts/{to_hex(ballot.digest)}"
    try:
        answer = gateway.get(path)
    except Problem as problem:
        if problem.kind is ProblemType.NOT_FOUND:
            return
        raise
    _keep(votes, ballot, answer)


def _keep(votes: SavedVotes, ballot: ReceiptedBallot, answer: Any) -> dict[int, Problem]:
    """Keep a gateway's valid receipts; return the problems of the others."""
    try:
        receipts = {int(one["node"]): one for one in answer["receipts"]}
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("answer", f"no receipts: {error!r}") from error
    wrong = {}
    for node, receipt in receipts.items():
        try:
            votes.keep(ballot, {node: receipt})
        except Malformed as error:
            wrong[node] = Problem(ProblemType.ANSWER_INVALID, str(error))
    votes.write()
    return wrong
