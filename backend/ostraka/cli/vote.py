"""`ostraka vote …`: vote from your own machine, and keep the receipts."""

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ostraka.cli import key_options, vote_check
from ostraka.cli.client import (
    DEFAULT_GATEWAY,
    AsJson,
    GatewayUrl,
    PollName,
    RpcUrl,
    VotesFile,
    address_option,
    poll_number,
)
from ostraka.cli.errors import UNREACHABLE, CommandError, reading
from ostraka.cli.key_options import KeyFile, PlainKey
from ostraka.cli.output import emit, facts, note, printable, table, when
from ostraka.cli.propose import Account
from ostraka.files import private
from ostraka.gateway_client.config import chain_time
from ostraka.gateway_client.gateway import Gateway
from ostraka.keys import SigningKey
from ostraka.voter.casting import (
    fetch_receipts,
    opened,
    prepare,
    send_by_gateway,
    send_to_nodes,
    sign,
)
from ostraka.voter.poll import OpenPoll, compare, poll_of_gateway
from ostraka.voter.prepare import SealedBallot
from ostraka.voter.saved_votes import ReceiptedBallot, SavedVotes
from ostraka.voter.typed_choice import BETWEEN_QUESTIONS, bits_of
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.parameters import DIFFERENT_WEIGHTS
from ostraka_verifier.units import UnixSeconds
from ostraka_verifier.wording import counted, noun

_NEVER = (ProblemType.POLL_NOT_SERVED, ProblemType.POLL_SECRET_LOST)
"""Refusals of a node that lost its database or its secret: it gives no receipts of the poll."""


class _CastByDefault(TyperGroup):
    """`ostraka vote 1 …` is short for `ostraka vote cast 1 …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["cast", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    rich_markup_mode="markdown",
    cls=_CastByDefault,
    help="Vote; `ostraka vote POLL` is short for `ostraka vote cast POLL`.",
    no_args_is_help=True,
)

app.command()(vote_check.check)

_CHAIN, _NAMED_REGISTRY, _NOTHING = "chain", "chain, registry named by gateway", "nothing"
_SAID = {
    _NOTHING: "Not checked on chain: a lying gateway could read this vote.",
    _NAMED_REGISTRY: (
        "Checked on chain, but in a registry that the gateway named. Pass the one that the "
        "organizer published with --registry; otherwise a lying gateway could still read this vote."
    ),
}

Direct = Annotated[
    bool, typer.Option("--direct", help="Send directly to the nodes, not through the gateway.")
]


@app.command()
def cast(
    name: PollName,
    key: KeyFile,
    choose: Annotated[
        str | None,
        typer.Option(
            metavar="1,3",
            help="Numbers of the options, '' for none, or another answer that the question asks "
            "for. Separate the answers to several questions by ';'. Without this option the "
            "command asks, so that your choice does not get into the shell history.",
        ),
    ] = None,
    rpc: RpcUrl = None,
    registry: Annotated[
        bytes | None,
        address_option(
            "--registry",
            "Address of the PollRegistry, as the organizer published it.",
            "OSTRAKA_REGISTRY",
        ),
    ] = None,
    trust_gateway: Annotated[
        bool,
        typer.Option(
            "--trust-gateway",
            help="Trust the gateway's data of the poll. If it lies, it can read your vote.",
        ),
    ] = False,
    direct: Direct = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Cast a new ballot even though the previous one was not recorded."
        ),
    ] = False,
    plain_key: PlainKey = False,
    challenge: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Show the ballot's number first, and ask whether to cast or to challenge it. A "
            "challenged ballot is opened into FILE for `ostraka-verify challenge`, and not cast.",
        ),
    ] = None,
    account: Account = None,
    file: Annotated[
        Path | None,
        typer.Option(help="File for ballots and receipts [default: votes/POLL-ACCOUNT.json]"),
    ] = None,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Vote, or vote again: the newest ballot counts.

    The ballot is prepared on this machine. Your choice is neither sent nor stored in the file. With
    --rpc, the poll is first checked on chain: context, rule, committee, and the nodes' keys with
    their signatures. With --rpc, --registry and --direct, no gateway is used at all. In that case,
    name your account with --account if it is not the key's own, for example with an invitation.

    The ballot is saved to the file before it is sent. After a crash, `ostraka vote send FILE` sends
    the same ballot again.

    A malicious client could seal a different vote. Use --challenge to check; repeat as often as you
    like.

    Exit code 0: the ballot is recorded, because enough nodes gave receipts. 3: too few did; send it
    again.

    Example: ostraka vote 1 --key me.key --rpc https://rpc.example --registry 0x5FbD…
    """
    signer = key_options.opened(key, plain_key, as_json)
    with Gateway(gateway) as to:
        alone = direct and rpc is not None and registry is not None and name.isdigit()
        poll, now, checked = _poll(to, name, rpc, registry, trust_gateway, alone)
        note(as_json, _SAID.get(checked, ""))
        note(as_json, _opened_note(poll))
        voter = account or (signer.address if alone else _account_of(to, poll, signer))
        path = file or Path("votes") / f"{poll.poll_id}-{to_hex(voter)[:12]}.json"
        votes = SavedVotes.open(path, poll, voter)
        if votes.unfinished is not None and not again:
            detail = (
                f"{path} has a ballot that is not recorded yet; send it with "
                f"`ostraka vote send {path}`, or make a new one with --again"
            )
            raise CommandError("Unfinished", detail)
        sealed = prepare(votes, _bits(poll, choose), now)
        if challenge is not None and not _cast_it(sealed):
            _open(votes, sealed, challenge, as_json)
            return
        ballot = sign(votes, signer, sealed)
        _send(to, votes, ballot, direct, as_json, checked=checked)


