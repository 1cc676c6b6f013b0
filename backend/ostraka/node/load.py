"""What a node is doing, as numbers for its operator; nothing about single voters."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from ostraka.node.phases import Destroyed
from ostraka.node.poll_service import PollService


@dataclass(frozen=True)
class NodeLoad:
    """Numbers of a moment.

    Attributes:
        phases: Number of served polls in each phase, by the phase's name in lower case.
        lost: Number of polls that are not served because their secret is lost.
        sat_out: Number of polls under way in which the node gives no receipts and settles nothing,
            because it lost its database.
        queued: Ballots that wait for their check, in all polls.
        receipted: Ballots of voters that got a receipt since the start, in all polls.
        contradicting: For each other node of a poll of this node, by address, the number of polls
            in which it contradicted its checkpoints, or could not prove that its log only grew.
        halted: Number of polls under way in which this node signs no more checkpoints.
        away: For each other node of a poll under way, by address, whether it did not answer the
            last request.
    """

    phases: Counter[str]
    lost: int
    sat_out: int
    queued: int
    receipted: int
    contradicting: dict[bytes, int]
    halted: int
    away: dict[bytes, bool]

    @classmethod
    def of(cls, services: Collection[PollService], lost: int) -> "NodeLoad":
        """Return the load of a node with these polls."""
        return cls(
            Counter(type(service.phase).__name__.lower() for service in services),
            lost,
            sum(
                service.served.rebuilt and not isinstance(service.phase, Destroyed)
                for service in services
            ),
            sum(service.accepting.queued for service in services),
            sum(service.accepting.receipted for service in services),
            {
                peer.address: sum(
                    peer.address in service.checkpoints.suspects for service in services
                )
                for service in services
                for peer in service.served.peers
            },
            sum(
                bool(service.served.own_log.halted) and not isinstance(service.phase, Destroyed)
                for service in services
            ),
            {
                peer.address: peer.is_away
                for service in services
                for peer in service.served.peers
                if not isinstance(service.phase, Destroyed)
            },
        )
