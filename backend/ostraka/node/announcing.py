"""A node's own row of a poll: its census, and the announcement of its poll key.

Source: docs/protocol.md §4.3.
"""

from ostraka.keys import SigningKey
from ostraka.node.electorate import split_upload
from ostraka.storage.node_tables import NodePoll
from ostraka_verifier import typed_data
from ostraka_verifier.poll_key import node_key
from ostraka_verifier.published import PublishedPoll


def announced_poll(
    poll: PublishedPoll, upload: bytes, public_key: bytes, key: SigningKey
) -> NodePoll:
    """Return a poll's row with the announcement of this node's poll key; nothing is stored.

    Args:
        upload: Census and redemptions, as in `split_upload`.
        public_key: The poll key. The announcement of the same key is always the same.
        key: The node's signing key.

    Raises:
        Problem: The upload has the wrong length for the poll.
    """
    census, redemptions = split_upload(poll, upload)
    statement = poll.domain.digest(typed_data.POLL_KEY, poll.context, node_key(public_key))
    return NodePoll(
        poll_id=poll.poll_id,
        poll_context=poll.context,
        census=census,
        redemptions=redemptions,
        public_key=public_key,
        announcement=key.sign(statement),
    )
