"""A gateway with a name of its own, which sends messages: its pages, and a person who follows."""

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, expect

from ostraka.demo.local_stack import LocalStack
from ostraka.demo.processes import free_ports
from tests.browser.catalogues import Texts
from tests.browser.surfing import Surfer
from tests.browser.test_member import round_of
from tests.support.api import Api, accounts, fresh_keys
from tests.support.town import eventually

NAME, ACCENT = "Miasto Przykład", "#8a1c5c"
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
)
ADA = "ada@example.org"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/subscriptions/[0-9a-f]{32}#\w+=[\w-]+)")


class Mailbox:
    """Texts of the mails that a server took."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.texts.append(mail.get_content())
        return "250 OK"

    def link(self) -> str:
        """The path of the link in the newest mail."""
        found = LINK.search(self.texts[-1])
        assert found is not None, self.texts
        return found[1]


@pytest.fixture
def mailbox(stack: LocalStack, tmp_path: Path) -> Iterator[Mailbox]:
    """Mails of the stack's second gateway, which has a brand and sends messages."""
    mailbox, (port,) = Mailbox(), free_ports(1)
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    (tmp_path / "logo.svg").write_text(LOGO)
    (tmp_path / "imprint.md").write_text("# Impressum\n\nMiasto Przykład, Rynek 1")
    brand = {
        "name": NAME,
        "logo": str(tmp_path / "logo.svg"),
        "accent": ACCENT,
        "accent_dark": "#f09ccb",
        "contact": "vote@example.org",
        "imprint": str(tmp_path / "imprint.md"),
    }
    messages = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "sender": f"{NAME} <vote@example.org>",
        "webhooks": True,
    }
    more = {"BRAND": json.dumps(brand), "MESSAGES": json.dumps(messages)}
    stack.start_gateway([], 2, more=more)
    yield mailbox
    stack.kill_gateway(2)
    server.stop()


@pytest.mark.timeout(600)
def test_a_town_has_its_own_name_and_sends_messages(
    stack: LocalStack, mailbox: Mailbox, chromium: Browser, tmp_path: Path
) -> None:
    api = Api(stack)
    number = round_of(stack, api, accounts(fresh_keys(6)))["round"]
    eventually(lambda: Api(stack, 2)("GET", f"/rounds/{number}")[0] == 200, "indexed")
    visitor = Surfer(chromium, stack.gateway_urls[1], tmp_path, "en")
    page = visitor.page
    page.goto("/")
    header = page.get_by_role("banner")
    expect(header.get_by_text(NAME)).to_be_visible()
    expect(header.locator("img")).not_to_have_js_property("naturalWidth", 0)
    expect(page).to_have_title(f"Rounds and polls – {NAME}")
    about = page.get_by_role("contentinfo")
    expect(about.get_by_role("link", name="Contact")).to_have_attribute(
        "href", "mailto:vote@example.org"
    )
    visitor.look("site-home")
    about.get_by_role("link", name="Legal notice").click()
    expect(page.get_by_role("heading", name="Impressum")).to_be_visible()
    visitor.look("site-imprint")

    says = Texts("en")
    page.goto(f"/rounds/{number}")
    following = page.get_by_role("region", name=says("follow.title"))
    expect(following.get_by_role("link", name=says("follow.calendar"))).to_be_visible()
    following.get_by_text(says("follow.by.email")).click()
    address = following.get_by_label(says("follow.address.email"))
    ask = following.get_by_role("button", name=says("follow.ask.email"))
    address.fill("ada")
    ask.click()
    expect(following.get_by_text(says("follow.wrong.email"))).to_be_visible()
    expect(address).to_be_focused()
    following.get_by_text(says("follow.by.webhook")).click()
    visitor.look("follow")
    address.fill(ADA)
    ask.click()
    asked = says.like("follow.asked.email", address=ADA, hours="24 hours")
    expect(following.get_by_text(asked)).to_be_visible()
    visitor.look("follow-asked")

    eventually(lambda: mailbox.texts != [], "asked by mail")
    page.goto(mailbox.link())
    expect(page.get_by_text(says("subscription.unconfirmed"))).to_be_visible()
    expect(page.get_by_role("link", name="Autumn")).to_be_visible()
    visitor.look("subscription-unconfirmed")
    page.get_by_role("button", name=says("subscription.confirm"), exact=True).click()
    expect(page.get_by_text(says("subscription.confirmed"))).to_be_visible()
    visitor.look("subscription")
    saved = json.loads(visitor.download(says("subscription.save")).read_text())
    assert (saved["address"], saved["subject"]) == (ADA, f"round-{number}")
    page.get_by_role("button", name=says("subscription.delete")).click()
    expect(page.get_by_text(says("subscription.deleted"))).to_be_visible()
    visitor.look("subscription-deleted")
    page.reload()
    expect(page.get_by_text(says("subscription.unknown"))).to_be_visible()
    visitor.look("subscription-unknown")
    assert not visitor.console, visitor.console
    visitor.context.close()
