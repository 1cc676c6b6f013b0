"""Run one tallying node as a process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from ostraka.chain.journal_file import FileJournal
from ostraka.chain.registry import Registry
from ostraka.chain.sending import Account
from ostraka.files import require_private
from ostraka.guard.sources import NodesSource, Source
from ostraka.guard.tower import Tower
from ostraka.key_files import read_key
from ostraka.keys import SigningKey
from ostraka.node.api import build_api
from ostraka.node.board_files import BoardFiles
from ostraka.node.electorate import ChainElectorates
from ostraka.node.own_source import OwnSource
from ostraka.node.peers import peer_client
from ostraka.node.policy import Policy
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.service import NodeService
from ostraka.services.finality import require_finality
from ostraka.services.guarding import guard, tower_of
from ostraka.services.metrics import ServiceMetrics
from ostraka.services.node_metrics import NodeMetrics
from ostraka.services.node_store import OpenStore, open_store
from ostraka.services.serving import run, serve
from ostraka.services.settings import NodeSettings
from ostraka.wire.records import from_hex
from ostraka_verifier.curve import load


def run_node(settings: NodeSettings) -> None:
    """Serve until interrupted.

    Raises:
        ValueError: A setting is wrong, others may read a file or folder, no passphrase opens the
            key, the database is damaged, not the node's own, or used by another process, or a
            provider shows no final block.
        ChainError: The chain is unreachable at start.
    """
    run(_serve(settings), settings)


async def _serve(settings: NodeSettings) -> None:
    require_private(settings.key_file.parent)
    key = read_key(
        settings.key_file,
        settings.passphrases,
        plain=settings.plain_key,
        warn=structlog.get_logger().warning,
    )
    secrets = PollSecrets(settings.secrets_folder or settings.key_file.parent / "secrets", key)
    opened = open_store(settings.database_url)
    opened.claim(secrets)
    registries = registries_of(settings)
    for registry in registries:
        require_finality(registry)
    policy = Policy(
        frozenset(from_hex(creator, "creators") for creator in settings.creators),
        settings.minimum_ballots,
        frozenset(from_hex(digest, "committees") for digest in settings.committees),
        frozenset(from_hex(address, "fellow_nodes") for address in settings.fellow_nodes),
        settings.minimum_threshold,
        settings.checkpoint_s,
    )
    electorates = ChainElectorates(registries[0], settings.rpc_urls[0])
    async with peer_client() as client:
        service = NodeService(
            load(),
            opened.store,
            secrets,
            registries,
            key,
            settings.url,
            policy,
            electorates,
            client,
            BoardFiles(
                settings.boards_folder or settings.key_file.parent / "boards",
                settings.boards_limit_mb * 2**20,
            ),
        )
        with _guarding(settings, service, registries[0], key) as tower:
            gather = NodeMetrics(service, registries[0], tower).gather
            metrics = ServiceMetrics(opened.engine, settings.rpc_urls, gather)
            clock = _run(service, opened, secrets, tower)
            await serve(build_api(service), clock, settings, metrics)
    opened.close()


def registries_of(settings: NodeSettings) -> list[Registry]:
    """Return the registry as each provider shows it.

    Raises:
        ValueError: The providers serve different chains.
        ChainError: One of them is unreachable.
    """
    address = from_hex(settings.registry, "registry")
    registries = [
        Registry(url, address, settings.deployed_at, settings.confirmations)
        for url in settings.rpc_urls
    ]
    chains = {registry.domain.chain_id for registry in registries}
    if len(chains) != 1:
        raise ValueError(f"rpc_urls: the providers serve different chains: {sorted(chains)}")
    return registries


@contextmanager
def _guarding(
    settings: NodeSettings, service: NodeService, registry: Registry, key: SigningKey
) -> Iterator[Tower | None]:
    """Open the node's watchtower, whose transactions the node's own account pays."""
    if settings.guard == "off":
        yield None
        return
    # The lock keeps another process with the same key out.
    with FileJournal(settings.key_file.parent / "guard.journal") as journal:
        payer = Account(key, journal, settings.confirmations)
        sources: list[Source] = [OwnSource(service), NodesSource(without=settings.url)]
        yield tower_of(
            settings,
            load(),
            registry,
            payer,
            sources,
            node_key=key,
            serves=lambda committee: committee.index_of(key.address) is not None,
        )


async def _run(
    service: NodeService, opened: OpenStore, secrets: PollSecrets, tower: Tower | None
) -> None:
    """Run the node, and stop it if another process uses its store."""
    await asyncio.gather(service.run(), opened.guard(secrets), guard(tower))
