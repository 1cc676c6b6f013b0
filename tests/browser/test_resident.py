"""Residents with nothing but a phone and an invitation's link: one round, in four languages."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from tests.browser.catalogues import LANGUAGES
from tests.browser.phone import Phone
from tests.support.api import TIMES, Api, ballots_of, finish, fresh_keys, wait_for_vote
from tests.support.invitations import by_invitation, redeem
from tests.support.pictures import picture_file
from tests.support.town import eventually

PASSPHRASE = "correct horse battery staple"
COIN = 10**18
TITLES = {"en": "Bench", "de": "Spielplatz", "es": "Fuente", "pl": "Ławka"}
FUNDED = {"de", "pl"}
"""Whose proposals get votes."""


class Resident:
    """A person with a phone, whose steps are named by the client's messages."""

    def __init__(self, phone: Phone, invitation: SigningKey) -> None:
        self.phone, self.page, self.texts = phone, phone.page, phone.texts
        self.invitation = invitation
        self.language = phone.language
        self.title = TITLES[phone.language]

    def button(self, message: str, within: Page | Locator | None = None) -> Locator:
        """A button by its message."""
        return (within or self.page).get_by_role("button", name=self.texts(message), exact=True)

    def link(self, message: str) -> Locator:
        """The first link of a message."""
        return self.page.get_by_role("link", name=self.texts(message), exact=True).first

    def field(self, message: str) -> Locator:
        """A field by its label."""
        return self.page.get_by_label(self.texts(message), exact=True)

    def sees(self, message: str, **values: str) -> None:
        """A text is on the page, and not only in a part that is closed."""
        found = self.page.get_by_text(self.texts.like(message, **values))
        expect(found.filter(visible=True).first).to_be_visible()

    def is_at(self, message: str) -> None:
        """The page has this title."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.texts(message))

    def register(self, code: str) -> None:
        """Open an invitation's link and make a key."""
        self.page.goto(f"/register#{code}")
        self.is_at("register.title")
        self.field("key.choose").fill(PASSPHRASE)
        self.field("key.repeat").fill(PASSPHRASE)
        self.phone.look("resident-invited")
        self.button("register.button").tap()
        self.is_at("register.done")

    def fill(self, title: str, recipient: str) -> None:
        """What the form of a proposal always asks for."""
        self.field("propose.field.title").fill(title)
        self.field("propose.field.amount").fill("400")
        self.field("propose.field.recipient").fill(recipient)

    def propose(self, number: str, recipient: str) -> None:
        """Make a proposal with place and picture, and change it."""
        page, look = self.page, self.phone.look
        self.phone.look("resident-registered")
        self.link("register.round").tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Jesień")
        look("resident-round")
        self.link("propose.title").tap()
        self.sees("propose.used", count="0")
        self.button("propose.preview").tap()
        self.sees("propose.problems.title.missing")
        look("resident-propose-problems")
        self.fill("Plan A", recipient)
        self.field("propose.field.text").fill("Aquí, hier, tu.")
        self.field("propose.field.place").fill("52.2297, 21.0122")
        self.field("propose.field.label").fill("Rynek")
        self.field("propose.field.image").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": picture_file("PNG")}
        )
        self.field("propose.field.alt").fill("Rynek")
        look("resident-propose")
        self.button("propose.preview").tap()
        self.sees("propose.previewTitle")
        look("resident-propose-review")
        self.button("propose.sign").tap()
        self.sees("propose.done")
        look("resident-proposed")
        self.link("propose.back").tap()
        edit = self.texts.like("propose.edit", title="Plan A")
        page.get_by_role("link", name=edit).tap()
        self.is_at("propose.reviseTitle")
        self.fill(self.title, recipient)
        look("resident-revise")
        self.button("propose.preview").tap()
        self.button("propose.sign").tap()
        self.sees("propose.revised")
        self.link("propose.back").tap()
        own = page.get_by_role("region", name=self.texts("propose.own"))
        expect(own.get_by_role("heading", name=self.title)).to_be_visible()

    def discuss(self, title: str) -> None:
        """Endorse somebody else's proposal, and comment on it."""
        page = self.page
        page.reload()
        page.locator("article").get_by_role("link", name=title).first.tap()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        # A page that was loaded again has lost the unlocked key.
        page.get_by_text(self.texts("talk.signIn")).tap()
        self.unlock()
        self.button("talk.endorse").tap()
        expect(self.button("talk.unendorse")).to_be_visible()
        self.field("talk.write").fill("¡Sí! Ja! Tak!")
        self.button("talk.send").tap()
        comment = page.get_by_role("article")
        expect(comment.get_by_text("¡Sí! Ja! Tak!")).to_be_visible()
        expect(comment.get_by_text(self.texts("talk.signed"))).to_be_visible()
        self.phone.look("resident-talk")

    def unlock(self) -> None:
        """Unlock the phone's newest key."""
        self.page.get_by_label(self.texts.like("key.passphraseOf")).last.fill(PASSPHRASE)
        self.button("key.unlock").last.tap()

    def vote(self, poll_id: int) -> None:
        """Choose two proposals, review, seal, cast."""
        page, look = self.page, self.phone.look
        page.goto("/")
        self.is_at("home.title")
        look("resident-home")
        page.get_by_role("link", name="Jesień", exact=True).first.tap()
        look("resident-round-voting")
        self.link("round.vote").tap()
        self.unlock()
        self.sees("cast.listed")
        for title in sorted(TITLES[one] for one in FUNDED):
            page.get_by_label(title).check()
        look("resident-ballot")
        self.button("form.review").tap()
        self.sees("form.reviewTitle")
        look("resident-ballot-review")
        self.button("cast.seal").tap()
        self.sees("sealed.state")
        look("resident-sealed")
        self.button("sealed.cast").tap()
        self.sees("cast.recorded")
        receipts = page.get_by_text(self.texts("receipts.good"))
        expect(receipts).to_have_count(4)
        look("resident-cast")

    def check(self, poll_id: int, number: str) -> None:
        """Look up the ballot among those counted; read the result; audit it."""
        page, look = self.page, self.phone.look
        page.goto(f"/polls/{poll_id}")
        self.button("counted.button").tap()
        self.sees("counted.yes")
        look("resident-counted")
        page.goto(f"/rounds/{number}")
        self.sees("results.fundedCount")
        look("resident-round-decided")
        self.link("round.results").tap()
        expect(page.get_by_role("table").first).to_contain_text(TITLES["pl"])
        look("resident-results")
        self.link("results.audit").tap()
        self.button("audit.start").tap()
        self.sees("audit.assuming")
        look("resident-audit")
        self.link("nav.about").tap()
        self.is_at("about.title")
        look("resident-about")


