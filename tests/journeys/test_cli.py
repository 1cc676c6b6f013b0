"""A round and a poll driven by nothing but the command line, over the whole stack.

Only chain time, which nobody commands, is moved by the test.
"""

import csv
import json
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostraka.chain.contract import checksum
from ostraka.demo.local_stack import LocalStack
from ostraka.gateway_client.gateway import Gateway
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.planning.specification import PollSpecification, RoundSpecification
from ostraka.planning.specification_file import read_specification
from ostraka.sealing import PollKey
from ostraka.wire.invitations import InvitationCode
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from tests.support.api import finish, shown, stack_with_gateway, wait_for_heads
from tests.support.keys import plain_key
from tests.support.shell import Shell, template
from tests.support.stub_gateway import StubGateway, answer
from tests.support.town import eventually

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with stack_with_gateway(tmp_path_factory.mktemp("cli")) as stack:
        yield stack


@pytest.fixture
def shell(stack: LocalStack, tmp_path: Path) -> Shell:
    return Shell(stack, tmp_path)


def verify(shell: Shell, *command: object, code: int = 0) -> Any:
    """Report of `ostraka-verify`, which knows neither gateway nor the voter's key."""
    done = shell.start(*command, "--json", module="ostraka_verifier").wait()
    assert done.returncode == code, (command, done.stdout, done.stderr)
    return json.loads(done.stdout)


def audit(shell: Shell, poll: int, board: str, assumed: str) -> str:
    """Verdict of an audit that makes the assumptions `assumed`."""
    report = verify(
        *(shell, "audit", "--rpc", shell.stack.rpc_url, "--poll", poll, "--board", board),
        *("--registry", to_hex(shell.stack.registry.address)),
    )
    assert any(assumed in one for one in report["assumes"]), report["assumes"]
    return str(report["verdict"])


def written_report(shell: Shell, poll: int, board: str) -> Any:
    """The facts of a report on an audit that holds, of which there is also an HTML file."""
    done = shell.start(
        *("report", "--rpc", shell.stack.rpc_url, "--poll", poll, "--board", board),
        *("--registry", to_hex(shell.stack.registry.address)),
        *("--output", "report.html", "--json", "report.json"),
        module="ostraka_verifier",
    ).wait()
    assert done.returncode == 0, (done.stdout, done.stderr)
    report = json.loads((shell.folder / "report.json").read_text())
    html = (shell.folder / "report.html").read_text()
    for transaction in report["report"]["transactions"]:
        assert transaction["transaction"] in html
    return report["report"]


