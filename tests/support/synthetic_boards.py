"""Boards of any size that cost nothing to make, and an application that serves them as nodes do."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request, Response

from ostraka.node.board_files import BoardFiles
from ostraka.wire import problem_responses
from ostraka.wire.file_answers import file_answer

MIB = 2**20


class SyntheticBoards:
    """A poll whose board consists of pieces that are made when they are asked for."""

    def __init__(self, size: int, poll: int = 1) -> None:
        self.size, self.poll = size, poll
        self.name = f"{poll:064x}"
        self.written = 0

    def state(self) -> Any:
        return SimpleNamespace(name=self.name, context=bytes([self.poll]) * 32)

    def pieces(self, _: Any) -> Iterator[bytes]:
        self.written += 1
        for number in range(0, self.size, MIB):
            yield bytes([number // MIB % 251]) * min(MIB, self.size - number)


def file_app(boards: BoardFiles, publication: Any) -> FastAPI:
    """As a node's route does it."""
    app = FastAPI()
    problem_responses.install(app)

    @app.head("/board")
    @app.get("/board")
    async def board(request: Request) -> Response:
        return file_answer(request, await boards.of(publication))

    return app
