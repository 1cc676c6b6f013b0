"""Start chain, four nodes and a gateway of one build, with ballots prepared by its own code.

    python -P stage.py FOLDER COUNT…

Runs under the interpreter of the build, whose modules it imports; so it uses only what they have in
common. Each COUNT is a number of ballots. Writes them to `FOLDER/ballots-0.json` and so on: a list
of objects with `json`, the body of a single ballot, and `record`, its binary record in 0x-hex. Then
prints a JSON object with the URLs of the poll at `nodes` and `gateway`, and their process ids, and
stops everything when its standard input ends.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.town import Town, vote_for

from ostraka.wire.records import CastRecord


def main() -> None:
    """Run until standard input ends."""
    folder, counts = Path(sys.argv[1]), list(map(int, sys.argv[2:]))
    town = Town(folder, nodes=4, threshold=2, faults=1)
    with town.stack:
        town.start()
        town.stack.start_gateway([town.committee.digest])
        poll = town.open_poll(sum(counts))
        first, now = 0, poll.now()
        for number, count in enumerate(counts):
            bodies = [
                _bodies(poll.prepare(voter, vote_for(0, 1), now))
                for voter in range(first, first + count)
            ]
            (folder / f"ballots-{number}.json").write_text(json.dumps(bodies))
            first += count
        path = f"/api/v1/polls/{poll.poll_id}"
        urls = {
            "nodes": [url + path for url in town.stack.node_urls],
            "gateway": town.stack.gateway_url + path,
        }
        running = town.stack._processes._running
        print(json.dumps(urls | {"pids": {name: running[name].pid for name in running}}))
        sys.stdout.flush()
        sys.stdin.read()


def _bodies(prepared: Any) -> dict[str, str]:
    record = getattr(prepared, "record", None)
    if record is None:
        record = CastRecord(prepared.ballot.encoded, prepared.boxes, prepared.signature)
    return {"json": json.dumps(record.to_json()), "record": "0x" + record.encode().hex()}


if __name__ == "__main__":
    main()