def test_a_round(stack: LocalStack, shell: Shell) -> None:
    token, _ = stack.deploy_token("Test", "TST", 10_000)
    names = ["ada", "ben", "cem"]
    keys = {name: SigningKey() for name in names}
    for name, key in keys.items():
        write_key(shell.folder / name, key, None)
    rows = [f"{key.address_hex},1," for key in keys.values()]
    (shell.folder / "members.csv").write_text("\n".join(["account,weight,signing_key", *rows]))
    text = template(
        shell,
        "round",
        token=f'token = "{to_hex(token.address)}"',
        budget='budget = "1000 TST"',
        minimum_amount="minimum_amount = 1",
        maximum_amount='maximum_amount = "600"',
        **{"[voters]": "[voters]", "invitations_file": 'invitations_file = "invitations.csv"'},
    )
    (shell.folder / "round.toml").write_text(text)

    # What organizers do.
    codes = invite(shell, 6)
    round_ = shell("round", "create", "round.toml")
    number, plan = round_["round"], round_["plan"]
    assert [sent["gas_used"] > 0 for sent in shell("round", "fund", number, 1000)] == [True, True]

    # What members do; none of them has a token.
    del shell.environment["OSTRAKA_ORGANIZER_TOKEN"]
    assert "token" in shell("round", "fund", number, 1, code=1)["detail"]
    recipients = [SigningKey().address for _ in names]
    proposals = []
    for name, amount, recipient in zip(names, (400, 100, 500), recipients, strict=True):
        sent = shell(
            *("propose", "new", number, "--key", name, "--title", f"{name}'s", "--amount", amount),
            *("--recipient", to_hex(recipient)),
        )
        proposals.append(sent["proposal"])
    edit = ("propose", "edit", proposals[2], "--recipient", to_hex(recipients[2]))
    assert shell(*edit, "--key", "ada", "--amount", 1, code=1)
    shell(*edit, "--key", "cem", "--amount", 550, "--text", "more")
    shell("propose", "withdraw", proposals[1], "--key", "ben")
    listed = shell("round", "proposals", number)
    assert [(one["slot"], one["title"], one["amount"], one["text"]) for one in listed] == [
        (0, "ada's", "400", ""),
        (None, "ben's", "100", ""),
        (1, "cem's", "550", "more"),
    ]
    # Voters, members or not, each make a key or have one, and redeem an invitation.
    voters = [*names, "eva", "fay"]
    running = [
        shell.start("register", code, "--key", name, "--json")
        for code, name in zip(codes, voters, strict=False)
    ]
    account = {}
    for name, code, one in zip(voters, codes, running, strict=False):
        done = one.wait()
        assert done.returncode == 0, (done.stdout, done.stderr)
        registered = json.loads(done.stdout)
        account[name] = registered["invitation"]
        assert account[name] == InvitationCode.read(code).invitation.address_hex
        assert registered["signing_key"] == plain_key(shell.folder / name).address_hex
    assert shell("register", codes[0], "--key", "gus", code=1)["title"] == "Invitation already used"
    assert shell("register", codes[5], "--key", "ada", code=1)["title"] == "Key already registered"

    details = shell("round", "show", number)
    assert (details["status"], details["deposited"]) == ("proposing", "1000")
    stack.move_time(details["proposals_close_at"])
    eventually(lambda: shown(stack, f"/plans/{plan}")["poll"] is not None, "voting starts")
    poll = int(shown(stack, f"/plans/{plan}")["poll"])
    eventually(lambda: shown(stack, f"/polls/{poll}")["poll_keys"] is not None, "the poll opens")
    assert shell("poll", "show", plan)["options"] == ["ada's", "cem's"]
    assert shell("register", codes[5], "--key", "gus", code=1)["title"] == "Registration closed"

    # What voters do: through the gateway, checked on chain, or with no gateway at all.
    checked = ["--rpc", stack.rpc_url, "--registry", to_hex(stack.registry.address)]
    early = shell("vote", poll, "--key", "ada", "--choose", "1", *checked, code=1)
    assert early["title"] == "Poll not open"
    stack.move_time(details["voting_opens_at"])
    wait_for_heads(stack)
    ways = {
        "ada": [*checked, "--direct", "--gateway", NOWHERE, "--account", account["ada"]],
        "ben": checked,
        "cem": ["--trust-gateway", "--direct"],
        "eva": checked[:2],
        "fay": ["--trust-gateway"],
    }
    choices = {"ada": "1", "ben": "2", "cem": "1,2", "eva": "1,2", "fay": ""}
    running = [
        shell.start(
            *("vote", poll, "--key", name, "--choose", choices[name], *way),
            *("--file", f"{name}.json", "--json"),
        )
        for name, way in ways.items()
    ]
    for one in running:
        done = one.wait()
        assert done.returncode == 0, (done.args, done.stdout, done.stderr)
        assert len(json.loads(done.stdout)["receipts"]) == 4
    # Without a gateway nobody says whose account a key votes for.
    alone = ("--choose", "1", *checked, "--direct", "--gateway", NOWHERE, "--file", "alone.json")
    refused = shell("vote", poll, "--key", "ben", *alone, code=1)
    assert "the census" in refused["detail"], refused
    challenge(shell, poll, checked)
    again = shell(*("vote", poll, "--key", "ben", "--choose", "1", "--file", "ben.json"), *checked)
    first, second = shell("vote", "receipts", "ben.json")
    assert second["ballot_digest"] == again["ballot_digest"] != first["ballot_digest"]
    assert shell("poll", "watch", poll, "--once")["voted"] == 5

    finish(stack, poll)
    eventually(lambda: shown(stack, f"/rounds/{number}")["status"] == "decided", "decided", 60)
    result = shell("round", "results", number)
    assert [(one["option"], one["votes"], one["award"]) for one in result["options"]] == [
        ("ada's", "4", "1"),
        ("cem's", "2", "1"),
    ]
    paid = shell("round", "claim", number)
    assert [(one["title"], one["problem"]) for one in paid] == [("ada's", None), ("cem's", None)]
    assert [token.balance(recipient) for recipient in recipients] == [400, 0, 550]
    # What nobody won goes back. The gateway says what the treasury would.
    path, funder = f"/rounds/{number}/funders", checksum(stack.organizer.address)
    refundable = stack.treasury.read("refundable", int(number), funder)
    assert [one["refundable"] for one in shown(stack, path)] == [str(refundable)] == ["50"]
    shell.environment["OSTRAKA_ORGANIZER_TOKEN"] = stack.organizer_token
    shell("round", "refund", number, "--funder", stack.organizer.address_hex)
    assert token.balance(stack.organizer.address) == 10_000 - 950
    eventually(lambda: shown(stack, path)[0]["refundable"] == "0", "refunded")
    assert shell("watch", plan)["status"] == "tallied"
    for_people = {
        ("round", "list"): "Spring budget",
        ("round", "show", number): "decided",
        ("round", "proposals", number): "550 TST",
        ("round", "results", number): "400 TST",
        ("poll", "list"): "Spring",
        ("poll", "show", poll): "cem's",
        ("vote", "receipts", "ben.json"): "3 receipts",
        ("vote", "check", "ben.json"): "4 nodes; 3 needed",
    }
    for one, text in [(shell.start(*command), text) for command, text in for_people.items()]:
        done = one.wait()
        assert text in done.stdout, (done.args, done.stdout, done.stderr)
    shell("board", "export", poll, "--out", "round.ostraka")
    counted = verify(
        shell, "receipt", "ben.json", *checked, "--poll", poll, "--board", "round.ostraka"
    )
    assert counted["verdict"] == "holds", counted
    told = written_report(shell, poll, "round.ostraka")
    assert any("each of 6 invitations (5 used)" in one for one in told["assumptions"])
    events = [one["event"] for one in sorted(told["transactions"], key=lambda one: one["block"])]
    assert events == ["PollCreated", "PollOpened", "RootAnchored", "TallyAccepted"]
    money = told["poll"]["money"]
    assert (money["symbol"], money["decimals"]) == ("TST", token.read("decimals"))
    paid = [one for one in money["proposals"] if one["paid"]]
    assert len({one["transaction"] for one in paid}) == len(paid) > 0
    assert told["poll"]["participation"]["electorate"].startswith("Voters registered by invitation")


