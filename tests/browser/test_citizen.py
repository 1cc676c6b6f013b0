"""A citizen without a wallet: invited, registered, votes on questions of every kind, audits."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.voter.saved_votes import SavedVotes
from ostraka.wire.records import to_hex
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.question import KINDS
from tests.browser.surfing import Surfer, review_and_seal
from tests.browser.survey import QUESTIONS, answer_all, plan_of, vote_of_others
from tests.support.api import TIMES, Api, fresh_keys, wait_for_heads
from tests.support.invitations import redeem
from tests.support.town import eventually

PASSPHRASE = "correct horse battery staple"
FILL_STORAGE = """
for (let size = 2 ** 22; size >= 1; ) {
  try {
    localStorage.filling = (localStorage.filling ?? "") + "x".repeat(size);
  } catch {
    size = Math.floor(size / 2);
  }
}
"""


def test_the_survey_asks_every_kind() -> None:
    kinds = {question["kind"] for question in QUESTIONS}
    assert kinds == KINDS.keys(), "ask it in tests/browser/survey.py, and fill it in there"


def register(page: Page) -> None:
    page.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    page.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Create my key and register").click()


def bound_elsewhere(citizen: Surfer, poll_id: int, invitation: SigningKey) -> None:
    """A list of voters that binds the citizen's invitation to another key, or leaves it out."""
    page, path = citizen.page, f"**/api/v1/polls/{poll_id}/census"
    own = invitation.address

    def changed(entries: Callable[[Census], list[CensusEntry]]) -> Callable[[Any], None]:
        def change(route: Any) -> None:
            census = Census.decode(route.fetch().body())
            route.fulfill(status=200, body=Census(tuple(entries(census))).encode())

        return change

    def rebound(census: Census) -> list[CensusEntry]:
        other = bytes([7] * 20)
        return [
            replace(one, signing_key=other) if one.account == own else one for one in census.entries
        ]

    def without(census: Census) -> list[CensusEntry]:
        return [one for one in census.entries if one.account != own]

    # Without a provider of chain data the gateway's list is all there is …
    unchecked = f"/polls/{poll_id}?rpc=https://127.0.0.1:1"
    for entries, says in (
        (rebound, "is bound to another key: 0x0707"),
        (without, "the list of voters does not include you"),
    ):
        page.route(path, changed(entries))
        page.goto(unchecked)
        unlock(page)
        expect(page.get_by_text(says)).to_be_visible()
        citizen.look(f"poll-{entries.__name__}")
        # … and with one a list that is not the chain's is told apart.
        page.goto(f"/polls/{poll_id}")
        unlock(page)
        expect(page.get_by_text("is not the one fixed on the blockchain")).to_be_visible()
        page.unroute(path)
    citizen.look("poll-false-list")
    citizen.console.clear()


def unlock(page: Page) -> None:
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()


@contextmanager
def lying(surfer: Surfer, poll_id: int) -> Iterator[None]:
    """While it lasts, the gateway shows an invalid poll key of a node."""

    def answer(route: Any) -> None:
        shown = route.fetch().json()
        shown["poll_keys"][1] = shown["poll_keys"][0]
        route.fulfill(json=shown)

    path = f"**/api/v1/polls/{poll_id}"
    surfer.page.route(path, answer)
    yield
    surfer.page.unroute(path)


