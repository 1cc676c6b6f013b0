"""Run a watchtower inside a service, and count what it does.

Source: docs/operations.md, "Watch the roots of polls".
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from prometheus_client.core import CounterMetricFamily, Metric

from ostraka.chain.contract import ChainError
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Payer
from ostraka.chain.threads import in_chain_thread
from ostraka.guard.deciding import Finding
from ostraka.guard.hands import Limits
from ostraka.guard.sources import Source
from ostraka.guard.tower import Tower, disputes_of
from ostraka.keys import SigningKey
from ostraka.services.metrics import gauge
from ostraka.services.settings import ServiceSettings
from ostraka_verifier.curve import Curve
from ostraka_verifier.parameters import Committee

log = structlog.get_logger()

_TURN_S = 12
_COUNTED = ("seen", "raised", "proven", "answered", "expired", "closed", "failed")


def tower_of(
    settings: ServiceSettings,
    curve: Curve,
    registry: Registry,
    payer: Payer,
    sources: Sequence[Source],
    *,
    node_key: SigningKey | None = None,
    serves: Callable[[Committee], bool],
) -> Tower | None:
    """Return the watchtower that the settings ask for; None without one.

    Args:
        serves: Whether it watches the polls of a committee.

    Raises:
        ValueError: The registry has no disputes.
        ChainError: The chain cannot be reached.
    """
    if settings.guard == "off":
        return None
    limits = Limits(
        settings.guard_max_bond_wei,
        settings.guard_poll_budget_wei,
        challenges=settings.guard == "challenge",
    )
    return Tower(
        curve,
        registry,
        disputes_of(registry),
        payer,
        sources,
        limits,
        node_key=node_key,
        serves=serves,
    )


async def guard(tower: Tower | None, leads: Callable[[], bool] = lambda: True) -> None:
    """Let a watchtower look at the chain until cancelled.

    Args:
        leads: Whether this process may send from the account now.
    """
    while tower is not None:
        try:
            if leads():
                await in_chain_thread(tower.turn)
        except ChainError as error:
            log.warning("chain unreachable", problem=str(error))
        except Exception:
            log.exception("watchtower failed")
        await asyncio.sleep(_TURN_S)


def of_tower(tower: Tower | None) -> list[Metric]:
    """Return the metrics of a watchtower; none without one."""
    if tower is None:
        return []
    moves = CounterMetricFamily(
        "ostraka_guard_moves",
        "What the watchtower saw and did about challenges and roots since the start.",
        labels=["kind"],
    )
    for kind in _COUNTED:
        moves.add_metric([kind], tower.counts[kind])
    roots = gauge(
        "ostraka_guard_roots", "Anchored roots, by what the watchtower knows of them.", "finding"
    )
    findings = [finding for finding, _ in tower.findings.values()]
    for finding in Finding:
        roots.add_metric([str(finding)], findings.count(finding))
    return [moves, roots]