def invite(shell: Shell, count: int) -> list[str]:
    """Codes of new invitations, whose list is invitations.csv."""
    command = ("invite", "--count", count, "--out", "codes.csv", "--list", "invitations.csv")
    assert shell(*command)["count"] == count
    with (shell.folder / "codes.csv").open(newline="") as file:
        return [row["code"] for row in csv.DictReader(file)]


def test_residents_without_wallets_propose(stack: LocalStack, shell: Shell) -> None:
    """By invitation; one loses the key, and gets a new code from the organizer."""
    text = template(shell, "round", accounts_file='invitations_file = "invitations.csv"')
    (shell.folder / "round.toml").write_text(text)
    codes = invite(shell, 6)
    number = shell("round", "create", "round.toml")["round"]
    ada, ben = [InvitationCode.read(code).invitation.address_hex for code in codes[:2]]
    recipient = to_hex(SigningKey().address)
    replace = ("invite", "replace", number, "--codes", "codes.csv", "--out", "new.csv")
    unused = shell(*replace, "--invitation", ada, code=1)
    assert unused["title"] == "Invitation not used yet"
    (shell.folder / "new.csv").unlink()

    def propose(key: str, title: str, code: int = 0) -> Any:
        item = ("--title", title, "--amount", "0.4 ETH", "--recipient", recipient)
        return shell("propose", "new", number, "--key", key, *item, code=code)

    for name, one in (("ada", codes[0]), ("ben", codes[1])):
        shell("register", one, "--key", name)
    proposal = propose("ada", "A bench")["proposal"]
    edit = ("propose", "edit", proposal, "--recipient", recipient)
    shell(*edit, "--key", "ada", "--amount", "0.35")
    # The code itself, which a thief or the organizer may have, acts no more.
    write_key(shell.folder / "code", InvitationCode.read(codes[0]).invitation, None)
    assert propose("code", "Stolen", code=1)["title"] == "Check failed"
    assert propose("eva", "A stranger's", code=2) is None

    replaced = shell(*replace, "--invitation", ada)
    assert shell(*replace, "--invitation", ada)["transaction"] == replaced["transaction"]
    with (shell.folder / "new.csv").open(newline="") as file:
        (new,) = [row["code"] for row in csv.DictReader(file)]
    assert shell(*edit, "--key", "ada", "--amount", 1, code=1)
    assert shell("register", codes[0], "--key", "thief", code=1)["title"] == "Invitation replaced"
    assert shell("register", new, "--key", "ada2")["invitation"] == ada
    shell(*edit, "--key", "ada2", "--amount", "0.3")
    shell("propose", "withdraw", proposal, "--key", "ada2")
    propose("ben", "Trees")
    listed = shell("round", "proposals", number)
    assert [one["proposer"] for one in listed] == [ada, ben]
    assert [int(one["amount"]) for one in listed] == [3 * 10**17, 4 * 10**17]
    member = shown(
        stack, f"/rounds/{number}/members/{plain_key(shell.folder / 'ada2').address_hex}"
    )
    assert (member["account"], member["signing_key"]) == (ada, ada)
    assert member["registered_key"] == plain_key(shell.folder / "ada2").address_hex


