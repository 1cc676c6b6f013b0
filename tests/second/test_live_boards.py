"""Both verifiers audit the boards of nodes that have shuffled and opened the ballots."""

import asyncio
from dataclasses import replace
from pathlib import Path

from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.tally_proof import combine
from ostraka_verifier.units import later
from tests.support.second_verifier import Question, SecondVerifier
from tests.support.shuffled_village import ShuffledVillage
from tests.support.two_verifiers import by_the_first, by_the_second, verdicts


def tallied(village: ShuffledVillage) -> ChainEvidence:
    """What the chain shows once it has accepted the sum of the ballots."""
    poll, view = village.poll, village.registry.view
    shares = {node: poll.aggregate_share(node) for node in range(1, poll.threshold + 1)}
    anchored = village.registry.anchoring
    assert anchored is not None
    return replace(
        poll.chain(anchored, combine(shares, poll.threshold)),
        anchored_at=view.anchored_at,
        dispute_window_ends_at=view.releasable_at,
        tally_deadline=view.tally_deadline,
        tallied_at=later(view.releasable_at, 1),
    )


def test_every_node_s_board_holds(tmp_path: Path, second: SecondVerifier) -> None:
    village = ShuffledVillage(tmp_path)

    async def boards() -> list[bytes]:
        async with village.releasable():
            await village.tick_until(village.opened_at())
            await village.tick_until(lambda: village.tallies() == set(village.nodes))
            return [
                (await village.client.get(village.url(number, "/board"))).content
                for number in village.nodes
            ]

    found = asyncio.run(boards())
    chain = tallied(village)
    second.use(chain)
    for board in found:
        registry = village.poll.registry
        first = by_the_first(board, chain, registry)
        assert set(verdicts(first).values()) == {"holds"}
        assert by_the_second(second.audit(Question(board, registry))) == first
