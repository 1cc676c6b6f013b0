"""A poll from the chain itself, for voters who trust no gateway (checks P1 to P4).

A gateway that could name its own poll keys would read every vote sealed to them.

Source: docs/protocol.md §4, §13.
"""

from ostraka.chain.contract import call, checksum
from ostraka.chain.published import PublishedPoll
from ostraka.chain.registry import Registry, Status
from ostraka.client.gateway import Refusal
from ostraka.client.poll import VotersPoll
from ostraka.wire.records import to_hex
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Rejected
from ostraka_verifier.parameters import poll_keys_hash
from ostraka_verifier.typed_data import recover


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
    if poll_keys_hash(opened.public_keys) != view.poll_keys:
        raise Rejected("P4", "poll_keys", "not those pinned on chain")
    poll = VotersPoll(
        poll_id,
        published.domain,
        published.context,
        published.description,
        published.rule,
        published.committee,
        opened.public_keys,
        published.parameters.opens_at,
        published.parameters.closes_at,
    )
    _check_signatures(poll, opened.signatures)
    return poll, contract.head().timestamp


def _check_signatures(poll: VotersPoll, signatures: tuple[bytes, ...]) -> None:
    for number, member in enumerate(poll.committee.members):
        digest = poll.domain.digest(typed_data.POLL_KEY, poll.context, poll.poll_keys[number])
        # P4: else whoever opened the poll could have put keys of his own in the nodes' place.
        if number >= len(signatures) or recover(digest, signatures[number]) != member.address:
            raise Rejected("P4", f"poll key of node {number + 1}", "not signed by that node")