def challenge(shell: Shell, poll: int, checked: list[str]) -> None:
    """Ballots are challenged, not cast: what they hold, and that another one would be found out."""
    votes = (shell.folder / "ben.json").read_text()
    vote = ("vote", poll, "--key", "ben", "--choose", "2", "--file", "ben.json", *checked)
    done = shell.start(*vote, "--challenge", "opened.json", "--json", typed="n\n").wait()
    assert done.returncode == 0, (done.stdout, done.stderr)
    digest = json.loads(done.stdout)["ballot_digest"]
    # The number is on the terminal before the question.
    assert digest in done.stderr.partition("Cast it")[0]
    assert (shell.folder / "ben.json").read_text() == votes

    of_poll = (*checked, "--poll", poll)
    opened = ("challenge", "opened.json", *of_poll, "--digest")
    report = verify(shell, *opened, digest)
    assert (report["verdict"], report["says"][0]["answer"]) == ("holds", ["cem's"])
    report = verify(shell, *opened, "0x" + "11" * 32, code=1)
    assert [one["verdict"] for one in report["checks"]] == ["fails", *["not checked"] * 3]
    content = json.loads((shell.folder / "opened.json").read_text())
    bits = content["bits"]
    changed = content | {"bits": "10" + bits[2:] if bits[:2] == "01" else "01" + bits[2:]}
    (shell.folder / "lied.json").write_text(json.dumps(changed))
    report = verify(shell, "challenge", "lied.json", *of_poll, "--digest", digest, code=1)
    assert [one["check"] for one in report["checks"] if one["verdict"] == "fails"] == ["V4"]

    report = verify(shell, "receipt", "ben.json", *of_poll, code=3)
    found = {one["check"]: one["verdict"] for one in report["checks"]}
    assert found == {"V5": "holds", "V6": "holds", "V7": "not checked"}
    content = json.loads(votes)
    receipts = content["ballots"][-1]["receipts"]
    receipts[0]["signature"], receipts[1]["signature"] = (
        receipts[1]["signature"],
        receipts[0]["signature"],
    )
    (shell.folder / "swapped.json").write_text(json.dumps(content))
    report = verify(shell, "receipt", "swapped.json", *of_poll, code=1)
    assert report["checks"][0]["verdict"] == "fails"


ALONE = {
    "points": ("credits = 10", ["10", "0", "7", "3", "1"], "21"),
    "quadratic": ("credits = 10", ["3", "0", "2", "1", "3"], "9"),
    "ranking": ("scores = [3, 1]", ["1", "1", "1", "1", "1"], "15"),
}


