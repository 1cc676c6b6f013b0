"""A process that sends the same bodies to one URL over and over, on several connections at once.

python -m tests.support.flood URL CONNECTIONS FILE…
"""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

from ostraka.keys import SigningKey
from ostraka.voter.prepare import BallotFactory
from ostraka.wire.records import CastRecord
from ostraka_verifier.rule import slack_bits


def false_proofs(
    factory: BallotFactory, signer: SigningKey, count: int, at_unix_s: int
) -> list[CastRecord]:
    """Ballots for an approval of one to three of four that their voter signed.

    Two votes for one option keep the rule's rows, so that only the equations of the proof show it.
    """
    proven = [
        factory.prove(signer.address, [2, 0, 0, 0, *slack_bits(2, 1)], cast_at)
        for cast_at in range(at_unix_s, at_unix_s + count)
    ]
    return [factory.sign(factory.seal(one), signer).record for one in proven]


class Flood:
    """Lasts as long as the context.

    Attributes:
        answers: How often the other side answered with which status, once it is over.
    """

    def __init__(self, url: str, connections: int, bodies: Sequence[bytes], folder: Path) -> None:
        files = []
        for number, body in enumerate(bodies):
            files.append(folder / f"body-{number}")
            files[-1].write_bytes(body)
        command = [sys.executable, "-m", "tests.support.flood", url, str(connections)]
        self._command = command + [str(file) for file in files]
        self.answers: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        # Each connection has an answer.
        assert self._process.stdout.readline() == b"flooding\n"
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=30)
        if kind is None:
            self.answers = json.loads(output)


async def _flood(url: str, connections: int, bodies: Sequence[bytes]) -> None:
    answers: Counter[str] = Counter()
    waiting = set(range(connections))
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)

    async def connection(number: int) -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            for turn in range(sys.maxsize):
                body = bodies[(number + turn) % len(bodies)]
                try:
                    answer = await client.post(url, content=body)
                except httpx.HTTPError as error:
                    answers[type(error).__name__] += 1
                    continue
                answers[str(answer.status_code)] += 1
                if number in waiting:
                    waiting.remove(number)
                    if not waiting:
                        print("flooding", flush=True)

    tasks = [asyncio.create_task(connection(number)) for number in range(connections)]
    await stopped.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(answers))


if __name__ == "__main__":
    _contents = [Path(name).read_bytes() for name in sys.argv[3:]]
    asyncio.run(_flood(sys.argv[1], int(sys.argv[2]), _contents))
