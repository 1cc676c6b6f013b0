"""Start chain, four nodes and a gateway of one build, and let them rest.

    python -P rest_stage.py FOLDER NODE_RPC GATEWAY_RPC

Runs under the interpreter of the build, whose modules it imports; so it uses only what they have in
common. Writes the URL of the chain to `FOLDER/rpc-url` before nodes and gateway start, which reach
the chain through NODE_RPC and GATEWAY_RPC. Prints a JSON object with the process ids by name. Then,
for each line of standard input, holds that many polls to their end, and prints an empty line.
Stops everything when standard input ends. While it waits, the chain makes a block every 12 seconds.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.town import Town, eventually

from ostraka.gateway.courier import Courier

BLOCKS_S = 12
_CLOSES_S = 3600
_END_S = 120


def main() -> None:
    """Run until standard input ends."""
    folder = Path(sys.argv[1])
    town = Town(folder, nodes=4, threshold=2, faults=1)
    stack = town.stack
    with stack:
        stack.start_chain()
        (folder / "rpc-url").write_text(stack.rpc_url)
        stack.rpc_url = sys.argv[2]
        stack.start_nodes()
        town.courier = Courier(stack.registry, stack.organizer)
        town.committee, _ = town.courier.register_committee(stack.node_urls, 2, 1)
        stack.rpc_url = sys.argv[3]
        stack.start_gateway([town.committee.digest])
        _blocks_every(town, BLOCKS_S)
        running = stack._processes._running
        _say(json.dumps({name: running[name].pid for name in running}))
        for line in sys.stdin:
            _blocks_every(town, 1)
            _hold(town, int(line))
            _blocks_every(town, BLOCKS_S)
            _say("")


def _hold(town: Town, polls: int) -> None:
    """Hold polls in which nobody votes, until every node has destroyed their keys."""
    ids = [town.open_poll(5, closes_at=_now(town) + _CLOSES_S) for _ in range(polls)]
    later: Any = _now(town) + 2 * _CLOSES_S
    town.stack.move_time(later)
    for poll in ids:
        for node in range(1, 5):
            eventually(
                lambda poll=poll, node=node: poll.get(node).json()["key_destroyed"],  # type: ignore[misc]
                f"node {node} destroys the key of poll {poll.poll_id}",
                _END_S,
            )


def _now(town: Town) -> int:
    return town.stack.registry.head().timestamp


def _blocks_every(town: Town, seconds: int) -> None:
    provider: Any = town.stack.registry.web3.provider
    answer = provider.make_request("evm_setIntervalMining", [1000 * seconds])
    if "error" in answer:
        raise RuntimeError(str(answer["error"]))


def _say(line: str) -> None:
    print(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
