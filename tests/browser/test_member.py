"""Members of a round propose, change, withdraw and vote: with a wallet, or a key of the browser."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ostraka.chain.contract import artifact, checksum, connect, deploy
from ostraka.demo.chains import CHAIN_ID
from ostraka.demo.local_stack import LocalStack
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from tests.browser.moderating import moderate
from tests.browser.replacing import replaced_by_organizer
from tests.browser.surfing import Surfer, review_and_seal
from tests.browser.wallet import NAME, BrowserWallet
from tests.support.api import TIMES, Api, accounts, fresh_keys, wait_for_vote
from tests.support.invitations import by_invitation
from tests.support.pictures import picture_file
from tests.support.town import eventually

PASSPHRASE = "correct horse battery staple"
COIN = 10**18
"""Smallest units of the chain's coin, in which the pages count."""
BUDGET = 1000


def round_of(
    stack: LocalStack, api: Api, members: dict[str, Any], unit: int = COIN
) -> dict[str, Any]:
    """A funded round in which two proposals a member may be made, in two categories."""
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Autumn",
        "text": "What shall we buy?",
        "budget": str(BUDGET * unit),
        "minimum_amount": str(10 * unit),
        "maximum_amount": str(500 * unit),
        "proposals_per_member": 2,
        "proposals_close_at": now + 7200,
        "voting_opens_at": now + 10_800,
        "voting_closes_at": now + 14_400,
        "members": members,
        "ballot": {"kind": "approval", "at_least": 0, "at_most": 2},
        "outcome": {
            "kind": "categories",
            "budgets": [str(600 * unit), str(400 * unit)],
        },
        "times": TIMES,
    }
    plan: dict[str, Any] = api.good("POST", "/rounds", wanted, token=True)
    api.good("POST", f"/rounds/{plan['round']}/funding", {"amount": str(BUDGET * unit)}, token=True)
    return plan


def mixed_case(address: str) -> str:
    return checksum(from_hex(address, "address"))