def round_of(stack: LocalStack, api: Api, invited: list[SigningKey]) -> dict[str, Any]:
    """A funded round, whose texts are words of no language that the client speaks."""
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Jesień",
        "text": "2027",
        "budget": str(800 * COIN),
        "minimum_amount": str(10 * COIN),
        "maximum_amount": str(500 * COIN),
        "proposals_close_at": now + 7200,
        "voting_opens_at": now + 10_800,
        "voting_closes_at": now + 14_400,
        "members": by_invitation(invited),
        "ballot": {"kind": "approval", "at_least": 0, "at_most": 2},
        "outcome": {"kind": "greedy"},
        "times": TIMES,
    }
    plan: dict[str, Any] = api.good("POST", "/rounds", wanted, token=True)
    funding = {"amount": str(800 * COIN)}
    api.good("POST", f"/rounds/{plan['round']}/funding", funding, token=True)
    return plan


@pytest.mark.timeout(900)
def test_a_round_on_phones_in_four_languages(
    stack: LocalStack, phone: Callable[[str], Phone]
) -> None:
    api, invited, recipient = Api(stack), fresh_keys(6), SigningKey().address_hex
    plan = round_of(stack, api, invited)
    number = plan["round"]
    others = list(zip(invited[len(LANGUAGES) :], fresh_keys(2), strict=True))
    for invitation, key in others:
        redeem(api, invitation, key)
    residents = [
        Resident(phone(language), invitation)
        for language, invitation in zip(LANGUAGES, invited, strict=False)
    ]
    for one in residents:
        one.register(one.invitation.secret().hex())
        one.propose(number, recipient)
    proposals = api.good("GET", f"/rounds/{number}/proposals")
    assert [one["title"] for one in proposals] == list(TITLES.values())
    assert [one["proposer"] for one in proposals] == [
        one.invitation.address_hex for one in residents
    ]
    for one, other in zip(residents, [*residents[1:], residents[0]], strict=True):
        one.discuss(other.title)
    lose_a_key(api, residents[-1], number)

    poll_id = wait_for_vote(stack, api, plan)
    votes = [(key, invitation.address, [0]) for invitation, key in others]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]
    for one in residents:
        one.vote(poll_id)
    finish(stack, poll_id)
    eventually(lambda: api.good("GET", f"/rounds/{number}")["status"] == "decided", "decided", 90)
    outcome = api.good("GET", f"/rounds/{number}/proposals")
    assert {one["title"] for one in outcome if one["funded"]} == {TITLES[one] for one in FUNDED}
    for one in residents:
        one.check(poll_id, number)
        # No server learned the code or the passphrase.
        sent = "\n".join(one.phone.sent)
        assert PASSPHRASE not in sent
        assert one.invitation.secret().hex() not in sent


def lose_a_key(api: Api, resident: Resident, number: str) -> None:
    """The organizer replaces a member's code; the old link ends, and the new one makes a key."""
    new = SigningKey()
    path = f"/rounds/{number}/members/{resident.invitation.address_hex}/replacement"
    api.good("POST", path, {"code": new.address_hex}, token=True)
    page, code = resident.page, resident.invitation.secret().hex()
    page.goto(f"/register#{code}")
    resident.sees("register.replaced")
    resident.phone.look("resident-replaced")
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    resident.register(code + new.secret().hex())
    resident.link("register.round").tap()
    own = page.get_by_role("region", name=resident.texts("propose.own"))
    expect(own.get_by_role("heading", name=resident.title)).to_be_visible()
