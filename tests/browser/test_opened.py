"""A poll that opens its ballots: from a vote in the browser to the outcome explained there."""

import csv
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from tests.browser.surfing import Surfer, review_and_seal
from tests.browser.wallet import NAME, BrowserWallet
from tests.support.api import TIMES, Api, accounts, ballots_of, fresh_keys
from tests.support.town import eventually

PARKS = ["Trees", "Benches", "Pond", "Fountain"]
TREES, BENCHES, POND = range(3)


@pytest.mark.timeout(600)
def test_ballots_are_opened_and_explain_the_outcome(
    stack: LocalStack, surfer: Callable[[], Surfer]
) -> None:
    api, keys = Api(stack), fresh_keys(6)
    wanted = {
        "title": "Green squares",
        "questions": [
            {
                "kind": "approval",
                "title": "Green squares",
                "options": PARKS,
                "at_least": 0,
                "at_most": 4,
            }
        ],
        "outcomes": [
            {
                "kind": "equal_shares",
                "costs": ["300", "150", "200", "1000"],
                "budget": "600",
                "completion": "utilitarian",
                "veto_holder": keys[5].address_hex,
            }
        ],
        "counting": "shuffled",
        "closes_at": stack.registry.head().timestamp + 3600,
        "voters": accounts(keys),
        "times": TIMES,
    }
    plan = api.good("POST", "/polls", wanted, token=True)["plan"]
    eventually(lambda: api.good("GET", f"/plans/{plan}")["poll"] is not None, "a poll", 60)
    poll_id = int(api.good("GET", f"/plans/{plan}")["poll"])
    eventually(lambda: api("GET", f"/polls/{poll_id}")[1].get("poll_keys") is not None, "open", 60)

    voter = surfer()
    page = voter.page
    BrowserWallet(voter, stack, keys[0])
    page.goto(f"/polls/{poll_id}")
    page.get_by_role("button", name=f"Connect {NAME}").click()
    expect(page.get_by_text("Your ballot will be opened, without your name")).to_be_visible()
    # The ballot of a visitor without a key makes way for this voter's.
    expect(page.get_by_text("This key is on the list of voters.")).to_be_visible()
    page.get_by_label("Trees").check()
    page.get_by_label("Benches").check()
    review_and_seal(page)
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("4 of 4 nodes issued a receipt")).to_be_visible()
    others = [[TREES, BENCHES]] * 3 + [[POND]] + [[]]
    votes = [(key, key.address, chosen) for key, chosen in zip(keys[1:], others, strict=True)]
    for ballot in ballots_of(stack, poll_id, votes):
        assert api.good("POST", f"/polls/{poll_id}/ballots", ballot.record.to_json())["recorded"]

    stack.move_time(api.good("GET", f"/polls/{poll_id}")["freezes_at"])
    path = f"/polls/{poll_id}"
    eventually(lambda: api.good("GET", path)["releasable_at"] is not None, "anchored", 90)
    page.goto(f"{path}/results")
    expect(page.get_by_text("shuffle them so that no one can tell")).to_be_visible()
    voter.look("opened-early")
    stack.move_time(api.good("GET", path)["releasable_at"])
    eventually(lambda: api.good("GET", path)["status"] == "tallied", "tallied", 90)
    eventually(
        lambda: api.good("GET", f"{path}/outcome")["state"] == "objectable", "an attestation", 60
    )

    page.reload()
    expect(page.get_by_role("heading", name="2 proposals are funded")).to_be_visible()
    expect(page.get_by_text("Computed in this browser")).to_be_visible()
    expect(page.get_by_text("The veto holder can void it until")).to_be_visible()
    expect(page.get_by_text("Each of the 6 ballots gets 100.")).to_be_visible()
    for step in (
        "Costs 300, paid by 4 supporters, at most 75 each.",
        "Costs 150, but its 4 supporters together have only 100 left.",
        "No one voted for it.",
        "Funded from the remaining budget. Cost: 150. Remaining: 150.",
        "Costs 200, more than the remaining 150.",
        "costs more than the remaining 150",
    ):
        expect(page.get_by_text(step)).to_be_visible()
    ballots = page.get_by_role("table", name="Opened ballots").get_by_role("row")
    for ballot, count in (("Trees, Benches", "4"), ("Pond", "1"), ("blank", "1")):
        expect(ballots.filter(has_text=ballot).get_by_role("cell")).to_contain_text([count])
    voter.look("opened-results")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the ballots as a table (CSV)").click()
    with saved.value.path().open() as file:
        head, *lines = csv.reader(file)
    assert head == PARKS
    assert [line.count("1") for line in lines] == [0, 1, 2, 2, 2, 2]
    page.goto(f"{path}/audit")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_text("All checks passed")).to_be_visible()

    page.goto(f"{path}/results")
    page.get_by_text("For the veto holder").click()
    page.get_by_role("button", name=f"Connect {NAME}").click()
    expect(page.get_by_text("This account is not the veto holder.")).to_be_visible()
    expect(page.get_by_role("button", name="Veto this outcome")).to_have_count(0)
    assert not voter.console, voter.console
    _veto(surfer(), stack, keys[5], path)
    assert api.good("GET", f"{path}/outcome")["state"] == "vetoed"
    _without_attestation(voter, api, path)


def _veto(holder: Surfer, stack: LocalStack, key: SigningKey, path: str) -> None:
    """The veto holder voids the outcome with a wallet, on second thoughts."""
    page, wallet = holder.page, BrowserWallet(holder, stack, key)
    page.goto(f"{path}/results")
    page.get_by_text("For the veto holder").click()
    page.get_by_role("button", name=f"Connect {NAME}").click()
    page.get_by_role("button", name="Veto this outcome").click()
    page.get_by_role("button", name="No, keep it").click()
    page.get_by_role("button", name="Veto this outcome").click()
    assert "eth_sendTransaction" not in wallet.asked
    holder.look("opened-veto")
    wallet.declines = 1
    page.get_by_role("button", name="Yes, void it for good").click()
    expect(page.get_by_text("You declined in your wallet.")).to_be_visible()
    wallet.wait()
    page.get_by_role("button", name="Yes, void it for good").click()
    expect(page.get_by_text("Confirm the transaction in your wallet.")).to_be_visible()
    wallet.go_on()
    expect(page.get_by_text("The veto holder voided this outcome")).to_be_visible()
    expect(page.get_by_text("This poll has no outcome")).to_be_visible()
    for gone in ("2 proposals are funded", "For the veto holder"):
        expect(page.get_by_text(gone)).to_have_count(0)
    holder.look("opened-vetoed")


def _without_attestation(visitor: Surfer, api: Api, path: str) -> None:
    """The page explains an outcome that nodes did not attest in time."""
    page, seen = visitor.page, api.good("GET", f"{path}/outcome")
    nothing = dict.fromkeys(("attested_at", "objection_ends_at", "ballots_hash", "awards"))
    missed = {**seen, **nothing, "state": "missed"}
    page.route(f"**/api/v1{path}/outcome", lambda route: route.fulfill(json=missed))
    page.goto(f"{path}/results")
    expect(page.get_by_text("the nodes did not bring it to the contract in time")).to_be_visible()
    expect(page.get_by_text("2 proposals are funded")).to_have_count(0)
    expect(page.get_by_text("For the veto holder")).to_have_count(0)
    assert not visitor.console, visitor.console
