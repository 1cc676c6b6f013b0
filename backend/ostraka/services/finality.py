"""Whether a provider shows which blocks are final.

Source: docs/operations.md, "Finality".
"""

import httpx

from ostraka.chain.errors import NoFinality
from ostraka.chain.registry import Registry

FINALITY_REMEDY = (
    "use a chain and a provider with the tag `finalized`, or set `confirmations`: how many blocks "
    "behind the newest one a block counts as final"
)


def require_finality(registry: Registry) -> None:
    """Check that there is a final block, by the chain or by the setting `confirmations`.

    Raises:
        ValueError: There is none; states the way out.
        ChainError: The provider cannot be reached.
    """
    try:
        registry.head("finalized")
    except NoFinality as error:
        raise ValueError(f"{host(registry.rpc_url)}: {error}; {FINALITY_REMEDY}") from error


def host(url: str) -> str:
    """Return a provider's name without its path, which often holds a key."""
    return httpx.URL(url).host
