"""`ostraka round …`: rounds of a shared budget."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ostraka.cli import file_check, rehearse, warnings
from ostraka.cli.amounts import (
    AMOUNT_HELP,
    amount_text,
    currency_of,
    round_currency,
    stated_currency,
    typed_units,
    with_currency,
)
from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    RoundNumber,
    Token,
    address_option,
    ask_once,
    named_by,
    proposal_id,
    waits_for,
)
from ostraka.cli.errors import REFUSED
from ostraka.cli.key_options import PlainKey
from ostraka.cli.outcome_steps import outcome_on_ballots
from ostraka.cli.output import emit, facts, progress, table, when
from ostraka.cli.poll import result_tables
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SentFolder,
    SignerAccount,
    SignerUrl,
    journaled,
    require_holder,
)
from ostraka.cli.service_options import DeploymentFile, contract_address, read_deployment
from ostraka.cli.templates import ROUND
from ostraka.gateway_client.config import chain_time
from ostraka.gateway_client.gateway import Gateway
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Rounds of a shared budget: members propose, voters decide, the treasury pays.",
    no_args_is_help=True,
)


_COIN = "the chain's coin"
_OVER = ("decided", "expired", "void", "vetoed")


@app.command()
def template() -> None:
    """Print a commented TOML file that describes a round.

    Example: ostraka round template > spring.toml
    """
    typer.echo(ROUND, nl=False)


@app.command()
def create(
    file: Annotated[
        Path,
        typer.Argument(
            help="TOML file, as printed by `round template`, with amounts in units of the coin or "
            "token; or JSON, as the web client saves it, with integers in the smallest unit."
        ),
    ],
    yes: warnings.Yes = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Create a round on chain.

    From then on the gateway runs the round by chain time. It starts the vote when proposals are
    closed and the budget is deposited, opens the poll, anchors the root, submits the tally and
    decides. There are no commands for these steps. The command first shows what the vote may
    reveal, and asks people for confirmation.

    Example: ostraka round create spring.toml
    """
    # Slow to import, and nothing else needs them.
    from ostraka.planning.specification import RoundSpecification
    from ostraka.planning.specification_file import read_specification

    with Gateway(gateway, token) as to:
        now = chain_time(to.get("/config"))
        wanted = read_specification(file, RoundSpecification, now, lambda one: currency_of(to, one))
        asked = warnings.asks(yes, as_json)
        if asked:
            tried = to.post("/rounds?dry_run=true", wanted, as_organizer=True)
            warnings.agree(tried["warnings"])
        plan = ask_once(to, "/rounds", wanted, named_by(file, wanted))
    if not asked:
        warnings.show(as_json, plan["warnings"])
    emit(
        as_json,
        plan,
        facts({"Round": plan["round"], "Plan": plan["plan"]}),
        f"Next: ostraka round fund {plan['round']} AMOUNT",
    )


@app.command()
def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="TOML file, as printed by `round template`, with amounts in units of the coin or "
            "token; or JSON, as the web client saves it, with integers in the smallest unit."
        ),
    ],
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Check a round's file: its rules, its contracts, and what the result may reveal.

    The file stays on this machine. If a gateway answers, the command asks it whether the addresses
    of contracts that the file names are tokens or registries of members. Only `round create`
    checks what the gateway knows of other polls.

    Exit code 1: nodes refuse such a poll. 2: the file has mistakes.

    Example: ostraka round check spring.toml
    """
    from ostraka.planning.specification import RoundSpecification

    file_check.check(file, RoundSpecification, gateway, as_json)


app.command("rehearse")(rehearse.round_)


@app.command("list")
def list_(gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List all rounds of the treasury with state and budget.

    Example: ostraka round list --json
    """
    with Gateway(gateway) as to:
        rounds = to.get("/rounds")
        currencies = {token: currency_of(to, token) for token in {one["token"] for one in rounds}}
    rounds = [with_currency(one, currencies[one["token"]]) for one in rounds]
    rows = (
        (
            one["round"],
            one["title"],
            one["phase"],
            currencies[one["token"]].written(one["budget"]),
            when(one["voting_closes_at"]),
        )
        for one in rounds
    )
    columns = ("Round", "Title", "State", "Budget", "Voting closes")
    emit(as_json, rounds, table(columns, rows))


