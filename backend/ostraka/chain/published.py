"""Read a poll as the chain publishes it, through web3.

Source: docs/protocol.md §4.
"""

from ostraka.chain.registry import Registry
from ostraka_verifier.parameters import PollIdentity
from ostraka_verifier.published import PublishedPoll


def read_published(registry: Registry, poll_id: int) -> PublishedPoll | None:
    """Read a poll's creation; None when the provider shows none, or not all of it yet.

    Raises:
        ChainError: The chain cannot be reached.
        AuditError: What the chain says does not fit together (checks P1 to P3, P5, P6).
    """
    created = registry.created(poll_id)
    if created is None:
        return None
    committee = registry.committee(created.parameters.committee)
    if committee is None:
        # The contract takes no poll of a committee that it does not know.
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
