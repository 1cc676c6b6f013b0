"""`ostraka governor …`: decide the proposals of a DAO's Governor by private polls."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ostraka.cli.client import AsJson, address_option
from ostraka.cli.errors import CommandError
from ostraka.cli.key_options import PlainKey
from ostraka.cli.output import emit, facts, note
from ostraka.cli.sender_options import (
    SENT,
    KeyFile,
    Rpc,
    Sender,
    SentFolder,
    SignerAccount,
    SignerUrl,
    journaled,
    journaled_account,
    secret_key,
)
from ostraka.planning.proposal_times import (
    CensusTimes,
    Verdict,
    time_to_start,
    too_short_response,
    voting_period,
)
from ostraka.wire.records import to_hex
from ostraka_verifier.units import Seconds

if TYPE_CHECKING:
    from ostraka.chain.deployment import ChainIdentity
    from ostraka.chain.governor import CensusDisputes, Governor, VoteSource
    from ostraka.chain.registry import Registry
    from ostraka.chain.sending import Errand, Payer
    from ostraka_verifier.census import Census
    from ostraka_verifier.published import PublishedPoll

app = typer.Typer(
    rich_markup_mode="markdown",
    help="Decide the proposals of a DAO's Governor by private polls.",
    no_args_is_help=True,
)


def _proposal_id(text: str) -> int:
    # OpenZeppelin's ids are hashes of 256 bits, which explorers show in decimal digits.
    if not (text.isascii() and text.isdigit() and int(text) < 2**256):
        raise typer.BadParameter("not a number from 0 to 2^256 - 1")
    return int(text)


ProposalId = Annotated[
    int, typer.Argument(metavar="PROPOSAL", parser=_proposal_id, help="Id of the proposal.")
]
GovernorAddress = Annotated[
    bytes, address_option("--governor", "Address of the Governor.", "OSTRAKA_GOVERNOR")
]


ShortTimes = Annotated[
    bool,
    typer.Option(
        "--unsafe-short-times",
        help="Accept a response time below an hour. Challenges in the last moment can then make a "
        "right census fall: for tests.",
    ),
]


@dataclass(frozen=True)
class _Scene:
    """A proposal, and the contracts that decide about it."""

    rpc: str
    governor: "Governor"
    proposal_id: int

    @classmethod
    def of(cls, rpc: str, address: bytes, proposal_id: int) -> "_Scene":
        # Slow to import.
        from ostraka.chain.governor import Governor

        return cls(rpc, Governor(rpc, address), proposal_id)

    def source(self) -> "VoteSource":
        return self.governor.source(self.proposal_id)

    def disputes(self) -> "CensusDisputes":
        from ostraka.chain.governor import CensusDisputes

        return CensusDisputes(self.rpc, self.governor.disputes_address())

    def registry(self) -> "Registry":
        from ostraka.chain.registry import Registry

        return Registry(self.rpc, self.governor.registry_address())

    def times(self) -> CensusTimes:
        return CensusTimes(*map(Seconds, self.disputes().times()))

    def chain(self) -> "ChainIdentity":
        from ostraka.chain.deployment import ChainIdentity

        return ChainIdentity.of(self.governor.web3)

    @contextmanager
    def paying(self, sender: Sender, folder: Path, as_json: bool) -> Iterator["Payer"]:
        """Return who pays, whose transactions are remembered in a folder."""
        with journaled(folder, self.chain(), sender.open(as_json)) as payer:
            yield payer

    def errand(self, payer: "Payer", what: str) -> "Errand":
        where = f"0x{self.governor.address.hex()}"
        return payer.errand(f"{what} of proposal {self.proposal_id} of {where}")

    def census(self) -> "Census":
        from ostraka.planning.proposal_census import right_census

        return right_census(self.rpc, self.governor, self.source())

    def poll(self) -> "PublishedPoll":
        """Return the poll of the proposal; CommandError before it was started."""
        from ostraka.chain.published import read_published

        poll_id = self.governor.poll_of(self.proposal_id)
        poll = read_published(self.registry(), poll_id) if poll_id else None
        if poll is None:
            raise CommandError("No poll", "the poll of this proposal was not started")
        return poll


@app.command()
def census(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    out: Annotated[
        Path | None, typer.Option(help="New file for the census: its canonical bytes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the census of a proposal's snapshot from the chain. Sends nothing.

    Example: ostraka governor census 7316… --governor 0x… --rpc https://rpc.example
    """
    found = _Scene.of(rpc, governor, proposal).census()
    if out is not None:
        with out.open("xb") as written:
            written.write(found.encode())
    answer = {
        "voters": len(found),
        "total_weight": str(found.total_weight),
        "census_root": to_hex(found.root),
        "file": None if out is None else str(out),
    }
    shown = {
        "Voters": answer["voters"],
        "Total weight": answer["total_weight"],
        "Census root": answer["census_root"],
    }
    emit(as_json, answer, facts(shown))