def fill(page: Page, title: str, amount: str, recipient: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Recipient’s address").fill(recipient)


def preview(page: Page) -> None:
    page.get_by_role("button", name="Review before signing").click()


def proposals(api: Api, number: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.good("GET", f"/rounds/{number}/proposals")
    return listed


@pytest.mark.timeout(600)
def test_a_member_with_a_wallet(stack: LocalStack, surfer: Callable[[], Surfer]) -> None:
    api, keys, recipient = Api(stack), fresh_keys(6), SigningKey().address_hex
    plan = round_of(stack, api, accounts(keys))
    number = plan["round"]
    member = surfer()
    page, wallet = member.page, BrowserWallet(member, stack, keys[0])

    # Whoever fills in the form is told of what the round would refuse.
    page.goto("/")
    page.get_by_role("link", name="Autumn").click()
    page.get_by_role("link", name="Make a proposal").click()
    expect(page.get_by_text("(in 1 hour)")).to_be_visible()
    fill(page, "ł" * 76, "501", mixed_case(recipient).swapcase().replace("X", "x", 1))
    expect(
        page.get_by_text("From 10 ETH to 500 ETH. Paid in the blockchain’s native coin.")
    ).to_be_visible()
    expect(page.get_by_text("152 of 150 bytes used")).to_be_visible()
    preview(page)
    expect(page.get_by_label("Title")).to_be_focused()
    for problem in ("The title is too long", "is outside the limits of this round"):
        expect(page.get_by_text(problem)).to_be_visible()
    expect(page.get_by_text("Checksum mismatch")).to_be_visible()
    member.look("propose-problems")
    page.get_by_label("Recipient’s address").fill("0x" + "0" * 40)
    expect(page.get_by_text("This is the zero address")).to_be_visible()
    fill(page, "Ławka", "400", mixed_case(recipient))
    page.get_by_label("What it is and why").fill("Nobody can sit.\nhttps://bench.example")
    page.get_by_label("Category").select_option("Category 2")
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Ławka")
    member.look("propose-form")

    # The wallet is on another chain at first, and its owner hesitates.
    wallet.chain_id = 1
    preview(page)
    expect(page.get_by_role("heading", name="Is this correct?")).to_be_visible()
    connect_button = page.get_by_role("button", name=f"Connect {NAME}")
    icon = connect_button.locator("img")
    expect(icon).to_have_js_property("naturalWidth", 8)
    member.look("propose-sign-in")
    connect_button.click()
    expect(page.get_by_text("Your wallet is on network number 1.")).to_be_visible()
    member.look("propose-other-chain")
    wallet.knows_chain = False
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text(f"Switch it to network number {CHAIN_ID}")).to_be_visible()
    assert not wallet.signed
    wallet.knows_chain = True
    page.get_by_role("button", name=f"Ask the wallet to switch to network {CHAIN_ID}").click()
    wallet.move(CHAIN_ID)
    expect(page.get_by_text("Your wallet is on network number")).to_have_count(0)
    wallet.declines = 1
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text("You declined in your wallet")).to_be_visible()
    member.look("propose-declined")
    assert proposals(api, number) == []
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text("Your proposal is on the blockchain.")).to_be_visible()
    member.look("propose-done")
    (typed_data,) = wallet.signed
    assert typed_data["domain"]["verifyingContract"] == to_hex(stack.treasury.address)
    assert typed_data["primaryType"] == "Proposal"
    assert typed_data["message"] == {
        "roundId": number,
        "proposer": keys[0].address_hex,
        "recipient": recipient,
        "amount": str(400 * COIN),
        "category": "1",
        "title": "Ławka",
        "text": "Nobody can sit.\nhttps://bench.example",
        "details": "0x" + 64 * "0",
        "nonce": "0",
        "deadline": str(plan["specification"]["proposals_close_at"]),
    }
    (bench,) = proposals(api, number)
    assert (bench["title"], bench["amount"], bench["category"]) == ("Ławka", str(400 * COIN), 1)

    # A change, sent by the wallet itself; the recipient is said anew.
    page.get_by_role("link", name="Back to the round").click()
    own = page.get_by_role("region", name="Your proposals")
    expect(own.get_by_role("heading", level=3)).to_have_text(["Ławka"])
    member.look("round-own")
    own.get_by_role("link", name="Edit Ławka").click()
    expect(page.get_by_label("Amount")).to_have_value("400")
    expect(page.get_by_label("Recipient’s address")).to_have_value("")
    expect(page.get_by_text(f"This site shows {mixed_case(recipient)}.")).to_be_visible()
    member.look("revise")
    fill(page, "Ławka", "350", recipient)
    preview(page)
    page.get_by_role("button", name="Send the transaction from the wallet").click()
    expect(page.get_by_text("Your change is on the blockchain.")).to_be_visible()
    assert len(wallet.signed) == 1
    eventually(lambda: proposals(api, number)[0]["amount"] == str(350 * COIN), "changed")

    # A second one, sent by the wallet itself, and withdrawn by signature; a third one is too many.
    page.get_by_role("link", name="Back to the round").click()
    page.get_by_role("link", name="Make a proposal").click()
    expect(page.get_by_text("You have made 1 of at most 2 proposals")).to_be_visible()
    fill(page, "Statue", "500", recipient)
    page.get_by_label("Place (optional)").fill("52.2297")
    page.get_by_label("Picture (optional)").set_input_files(
        {"name": "statue.png", "mimeType": "image/png", "buffer": picture_file("PNG")}
    )
    shows = page.get_by_label("What the picture shows")
    expect(shows).to_be_visible()
    preview(page)
    expect(page.get_by_text("Enter latitude and longitude")).to_be_visible()
    expect(page.get_by_text("Describe the picture")).to_be_visible()
    member.look("propose-place")
    page.get_by_label("Place (optional)").fill("52.2297, 21.0122")
    page.get_by_label("Name of the place").fill("Market square")
    shows.fill("A statue")
    preview(page)
    expect(page.get_by_role("img", name="A statue")).to_be_visible()
    page.get_by_role("button", name="Send the transaction from the wallet").click()
    expect(page.get_by_text("Your proposal is on the blockchain.")).to_be_visible()
    eventually(lambda: len(proposals(api, number)) == 2, "proposed")
    # The wallet sent the hash only; the client gave the rest to the gateway.
    details = json.loads(proposals(api, number)[1]["details_document"])
    place = {"latitude": 52229700, "longitude": 21012200, "label": "Market square"}
    assert details["place"] == place
    page.get_by_role("link", name="Back to the round").click()
    plan_of_places = page.get_by_role("group", name="Plan of the places")
    plan_of_places.get_by_role("link", name="2. Statue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Statue")
    expect(page.get_by_role("img", name="A statue")).to_be_visible()
    member.look("proposal-place")
    page.get_by_role("link", name="Back to the round").click()
    own.get_by_role("button", name="Withdraw Statue").click()
    member.look("round-withdraw")
    own.get_by_role("button", name="Sign and withdraw").click()
    expect(own.get_by_role("heading", level=3)).to_have_text(["Ławka"])
    assert wallet.signed[-1]["primaryType"] == "Withdrawal"
    assert wallet.signed[-1]["message"]["proposalId"] == proposals(api, number)[1]["proposal"]
    assert [one["withdrawn"] for one in proposals(api, number)] == [False, True]
    page.get_by_role("link", name="Make a proposal").click()
    expect(page.get_by_text("as many proposals as this round allows")).to_be_visible()
    member.look("propose-limit")

    # The page follows to an account that is nobody here.
    stranger = SigningKey()
    wallet.show(stranger.address)
    expect(page.get_by_text("is not on the list of members")).to_be_visible()
    fill(page, "Fence", "100", recipient)
    preview(page)
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign and send")).to_have_count(0)
    member.look("propose-stranger")
    wallet.show(keys[0].address)
    vote_with(member, wallet, wait_for_vote(stack, api, plan))
    name_a_voting_key(stack, member, wallet, keys[0])
    assert not member.console, member.console


