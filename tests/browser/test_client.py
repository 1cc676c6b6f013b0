"""The client itself: what was tampered with on its way is not run; languages."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.surfing import Surfer


def test_a_script_that_was_changed_is_not_run(surfer: Callable[[], Surfer]) -> None:
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