def test_rounds_with_a_single_proposal(stack: LocalStack, shell: Shell) -> None:
    """Of each kind that compares proposals; the contract writes its rule over one all the same."""
    keys = [SigningKey() for _ in range(5)]
    for name, key in enumerate(keys):
        write_key(shell.folder / f"{name}.key", key, None)
    rows = [f"{key.address_hex},1," for key in keys]
    (shell.folder / "members.csv").write_text("\n".join(["account,weight,signing_key", *rows]))
    rounds = {}
    for kind, (parameters, _, _) in ALONE.items():
        text = template(shell, "round", title=f'title = "{kind}"')
        head, _, rest = text.partition("[ballot]")
        ballot = f'[ballot]\nkind = "{kind}"\n{parameters}\n\n'
        (shell.folder / "round.toml").write_text(head + ballot + rest[rest.index("[outcome]") :])
        rounds[kind] = shell("round", "create", "round.toml")
        number = rounds[kind]["round"]
        shell("round", "fund", number, 10)
        shell(
            *("propose", "new", number, "--key", "0.key", "--title", "Trees", "--amount", 4),
            *("--recipient", SigningKey().address_hex),
        )
    details = [shown(stack, f"/rounds/{one['round']}") for one in rounds.values()]
    stack.move_time(max(one["proposals_close_at"] for one in details))
    polls = {}
    for kind, one in rounds.items():
        path = f"/plans/{one['plan']}"
        eventually(lambda path=path: shown(stack, path)["poll"] is not None, "voting starts")  # type: ignore[misc]
        polls[kind] = int(shown(stack, path)["poll"])
        path = f"/polls/{polls[kind]}"
        eventually(lambda path=path: shown(stack, path)["poll_keys"] is not None, "it opens")  # type: ignore[misc]
    stack.move_time(max(one["voting_opens_at"] for one in details))
    wait_for_heads(stack)
    checked = ["--rpc", stack.rpc_url, "--registry", to_hex(stack.registry.address)]
    for kind, poll in polls.items():
        running = [
            shell.start(
                *("vote", poll, "--key", f"{name}.key", "--choose", choice, *checked),
                *("--file", f"{kind}-{name}.json", "--json"),
            )
            for name, choice in enumerate(ALONE[kind][1])
        ]
        for sent in running:
            done = sent.wait()
            assert done.returncode == 0, (kind, done.stdout, done.stderr)
            assert len(json.loads(done.stdout)["receipts"]) == 4
    finish(stack, *polls.values())
    for kind, poll in polls.items():
        path = f"/rounds/{rounds[kind]['round']}"
        eventually(lambda path=path: shown(stack, path)["status"] == "decided", "decided", 60)  # type: ignore[misc]
        (option,) = shell("round", "results", rounds[kind]["round"])["options"]
        assert (option["votes"], option["award"]) == (ALONE[kind][2], "1")
        shell("board", "export", poll, "--out", f"{kind}.ostraka")
        assert audit(shell, poll, f"{kind}.ostraka", "listed 5 voters by hand") == "holds"


