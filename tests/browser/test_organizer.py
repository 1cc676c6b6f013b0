"""An organizer without a command line: polls and rounds by the wizard, invitations, money."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ostraka.chain.contract import deploy
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.planning.specification import PollSpecification
from ostraka.planning.specification_file import read_specification
from ostraka.wire.invitations import InvitationCode
from ostraka.wire.records import to_hex
from tests.browser.surfing import Surfer, review_and_seal
from tests.browser.wallet import BrowserWallet
from tests.support.api import Api, fresh_keys, shown, wait_for_heads
from tests.support.invitations import redeem
from tests.support.town import eventually

PASSPHRASE = "correct horse battery staple"


def step(page: Page, name: str) -> None:
    """Go to a step of the wizard."""
    page.get_by_role("navigation", name="Steps").get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def enter(organizer: Surfer, token: str) -> None:
    page = organizer.page
    page.get_by_label("Organizer token").fill(token)
    page.get_by_role("button", name="Continue").click()


def rehearse(api: Api, organizer: Surfer) -> None:
    """A rehearsal in one click: a plan of its own, marked, whose codes stay in this browser."""
    page = organizer.page
    rehearsal = page.get_by_role("region", name="Rehearse first")
    rehearsal.get_by_role("button", name="Rehearse").click()
    expect(rehearsal.get_by_role("link", name="Invitation 5")).to_be_visible()
    organizer.look("organize-rehearsal")
    (plan,) = (one for one in api.good("GET", "/plans") if one["specification"].get("rehearsal"))
    made = plan["specification"]
    assert made["title"] == "Rehearsal: Summer meeting"
    assert made["text"].startswith("This is a rehearsal. Votes are not secret")
    assert [one["title"] for one in made["questions"]] == ["Where?", "What to buy?"]
    assert made["closes_at"] - made["registration_closes_at"] == 20 * 60
    assert plan["invitations"] == {"issued": 5, "redeemed": 0}
    code = str(rehearsal.get_by_role("link", name="Invitation 1").get_attribute("href"))
    assert code.removeprefix("/register#") not in "\n".join(organizer.sent)
    again = {"plan": plan["plan"], "invitations": [{"address": "0x" + "11" * 20}]}
    status, refused = api("POST", "/rehearsals", again, token=True)
    assert (status, refused["field"]) == (422, "plan")
    assert api("POST", "/rehearsals", {"invitations": again["invitations"]})[0] == 401


@pytest.mark.timeout(600)
def test_a_poll_by_invitation(stack: LocalStack, surfer: Callable[[], Surfer]) -> None:
    api, organizer = Api(stack), surfer()
    page = organizer.page
    page.goto("/organize")
    organizer.look("organize-token")
    enter(organizer, "not the token")
    expect(page.get_by_role("alert")).to_contain_text("not valid here")
    organizer.look("organize-token-wrong")
    enter(organizer, stack.organizer_token)
    page.get_by_role("link", name="New round or poll").click()

    # Nothing is wrong before anything is typed, or a step is tried.
    for name in ("Who may vote", "Questions", "Nodes and secrecy", "Subject"):
        step(page, name)
        expect(page.locator(".wrong, .faulty")).to_have_count(0)
    page.get_by_label("Title").fill(" ")
    expect(page.locator(".wrong")).to_have_count(0)
    page.get_by_label("Description", exact=True).click()
    expect(page.locator(".wrong")).to_have_text("Fill in this field.")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_label("Title")).to_be_focused()
    page.get_by_label("Title").fill("Summer meeting")
    page.get_by_label("Description", exact=True).fill("Where and how?")
    organizer.look("organize-subject")
    step(page, "Who may vote")
    page.get_by_label("By invitation").check()
    page.get_by_label("Number of invitations").fill("5")
    page.get_by_role("button", name="Create invitations").click()
    expect(page.get_by_text("Their codes exist only in this window")).to_be_visible()
    organizer.look("organize-voters-unsaved")
    # Codes that nobody saved yet are no invitations, and outlast the step.
    step(page, "Review and create")
    page.get_by_role("button", name="Who may vote: Invitations").click()
    expect(page.get_by_text("Create invitations and save their codes.")).to_be_visible()
    links = list(csv.DictReader(organizer.download("Save the codes as a file").open()))
    page.get_by_label("Number of additional invitations").fill("2")
    page.get_by_role("button", name="Create invitations").click()
    links += csv.DictReader(organizer.download("Save the codes as a file").open())
    expect(page.get_by_text("7 invitations with saved codes, total weight 7.")).to_be_visible()
    organizer.look("organize-voters")
    step(page, "Questions")
    first = page.get_by_role("group", name="Question 1", exact=True)
    first.get_by_label("What do you ask?").fill("Where?")
    first.get_by_text("Paste a list").click()
    first.get_by_label("One option per line").fill("Park\nLake\nOnline")
    first.get_by_role("button", name="Take these").click()
    first.get_by_label("How is it decided?").select_option("The options with the most votes win")
    first.get_by_label("Number of winners").fill("4")
    page.get_by_role("button", name="Add a question").click()
    second = page.get_by_role("group", name="Question 2", exact=True)
    second.get_by_label("What do you ask?").fill("What to buy?")
    second.get_by_label("How do people answer?").select_option("Choose within a budget")
    second.get_by_label("Budget", exact=True).fill("100")
    second.get_by_label("Option 1", exact=True).fill("Tent")
    second.get_by_label("Cost of option 1").fill("much")
    second.get_by_label("Option 2", exact=True).fill("Stove")
    second.get_by_label("Cost of option 2").fill("40")
    page.get_by_text("Preview the ballot as voters see it").click()
    expect(page.get_by_text("The preview appears once")).to_be_visible()
    second.get_by_label("Cost of option 1").fill("80")
    ballot = page.locator(".preview")
    ballot.get_by_role("group", name="Where?").get_by_label("Lake").check()
    ballot.get_by_label("Stove").check()
    expect(ballot).to_contain_text("40 of 100 spent")
    expect(ballot).to_contain_text("2 of 2 answered")
    organizer.look("organize-questions")
    ballot.get_by_role("button", name="Review my choices").click()
    expect(ballot).to_contain_text("This is only a preview.")
    second.get_by_label("Cost of option 1").fill("much")
    page.wait_for_function("JSON.stringify(localStorage).includes('much')")

    # What is filled in outlasts the page.
    page.goto("/organize/new")
    expect(page.get_by_label("Title")).to_have_value("Summer meeting")
    step(page, "Times")
    registration = page.get_by_role("group", name="Registration closes")
    registration.get_by_label("When?").select_option("after a delay")
    registration.get_by_label("How many").fill("1")
    expect(page.get_by_text("That is ")).to_have_count(2)
    organizer.look("organize-times")
    step(page, "Nodes and secrecy")
    for url in stack.node_urls:
        expect(page.get_by_text(url)).to_be_visible()
    page.get_by_label("Minimum ballots").fill("4")
    page.get_by_label("Every ballot, without names").check()
    expect(page.get_by_label("Minimum number of ballots to open them")).to_be_visible()
    organizer.look("organize-opened-ballots")
    page.get_by_label("Only the counts").check()
    expect(page.get_by_label("Minimum number of ballots to open them")).to_have_count(0)
    page.get_by_text("Protocol periods").click()
    page.get_by_label("Dispute period before").fill("10m")
    page.get_by_label("Time from closing until").fill("5s")
    page.get_by_label("Length of one agreement round").fill("8s")
    organizer.look("organize-nodes")

    # What is wrong here is said before anything is sent …
    step(page, "Review and create")
    expect(page.get_by_text("1 problem to fix before creation")).to_be_visible()
    organizer.look("organize-problems")
    page.get_by_role("button", name="Questions: Question 2: Costs").click()
    expect(page.get_by_label("Cost of option 1")).to_be_focused()
    expect(page.get_by_text("Enter a whole number.")).to_be_visible()
    organizer.look("organize-problem-at-field")
    page.get_by_label("Cost of option 1").fill("80")
    # … and what the gateway refuses, at the field that it names.
    step(page, "Review and create")
    expect(page.get_by_role("alert")).to_contain_text("4 for 3 contenders")
    organizer.look("organize-refused")
    page.get_by_role("button", name="Questions: Question 1: Number of winners").click()
    expect(page.get_by_label("Number of winners")).to_be_focused()
    expect(
        page.get_by_text("Not possible: the entry is not allowed (4 for 3 contenders)")
    ).to_be_visible()
    page.get_by_label("Number of winners").fill("1")

    step(page, "Review and create")
    expect(page.get_by_text("Nodes reject such a poll.")).to_be_visible()
    create = page.get_by_role("button", name="Create: Poll")
    expect(create).to_be_disabled()
    organizer.look("organize-warning")
    page.get_by_role("button", name="Nodes and secrecy: Minimum ballots").click()
    expect(page.get_by_label("Minimum ballots")).to_be_focused()
    page.get_by_label("Minimum ballots").fill("5")
    step(page, "Review and create")
    expect(
        page.get_by_text("people who redeem one of 7 invitations, total weight 7")
    ).to_be_visible()
    expect(page.get_by_text("Nodes reject")).to_have_count(0)
    organizer.look("organize-summary")
    saved = organizer.download("Save as a file")
    wanted = read_specification(saved, PollSpecification, 0)
    PollSpecification.model_validate(wanted).check()
    rehearse(api, organizer)
    # Seven are few, and that is said.
    expect(page.get_by_text("Only 7 people may vote.")).to_be_visible()
    page.get_by_label("I understand what the result may reveal").check()
    create.dblclick()
    expect(page.get_by_role("heading", name="Created")).to_be_visible()
    organizer.look("organize-created")
    assert [one["weight"] for one in links] == 7 * ["1"]
    assert not [name for name in organizer.kept() if "plan-draft" in name]
    # Their codes are in the files, and nowhere else.
    everywhere = "\n".join([*organizer.sent, *organizer.kept().values(), saved.read_text()])
    assert not [one for one in links if one["code"] in everywhere]
    assert all(one["address"] in saved.read_text() for one in links)

    citizen = surfer()
    register(citizen, links[0]["link"])
    page.get_by_role("link", name="Follow its progress").click()
    expect(page.get_by_text("1 of 7 invitations redeemed.")).to_be_visible()
    expect(page.get_by_text("no one can add more")).to_be_visible()
    expect(page.get_by_text("At least 5 people must register by then")).to_be_visible()
    organizer.look("organize-plan-registering")
    for one in links[1:6]:
        redeem(api, InvitationCode.read(one["code"]).invitation, SigningKey())
    expect(page.get_by_text("6 of 7 invitations redeemed.")).to_be_visible()
    name = page.url.rpartition("/")[2]
    titles = [one["specification"]["title"] for one in api.good("GET", "/plans")]
    assert titles.count("Summer meeting") == 1

    plan = api.good("GET", f"/plans/{name}")
    stack.move_time(plan["specification"]["registration_closes_at"])
    eventually(lambda: api.good("GET", f"/plans/{name}")["poll"] is not None, "created")
    poll_id = int(api.good("GET", f"/plans/{name}")["poll"])
    eventually(lambda: api.good("GET", f"/polls/{poll_id}")["poll_keys"] is not None, "open", 60)
    wait_for_heads(stack)
    expect(page.get_by_text("People can vote until")).to_be_visible()
    expect(page.get_by_text("0 (0%)")).to_be_visible()
    vote(citizen.page, poll_id)
    # Told by the stream of events, without loading the page again.
    expect(page.get_by_text("1 (16.7%)")).to_be_visible()
    expect(page.get_by_text("registration is closed")).to_be_visible()
    page.get_by_text("Transactions (2)").click()
    organizer.look("organize-plan-open")
    assert stack.organizer_token not in "\n".join(organizer.sent)
    assert stack.organizer_token not in json.dumps(organizer.kept())
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Organizer token")).to_be_visible()
    assert not organizer.console, organizer.console
    too_few_ballots(stack, citizen, poll_id)


def too_few_ballots(stack: LocalStack, citizen: Surfer, poll_id: int) -> None:
    """One ballot of at least five: the poll has no result, and its pages state the numbers."""
    page = citizen.page
    stack.move_time(shown(stack, f"/polls/{poll_id}")["freezes_at"])
    eventually(lambda: shown(stack, f"/polls/{poll_id}")["status"] == "void", "void", 60)
    for path in (f"/polls/{poll_id}", f"/polls/{poll_id}/results"):
        page.goto(path)
        expect(page.get_by_text("This poll ended without a result.")).to_be_visible()
        numbers = "1 ballot was cast, but at least 5 are needed so that no one’s vote is revealed."
        expect(page.get_by_text(f"{numbers} 6 people could vote.")).to_be_visible()
        citizen.look("void-results" if path.endswith("results") else "void-poll")
    assert not citizen.console, citizen.console


def register(citizen: Surfer, link: str) -> None:
    page = citizen.page
    page.goto(link)
    page.get_by_label("Choose a passphrase").fill(PASSPHRASE)
    page.get_by_label("Repeat the passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Create my key and register").click()
    expect(page.get_by_role("heading", name="You are registered")).to_be_visible()


def vote(page: Page, poll_id: int) -> None:
    page.goto(f"/polls/{poll_id}")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_text("This key is on the list of voters.")).to_be_visible()
    page.get_by_role("group", name="Where?").get_by_label("Lake").check()
    page.get_by_role("group", name="What to buy?").get_by_label("Tent").check()
    review_and_seal(page)
    page.get_by_role("button", name="Cast my ballot").click()
    expect(page.get_by_text("Cast and recorded")).to_be_visible()


@pytest.mark.timeout(600)
def test_a_round_with_a_file_of_accounts(
    stack: LocalStack, surfer: Callable[[], Surfer], tmp_path: Path
) -> None:
    api, organizer, keys = Api(stack), surfer(), fresh_keys(6)
    token, _ = stack.deploy_token("Test PLN", "PLN", 1000)
    page = organizer.page
    page.goto("/organize/new")
    enter(organizer, stack.organizer_token)
    page.get_by_label("Title").fill("Spring budget")
    page.get_by_label("Budget round").check()
    step(page, "Who may vote")
    # Members may come by invitation; voters of their own then do not, too.
    page.get_by_label("By invitation").check()
    page.get_by_label("Number of invitations").fill("6")
    page.get_by_role("button", name="Create invitations").click()
    assert len(list(csv.DictReader(organizer.download("Save the codes as a file").open()))) == 6
    page.get_by_label("The voters are not the members who propose").check()
    expect(page.get_by_label("By invitation")).to_have_count(1)
    page.get_by_label("The voters are not the members who propose").uncheck()
    organizer.look("organize-members-invited")
    page.get_by_label("A list of accounts").check()
    accounts = tmp_path / "members.csv"
    lines = [f"{key.address_hex},2" for key in keys]
    accounts.write_text("\n".join(["account,weight", *lines, lines[0], "0x12,1"]))
    page.get_by_label("File of accounts").set_input_files(accounts)
    expect(page.get_by_role("alert")).to_contain_text("Line 8")
    expect(page.get_by_role("alert")).to_contain_text("is already on line 2")
    expect(page.get_by_role("alert")).to_contain_text("Line 9: not an account: “0x12”")
    organizer.look("organize-accounts-wrong")
    accounts.write_text("\n".join(["account,weight", *lines]))
    page.get_by_label("File of accounts").set_input_files([])
    page.get_by_label("File of accounts").set_input_files(accounts)
    expect(page.get_by_text("6 accounts, total weight 12.")).to_be_visible()
    organizer.look("organize-accounts")
    step(page, "Money and ballot")
    # As if the token had cents; amounts are typed as people write them.
    cents = {"symbol": "PLN", "decimals": 2}
    page.route("**/api/v1/tokens/*", lambda route: route.fulfill(json=cents))
    budget = page.get_by_label("Budget", exact=True)
    budget.fill("1000")
    page.get_by_label("ERC-20 token").fill(to_hex(token.address))
    expect(page.get_by_text("Amounts are in PLN.")).to_be_visible()
    expect(budget).to_have_value("1000")
    budget.fill("10,5")
    page.get_by_label("How are winners determined?").select_option(
        "Fund by rank within category budgets"
    )
    page.get_by_label("Category budgets").fill("4.50\n1,5")
    page.get_by_label("How do members vote?").select_option("Choose several")
    page.get_by_label("Maximum selections").fill("2")
    organizer.look("organize-money")
    step(page, "Review and create")
    expect(page.get_by_text("2 problems to fix before creation")).to_be_visible()
    expect(page.get_by_text("Enter an amount in digits")).to_have_count(2)
    page.get_by_role("button", name="Money and ballot: Budget", exact=True).click()
    expect(budget).to_be_focused()
    budget.fill("10.00")
    page.get_by_label("Category budgets").fill("4.50\n5.5")
    step(page, "Review and create")
    expect(page.get_by_text("Round “Spring budget” with a budget of 10 PLN")).to_be_visible()
    # Six are few, and that is said.
    expect(page.get_by_text("Only 6 people may vote.")).to_be_visible()
    organizer.look("organize-round-summary")
    saved = organizer.download("Save as a file")
    wanted = json.loads(saved.read_text())
    assert (wanted["budget"], wanted.get("minimum_amount")) == (1000, None)
    assert wanted["outcome"]["budgets"] == [450, 550]

    # The same, from the file.
    step(page, "Subject")
    page.get_by_text("Load from a file or start over").click()
    page.get_by_role("button", name="Clear all steps").click()
    expect(page.get_by_label("Title")).to_have_value("")
    page.get_by_label("Round or poll file").set_input_files(accounts)
    expect(page.get_by_role("alert")).to_contain_text("does not describe a round or poll")
    organizer.look("organize-file")
    page.get_by_label("Round or poll file").set_input_files(saved)
    expect(page.get_by_label("Title")).to_have_value("Spring budget")
    step(page, "Money and ballot")
    expect(budget).to_have_value("10")
    expect(page.get_by_label("Category budgets")).to_have_value("4.5\n5.5")
    step(page, "Review and create")
    page.get_by_label("I understand what the result may reveal").check()
    page.get_by_role("button", name="Create: Budget round").click()
    page.get_by_role("link", name="Follow its progress").click()

    expect(page.get_by_text("0 PLN of 1,000 PLN")).to_be_visible()
    page.get_by_label("Amount to deposit, in PLN").fill("600.5")
    expect(page.get_by_role("button", name="Fund the round")).to_be_disabled()
    page.get_by_label("Amount to deposit, in PLN").fill("600")
    page.get_by_role("button", name="Fund the round").click()
    expect(page.get_by_text("600 PLN of 1,000 PLN")).to_be_visible()
    expect(page.get_by_label("Amount to deposit, in PLN")).to_have_value("400")
    expect(page.get_by_text("Members can propose until")).to_be_visible()
    page.get_by_text("Fund it from another account").click()
    organizer.look("organize-plan-round")
    number = api.good("GET", f"/plans/{page.url.rpartition('/')[2]}")["round"]
    assert api.good("GET", f"/rounds/{number}")["deposited"] == "600"

    # Nobody proposes anything: the money goes back.
    stack.move_time(api.good("GET", f"/rounds/{number}")["voting_closes_at"])
    page.get_by_role("button", name="Send 600 PLN back").click()
    expect(page.get_by_text("The money was sent back.")).to_be_visible()
    organizer.look("organize-plan-void")
    page.get_by_role("link", name="All rounds and polls organized here").click()
    expect(page.get_by_role("link", name="Spring budget")).to_be_visible()
    organizer.look("organize-plans")
    assert not organizer.console, organizer.console


@pytest.mark.timeout(600)
def test_a_team_signs_in_by_token_and_by_wallet(
    stack: LocalStack, surfer: Callable[[], Surfer]
) -> None:
    administrator, observer, owner = surfer(), surfer(), SigningKey()
    page = administrator.page
    page.goto("/organize/team")
    enter(administrator, stack.organizer_token)
    form = page.get_by_role("form", name="Add an organizer")

    def add(name: str, role: str, wallet: bytes | None) -> None:
        form.get_by_label("Name").fill(name)
        form.get_by_label("Role").select_option(role)
        form.get_by_label("Wallet").fill("" if wallet is None else to_hex(wallet))
        form.get_by_role("button", name="Add").click()
        expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()

    add("Olga", "observer", None)
    expect(page.get_by_text("The token is shown only now.")).to_be_visible()
    token = page.get_by_role("status").locator("code").inner_text()
    administrator.look("organize-team")

    theirs = observer.page
    theirs.goto("/organize/team")
    enter(observer, token)
    expect(theirs.get_by_text("Your role does not allow you to see this page")).to_be_visible()
    observer.look("organize-not-allowed")
    theirs.get_by_role("link", name="Audit log").click()
    expect(theirs.get_by_role("row").filter(has_text="Add an organizer")).not_to_have_count(0)
    expect(theirs.get_by_role("link", name="Team")).to_have_count(0)
    observer.look("organize-log")

    # A key's wallet, and a contract that the key owns.
    contract, _ = deploy(stack.rpc_url, stack.organizer, "TestWallet")
    add("Walter", "organizer", owner.address)
    add("Safe", "organizer", contract)
    for name, account in (("Walter", owner.address), ("Safe", contract)):
        visitor = surfer()
        wallet = BrowserWallet(visitor, stack, owner)
        wallet.account = account
        visitor.page.goto("/organize")
        visitor.page.get_by_role("button", name="Sign in with Test Wallet").click()
        expect(visitor.page.get_by_text(f"Signed in as {name} (organizer)")).to_be_visible()
        assert stack.gateway_url.removeprefix("http://") in wallet.texts[0]
        assert not visitor.console, visitor.console
    visitor.look("organize-signed-in")

    page.get_by_role("button", name="Revoke the access of Olga").click()
    page.get_by_role("button", name="End the access of Olga now").click()
    expect(page.get_by_text("Revoked")).to_be_visible()
    theirs.reload()
    expect(theirs.get_by_role("alert")).to_contain_text("not valid here")
    everywhere = json.dumps([*administrator.kept().values(), *observer.kept().values()])
    assert token not in everywhere
    assert not administrator.console, administrator.console
