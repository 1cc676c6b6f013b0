"""Ten kills of nodes and gateway at random moments of a live poll: nothing receipted is lost.

`make soak ARGS=kills` makes three hundred.
"""

from pathlib import Path

from tests.support.kills import run, town_with_gateway

SEED, KILLS = 13, 10


def test_nothing_receipted_is_lost(tmp_path: Path) -> None:
    with town_with_gateway(tmp_path) as town:
        killed = run(town, SEED, KILLS)
    assert len(killed) == KILLS
