"""A member with a key of the command line: votes within a budget, has the winners paid."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from ostraka.demo.local_stack import LocalStack
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from tests.browser.surfing import Surfer, review_and_seal
from tests.support.api import TIMES, Api, accounts, ballots_of, fresh_keys, signed, wait_for_vote
from tests.support.town import eventually

BUDGET = 1000
WEIGHT = 3
"""Of each member, as holders of a token have votes."""
FAST = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
# Milliseconds, and bytes a second: a telephone at the edge of a village.
SLOW = FAST | {"latency": 800, "downloadThroughput": 20_000, "uploadThroughput": 10_000}
PASSPHRASE = "correct horse battery staple"
ITEMS = [("Ławka", 400), ("Tree", 150), ("Statue", 900), ("Swing", 300), ("Pond", 700), ("Oak", 50)]


def propose(api: Api, number: str, keys: list[SigningKey]) -> list[str]:
    """Each item, by a member in turn; where it is to be paid to."""
    recipients = []
    for position, (title, amount) in enumerate(ITEMS):
        key, recipient = keys[position % len(keys)], SigningKey().address_hex
        item = {"recipient": recipient, "amount": amount, "title": title, "text": f"Why {title}"}
        asked = {"kind": "proposal", "round": int(number), "member": key.address_hex, "item": item}
        sent = {"item": item, "authorization": signed(key, api.good("POST", "/typed-data", asked))}
        api.good("POST", f"/rounds/{number}/proposals", sent)
        recipients.append(recipient)
    return recipients


@pytest.mark.timeout(600)
def test_a_round_from_search_to_payout(stack: LocalStack, surfer: Callable[[], Surfer]) -> None:
    api, keys = Api(stack), fresh_keys(6)
    token, _ = stack.deploy_token("Test PLN", "PLN", BUDGET)
    now = stack.registry.head().timestamp
    wanted: dict[str, Any] = {
        "title": "Wiosna",
        "text": "Who gets the money?",
        "token": to_hex(token.address),
        "budget": BUDGET,
        "proposals_close_at": now + 3600,
        "voting_opens_at": now + 7200,
        "voting_closes_at": now + 10_800,
        "members": accounts(keys, WEIGHT),
        "ballot": {"kind": "knapsack"},
        "times": TIMES,
    }
    plan = api.good("POST", "/rounds", wanted, token=True)
    number = plan["round"]
    api.good("POST", f"/rounds/{number}/funding", {"amount": BUDGET}, token=True)
    recipients = propose(api, number, keys)
    member = surfer()
    page = member.page

    page.goto("/")
    card = page.get_by_role("article").filter(has_text="Wiosna")
    expect(card).to_contain_text("Open for proposals")
    expect(card).to_contain_text("6 proposals")
    page.get_by_role("link", name="Wiosna").click()
    expect(page.get_by_role("heading", level=3)).to_have_text([title for title, _ in ITEMS])
    part = page.get_by_role("region", name="Can you take part?")
    expect(part).to_contain_text("There is no key in this browser")
    who = page.get_by_role("region", name="Who may vote")
    expect(who).to_contain_text("also vote: 6 voters with a total weight of 18.")
    page.get_by_label("Sort by").select_option("highest cost")
    expect(page.get_by_role("heading", level=3).first).to_have_text("Statue")
    page.get_by_label("Search").fill("why ŁA")
    expect(page.get_by_role("heading", level=3)).to_have_text(["Ławka"])
    member.look("round")
    page.get_by_role("link", name="Ławka").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ławka")
    expect(page.get_by_text("400 PLN (40% of the budget)")).to_be_visible()
    member.look("proposal")

    file = member.folder / "me.key"
    write_key(file, keys[0], None)
    page.get_by_role("link", name="Your key").click()
    page.get_by_label("Key file").set_input_files(file)
    importing = page.locator("form", has=page.get_by_role("button", name="Import"))
    importing.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    importing.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    importing.get_by_role("button", name="Import").click()
    expect(page.get_by_text("is now in this browser")).to_be_visible()
    expect(page.get_by_text("unlocked", exact=True)).to_be_visible()
    member.look("key")
    secret = file.read_text().strip()
    assert not [name for name, content in member.kept().items() if secret in content]

    poll_id = wait_for_vote(stack, api, plan)

    # A node that is down and a gateway that is away keep nobody from voting.
    stack.kill_node(4)
    page.get_by_role("link", name="Rounds and polls").click()
    page.get_by_role("link", name="Wiosna").click()
    expect(part).to_contain_text("Yes, you can vote with the key")
    # What the gateway says of proposals is not what stands on the ballot.
    page.route("**/proposals", with_other_words)
    page.get_by_role("link", name="Go to the vote").click()
    expect(page.get_by_text("Why Ławka")).to_be_visible()
    expect(page.get_by_text("Another reason")).to_have_count(0)
    expect(page.get_by_text("Cost 400 PLN")).to_be_visible()
    page.unroute("**/proposals")
    page.get_by_label("Ławka").check()
    page.get_by_label("Swing").check()
    expect(page.get_by_text("700 PLN of 1,000 PLN spent").first).to_be_visible()
    expect(page.get_by_text("contains exactly this poll")).to_be_visible()
    page.context.route("**/api/v1/polls/*/ballots", gateway_is_away(stack))
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", SLOW)
    review_and_seal(page)
    expect(page.locator(".says")).to_have_text("WiosnaŁawkaSwing")
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("3 of 4 nodes issued a receipt")).to_be_visible()
    expect(page.get_by_text("receipt verified")).to_have_count(3)
    expect(page.get_by_text("Node 4: no receipt: not reachable")).to_be_visible()
    member.look("round-poll-cast")
    network.send("Network.emulateNetworkConditions", FAST)
    stack.start_node(4)
    stack.wait_for_node(4)

    votes = [(key, key.address, [0, 1, 5]) for key in keys[1:]]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["freezes_at"])
    eventually(
        lambda: api.good("GET", f"/polls/{poll_id}")["releasable_at"] is not None, "anchored", 90
    )
    stack.move_time(api.good("GET", f"/polls/{poll_id}")["releasable_at"])
    eventually(lambda: api.good("GET", f"/rounds/{number}")["status"] == "decided", "decided", 90)

    page.goto(f"/rounds/{number}")
    expect(page.get_by_role("heading", name="4 proposals are funded")).to_be_visible()
    member.look("round-decided")
    page.goto(f"/polls/{poll_id}/results")
    expect(page.get_by_role("heading", name="4 proposals are funded")).to_be_visible()
    expect(page.get_by_text("900 PLN").first).to_be_visible()
    expect(page.get_by_text("90% of the budget of 1,000 PLN")).to_be_visible()
    rows = page.get_by_role("table", name="Wiosna").get_by_role("row")
    expect(rows.filter(has_text="Ławka").get_by_role("cell")).to_contain_text(
        ["18", "100%", "funded"]
    )
    expect(page.get_by_text("Votes count by weight")).to_be_visible()
    picture = Image.open(member.download("Save as a picture"))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    # The heading, the title and the winners are on it, and not only its ground.
    assert len(picture.convert("L").resize((60, 32)).getcolors() or []) > 9
    why = ["0", "0%", "has fewer votes than needed (at least 1)"]
    expect(rows.filter(has_text="Pond").get_by_role("cell")).to_contain_text(why)
    page.get_by_role("button", name="Pay out Ławka").click()
    expect(page.get_by_role("button", name="Pay out Ławka")).to_have_count(0)
    member.look("round-results")
    assert token.balance(from_hex(recipients[0], "recipient")) == 400
    page.get_by_role("link", name="Verify all of this yourself").click()
    # Through a provider of the auditor's own, which only this page's policy allows.
    own = stack.rpc_url.replace("127.0.0.1", "localhost")
    page.get_by_text("Use a provider of blockchain data that you trust").click()
    page.get_by_label("JSON-RPC address").fill(own)
    page.get_by_role("button", name="Use this provider").click()
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_text("All checks passed")).to_be_visible()
    expect(page.get_by_text(f"read through {own.partition('//')[2]}")).to_be_visible()
    page.get_by_role("link", name="Make a certificate to print").click()
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", name="Repeat this audit")).to_be_visible()
    member.look("certificate")
    for paper in ("A4", "Letter"):
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) == 1, paper
    page.emulate_media(media="print")
    printed = page.get_by_text("Printed on")
    expect(printed).to_be_visible()
    expect(printed).to_contain_text(f"/polls/{poll_id}/certificate")
    page.emulate_media(media="screen")
    page.go_back()
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_text("All checks passed")).to_be_visible()
    page.route("**/board", with_a_bit_flipped)
    page.get_by_role("button", name="Repeat the audit").click()
    expect(page.get_by_text("A check failed")).to_be_visible()
    member.look("audit-fails")
    assert not member.console, member.console


def with_other_words(route: Any) -> None:
    """The gateway gives proposals another text and cost."""
    answer = route.fetch()
    lies = {"text": "Another reason", "amount": "7"}
    route.fulfill(response=answer, json=[one | lies for one in answer.json()])


def with_a_bit_flipped(route: Any) -> None:
    """The board is not the one that was counted."""
    answer = route.fetch()
    content = bytearray(answer.body())
    content[len(content) // 2] ^= 1
    route.fulfill(response=answer, body=bytes(content))


def gateway_is_away(stack: LocalStack) -> Callable[[Any], None]:
    """Ballots do not get to the gateway; those to nodes do."""

    def answer(route: Any) -> None:
        if route.request.url.startswith(stack.gateway_url):
            route.abort()
        else:
            route.continue_()

    return answer
