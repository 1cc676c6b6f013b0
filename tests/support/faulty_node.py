"""A proxy in front of a live node that makes it as faulty as a test wants."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, Self

from ostraka.demo.local_stack import LocalStack
from ostraka.demo.processes import free_ports

LATE_S = 8
_DRIP_S = 0.2
_CHUNK = 2**16


class Fault(StrEnum):
    """What is wrong with a node."""

    NONE = "healthy"
    REFUSES = "refuses connections"
    MUTE = "accepts and never answers"
    DRIPS = "drips bytes"
    LATE = f"answers after {LATE_S} s"


class FaultyNode:
    """Stands at a node's URL as long as the context lasts; the node itself listens elsewhere.

    Attributes:
        hanging: Connections on which a request waits for its answer.
    """

    def __init__(self, stack: LocalStack, number: int) -> None:
        self.url = stack.node_urls[number - 1]
        self.hanging = 0
        self._fault = Fault.NONE
        self._port = int(self.url.rsplit(":", 1)[1])
        (self._behind,) = free_ports(1)
        self._stack, self._number = stack, number
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def turn(self, fault: Fault) -> None:
        """Have another fault from now on, on new connections."""
        self._run(self._turn(fault))

    async def _turn(self, fault: Fault) -> None:
        self._fault = fault
        for task in self._connections:
            task.cancel()
        if fault is Fault.REFUSES:
            if self._server is not None:
                self._server.close()
                self._server = None
        elif self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if self._fault is Fault.MUTE:
                await self._wait(reader)
            elif self._fault is Fault.DRIPS:
                await self._drip(reader, writer)
            else:
                late_s = LATE_S if self._fault is Fault.LATE else 0
                await self._forward(reader, writer, late_s)
        except (asyncio.CancelledError, OSError):
            # The other side closed it, or the fault changed.
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _wait(self, reader: asyncio.StreamReader) -> None:
        if await reader.read(_CHUNK):
            await self._hang(_until_closed(reader))

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def drip() -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nX-Waits: ")
            while not reader.at_eof():
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(_DRIP_S)

        if await reader.read(_CHUNK):
            await self._hang(drip())

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late_s: float
    ) -> None:
        behind, to_node = await asyncio.open_connection("127.0.0.1", self._behind)

        async def answer() -> None:
            while data := await behind.read(_CHUNK):
                if late_s:
                    await self._hang(asyncio.sleep(late_s))
                writer.write(data)
                await writer.drain()

        answering = asyncio.create_task(answer())
        try:
            while data := await reader.read(_CHUNK):
                to_node.write(data)
                await to_node.drain()
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await answering
            to_node.close()

    async def _hang(self, waiting: Coroutine[Any, Any, None]) -> None:
        self.hanging += 1
        try:
            await waiting
        finally:
            self.hanging -= 1

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(timeout=30)

    def __enter__(self) -> Self:
        self._stack.kill_node(self._number)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.turn(Fault.NONE)
        self._stack.start_node(self._number, port=self._behind)
        self._stack.wait_for_node(self._number)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        await self._turn(Fault.REFUSES)
        await asyncio.gather(*self._connections, return_exceptions=True)
        # Closed connections are forgotten in the next turns of the loop.
        await asyncio.sleep(0.1)


async def _until_closed(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK):
        pass
