"""`ostraka vote check`: is a ballot in the nodes' signed checkpoints?"""

import typer

from ostraka.cli.client import AsJson, VotesFile
from ostraka.cli.errors import REFUSED, UNREACHABLE, CommandError, reading
from ostraka.cli.output import emit, facts, note, table, when
from ostraka.voter.casting import check_inclusion
from ostraka.voter.saved_votes import SavedVotes
from ostraka.wire.records import to_hex
from ostraka_verifier.wording import counted


def check(file: VotesFile, as_json: AsJson = False) -> None:
    """Ask the nodes to prove that their signed checkpoints contain the last ballot of a file.

    About every minute, each node signs a checkpoint of all its receipts. After that, it cannot
    leave out your ballot without being caught. The nodes are asked directly. They learn no more
    than the ballot's number, which they already know. Every proof is checked here.

    Exit code 0: the checkpoints of enough nodes contain the ballot. 1: a node showed two different
    logs, and the answer has the proof. 3: too few checkpoints contain the ballot yet; ask again in
    a few minutes.

    Example: ostraka vote check votes/1-0x70997970c5.json
    """
    with reading(file):
        votes = SavedVotes.read(file)
    if not votes.ballots:
        raise CommandError("Nothing to check", f"{file} has no ballot")
    ballot = votes.ballots[-1]
    found = check_inclusion(votes, ballot)
    proven, needed = sorted(found.checkpoints.items()), votes.poll.committee.quorum
    answer = {
        "poll": str(votes.poll.poll_id),
        "ballot_digest": to_hex(ballot.digest),
        "quorum": needed,
        "checkpoints": [
            {
                "node": node,
                "number": signed.checkpoint.number,
                "count": signed.checkpoint.count,
                "signed_at": signed.checkpoint.signed_at,
                "checkpoint": to_hex(signed.encode()),
                "cosigned_by": sorted(found.witnesses[node]),
            }
            for node, signed in proven
        ],
        "refusals": [
            {"node": node, "problem": why.to_json()} for node, why in sorted(found.problems.items())
        ],
        "forks": [
            {
                "node": fork.node,
                "reason": fork.reason,
                "first": to_hex(fork.first.encode()),
                "second": to_hex(fork.second.encode()),
            }
            for fork in found.forks
        ],
    }
    reasons = [(node, str(why)) for node, why in sorted(found.problems.items())]
    rows = [
        (
            node,
            signed.checkpoint.number,
            when(signed.checkpoint.signed_at),
            ", ".join(map(str, sorted(found.witnesses[node]))),
        )
        for node, signed in proven
    ]
    emit(
        as_json,
        answer,
        facts(
            {
                "Poll": f"{votes.poll.poll_id}: {votes.poll.description.title}",
                "Ballot": answer["ballot_digest"],
                "In checkpoints of": f"{counted(len(proven), 'node', 'nodes')}; {needed} needed",
            }
        ),
        table(("Node", "Checkpoint", "Signed", "Cosigned by"), rows) if rows else "",
        table(("Node", "Reason for no proof"), reasons) if reasons else "",
    )
    for fork in found.forks:
        note(as_json, f"Node {fork.node} showed two different logs: {fork.reason}.")
    if found.forks:
        note(as_json, "Keep the answer of --json: the node's two signatures prove that.")
        raise typer.Exit(REFUSED)
    if len(proven) < needed:
        note(as_json, "Too few checkpoints contain the ballot. Ask again in a few minutes.")
        raise typer.Exit(UNREACHABLE)