def on_paper(citizen: Surfer, other: Surfer) -> None:
    """The key goes by words alone to another browser."""
    page, there = citizen.page, other.page
    page.get_by_role("link", name="Your key").click()
    page.get_by_role("button", name="Show as 24 words").click()
    expect(page.locator(".paper code")).to_have_count(24)
    words = page.locator(".paper code").all_text_contents()
    address = page.locator(".cards .digest").text_content()
    citizen.look("key-words")
    there.goto("/key")
    there.get_by_label("or its 24 words").fill(" ".join(words[:-1]))
    there.get_by_role("button", name="Read the words").click()
    expect(there.get_by_role("alert")).to_contain_text("every word and their order")
    there.get_by_label("or its 24 words").fill(" ".join(words))
    there.get_by_role("button", name="Read the words").click()
    importing = there.locator("form", has=there.get_by_role("button", name="Import"))
    importing.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    importing.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    importing.get_by_role("button", name="Import").click()
    expect(there.locator(".cards .digest")).to_have_text(address or "")
    other.look("key-imported")
    kept = "\n".join(other.kept().values())
    assert not any(f" {words[0]} {words[1]}" in one for one in (kept, *other.sent))


def with_a_false_receipt(route: Any) -> None:
    """The gateway gives node 2's receipt as node 1's."""
    answer = route.fetch()
    content = answer.json()
    content["receipts"][0]["signature"] = content["receipts"][1]["signature"]
    route.fulfill(response=answer, json=content)


def content_of(opened: Path) -> str:
    """Hexadecimal digits of an opened ballot, which begins with its account."""
    return str(json.loads(opened.read_text())["ballot"]).removeprefix("0x")


def challenge(citizen: Surfer, other: Surfer, poll_id: int) -> str:
    """A ballot is noted on another device, opened, and looked into there; it is not cast."""
    page, there = citizen.page, other.page
    page.get_by_role("button", name="Seal my ballot").click()
    expect(page.get_by_text("Sealed, not cast yet")).to_be_visible()
    expect(page.get_by_role("img", name="as a QR code")).to_be_visible()
    citizen.look("poll-sealed")
    digest = page.locator(".panel .digest").text_content() or ""
    there.goto(f"/polls/{poll_id}/check#number={digest}")
    expect(there.get_by_text("You noted the ballot")).to_be_visible()
    other.look("check-noted")

    page.get_by_role("button", name="Test this ballot instead").click()
    expect(page.get_by_text("Revealed, not cast")).to_be_visible()
    citizen.look("poll-opened")
    file = citizen.download("Save the revealed ballot as a file")
    assert not [one for one in citizen.sent if "/ballots" in one.partition("\n")[0]]
    there.get_by_label("Revealed ballot, as a file").set_input_files(file)
    check = there.get_by_role("button", name="Check", exact=True)
    check.click()
    expect(there.get_by_text("This ballot contains exactly this")).to_be_visible()
    says = there.locator(".notice", has=there.get_by_text("This ballot contains exactly this"))
    expect(says).to_contain_text("You noted the ballot")
    expect(says).to_contain_text(f"account 0x{content_of(file)[:40]}")
    expect(there.locator(".says")).to_contain_text("Order1. Blue2. Red3. Green")
    expect(there.locator(".says")).to_contain_text("Minutessouth: 45 min")
    other.look("check-says")
    content = json.loads(file.read_text())
    flipped = content["bits"][:2][::-1] + content["bits"][2:]
    there.get_by_label("or its content").fill(json.dumps(content | {"bits": flipped}))
    check.click()
    expect(there.get_by_role("alert")).to_contain_text("V4")
    there.get_by_label("Number that you noted").fill("0x" + "11" * 32)
    there.get_by_label("or its content").fill(file.read_text())
    check.click()
    expect(there.get_by_role("alert")).to_contain_text("V1")
    other.look("check-fails")
    # A number that comes with its ballot was not noted before, whatever the link says.
    there.goto(f"/polls/{poll_id}/check#number=0x{'22' * 32}&opening=%7B%7D")
    expect(there.get_by_label("or its content")).to_have_value("{}")
    assert not any("22" * 32 in one for one in other.kept().values())
    assert not other.console, other.console
    page.get_by_role("button", name="Continue and seal a new ballot").click()
    return digest


