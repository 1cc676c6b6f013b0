"""Make sure that a node works on its own store, and on the only one.

A node that lost its store does not know what it signed. With a new, empty store it would give no
answer about its ballots, or sign what contradicts an earlier statement. So the store and the folder
of poll secrets both have the store's identity, and a node starts only if they agree.

Source: docs/protocol.md §10, §12.1.
"""

from enum import Enum, auto

from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.store import NodeStore
from ostraka.randomness import system
from ostraka.storage.node_tables import StoreIdentity
from ostraka_verifier.units import UnixSeconds

_IDENTITY_BYTES = 16
_REBUILD = "run `ostraka node rebuild` with the same settings (docs/operations.md)"


class StoreState(Enum):
    """What a store is to a node."""

    NEW = auto()
    """Neither the store nor the folder of secrets has been used."""
    OWN = auto()
    """The one that this node used last."""
    LOST = auto()
    """It is new, and the node has used another one."""
    FOREIGN = auto()
    """It is another node's, or this node has used another one of its own."""
    OLDER = auto()
    """A copy of the one that this node used last, from before its latest generation."""
    UNFINISHED = auto()
    """A rebuild has begun with it and not ended."""


def state_of(store: NodeStore, secrets: PollSecrets) -> StoreState:
    """Return what a store is to the node with these secrets.

    Raises:
        ValueError: The file with the identity is damaged.
    """
    found, known = store.identity(), secrets.used_store()
    if found is None:
        used = known is not None or secrets.contexts()
        return StoreState.LOST if used else StoreState.NEW
    if found.node != secrets.node:
        return StoreState.FOREIGN
    if found.rebuilding:
        return StoreState.UNFINISHED
    # Without a file, the folder of secrets is new: each lost secret is reported by its poll.
    if known is None:
        return StoreState.OWN
    identity, generation = known
    if identity != found.identity:
        return StoreState.FOREIGN
    return StoreState.OLDER if found.generation < generation else StoreState.OWN


def claim(store: NodeStore, secrets: PollSecrets, name: str) -> int:
    """Identify a new store; refuse one that is not the node's own. Return the number of its starts.

    Args:
        name: Name of the store in messages, without a password.

    Raises:
        ValueError: It is lost, another node's, older, or unfinished; states the way out.
    """
    state = state_of(store, secrets)
    if state is StoreState.LOST:
        polls = len(secrets.contexts())
        held = f"{secrets.folder} has the secrets of {polls} polls" if polls else "it served polls"
        raise ValueError(
            f"{name}: a new database, but this node has used another one ({held}). Name that one "
            f"in database_url; if it is lost, {_REBUILD}"
        )
    if state is StoreState.FOREIGN:
        raise ValueError(
            f"{name}: another node's database, or not the one that this node used last, which "
            f"{secrets.folder} names"
        )
    if state is StoreState.OLDER:
        raise ValueError(
            f"{name}: an older copy of this node's database, without what it signed since. Put the "
            f"newest one back, or move this one away and {_REBUILD}"
        )
    if state is StoreState.UNFINISHED:
        raise ValueError(f"{name}: its rebuild is not finished; {_REBUILD}")
    if state is StoreState.NEW:
        store.identify(_new(secrets))
    # The store first: the folder is never ahead of its own store.
    identity = store.next_generation()
    secrets.remember_store(identity.identity, identity.generation)
    return identity.starts


def mark(store: NodeStore, secrets: PollSecrets, starts: int) -> None:
    """Mark a store that changed as newer than its copies, which lack what the node signed since.

    Args:
        starts: As `claim` returned it.

    Raises:
        Conflict: Another process started with the store since.
    """
    identity = store.next_generation(starts)
    secrets.remember_store(identity.identity, identity.generation)


def begin_rebuild(store: NodeStore, secrets: PollSecrets) -> None:
    """Note that a rebuild has begun with a new store, unless it has already."""
    if store.identity() is None:
        store.identify(_new(secrets, rebuilding=True))


def end_rebuild(store: NodeStore, secrets: PollSecrets, now: UnixSeconds) -> None:
    """Make a rebuilt store the node's own."""
    identity = store.identity()
    if identity is None:
        raise RuntimeError("end_rebuild: no rebuild has begun")
    secrets.remember_store(identity.identity, identity.generation)
    identity.rebuilding, identity.rebuilt_at_unix_s = False, now
    store.identify(identity)


def _new(secrets: PollSecrets, *, rebuilding: bool = False) -> StoreIdentity:
    identity = system.bytes(_IDENTITY_BYTES)
    return StoreIdentity(identity=identity, node=secrets.node, rebuilding=rebuilding)
