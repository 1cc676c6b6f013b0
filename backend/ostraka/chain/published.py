"""Read a published poll from the chain, through web3.

Source: docs/protocol.md §4.
"""

from ostraka.chain.registry import Registry
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.published import PublishedPoll


def read_published(registry: Registry, poll_id: int) -> PublishedPoll | None:
    """Read a poll's creation; None if the provider does not show all of it yet.

    Raises:
        ChainError: The chain cannot be reached.
        AuditError: The chain's data contradicts itself (checks P1 to P3, P5, P6).
    """
    created = registry.created(poll_id)
    if created is None:
        return None
    committee = registry.committee(created.parameters.committee)
    if committee is None:
        # The contract accepts only polls of registered committees.
        return None
    poll = PublishedPoll.of(
        PollIdentity(registry.domain.chain_id, registry.address, poll_id),
        created.poll_context,
        created.parameters,
        created.rule,
        created.outcome_rule,
        created.description,
        committee,
    )
    poll.check_rules()
    return poll