def one_at_a_time(citizen: Surfer) -> None:
    """On a phone the questions come one by one; what is left out is an error in the review."""
    page = citizen.page
    first, second = (page.get_by_role("group", name=name) for name in ("Where?", "Which days?"))
    expect(first).to_be_visible()
    expect(second).to_have_count(0)
    assert not page.get_by_text("Choose one option.", exact=True).locator(".wrong").count()
    page.get_by_role("button", name="Next").click()
    expect(first).to_have_count(0)
    expect(second).to_be_focused()
    page.get_by_role("button", name="Back").click()
    expect(first.locator(".wrong")).to_have_text("Choose one option.")
    page.get_by_role("button", name="Review my choices").click()
    expect(page.locator(".review .wrong").first).to_have_text("Choose one option.")
    expect(page.get_by_text("Choose the key or wallet that votes.")).to_be_visible()
    citizen.look("poll-review-empty")
    page.get_by_role("button", name="Change: Where?").click()
    expect(first).to_be_focused()


def spoil_and_mend(citizen: Surfer) -> None:
    """From the review back to one question: what is wrong there cannot be sealed."""
    page = citizen.page
    page.get_by_role("button", name="Change: Divide").click()
    sport = page.get_by_role("group", name="Divide", exact=True).get_by_role(
        "textbox", name="Sport"
    )
    sport.fill("71")
    page.get_by_role("button", name="Review my choices").click()
    expect(page.locator(".review .wrong")).to_have_text("Reduce the total by 1.")
    expect(page.get_by_role("button", name="Seal my ballot")).to_be_disabled()
    page.get_by_role("button", name="Change: Divide").click()
    sport.fill("70")
    page.get_by_role("button", name="Review my choices").click()
    expect(page.locator(".review")).to_contain_text("south: 45 min")


