"""A whole Ostraka with its web client, and a real browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from ostraka.demo.local_stack import LocalStack
from tests.browser.phone import Phone
from tests.browser.surfing import Surfer
from tests.support.api import stack_with_gateway

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with stack_with_gateway(tmp_path_factory.mktemp("browser")) as stack:
        yield stack


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "no chromium on PATH: scripts/chromium installs Debian's"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def surfer(chromium: Browser, stack: LocalStack, tmp_path: Path) -> Iterator[Callable[..., Surfer]]:
    """Opens browsers that share nothing."""
    opened: list[Surfer] = []

    def open_one(locale: str = "en") -> Surfer:
        opened.append(Surfer(chromium, stack.gateway_url, tmp_path, locale))
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()


@pytest.fixture
def phone(chromium: Browser, stack: LocalStack, tmp_path: Path) -> Iterator[Callable[[str], Phone]]:
    """Phones that share nothing, by the language of their owners."""
    opened: list[Phone] = []

    def open_one(language: str) -> Phone:
        opened.append(Phone(chromium, stack.gateway_url, tmp_path, language))
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()