@app.command()
def check(
    governor: GovernorAddress,
    rpc: Rpc,
    as_json: AsJson = False,
) -> None:
    """Check a Governor's times: correct censuses must become final, and polls start.

    Sends nothing.

    Run it before a DAO gives the Governor any role. Exit code 1 if something is wrong.

    Example: ostraka governor check --governor 0x… --rpc https://rpc.example
    """
    scene = _Scene.of(rpc, governor, 0)
    times, period = scene.times(), scene.governor.voting_period_s()
    _require(as_json, too_short_response(times), voting_period(times, period))
    answer = {**vars(times), "voting_period": round(period)}
    shown = {
        "Window for disputes": f"{times.window} s",
        "Time to respond": f"{times.response_time} s",
        "Longest delay": f"{times.max_delay} s",
        "Voting period": f"{period:.0f} s",
    }
    emit(as_json, answer, facts(shown))


@app.command()
def post(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    journal: SentFolder = SENT,
    short_times: ShortTimes = False,
    as_json: AsJson = False,
) -> None:
    """Post the census of a proposal with a bond, unless your account already did.

    Keep `ostraka governor guard` running until it is final: if nobody shows a challenged place in
    time, even a correct census is rejected.

    It refuses if no census can be final before the voting period ends, or if the response time is
    below an hour.

    Example: ostraka governor post 7316… --governor 0x… --rpc $RPC --key operator.key
    """
    from ostraka.chain.governor import PostState, WeightRule
    from ostraka_verifier.census import MINIMUM_CLASS

    scene = _Scene.of(rpc, governor, proposal)
    source, disputes, found = scene.source(), scene.disputes(), scene.census()
    if source.weights is WeightRule.EQUAL and len(found) < MINIMUM_CLASS:
        reason = f"{len(found)} have a weight; with equal weights a poll needs {MINIMUM_CLASS}"
        raise CommandError("Too few voters", reason)
    with scene.paying(Sender(key, plain_key, signer, account), journal, as_json) as payer:
        fallen = 0
        for known in disputes.posts(source):
            view = disputes.view(known)
            if view.poster != payer.address or known.tree != found.tree:
                continue
            if view.state is not PostState.FALLEN:
                emit(as_json, {"census": known.id}, f"You posted it as census {known.id}.")
                return
            fallen += 1
        times = scene.times()
        _require(
            as_json,
            Verdict() if short_times else too_short_response(times),
            time_to_start(times, scene.governor.time_left_s(proposal)),
        )
        purpose = f"post {found.root.hex()} of proposal {proposal} after {fallen}"
        number, _ = disputes.post(disputes.errand(payer, purpose), source, found.tree)
    emit(as_json, {"census": number}, f"Posted as census {number}.")


@app.command()
def guard(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    journal: SentFolder = SENT,
    at_once: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Maximum number of places of a false census to ask for at a time, "
            "each with a bond.",
        ),
    ] = 16,
    as_json: AsJson = False,
) -> None:
    """Check once every census posted for a proposal: defend correct ones, dispute false ones.

    Run it every few minutes, several times within the response time. It repeats nothing that the
    chain already shows. A failure at one census does not stop the others. Each place that it asks
    for requires a bond. `ostraka governor claim` takes it back once the census is rejected.

    Example: ostraka governor guard 7316… --governor 0x… --rpc $RPC --key watcher.key
    """
    from ostraka.planning.proposal_census import Guard
    from ostraka_verifier.snapshot import NobodyListed

    scene = _Scene.of(rpc, governor, proposal)
    try:
        right = scene.census()
    except NobodyListed:
        # Then every census is false.
        right = None
    done = []
    with scene.paying(Sender(key, plain_key, signer, account), journal, as_json) as payer:
        watch = Guard(scene.disputes(), payer, right, at_once)
        for line in watch.look(scene.source()):
            note(as_json, line)
            done.append(line)
    emit(as_json, done, f"Looked at the censuses of proposal {proposal}.")