@pytest.mark.timeout(600)
def test_an_invited_citizen_registers_votes_and_audits(
    stack: LocalStack, surfer: Callable[[], Surfer]
) -> None:
    # One invitation is given to nobody.
    api, invited, keys = Api(stack), fresh_keys(7), fresh_keys(5)
    plan = plan_of(stack, api, invited)
    code, others = invited[0].secret().hex(), list(zip(invited[1:6], keys, strict=True))
    for invitation, key in others:
        redeem(api, invitation, key)
    citizen = surfer()
    page = citizen.page

    page.goto("/")
    expect(page.get_by_text("All kinds of questions")).to_be_visible()
    citizen.look("home-registering")
    page.goto(f"/register#{code[:-1]}")
    expect(page.get_by_role("alert")).to_contain_text("not an invitation code")
    citizen.look("register-no-code")
    page.get_by_label("Invitation code").fill("1" * 64)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("This code was never issued")
    page.goto("/about")
    page.goto(f"/register#{code}")
    expect(page.get_by_role("heading", name="Register to vote")).to_be_visible()
    expect(page.get_by_text("You are invited to: All kinds of questions")).to_be_visible()
    citizen.look("register")
    page.get_by_label("Choose a passphrase").fill("short")
    page.get_by_label("Repeat the passphrase").fill("short")
    page.get_by_role("button", name="Create my key and register").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 10 characters")
    register(page)
    expect(page.get_by_role("heading", name="You are registered")).to_be_visible()
    citizen.look("registered")
    key_file = citizen.download("Save your key as a file now")
    assert PASSPHRASE not in key_file.read_text()
    confirmation = json.loads(citizen.download("Save the confirmation as a file").read_text())
    assert confirmation["invitation"] == invited[0].address_hex
    assert confirmation["signing_key"] == json.loads(key_file.read_text())["address"]
    # The same invitation on another device, where its voter has no key yet.
    again = surfer()
    again.page.goto(f"/register#{code}")
    expect(again.page.get_by_text("bound to the key")).to_contain_text(confirmation["signing_key"])
    again.look("register-bound")
    register(again.page)
    expect(again.page.get_by_role("alert")).to_contain_text("already used with another key")
    on_paper(citizen, surfer())

    stack.move_time(plan["specification"]["registration_closes_at"])
    eventually(lambda: api.good("GET", f"/plans/{plan['plan']}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{plan['plan']}")["poll"])
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "open", 60)
    wait_for_heads(stack)

    # A gateway that names keys of its own would read the vote: the chain tells.
    with lying(citizen, poll_id):
        page.goto(f"/polls/{poll_id}")
        expect(page.get_by_text("does not match the blockchain. Do not vote.")).to_be_visible()
        expect(page.get_by_role("group", name="Where?")).to_have_count(0)
        citizen.look("poll-lies")
    bound_elsewhere(citizen, poll_id, invited[0])
    # What is no provider of chain data checks nothing, and the voter has to say so.
    page.goto(f"/polls/{poll_id}?rpc={stack.node_urls[0]}")
    expect(page.get_by_text("Not checked against the blockchain")).to_be_visible()
    expect(page.get_by_label("Vote without this check")).not_to_be_checked()
    citizen.look("poll-unchecked")

    page.goto("/")
    page.get_by_role("link", name="All kinds of questions").click()
    expect(page.get_by_text("contains exactly this poll, and every node signed")).to_be_visible()
    own = page.get_by_role("region", name="Your ballot")
    expect(own.get_by_text("Not cast yet").first).to_be_visible()
    # However many questions there are, it is in sight from the beginning.
    page.set_viewport_size({"width": 375, "height": 800})
    one_at_a_time(citizen)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_text("0 of 12 answered")).to_be_in_viewport()
    answer_all(page)
    expect(page.get_by_text("12 of 12 answered")).to_be_in_viewport()
    heard = page.get_by_role("group", name="Points", exact=True).get_by_role("status")
    expect(heard).to_have_text("7 of 10 distributed")
    citizen.look("poll-filled")
    park = page.get_by_role("group", name="Points", exact=True).get_by_label("Park")
    page.evaluate(FILL_STORAGE)
    park.fill("07")
    expect(page.get_by_text("no space to store your draft")).to_be_visible()
    page.evaluate("localStorage.removeItem('filling')")
    park.fill("7")
    expect(page.get_by_text("no space to store your draft")).to_have_count(0)
    # A page that is closed in the middle of it loses nothing.
    page.goto("/about")
    expect(page.get_by_text("Number of the client")).to_be_visible()
    expect(page.get_by_text("Fewer than 2 of the 4 nodes")).to_be_visible()
    citizen.look("about")
    page.goto(f"/polls/{poll_id}")
    expect(page.get_by_label("Statue")).not_to_be_checked()
    expect(page.get_by_label("Bench")).to_be_checked()
    page.get_by_label("Passphrase").fill("another passphrase")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("does not unlock the key")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    # A ballot that is complete is reviewed at once.
    expect(page.get_by_text("This key is on the list of voters.")).to_be_visible()
    expect(page.get_by_role("button", name="Seal my ballot")).to_be_enabled()
    expect(own).to_be_focused()
    citizen.look("poll-ready")
    spoil_and_mend(citizen)
    opened = challenge(citizen, surfer(), poll_id)
    # However often a button is pressed, one ballot is sealed and one is cast.
    page.get_by_role("button", name="Seal my ballot").dblclick()
    expect(page.get_by_text("Sealed, not cast yet")).to_be_visible()
    sealed = page.locator(".panel .digest").text_content()
    assert sealed not in (None, opened)
    page.get_by_role("button", name="Cast my ballot").dblclick()
    expect(page.get_by_text("Cast and recorded")).to_be_visible()
    expect(page.get_by_text("receipt verified")).to_have_count(4)
    citizen.look("poll-cast")
    kept = citizen.kept()
    assert not [name for name in kept if "draft" in name]
    votes = SavedVotes.read(citizen.download("Save the receipts as a file"))
    assert len(votes.ballots) == 1
    assert votes.recorded(votes.ballots[0])
    assert to_hex(votes.ballots[0].digest) == sealed
    assert votes.poll.poll_id == poll_id

    page.get_by_role("button", name="Change my vote").click()
    expect(own.get_by_text("You are changing your vote").first).to_be_visible()
    expect(own).to_be_focused()
    answer_all(page)
    page.get_by_label("There").check()
    citizen.look("poll-changing")
    review_and_seal(page)
    # The network breaks, and the page is closed over it: the very same ballot is sent again.
    page.route("**/ballots", lambda route: route.abort())
    page.get_by_role("button", name="Cast my changed ballot").click()
    expect(page.get_by_text("Sent, but not recorded yet")).to_be_visible()
    citizen.look("poll-unsent")
    page.goto(f"/polls/{poll_id}")
    page.unroute("**/ballots")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_text("Sent, but not recorded yet")).to_be_visible()
    page.route("**/ballots", with_a_false_receipt)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Cast and recorded")).to_be_visible()
    expect(page.get_by_text("receipt verified")).to_have_count(3)
    expect(
        page.get_by_text("Node 1: no receipt: the response is not valid (receipt")
    ).to_be_visible()
    citizen.look("poll-false-receipt")
    page.unroute("**/ballots")

    vote_of_others(stack, api, poll_id, others)
    expect(page.get_by_text("Voted", exact=True).locator("..")).to_contain_text("6")
    page.goto(f"/polls/{poll_id}/results")
    expect(page.get_by_text("There is no result yet")).to_be_visible()
    citizen.look("results-early")

    stack.move_time(plan["specification"]["closes_at"] + TIMES["freeze_delay"])
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "", 60)
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api("GET", f"/polls/{poll_id}/results")[0] == 200, "tallied", 60)

    page.goto(f"/polls/{poll_id}")
    page.get_by_role("button", name="Look it up among all counted ballots").click()
    expect(page.get_by_text("Yes. Your ballot is among the counted ballots")).to_be_visible()
    citizen.look("poll-counted")
    # So says any other device, to whom has the receipts.
    other = surfer()
    other.page.goto(f"/polls/{poll_id}")
    receipts = other.page.get_by_label("Receipts saved as a file")
    receipts.set_input_files(key_file)
    expect(other.page.get_by_role("alert")).to_contain_text("no receipts for this poll")
    receipts.set_input_files(citizen.download("Save the receipts as a file"))
    other.page.get_by_role("button", name="Look it up among all counted ballots").click()
    expect(other.page.get_by_text("Yes. Your ballot is among the counted")).to_be_visible()
    other.look("poll-counted-elsewhere")
    page.get_by_role("link", name="See the results").click()
    for question, option, votes_for, share in (
        ("Where?", "There", "6", "100%"),
        ("What to buy?", "Bench", "1", "16.7%"),
        ("Divide", "Sport", "270", "45"),
        ("Order", "Blue", "12", "2"),
        ("Who leads?", "Ben", "5", "5"),
    ):
        row = page.get_by_role("table", name=question).get_by_role("row", name=option)
        expect(row.get_by_role("cell")).to_contain_text([votes_for, share])
    # (45 + 5 × 20) / 6
    expect(page.get_by_role("table", name="Minutes")).to_contain_text("24.17")
    expect(page.get_by_text("assumes that each of 7 invitations (6 used)")).to_be_visible()
    citizen.look("results")
    page.get_by_role("link", name="Verify all of this yourself").click()
    expect(page.get_by_role("button", name="Start the audit")).to_be_visible()
    citizen.look("audit")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_text("All checks passed, assuming:")).to_be_visible()
    expect(
        page.get_by_text("each of 7 invitations (6 used) went to a different person")
    ).to_be_visible()
    expect(page.get_by_text("This is a test deployment")).to_be_visible()
    citizen.look("audit-holds")

    # Neither passphrase nor code left the browser.
    sent = "\n".join(citizen.sent)
    assert PASSPHRASE not in sent
    assert code not in sent
    assert not citizen.console, citizen.console