def vote_with(member: Surfer, wallet: BrowserWallet, poll_id: int) -> None:
    """A ballot by the wallet, which sees a digest and no choice."""
    page = member.page
    page.get_by_role("link", name="Back to the round").click()
    page.get_by_role("link", name="Go to the vote").click()
    expect(page.get_by_text(f"You sign with {NAME}")).to_be_visible()
    page.get_by_label("Ławka").check()
    expect(page.get_by_text("contains exactly this poll")).to_be_visible()
    review_and_seal(page)
    number = page.locator("code.digest").inner_text()
    wallet.declines = 1
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("You declined in your wallet")).to_be_visible()
    expect(page.get_by_text("Sealed, not cast yet")).to_be_visible()
    member.look("poll-declined")
    # What may be signed at any moment is not opened.
    wallet.wait()
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Your wallet is asking you to confirm")).to_be_visible()
    expect(page.get_by_role("button", name="Test this ballot")).to_be_disabled()
    member.look("poll-asking")
    wallet.go_on()
    expect(page.get_by_text("4 of 4 nodes issued a receipt")).to_be_visible()
    member.look("poll-cast-by-wallet")
    ballot = wallet.signed[-1]
    assert ballot["primaryType"] == "Ballot"
    assert set(ballot["message"]) == {
        "pollContext",
        "voter",
        "castAt",
        "ballotDigest",
        "boxesHash",
    }
    assert ballot["message"]["voter"] == to_hex(wallet.account)
    assert ballot["message"]["ballotDigest"] == number


def name_a_voting_key(
    stack: LocalStack, member: Surfer, wallet: BrowserWallet, owner: SigningKey
) -> None:
    """The page explains to a contract wallet why it cannot cast, and the wallet appoints a key."""
    page = member.page
    safe, _ = deploy(stack.rpc_url, owner, "TestWallet")
    wallet.show(safe)
    expect(page.get_by_text("This account is a smart contract, such as a Safe")).to_be_visible()
    member.look("poll-contract")
    page.get_by_role("link", name="Appoint a key to vote for it").click()
    page.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    page.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    member.look("voting-key")
    page.get_by_role("button", name="Create a key").click()
    register = page.get_by_role("button", name="Register this key with a transaction")
    expect(register).to_be_visible()
    member.look("voting-key-made")
    wallet.declines = 1
    register.click()
    expect(page.get_by_text("You declined in your wallet")).to_be_visible()
    register.click()
    expect(page.get_by_text("now votes for")).to_be_visible()
    member.look("voting-key-done")
    key_file = member.download("Save the key as a file now")
    keys = connect(stack.rpc_url).eth.contract(
        address=checksum(stack.voting_keys), abi=artifact("VotingKeys")["abi"]
    )
    named = keys.functions.keyOf(checksum(safe)).call()
    assert named.lower() in key_file.read_text()


