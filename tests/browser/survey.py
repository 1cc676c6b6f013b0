"""A survey with every kind of question: its plan, a person who fills it in, and how others vote."""

from typing import Any

from playwright.sync_api import Page, expect

from ostraka.chain.published import read_published
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.voter.prepare import BallotFactory
from ostraka_verifier.curve import load
from ostraka_verifier.question import ballot_bits, read_questions
from tests.support.api import TIMES, Api, poll_keys
from tests.support.invitations import by_invitation

QUESTIONS: list[dict[str, Any]] = [
    {"kind": "single_choice", "title": "Where?", "options": ["Here", "There", "Nowhere"]},
    {
        "kind": "approval",
        "title": "Which days?",
        "options": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        "at_least": 1,
        "at_most": 3,
        "caps": [{"options": [5, 6], "at_most": 1}],
    },
    {
        "kind": "knapsack",
        "title": "What to buy?",
        "options": ["Bench", "Tree", "Statue"],
        "costs": [400, 150, 900],
        "budget": 1000,
    },
    {"kind": "score", "title": "How good?", "options": ["Bus", "Tram"], "max_score": 5},
    {"kind": "points", "title": "Points", "options": ["Park", "Pool"], "credits": 10},
    {"kind": "quadratic", "title": "Strength", "options": ["Yes", "No"], "credits": 9},
    {"kind": "split", "title": "Divide", "options": ["Art", "Sport"]},
    {
        "kind": "ranking",
        "title": "Order",
        "options": ["Red", "Green", "Blue"],
        "scores": [2, 1, 0],
    },
    {"kind": "pairwise", "title": "Who leads?", "options": ["Ada", "Ben", "Cem"], "at_least": 1},
    {
        "kind": "histogram",
        "title": "How old?",
        "options": ["under 30", "30 and more"],
        "bounds": [0, 30, 120],
    },
    {
        "kind": "cross_tabulation",
        "title": "Who comes how?",
        "rows": ["young", "old"],
        "columns": ["on foot", "by bus"],
    },
    {
        "kind": "number",
        "title": "Minutes",
        "low": 0,
        "high": 120,
        "unit": "min",
        "groups": ["north", "south"],
        "statistics": ["mean", "variance"],
    },
]
OTHERS: list[Any] = [
    1,
    [0, 5],
    [1],
    [3, 4],
    [4, 6],
    [1, 2],
    [60, 40],
    [2, 0, 1],
    [1],
    0,
    [1, 1],
    {"value": 20, "group": 1},
]
"""How each of the other five votes."""


def plan_of(stack: LocalStack, api: Api, invited: list[SigningKey]) -> dict[str, Any]:
    now = stack.registry.head().timestamp
    wanted = {
        "title": "All kinds of questions",
        "text": "A survey of the town.",
        "questions": QUESTIONS,
        "registration_closes_at": now + 3600,
        "closes_at": now + 10_000,
        "voters": by_invitation(invited),
        "times": TIMES,
    }
    plan: dict[str, Any] = api.good("POST", "/polls", wanted, token=True)
    return plan


def answer_all(page: Page) -> None:
    """Fill in every question."""

    def question(title: str) -> Any:
        return page.get_by_role("group", name=title, exact=True)

    question("Where?").get_by_label("Here", exact=True).check()
    days = question("Which days?")
    days.get_by_label("Sat").check()
    days.get_by_label("Sun").check()
    expect(days).to_contain_text("2 of at most 3 chosen")
    expect(days).to_contain_text("Choose at most 1 in total for Sat, Sun.")
    days.get_by_label("Sat").uncheck()
    things = question("What to buy?")
    things.get_by_label("Bench").check()
    things.get_by_label("Statue").check()
    expect(things).to_contain_text("This is 300 over budget.")
    things.get_by_label("Statue").uncheck()
    things.get_by_label("Tree").check()
    expect(things).to_contain_text("550 of 1,000 spent")
    question("How good?").get_by_label("Tram").fill("5")
    question("Points").get_by_label("Park").fill("11")
    expect(question("Points")).to_contain_text("Park: enter a number from 0 to 10.")
    expect(question("Points").get_by_label("Park")).to_have_attribute("aria-invalid", "true")
    question("Points").get_by_label("Park").fill("7")
    question("Strength").get_by_label("No").fill("3")
    expect(question("Strength")).to_contain_text("9 of 9 credits used")
    question("Divide").get_by_role("textbox", name="Art").fill("30")
    expect(question("Divide")).to_contain_text("Distribute 70 more.")
    question("Divide").get_by_role("slider", name="Sport").fill("70")
    order = question("Order")
    for colour in ("Red", "Green", "Blue"):
        order.get_by_role("button", name=f"Add {colour}").click()
    # Blue to the top, by keys alone.
    up = order.get_by_role("button", name="Move Blue up")
    up.focus()
    page.keyboard.press("Enter")
    expect(order).to_contain_text("Blue is now number 2")
    expect(up).to_be_focused()
    page.keyboard.press("Enter")
    expect(order).to_contain_text("Blue is now number 1")
    drag(page, order, "Blue", "Green")
    expect(order).to_contain_text("Blue is now number 3")
    drag(page, order, "Blue", "Red")
    expect(order).to_contain_text("Blue is now number 1")
    leader = question("Who leads?")
    expect(leader).to_contain_text("Options that you leave out tie below all others.")
    leader.get_by_role("button", name="Add Cem").click()
    question("How old?").get_by_label("30 and more").check()
    question("Who comes how?").get_by_label("young").check()
    question("Who comes how?").get_by_label("by bus").check()
    question("Minutes").get_by_label("Number").fill("45")
    question("Minutes").get_by_label("south").check()


def drag(page: Page, order: Any, what: str, onto: str) -> None:
    """Take an entry by its grip and drop it at another's place."""
    entry = order.get_by_role("listitem").filter(has_text=what)
    entry.scroll_into_view_if_needed()
    grip = entry.locator(".grip").bounding_box()
    target = order.get_by_role("listitem").filter(has_text=onto).bounding_box()
    x = grip["x"] + grip["width"] / 2
    page.mouse.move(x, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, target["y"] + target["height"] / 2, steps=8)
    page.mouse.up()


def vote_of_others(
    stack: LocalStack, api: Api, poll_id: int, voters: list[tuple[SigningKey, SigningKey]]
) -> None:
    """Votes of invitations with the keys that they are bound to."""
    poll = read_published(stack.registry, poll_id)
    opened = stack.registry.opened(poll_id)
    assert poll is not None
    assert opened is not None
    keys = poll_keys(poll, opened)
    factory = BallotFactory(
        load(), poll.rule, poll.committee.threshold, poll.domain, poll.context, keys.public_keys
    )
    bits = ballot_bits(read_questions(QUESTIONS), OTHERS)
    now = stack.registry.head().timestamp
    for invitation, key in voters:
        ballot = factory.prepare(key, invitation.address, bits, now)
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]