def _opened_note(poll: OpenPoll) -> str:
    """Say what it means that every ballot will be opened; empty if only their sum is."""
    if not poll.parameters.is_shuffled:
        return ""
    ways = prod(question.possible_answers for question in poll.questions)
    return (
        "This ballot will be opened as a whole, without its voter's name, in random order. There "
        f"are up to {ways} ways to fill it in for {poll.parameters.voters} voters: a ballot like "
        "no other is recognized by those who know its voter's views, or who asked for a certain "
        "pattern."
    )


@app.command()
def send(
    file: VotesFile,
    direct: Direct = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Send the last ballot of a file again, unchanged, and keep the receipts.

    Example: ostraka vote send votes/1-0x70997970c5.json --direct
    """
    with reading(file):
        votes = SavedVotes.read(file)
    if not votes.ballots:
        raise CommandError("Nothing to send", f"{file} has no ballot")
    with Gateway(gateway) as to:
        _send(to, votes, votes.ballots[-1], direct, as_json)


@app.command()
def receipts(
    file: VotesFile,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Ask the gateway for missing receipts.")
    ] = False,
    gateway: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show the ballots of a file and their receipts, with every signature checked again.

    Receipts prove to anybody that a ballot was recorded. They do not show how you voted.

    Example: ostraka vote receipts votes/1-0x70997970c5.json
    """
    with reading(file):
        votes = SavedVotes.read(file)
    if fetch:
        with Gateway(gateway) as to:
            for ballot in votes.ballots:
                if len(ballot.receipts) < len(votes.poll.committee.members):
                    fetch_receipts(to, votes, ballot)
    answers = [_shown(votes, ballot, {}) for ballot in votes.ballots]
    rows = (
        (when(one["cast_at"]), one["ballot_digest"], len(one["receipts"]), one["recorded"])
        for one in answers
    )
    emit(
        as_json,
        answers,
        facts(
            {
                "Poll": f"{votes.poll.poll_id}: {votes.poll.description.title}",
                "Voter": to_hex(votes.voter),
                "Needed": counted(votes.poll.committee.quorum, "receipt", "receipts"),
            }
        ),
        table(("Cast", "Ballot", "Receipts", "Recorded"), rows),
    )


@app.command()
def hand_in(
    file: VotesFile, gateway: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Hand in the receipts of a file's last recorded ballot, if the board lacks that ballot.

    The gateway passes them on to watchtowers, which can have the root rejected within the dispute
    window. Receipts show your account, the time and the ballot's number, and not how you voted.

    Example: ostraka vote hand-in votes/1-0x70997970c5.json --gateway https://vote.example
    """
    with reading(file):
        votes = SavedVotes.read(file)
    recorded = [ballot for ballot in votes.ballots if votes.recorded(ballot)]
    if not recorded:
        needed = counted(votes.poll.committee.quorum, "node", "nodes")
        raise CommandError("Nothing to hand in", f"{file} has no ballot with receipts of {needed}")
    shown = _shown(votes, max(recorded, key=lambda one: (one.cast_at, one.digest)), {})
    given = {"digest": shown["ballot_digest"]}
    given |= {name: shown[name] for name in ("voter", "cast_at", "receipts")}
    with Gateway(gateway) as to:
        kept = to.post(f"/polls/{votes.poll.poll_id}/omitted", given)
    emit(
        as_json,
        kept,
        facts(
            {
                "Handed in to": to.name,
                "Poll": f"{votes.poll.poll_id}: {votes.poll.description.title}",
                "Ballot": kept["digest"],
                "Cast": when(kept["cast_at"]),
            }
        ),
    )


def _poll(
    to: Gateway,
    name: str,
    rpc: str | None,
    registry: bytes | None,
    trust_gateway: bool,
    alone: bool,
) -> tuple[OpenPoll, UnixSeconds, str]:
    """Return the poll, the chain's time, and what they were checked against.

    Args:
        alone: Whether to do without a gateway.
    """
    if rpc is None:
        if not trust_gateway:
            hint = "pass --rpc to check the poll on chain, or --trust-gateway to skip the check"
            raise typer.BadParameter(hint, param_hint="--rpc")
        poll = poll_of_gateway(to, poll_number(to, name))
        return poll, chain_time(to.get("/config")), _NOTHING
    # Slow to import.
    from ostraka.voter.chain_poll import poll_of_chain

    if registry is not None and alone:
        return *poll_of_chain(rpc, registry, poll_number(to, name)), _CHAIN
    shown = poll_of_gateway(to, poll_number(to, name))
    checked = _CHAIN
    if registry is None:
        registry = shown.domain.registry
        checked = _NAMED_REGISTRY
    poll, now = poll_of_chain(rpc, registry, shown.poll_id)
    compare(shown, poll)
    return poll, now, checked


def _account_of(to: Gateway, poll: OpenPoll, signer: SigningKey) -> bytes:
    """Return the account for which a key votes, by the census.

    If the gateway names a wrong account, no node accepts the ballot.

    Raises:
        CommandError: The census has no account of this key, or several, or it would be known by its
            weight.
    """
    try:
        entries = to.get(f"/polls/{poll.poll_id}/voters/{signer.address_hex}")
    except Problem as problem:
        if problem.kind is not ProblemType.NOT_FOUND:
            raise
        # The gateway did not organize this poll and does not know its voters.
        return signer.address
    fixed = poll.parameters
    if fixed.is_shuffled and any(
        int(one["weight"]) * fixed.voters != fixed.total_weight for one in entries
    ):
        raise CommandError("Different weights", DIFFERENT_WEIGHTS, "census")
    accounts = [one["account"] for one in entries if one["signing_key"] == signer.address_hex]
    if len(accounts) == 1:
        return from_hex(accounts[0], "account")
    if accounts:
        detail = f"this key signs for {len(accounts)} accounts; name one with --account"
        raise CommandError("Which account", detail, "account")
    if entries:
        detail = f"the census binds account {signer.address_hex} to key {entries[0]['signing_key']}"
        raise CommandError("Another key", detail, "key")
    detail = f"no account in the census votes with key {signer.address_hex}"
    raise CommandError("Not in the census", detail, "key")


def _bits(poll: OpenPoll, choose: str | None) -> list[int]:
    answers = _asked(poll) if choose is None else choose.split(BETWEEN_QUESTIONS)
    try:
        return bits_of(poll, answers)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--choose") from None


def _cast_it(sealed: SealedBallot) -> bool:
    """Show the ballot's number, then ask whether to cast it. Any other order proves nothing."""
    typer.echo(f"The number of your ballot is {to_hex(sealed.ballot.digest)}.", err=True)
    typer.echo("Note this number on another device before you answer.", err=True)
    return typer.confirm("Cast it now? Answer no to challenge it", default=None, err=True)


def _open(votes: SavedVotes, sealed: SealedBallot, path: Path, as_json: bool) -> None:
    opening = opened(votes, sealed)
    with open(path, "x", opener=private) as file:
        json.dump(opening.to_json(), file, indent=1)
    answer = {"cast": False, "ballot_digest": to_hex(opening.digest), "opening": str(path)}
    emit(
        as_json,
        answer,
        facts(
            {
                "Not cast": to_hex(opening.digest),
                "Opened into": path,
                "Check on another device": f"ostraka-verify challenge {path} --digest …",
            }
        ),
    )


def _asked(poll: OpenPoll) -> list[str]:
    """Ask for the voter's answers."""
    typer.echo(printable(poll.description.title), err=True)
    answers = []
    for question in poll.questions:
        if question.title != poll.description.title:
            typer.echo(f"\n{printable(question.title)}", err=True)
        answers.append(_prompt(question.choices(), question.how_to_answer()))
    return answers


def _prompt(choices: Sequence[str], how: str) -> str:
    for line in choices:
        typer.echo(printable(line), err=True)
    answer: str = typer.prompt(printable(how), default="", show_default=False, err=True)
    return answer


def _send(
    to: Gateway,
    votes: SavedVotes,
    ballot: ReceiptedBallot,
    direct: bool,
    as_json: bool,
    **more: str,
) -> None:
    refusals = send_to_nodes(votes, ballot) if direct else send_by_gateway(to, votes, ballot)
    answer = _shown(votes, ballot, refusals)
    needed = votes.poll.committee.quorum
    emit(
        as_json,
        answer | more,
        facts(
            {
                "Recorded": answer["recorded"],
                "Receipts": f"{len(ballot.receipts)}; {needed} needed",
                "Ballot": answer["ballot_digest"],
                "Saved in": votes.path,
            }
        ),
        table(("Node", "Reason for no receipt"), _reasons(refusals)) if refusals else "",
    )
    never = {node for node, problem in refusals.items() if problem.kind in _NEVER}
    every = set(range(1, len(votes.poll.committee.members) + 1))
    lacking = sorted(every - set(ballot.receipts) - never)
    if answer["recorded"] and lacking:
        nodes = f"{noun(len(lacking), 'node', 'nodes')} {', '.join(map(str, lacking))}"
        later = f"send {votes.path} --direct" if direct else f"receipts {votes.path} --fetch"
        note(
            as_json,
            f"The ballot is recorded without a receipt from {nodes}. To ask for it later: "
            f"ostraka vote {later}",
        )
    if not answer["recorded"]:
        note(as_json, f"Too few nodes gave receipts. Send it again: ostraka vote send {votes.path}")
        raise typer.Exit(UNREACHABLE)


def _reasons(refusals: dict[int, Problem]) -> list[tuple[int, str]]:
    return [(node, str(problem)) for node, problem in sorted(refusals.items())]


def _shown(
    votes: SavedVotes, ballot: ReceiptedBallot, refusals: dict[int, Problem]
) -> dict[str, Any]:
    return {
        "poll": str(votes.poll.poll_id),
        "voter": to_hex(votes.voter),
        "cast_at": ballot.cast_at,
        "ballot_digest": to_hex(ballot.digest),
        "recorded": votes.recorded(ballot),
        "quorum": votes.poll.committee.quorum,
        "receipts": [
            {"node": node, "signature": to_hex(signature)}
            for node, signature in sorted(ballot.receipts.items())
        ],
        "refusals": [
            {"node": node, "problem": why.to_json()} for node, why in sorted(refusals.items())
        ],
        "file": str(votes.path),
    }