@app.command()
def show(
    number: RoundNumber, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Show a round with its state, its money, and what it waits for.

    Example: ostraka round show 1
    """
    with Gateway(gateway) as to:
        found = to.get(f"/rounds/{number}")
        plan = to.get(f"/plans/{found['plan']}") if found["plan"] else None

    currency = stated_currency(found)

    def amount(name: str) -> str:
        return currency.written(found[name])

    emit(
        as_json,
        {**found, "problem": plan and plan["problem"]},
        facts(
            {
                "Round": f"{number}: {found['title']}",
                "State": found["status"],
                "Waits for": waits_for(plan),
                "Text": found["text"] or None,
                "Budget": f"{amount('budget')} of {found['token'] or _COIN}",
                "Deposited": amount("deposited"),
                "Paid out": amount("paid_out"),
                "Amount of a proposal": f"{amount('minimum_amount')} to {amount('maximum_amount')}",
                "Proposals": f"{found['proposals']}, {found['standing']} of them not withdrawn",
                "Proposals open": when(found["proposals_open_at"]),
                "Proposals close": when(found["proposals_close_at"]),
                "Voting opens": when(found["voting_opens_at"]),
                "Voting closes": when(found["voting_closes_at"]),
                "May veto": found["veto_holder"],
                "Payouts open": when(found["payouts_open_at"]),
                "Claims end": when(found["claims_end_at"]),
                "Ballot": found["ballot"]["kind"].replace("_", " "),
                "Poll": found["poll"],
                "Plan": found["plan"],
                "Organizer": found["organizer"],
            }
        ),
    )


@app.command()
def fund(
    number: RoundNumber,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", parser=amount_text, help=AMOUNT_HELP)],
    yes: Annotated[bool, typer.Option("--yes", help="Deposit without confirmation.")] = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Deposit money from the gateway's account. Anybody can also deposit on chain.

    The command first shows the amount in the round's coin or token, and asks people for
    confirmation.

    Example: ostraka round fund 1 "600.5 PLN"
    """
    with Gateway(gateway, token) as to:
        to.required_token()
        currency = round_currency(to, number)
        units = typed_units(amount, currency, "AMOUNT")
        if not units:
            raise typer.BadParameter("expected more than 0", param_hint="AMOUNT")
        written = currency.written(units)
        if warnings.asks(yes, as_json) and not typer.confirm(
            f"Deposit {written} in round {number}?", err=True
        ):
            raise typer.Abort
        sent = ask_once(to, f"/rounds/{number}/funding", {"amount": str(units)})
    emit(as_json, sent, f"Deposited {written}.", _transactions(sent))


@app.command()
def refund(
    number: RoundNumber,
    funder: Annotated[bytes, address_option("--funder", "Account that gave the money.")],
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Return a funder's share of the money that proposals do not need, or no longer need.

    Example: ostraka round refund 1 --funder 0x70997970c51812dc3a010c7d01b50e0d17dc79c8
    """
    with Gateway(gateway, token) as to:
        body = {"funder": to_hex(funder)}
        sent = ask_once(to, f"/rounds/{number}/refunds", body)
    emit(as_json, sent, _transactions([sent]))


@app.command()
def proposals(
    number: RoundNumber, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """List a round's proposals in order of submission. Option is the number on the ballot.

    Example: ostraka round proposals 1
    """
    with Gateway(gateway) as to:
        currency = round_currency(to, number)
        found = [with_currency(one, currency) for one in to.get(f"/rounds/{number}/proposals")]
    rows = (
        (
            "withdrawn" if one["withdrawn"] else one["slot"] + 1,
            one["title"],
            currency.written(one["amount"]),
            one["recipient"],
            _money(one),
            one["proposal"],
        )
        for one in found
    )
    columns = ("Option", "Title", "Amount", "Recipient", "State", "Proposal")
    emit(as_json, found, table(columns, rows))


@app.command()
def replacements(
    number: RoundNumber, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """List the codes of invitations that the organizer replaced, the newest first.

    Example: ostraka round replacements 1
    """
    found: list[dict[str, Any]] = []
    page = ""
    with Gateway(gateway) as to:
        while True:
            part = to.get(f"/rounds/{number}/replacements{page}")
            found += part["replacements"]
            if part["next"] is None:
                break
            page = f"?before={part['next']}"
    rows = (
        (
            one["number"],
            when(one["at"]),
            one["invitation"],
            one["former_key"] or "none",
            one["code"],
            one["reason"] or "not stated",
        )
        for one in found
    )
    columns = ("Number", "Time", "Invitation", "Former key", "New code", "Reason")
    emit(as_json, found, table(columns, rows))


@app.command()
def results(
    number: RoundNumber, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Show votes, winners and payouts, once the chain has the tally.

    Example: ostraka round results 1
    """
    with Gateway(gateway) as to:
        poll = to.get(f"/rounds/{number}")["poll"]
        if poll is None:
            raise Problem(ProblemType.NOT_TALLIED, "the round's vote has not started", "round")
        found = to.get(f"/polls/{poll}/results")
        decided, shown = outcome_on_ballots(to, found)
        emit(as_json, found | decided, *result_tables(found), *shown)


@app.command()
def claim(
    number: RoundNumber,
    proposal: Annotated[
        bytes | None,
        typer.Option(parser=proposal_id, metavar="0x…", help="Pay only this proposal."),
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Pay the winners. Anybody can request this, any number of times.

    Payouts are independent: a recipient that refuses the money does not stop the others. Exit code
    1: at least one winner was not paid.

    Example: ostraka round claim 1
    """
    with Gateway(gateway) as to, progress(as_json) as bar:
        about = to.get(f"/rounds/{number}")
        currency, state = stated_currency(about), about["status"]
        found = to.get(f"/rounds/{number}/proposals")
        if proposal is None:
            due = [one for one in found if one["funded"] and not one["paid"]]
        else:
            due = [one for one in found if one["proposal"] == to_hex(proposal)]
            if not due:
                detail = f"round {number} has no proposal with this id"
                raise Problem(ProblemType.NO_SUCH_PROPOSAL, detail)
        outcomes = [
            with_currency(_claim_one(to, one), currency)
            for one in bar.track(due, description="paying")
        ]
    rows = (
        (
            one["title"],
            currency.written(one["amount"]),
            one["recipient"],
            one["problem"]["detail"] if one["problem"] else "paid",
        )
        for one in outcomes
    )
    shown = table(("Title", "Amount", "Recipient", "Outcome"), rows)
    nothing = (
        "Nothing is left to pay."
        if state in _OVER
        else f"There are no winners yet: the round is {state}, and pays once it is decided."
    )
    emit(as_json, outcomes, shown if outcomes else nothing)
    if any(one["problem"] for one in outcomes):
        raise typer.Exit(REFUSED)


@app.command()
def veto(
    number: RoundNumber,
    rpc: Rpc,
    treasury: Annotated[
        bytes | None,
        address_option(
            "--treasury", "Address of the BudgetTreasury. Default: that of --deployment."
        ),
    ] = None,
    deployment: DeploymentFile = None,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    deployments: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Veto all payouts of a decided round, as its veto holder, before they open.

    The command sends the transaction itself, without a gateway. All money goes back to the funders.
    No one can undo this.

    Example: ostraka round veto 1 --deployment 1.json --rpc $RPC --key holder.key
    """
    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.treasury import RoundStatus, Treasury

    treasury = contract_address(
        treasury, read_deployment(deployment), "--treasury", "BudgetTreasury"
    )
    holds = Treasury(rpc, treasury)
    signs = Sender(key, plain_key, signer, account).open(as_json)
    view = holds.round(number)
    if view.status is not RoundStatus.VETOED:
        require_holder(view.parameters.veto_holder, signs, "veto in this round")
        with journaled(deployments, ChainIdentity.of(holds.web3), signs) as payer:
            holds.veto(payer.errand(f"veto round {number} of {to_hex(treasury)}"), number)
    answer = {"treasury": to_hex(treasury), "round": str(number), "status": "vetoed"}
    emit(as_json, answer, "Vetoed: all money goes back to the funders.")


def _claim_one(to: Gateway, proposal: dict[str, Any]) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        name: proposal[name] for name in ("proposal", "title", "amount", "recipient")
    }
    try:
        sent = to.post(f"/proposals/{proposal['proposal']}/payout", {})
    except Problem as problem:
        return {**outcome, "problem": problem.to_json()}
    return {**outcome, "problem": None, **sent}


def _money(proposal: dict[str, Any]) -> str:
    if proposal["withdrawn"]:
        return ""
    return "paid" if proposal["paid"] else "funded" if proposal["funded"] else "submitted"


def _transactions(sent: list[dict[str, Any]]) -> Any:
    rows = ((one["transaction"], one["gas_used"], one["block"]) for one in sent)
    return table(("Transaction", "Gas", "Block"), rows)
