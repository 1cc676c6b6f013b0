"""The client itself: what was tampered with on its way is not run; languages."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from ostraka_verifier.encoding import keccak256
from tests.browser.surfing import Surfer


def test_a_changed_script_is_not_run(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page

    def change(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + ";document.title = 'taken over'")

    # One that is loaded only when its page is wanted.
    page.route("**/assets/about-*.js", change)
    page.goto("/")
    page.get_by_role("link", name="How it works").first.click()
    expect(page.get_by_role("alert")).to_contain_text("This did not work")
    assert "taken over" not in page.title()
    assert any("integrity" in said for said in visitor.console), visitor.console


def test_every_language_is_complete(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer(locale="pl-PL")
    page = visitor.page
    page.goto("/")
    for language, code, title, private in (
        ("Polski", "pl", "Rundy i głosowania", "Jak to działa"),
        ("Deutsch", "de", "Runden und Abstimmungen", "So funktioniert es"),
        ("Español", "es", "Rondas y votaciones", "Cómo funciona"),
        ("English", "en", "Rounds and polls", "How it works"),
    ):
        choice = page.locator("footer select")
        choice.select_option(label=language)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(f"html[lang={code}]")).to_have_count(1)
        visitor.look(f"home-{code}")
        page.get_by_role("link", name=private).first.click()
        expect(page.locator("footer select")).to_have_value(code)
        # The choice stays on this device, whatever the browser likes.
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)


FORBIDDEN = """
for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, {
    get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
  });
}
"""


def test_colours_of_the_system_and_paper(surfer: Callable[..., Surfer]) -> None:
    """Forced colours keep borders, the main button and the focus; paper has no navigation."""
    visitor = surfer()
    page = visitor.page
    page.goto("/register")
    button = page.get_by_role("button", name="Continue")
    expect(button).to_be_visible()
    for theme in ("light", "dark"):
        # A colour that still changes has another contrast.
        page.emulate_media(color_scheme=theme, forced_colors="active", reduced_motion="reduce")
        visitor.accessible(f"register-forced-{theme}")
        ground, border, ink = button.evaluate(
            """(one) => {
                const { backgroundColor, borderTopColor, color } = getComputedStyle(one);
                return [backgroundColor, borderTopColor, color];
            }"""
        )
        page_ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page_ground not in (ground, border), (theme, ground, border)
        assert ink != ground
        page.get_by_label("Invitation code").focus()
        page.keyboard.press("Tab")
        expect(button).to_be_focused()
        expect(button).to_have_css("outline-style", "solid")
        expect(button).to_have_css("outline-width", "3px")
    page.emulate_media(forced_colors="none", media="print")
    for gone in (page.get_by_role("navigation"), page.get_by_role("contentinfo"), button):
        expect(gone).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # The state of a round or poll is content, on paper too.
    page.goto("/polls/99")
    page.evaluate(
        """document.querySelector("main").innerHTML =
           '<p class="actions"><span class="badge">paid</span> <button>Pay</button></p>'"""
    )
    expect(page.locator("main .badge")).to_be_visible()
    expect(page.locator("main button")).to_be_hidden()


def test_a_browser_without_storage_shows_a_warning(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer(locale="de-DE")
    page = visitor.page
    page.add_init_script(FORBIDDEN)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Runden und Abstimmungen")
    page.locator("footer select").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rounds and polls")
    page.get_by_role("link", name="Your key").click()
    expect(page.get_by_role("alert")).to_contain_text("Allow it to store data")
    page.get_by_role("link", name="For organizers").click()
    expect(page.get_by_role("alert")).to_contain_text("Allow it to store data")
    page.get_by_role("link", name="How it works").first.click()
    expect(page.get_by_text("Number of the client")).to_be_visible()
    assert not visitor.console, visitor.console


def test_an_unsupported_browser_shows_a_message(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page
    page.route("**/assets/index-*.js", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_text("use a newer browser")).to_be_visible()
    visitor.look("home-without-scripts")


def test_addresses_of_nothing_show_a_page(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page
    for path, said in (
        ("/nothing", "no page at this address"),
        ("/rounds/99", "no round with this number"),
        ("/polls/99/results", "no poll with this number"),
    ):
        answer = page.goto(path)
        assert answer
        assert answer.status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
        expect(page.get_by_text(said)).to_be_visible()
    visitor.look("missing")
    page.get_by_role("main").get_by_role("link", name="Rounds and polls").click()
    expect(page).to_have_title("Rounds and polls – Ostraka")


def test_an_account_elsewhere_gets_its_transaction(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page
    page.goto("/voting-key")
    account = page.get_by_label("Address of the account")
    account.fill("0x1234")
    expect(page.get_by_text("copied in full")).to_be_visible()
    account.fill("0x" + "ab" * 20)
    page.get_by_label("Choose a passphrase").fill("correct horse battery staple")
    page.get_by_label("Repeat the passphrase").fill("correct horse battery staple")
    page.get_by_role("button", name="Create a key").click()
    page.get_by_role("button", name="Show the transaction").click()
    expect(page.get_by_text("Send this transaction from the account")).to_be_visible()
    data = page.locator("main code.digest").last.get_attribute("title")
    assert data
    # `register(address,bytes)` of VotingKeys, with the key that was made.
    key = json.loads(json.loads(visitor.kept()["ostraka/keys"])[0])
    selector = keccak256(b"register(address,bytes)")[:4].hex()
    assert data.startswith(f"0x{selector}{'00' * 12}{key['address'].removeprefix('0x')}")
    visitor.look("voting-key-elsewhere")


def test_keyboard_focus_is_kept(surfer: Callable[..., Surfer]) -> None:
    page = surfer().page
    page.goto("/key")
    page.get_by_label("Choose a passphrase").fill("correct horse battery staple")
    page.get_by_label("Repeat the passphrase").fill("correct horse battery staple")
    make = page.get_by_role("button", name="Create a key")
    make.press("Enter")
    expect(page.get_by_text("unlocked", exact=True)).to_be_visible()
    # Disabled while it worked.
    expect(make).to_be_focused()
    page.get_by_role("button", name="Remove from this browser").press("Enter")
    entry = page.get_by_role("listitem").filter(has=page.get_by_text("unlocked"))
    expect(entry).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show as 24 words")).to_be_focused()
    # Whoever pressed elsewhere is not called back.
    page.get_by_role("button", name="Keep it").focus()
    page.get_by_role("heading", level=1).click()
    page.get_by_role("button", name="Keep it").evaluate("button => button.click()")
    expect(page.get_by_role("button", name="Remove from this browser")).to_be_visible()
    expect(entry).not_to_be_focused()


def test_an_unreachable_gateway_loses_nothing(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page
    page.goto("/about")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("link", name="Rounds and polls").click()
    expect(page.get_by_role("alert")).to_contain_text("This site is not responding")
    visitor.look("home-down")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Budget rounds")).to_be_visible()
