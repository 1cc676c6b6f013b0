"""Build a node's lost or damaged database again, while the node does not run."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ostraka.files import require_private
from ostraka.key_files import read_key
from ostraka.node.electorate import ChainElectorates
from ostraka.node.identity import end_rebuild
from ostraka.node.peers import peer_client
from ostraka.node.poll_secrets import PollSecrets
from ostraka.node.rebuild import Outcome, PollReport, Rebuild
from ostraka.services.node_store import open_for_rebuild
from ostraka.services.run_node import registries_of
from ostraka.services.settings import NodeSettings
from ostraka_verifier.curve import load
from ostraka_verifier.wording import counted


@dataclass(frozen=True)
class Progress:
    """Receives what a rebuild does, for the operator.

    Attributes:
        warn: Gets warnings about the key file and the provider.
        moved: Gets old and new name of each file that is moved aside.
        poll: Gets the report of each poll.
    """

    warn: Callable[[str], None]
    moved: Callable[[Path, Path], None]
    poll: Callable[[PollReport], None]


async def rebuild_node(
    settings: NodeSettings, leave_out: Collection[int], progress: Progress
) -> bool:
    """Build the database again; return whether it is complete, so that the node may run.

    Args:
        leave_out: Polls that are not to be built again.

    Raises:
        ValueError: As `run_node`; or there is nothing to build again.
        ChainError: The chain is unreachable, or its providers disagree.
    """
    require_private(settings.key_file.parent)
    key = read_key(
        settings.key_file, settings.passphrases, plain=settings.plain_key, warn=progress.warn
    )
    folder = settings.secrets_folder or settings.key_file.parent / "secrets"
    secrets = PollSecrets(folder, key)
    registries = registries_of(settings)
    electorates = ChainElectorates(registries[0], settings.rpc_urls[0])
    opened = open_for_rebuild(settings.database_url, secrets, progress.moved)
    try:
        complete = True
        async with peer_client() as client:
            rebuild = Rebuild(load(), opened.store, secrets, registries, key, electorates, client)
            polls = rebuild.polls()
            unseen = len(secrets.contexts()) - len(polls)
            if unseen:
                progress.warn(
                    f"{secrets.folder}: {counted(unseen, 'secret is', 'secrets are')} of no poll "
                    "that the provider shows; if it lags behind, stop and run this again later"
                )
            for poll_id in polls:
                if poll_id in leave_out:
                    report = PollReport(poll_id, Outcome.LEFT_OUT)
                else:
                    report = await rebuild.poll(poll_id)
                progress.poll(report)
                complete = complete and report.outcome is not Outcome.NO_CENSUS
        if complete:
            end_rebuild(opened.store, secrets, rebuild.now())
        return complete
    finally:
        opened.close()
