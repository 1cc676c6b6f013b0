"""The client itself: what was tampered with on its way is not run; languages."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.surfing import Surfer


def test_a_script_that_was_changed_is_not_run(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page

    def change(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + ";document.title = 'taken over'")

    # One that is loaded only when its page is wanted.
    page.route("**/assets/about-*.js", change)
    page.goto("/")
    page.get_by_role("link", name="What is private").click()
    expect(page.get_by_role("alert")).to_contain_text("This did not work")
    assert "taken over" not in page.title()
    assert any("integrity" in said for said in visitor.console), visitor.console


def test_every_language_is_spoken_throughout(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer(locale="pl-PL")
    page = visitor.page
    page.goto("/")
    for language, code, title, private in (
        ("Polski", "pl", "Rundy i głosowania", "Co jest tajne"),
        ("Deutsch", "de", "Runden und Abstimmungen", "Was geheim ist"),
        ("Español", "es", "Rondas y votaciones", "Qué es privado"),
        ("English", "en", "Rounds and polls", "What is private"),
    ):
        choice = page.locator("footer select")
        choice.select_option(label=language)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(f"html[lang={code}]")).to_have_count(1)
        visitor.look(f"home-{code}")
        page.get_by_role("link", name=private).first.click()
        expect(page.locator("footer select")).to_have_value(code)
        visitor.look(f"about-{code}")
        # The choice stays on this device, whatever the browser likes.
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_a_gateway_that_is_down_loses_nothing(surfer: Callable[..., Surfer]) -> None:
    visitor = surfer()
    page = visitor.page
    page.goto("/about")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("link", name="Rounds and polls").click()
    expect(page.get_by_role("alert")).to_contain_text("This site does not answer")
    visitor.look("home-down")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Rounds of a shared budget")).to_be_visible()