def in_cents(route: Any) -> None:
    """The round is shown as if its money had two decimals."""
    route.fulfill(json=route.fetch().json() | {"symbol": "EUR", "decimals": 2})


@pytest.mark.timeout(600)
def test_a_member_with_a_key_of_the_browser(
    stack: LocalStack, surfer: Callable[[], Surfer]
) -> None:
    api, keys, recipient = Api(stack), fresh_keys(6), SigningKey().address_hex
    plan = round_of(stack, api, accounts(keys), unit=1)
    number, member, organizer = plan["round"], surfer(), surfer()
    page = member.page
    file = member.folder / "me.key"
    write_key(file, keys[0], None)
    page.goto("/key")
    page.get_by_label("Key file").set_input_files(file)
    importing = page.locator("form", has=page.get_by_role("button", name="Import"))
    importing.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    importing.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    importing.get_by_role("button", name="Import").click()
    expect(page.get_by_text("is now in this browser")).to_be_visible()

    page.route(f"**/api/v1/rounds/{number}", in_cents)
    page.goto(f"/rounds/{number}/propose")
    expect(page.get_by_text("From 0.1\u00a0EUR to 5\u00a0EUR.")).to_be_visible()
    fill(page, "Tree", "0.9", recipient)
    preview(page)
    # Whatever a site says of decimals: what is signed stands there too.
    expect(page.get_by_text("0.9\u00a0EUR (90 in the smallest unit")).to_be_visible()
    expect(page.get_by_text("No wallet was found in this browser")).to_be_visible()
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text("Your proposal is on the blockchain.")).to_be_visible()
    page.get_by_role("link", name="Back to the round").click()
    page.get_by_role("link", name="Edit Tree").click()
    expect(page.get_by_label("Amount")).to_have_value("0.9")
    fill(page, "Oak", "0.95", recipient)
    preview(page)
    member.look("revise-preview")
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text("Your change is on the blockchain.")).to_be_visible()
    (oak,) = proposals(api, number)
    assert (oak["title"], oak["amount"], oak["proposer"]) == ("Oak", "95", keys[0].address_hex)
    page.get_by_role("link", name="Back to the round").click()
    talk_about(member, organizer, api, oak, plan)
    page.get_by_role("link", name="Back to the round").click()
    page.get_by_role("button", name="Withdraw Oak").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Withdraw Oak").click()
    page.get_by_role("button", name="Sign and withdraw").click()
    expect(page.get_by_text("You have not made any proposals in this round")).to_be_visible()
    assert proposals(api, number)[0]["withdrawn"]
    assert not member.console, member.console


def talk_about(
    member: Surfer, organizer: Surfer, api: Api, proposal: dict[str, Any], plan: dict[str, Any]
) -> None:
    """An endorsement and a comment, whose signatures the page checks; an organizer hides it."""
    page = member.page
    page.get_by_role("link", name=proposal["title"], exact=True).click()
    talk = page.get_by_role("region", name="Comments and endorsements")
    talk.get_by_role("button", name="Endorse this proposal").click()
    expect(talk.get_by_text("1 member endorses this proposal")).to_be_visible()
    talk.get_by_role("button", name="Sign and publish").click()
    expect(talk.get_by_text("Write something first.")).to_be_visible()
    expect(talk.get_by_label("Write a comment")).to_be_focused()
    talk.get_by_label("Write a comment").fill("Where will it grow?")
    talk.get_by_role("button", name="Sign and publish").click()
    comment = talk.get_by_role("article")
    expect(comment.get_by_text("Where will it grow?")).to_be_visible()
    expect(comment.get_by_text("Signature checked")).to_be_visible()
    member.look("proposal-talk")
    moderate(organizer, api.stack.organizer_token, plan["plan"])
    (entry,) = api.good("GET", f"/rounds/{plan['round']}/moderation")["entries"]
    assert (entry["hidden"], entry["reason"]) == (True, "An example.")
    talk.get_by_role("button", name="Withdraw my endorsement").click()
    expect(talk.get_by_text("0 members endorse this proposal")).to_be_visible()
    expect(talk.get_by_text("An example.")).to_be_visible()
    expect(talk.get_by_text("Where will it grow?")).to_have_count(0)
    member.look("proposal-talk-hidden")


