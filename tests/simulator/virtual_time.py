"""A deterministic event loop whose clock jumps to the next timer, and processes that can be killed.

Everything runs in one thread. Work for other threads (`asyncio.to_thread`, synchronous routes) runs
in the loop after a short seeded delay. Every callback belongs to the process in whose context it
was scheduled, and does not run once that process is dead.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest import mock

import anyio.to_thread

EPOCH_UNIX_S = 1_800_000_000
"""Unix time at which every simulation starts."""
_LATEST_S = 24 * 3600
_RESUMING = {"TaskStepMethWrapper", "TaskWakeupMethWrapper", "task_wakeup"}
"""Names of types and functions by which asyncio resumes a task, in one version or another."""
_CANCELLATIONS = 3
"""How often a task is cancelled at the end; some clean up by further requests."""


class Crash(BaseException):
    """The process died at this point. Not an Exception, so that no program handles it."""


class Process:
    """One program on a machine: what runs on its behalf stops when it dies."""

    def __init__(self, name: str, node: int | None = None) -> None:
        """Args:
        node: Number of the node that it runs; None for other programs.
        """
        self.name = name
        self.node = node
        self.alive = True
        self.skew_s = 0
        """How far its machine's clock is ahead."""
        self.work_s = 0.002
        """Longest duration of one piece of work in a thread."""
        self.ends: list[asyncio.Future[Any]] = []
        """Get None when it dies: the connections that it serves are reset."""

    def run(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task of this process."""
        context = contextvars.copy_context()
        context.run(_current.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def kill(self) -> None:
        """Let nothing of it run any more."""
        self.alive = False
        for end in self.ends:
            if not end.done():
                end.set_result(None)


_current: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


def current() -> Process | None:
    """Return the process on whose behalf the caller runs; None for the simulator itself."""
    return _current.get()


class _Sleeper:
    """In place of the selector: nothing is waited for except time."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def select(self, timeout_s: float | None) -> list[Any]:
        if timeout_s is None:
            raise RuntimeError("the simulation waits for something that never happens")
        self.now_s += timeout_s
        if self.now_s > _LATEST_S:
            raise RuntimeError("the simulation does not end")
        return []

    def close(self) -> None:
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs one simulation."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._selector = _Sleeper()
        self._clock_resolution = 1e-6
        self._random = random
        self.ending = False
        """Whether tasks of dead processes may run again, to be cancelled."""
        self._tasks: list[asyncio.Task[Any]] = []
        """All tasks: those of dead processes must not vanish before the end."""
        self.set_task_factory(self._new_task)
        self.set_exception_handler(lambda _, context: self.problems.append(str(context)))
        self.problems: list[str] = []
        self._suspended: list[tuple[Callable[..., object], Any, contextvars.Context]] = []
        """What would resume tasks of dead processes; needed to end them."""

    def _new_task(self, _: object, work: Any, **options: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(work, loop=self, **options)
        self._tasks.append(task)
        return task

    def time(self) -> float:
        """Virtual seconds."""
        return self._selector.now_s

    def _process_events(self, _: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """As the base class, for the process in the context."""
        owner = current() if context is None else context.get(_current)
        if owner is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._run_for, owner, callback, args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """As the base class, for the process in the context."""
        owner = current() if context is None else context.get(_current)
        if owner is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, self._run_for, owner, callback, args, context=context)

    def _run_for(self, owner: Process, callback: Callable[..., object], args: Any) -> None:
        if owner.alive or self.ending:
            callback(*args)
        elif {type(callback).__name__, getattr(callback, "__name__", "")} & _RESUMING:
            self._suspended.append((callback, args, contextvars.copy_context()))

    def run_in_executor(  # type: ignore[override]
        self, _: object, function: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Run a function after a short delay, as if in another thread."""
        future: asyncio.Future[Any] = self.create_future()

        def work() -> None:
            try:
                result = function(*args)
            except Crash:
                # The dead process never hears of it.
                return
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        owner = current()
        longest_s = owner.work_s if owner else 0.0
        self.call_later(self._random.random() * longest_s, work)
        return future

    def finish(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end, and cancel everything that is left."""
        try:
            return self.run_until_complete(main)
        finally:
            self.ending = True
            for _ in range(_CANCELLATIONS):
                left = asyncio.all_tasks(self)
                if not left:
                    break
                for task in left:
                    task.cancel()
                for callback, args, context in self._suspended:
                    self.call_soon(callback, *args, context=context)
                self._suspended = []
                self.run_until_complete(asyncio.wait(left, timeout=1))
            for task in asyncio.all_tasks(self):
                self.problems.append(f"ignores its cancellation: {task}")
            self._tasks.clear()
            self.run_until_complete(self.shutdown_asyncgens())
            self.close()


@contextmanager
def virtual_time(loop: VirtualLoop) -> Iterator[None]:
    """Let all programs read the loop's clock, and run synchronous routes in the loop."""

    def unix_s() -> float:
        owner = current()
        skew_s = owner.skew_s if owner else 0
        return EPOCH_UNIX_S + loop.time() - 1000 + skew_s

    async def in_thread(function: Callable[..., Any], *args: Any, **_: Any) -> Any:
        return await asyncio.to_thread(function, *args)

    with (
        mock.patch.object(time, "monotonic", loop.time),
        mock.patch.object(time, "time", unix_s),
        mock.patch.object(anyio.to_thread, "run_sync", in_thread),
    ):
        yield
