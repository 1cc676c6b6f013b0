"""A node's view of the newest block (`ostraka.node.head_watch`)."""

import asyncio
from threading import Event
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from ostraka.chain.contract import ChainError, Head
from ostraka.chain.registry import Registry
from ostraka.node import head_watch
from ostraka.node.head_watch import HeadWatch
from ostraka_verifier.units import UnixSeconds


class Provider:
    """Answers each question only once the test lets it, or fails."""

    def __init__(self) -> None:
        self.questions: list[Event] = []
        self.fails = False

    def head(self) -> Head:
        """The block with the number of the question."""
        number, answers = len(self.questions) + 1, Event()
        self.questions.append(answers)
        assert answers.wait(10)
        if self.fails:
            raise ChainError("chain: no connection to the RPC endpoint")
        return Head(number, bytes([number]), UnixSeconds(number))


async def until(met: Any) -> None:
    for _ in range(500):
        if met():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not met")


def test_a_question_that_hangs_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_watch, "_SLOW_S", 0.05)
    provider, seen = Provider(), list[int]()
    asked = provider.questions

    async def run() -> None:
        watch = HeadWatch(cast(Registry, provider), lambda head: seen.append(head.number))
        watch.ask_if_due(waiting=True)
        await until(lambda: len(asked) == 1)
        watch.ask_if_due(waiting=True)
        # Not yet, and then beside it.
        assert len(asked) == 1
        await asyncio.sleep(0.06)
        watch.ask_if_due(waiting=True)
        await until(lambda: len(asked) == 2)
        asked[1].set()
        await until(lambda: seen == [2])
        # An older answer that comes late tells nothing.
        asked[0].set()
        await until(lambda: not watch._asking)
        assert seen == [2]
        assert watch.newest == Head(2, bytes([2]), UnixSeconds(2))

    asyncio.run(run())


def test_questions_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_watch, "_SLOW_S", 0)
    provider = Provider()

    async def run() -> None:
        watch = HeadWatch(cast(Registry, provider), lambda _: None)
        for _ in range(20):
            watch.ask_if_due(waiting=True)
            await asyncio.sleep(0.005)
        assert len(provider.questions) == 3
        for question in provider.questions:
            question.set()
        await until(lambda: not watch._asking)

    asyncio.run(run())


def test_a_provider_without_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider()
    provider.fails = True

    async def run() -> None:
        watch = HeadWatch(cast(Registry, provider), lambda _: None)
        watch.ask_if_due(waiting=True)
        await until(lambda: provider.questions)
        provider.questions[0].set()
        await until(lambda: not watch._asking)
        monkeypatch.setattr(head_watch, "STALE_S", -100)
        watch.ask_if_due(waiting=False)

    with capture_logs() as logs:
        asyncio.run(run())
    said = [one["event"] for one in logs]
    assert said[0] == "chain unreachable"
    assert said[1].startswith("the provider does not show the newest block")
