"""An organizer who moderates the comments of a round, in the browser."""

from playwright.sync_api import expect

from tests.browser.surfing import Surfer


def moderate(organizer: Surfer, token: str, plan: str) -> None:
    """Hide the only comment of a round, with a reason."""
    page = organizer.page
    page.goto(f"/organize/{plan}")
    page.get_by_label("Organizer token").fill(token)
    page.get_by_role("button", name="Continue").click()
    comments = page.get_by_role("region", name="Moderate comments")
    comments.get_by_text("Hide this comment").first.click()
    hide = comments.get_by_role("button", name="Hide this comment")
    hide.click()
    expect(comments.get_by_text("State the reason.")).to_be_visible()
    expect(comments.get_by_label("Reason")).to_be_focused()
    organizer.look("organize-moderation")
    comments.get_by_label("Reason").fill("An example.")
    hide.click()
    expect(comments.get_by_text("Hidden", exact=True)).to_be_visible()
    expect(comments.get_by_text("Show it again").first).to_be_visible()
    organizer.look("organize-moderation-hidden")
    assert not organizer.console, organizer.console