@app.command()
def start(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    journal: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Start the poll of a proposal with a final census, give it to the nodes, and open the poll.

    Nodes take the census from accounts that posted it, which sign it for them. So this command
    needs the account's key; no external signer signs that.

    The same command continues after an interruption; repeat it until the poll is open.

    Example: ostraka governor start 7316… --governor 0x… --rpc $RPC --key operator.key
    """
    from ostraka.chain.registry import Status
    from ostraka.gateway.courier import Courier, CourierError

    scene = _Scene.of(rpc, governor, proposal)
    found = scene.census()
    signs = secret_key(key, plain_key, as_json)
    with journaled_account(journal, scene.chain(), signs) as pays:
        if not scene.governor.poll_of(proposal):
            _start(scene, pays, found)
        poll, registry = scene.poll(), scene.registry()
        if registry.poll(poll.poll_id).status is Status.CREATED:
            try:
                Courier(registry, pays).open_poll(poll, found.encode())
            except CourierError as error:
                raise CommandError("Not open yet", str(error)) from error
    status = registry.poll(poll.poll_id).status.name.lower()
    answer = {"poll": poll.poll_id, "status": status}
    emit(as_json, answer, facts({"Poll": poll.poll_id, "State": status}))


@app.command()
def tally(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    journal: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Take a closed poll one step further: anchor the root, submit the tally, settle.

    Repeat it until the proposal is decided. Between the root and the tally lies the dispute window.

    Example: ostraka governor tally 7316… --governor 0x… --rpc $RPC --key operator.key
    """
    from ostraka.chain.governor import ProposalState
    from ostraka.chain.registry import Status
    from ostraka.gateway.courier import Courier, CourierError
    from ostraka_verifier.curve import load

    scene = _Scene.of(rpc, governor, proposal)
    poll, registry = scene.poll(), scene.registry()
    with scene.paying(Sender(key, plain_key, signer, account), journal, as_json) as payer:
        courier = Courier(registry, payer)
        try:
            match registry.poll(poll.poll_id).status:
                case Status.CLOSED:
                    courier.anchor(poll, 0)
                case Status.RELEASABLE:
                    courier.tally(poll, load(), 0)
        except CourierError as error:
            raise CommandError("Not yet", str(error)) from error
        status = registry.poll(poll.poll_id).status
        accepted = registry.tally(poll.poll_id)
        if accepted is not None and scene.governor.state(proposal) is ProposalState.ACTIVE:
            scene.governor.settle(scene.errand(payer, "settle"), proposal, accepted.values)
    answer: dict[str, Any] = {
        "poll": poll.poll_id,
        "status": status.name.lower(),
        "tally": None if accepted is None else [str(one) for one in accepted.values],
        "proposal": scene.governor.state(proposal).name.lower(),
    }
    shown = {"Poll": poll.poll_id, "State": answer["status"], "Proposal": answer["proposal"]}
    if accepted is not None:
        shown["For, against, abstain"] = ", ".join(answer["tally"])
    emit(as_json, answer, facts(shown))


@app.command()
def claim(
    proposal: ProposalId,
    governor: GovernorAddress,
    rpc: Rpc,
    key: KeyFile = None,
    plain_key: PlainKey = False,
    signer: SignerUrl = None,
    account: SignerAccount = None,
    journal: SentFolder = SENT,
    as_json: AsJson = False,
) -> None:
    """Take back your bonds of everything that is over, and what you were paid.

    Example: ostraka governor claim 7316… --governor 0x… --rpc $RPC --key operator.key
    """
    scene = _Scene.of(rpc, governor, proposal)
    with scene.paying(Sender(key, plain_key, signer, account), journal, as_json) as payer:
        due = scene.disputes().claim(payer, scene.source())
    emit(as_json, {"wei": str(due)}, f"Withdrew {due} wei.")


def _require(as_json: bool, *verdicts: Verdict) -> None:
    """Show warnings; CommandError with every obstacle."""
    for verdict in verdicts:
        for warning in verdict.warnings:
            note(as_json, f"Warning: {warning}")
    obstacles = [one for verdict in verdicts for one in verdict.obstacles]
    if obstacles:
        raise CommandError("Wrong times", "; ".join(obstacles))


def _start(scene: _Scene, pays: "Payer", found: "Census") -> None:
    disputes = scene.disputes()
    for posted in disputes.posts(scene.source()):
        if posted.tree == found.tree and disputes.view(posted).is_final:
            proposal = scene.governor.proposal(scene.proposal_id)
            scene.governor.start_poll(scene.errand(pays, "start the poll"), proposal, posted)
            return
    raise CommandError("No census", "the right census of this proposal is not final")