def test_an_invitation_registers_an_account_of_a_wallet(
    stack: LocalStack, surfer: Callable[[], Surfer]
) -> None:
    api, key, invited = Api(stack), SigningKey(), fresh_keys(6)
    now = stack.registry.head().timestamp
    wanted = {
        "title": "Who is invited?",
        "questions": [{"kind": "single_choice", "title": "Who?", "options": ["We", "They"]}],
        "registration_closes_at": now + 3600,
        "closes_at": now + 7200,
        "voters": by_invitation(invited),
        "times": TIMES,
    }
    plans = [
        api.good("POST", "/polls", wanted | {"title": title}, token=True)["plan"]
        for title in ("Who is invited?", "Who else is invited?")
    ]
    code = invited[0].secret().hex()
    guest = surfer()
    page, wallet = guest.page, BrowserWallet(guest, stack, key)
    page.goto(f"/register#{code}")
    expect(page.get_by_text("valid for several votes")).to_be_visible()
    page.get_by_label("Who is invited?").check()
    page.get_by_label("Register a wallet account").check()
    page.get_by_role("button", name=f"Connect {NAME}").click()
    guest.look("register-wallet")
    wallet.declines = 1
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text("You declined in your wallet")).to_be_visible()
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", name="You are registered")).to_be_visible()
    guest.look("registered-wallet")
    (statement,) = wallet.signed
    assert statement["message"]["signingKey"] == key.address_hex
    assert statement["message"]["invitation"] == invited[0].address_hex
    # Neither wallet nor gateway sees the code.
    assert code not in str(statement)
    assert code not in "\n".join(guest.sent)
    redeemed = [api.good("GET", f"/plans/{plan}")["invitations"]["redeemed"] for plan in plans]
    assert redeemed == [1, 0]
    assert not guest.console, guest.console


def test_a_resident_without_a_wallet(stack: LocalStack, surfer: Callable[[], Surfer]) -> None:
    """The invitation's link makes a key, which proposes; a lost one is replaced by a new code."""
    api, invited, recipient = Api(stack), fresh_keys(6), SigningKey().address_hex
    number = round_of(stack, api, by_invitation(invited))["round"]
    account = invited[0].address_hex
    resident = surfer()
    page = resident.page

    def register(code: str) -> None:
        page.goto(f"/register#{code}")
        page.get_by_label("Choose a passphrase").fill(PASSPHRASE)
        page.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Create my key and register").click()
        expect(page.get_by_role("heading", name="You are registered")).to_be_visible()

    register(invited[0].secret().hex())
    expect(page.get_by_text("ask the organizer for a new code")).to_be_visible()
    resident.look("registered-member")
    page.get_by_role("link", name="Go to the round").click()
    page.get_by_role("link", name="Make a proposal").click()
    expect(page.get_by_text("You have made 0 of at most 2")).to_be_visible()
    fill(page, "Bench", "400", recipient)
    preview(page)
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_text("Your proposal is on the blockchain.")).to_be_visible()
    (bench,) = proposals(api, number)
    assert (bench["title"], bench["proposer"]) == ("Bench", account)

    new = replaced_by_organizer(stack, surfer(), api.good("GET", f"/rounds/{number}"), invited)
    page.get_by_role("link", name="Back to the round").click()
    expect(page.get_by_text("You have not made any proposals in this round")).to_be_visible()
    page.goto(f"/register#{invited[0].secret().hex()}")
    expect(page.get_by_text("was replaced by a new code")).to_be_visible()
    resident.look("replaced-invitation")
    page.goto("/")
    register(new)
    page.get_by_role("link", name="Go to the round").click()
    page.get_by_role("button", name="Withdraw Bench").click()
    page.get_by_role("button", name="Sign and withdraw").click()
    expect(page.get_by_text("You have not made any proposals in this round")).to_be_visible()
    assert proposals(api, number)[0]["withdrawn"]
    page.get_by_role("link", name="Public log").click()
    expect(page.get_by_role("cell", name="Someone else used the code")).to_be_visible()
    expect(page.get_by_text("No comment was hidden")).to_be_visible()
    resident.look("public-log")
    assert not resident.console, resident.console