def test_a_poll(stack: LocalStack, shell: Shell) -> None:
    """By invitation; a crash between writing and sending a ballot."""
    text = template(
        shell,
        "poll",
        accounts_file='invitations_file = "invitations.csv"',
        registration_closes_at='registration_closes_at = "+1h"',
        secret="secret = false",
        minimum_ballots="minimum_ballots = 1",
    )
    (shell.folder / "poll.toml").write_text(text)
    first, second, unused = invite(shell, 3)
    # Weights of their own, so not a secret poll.
    path = shell.folder / "invitations.csv"
    header, *rows = path.read_text().splitlines()
    weights = (3, 2, 1)
    rows = [f"{row.split(',')[0]},{weight}" for row, weight in zip(rows, weights, strict=True)]
    path.write_text("\n".join([header, *rows]))
    plan = shell("poll", "create", "poll.toml")["plan"]
    assert shell("register", first, "--key", "ada")["weight"] == "3"
    assert shell("register", second, "--key", "ben", "--plan", plan)["weight"] == "2"
    registered = shell("register", first, "--key", "ada")
    assert registered["invitation"] == InvitationCode.read(first).invitation.address_hex
    stranger = SigningKey().secret().hex()
    assert shell("register", stranger, "--key", "ada", code=1)["title"] == "No such invitation"
    planned = shell("poll", "show", plan)
    assert (planned["status"], planned["invitations"]["redeemed"]) == ("planned", 2)
    assert plan in [one["plan"] for one in shell("poll", "list")]
    assert shell("poll", "results", plan, code=1)["title"] == "Not on the chain yet"
    stack.move_time(stack.registry.head().timestamp + 3600)
    eventually(lambda: shown(stack, f"/plans/{plan}")["poll"] is not None, "created")
    poll = int(shown(stack, f"/plans/{plan}")["poll"])
    eventually(lambda: shown(stack, f"/polls/{poll}")["poll_keys"] is not None, "the poll opens")
    wait_for_heads(stack)
    assert shell("register", unused, "--key", "gus", code=1)["title"] == "Registration closed"

    checked = ["--rpc", stack.rpc_url, "--registry", to_hex(stack.registry.address)]
    with StubGateway() as liar:
        # A gateway that shows a key of its own in a node's place would read what is sealed to it.
        poll_shown = shown(stack, f"/polls/{poll}")
        spied = poll_shown | {
            "poll_keys": [to_hex(PollKey().public_key), *poll_shown["poll_keys"][1:]]
        }
        liar.routes[f"GET /polls/{poll}"] = answer(200, spied)
        liar.routes["GET /config"] = answer(200, shown(stack, "/config"))
        lied = ("vote", poll, "--key", "ada", "--choose", "2", "--gateway", liar.url, *checked)
        assert (
            "poll_keys: the gateway's data does not match the chain"
            in shell(*lied, code=1)["detail"]
        )
    assert not (shell.folder / "votes").exists()
    wrong = ("--rpc", stack.rpc_url, "--registry", SigningKey().address_hex, "--direct")
    refused = shell("vote", poll, "--key", "ada", "--choose", "2", *wrong, code=1)
    assert refused["title"] == "No such registry"
    cast = ["vote", plan, "--key", "ada", "--choose", "2", "--file", "ada.json", *checked]
    digest = shell(*cast)["ballot_digest"]
    # What a crash after writing leaves: the ballot without receipts.
    path = shell.folder / "ada.json"
    content = json.loads(path.read_text())
    content["ballots"][0]["receipts"] = []
    path.write_text(json.dumps(content))
    assert shell(*cast, code=1)["title"] == "Unfinished"
    sent = shell("vote", "send", "ada.json", "--direct", "--gateway", NOWHERE)
    assert (sent["recorded"], sent["ballot_digest"]) == (True, digest)
    path.write_text(json.dumps(content))
    assert shell("vote", "receipts", "ada.json", "--fetch")[0]["recorded"]
    shell("vote", plan, "--key", "ben", "--choose", "3", "--trust-gateway", "--direct")
    assert [path.name for path in (shell.folder / "votes").iterdir()] == [
        f"{poll}-{InvitationCode.read(second).invitation.address_hex[:12]}.json"
    ]
    write_key(shell.folder / "stranger", SigningKey(), None)
    command = ("vote", plan, "--key", "stranger", "--choose", "1", "--trust-gateway")
    assert "census" in shell(*command, code=1)["detail"]

    finish(stack, poll)
    result = shell("poll", "results", plan)
    assert [one["votes"] for one in result["options"]] == ["0", "3", "2", "0"]
    exported = shell("board", "export", plan, "--node", stack.node_urls[2])
    assert exported["file"] == f"poll-{poll}.ostraka"
    assert audit(shell, poll, exported["file"], "each of 3 invitations (2 used)") == "holds"


def test_examples_are_valid(stack: LocalStack, shell: Shell) -> None:
    """The gateway takes every example; one of them by the command itself."""
    now = stack.registry.head().timestamp
    with Gateway(stack.gateway_url, stack.organizer_token) as gateway:
        for path in sorted(EXAMPLES.glob("*.toml")):
            is_round = "proposals_close_at" in tomllib.loads(path.read_text())
            kind: Any = RoundSpecification if is_round else PollSpecification
            wanted = read_specification(path, kind, now)
            path_of_kind = "/rounds" if is_round else "/polls"
            key = str(uuid.uuid4())
            if path.name == "token-holders.toml":
                # On this chain, another contract has the address that the example names.
                with pytest.raises(Problem, match="is not a token with votes"):
                    gateway.post(path_of_kind, wanted, as_organizer=True, key=key)
                continue
            plan = gateway.post(path_of_kind, wanted, as_organizer=True, key=key)
            assert (plan["round"] is not None) == is_round, path
    plan = shell("round", "create", EXAMPLES / "neighbourhood-budget.toml")
    text = shell.start("round", "show", plan["round"]).wait().stdout
    assert "Neighbourhood budget" in text
    assert "knapsack" in text
