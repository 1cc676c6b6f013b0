"""A fraud of all nodes together, and how a watchtower makes the contract reject it.

The demo signs with the nodes' own keys, as their operators could. The watchtower is the program
that anybody runs: it knows the chain, and asks the nodes for a board.
"""

import json
import subprocess
import sys
from typing import Any

from ostraka.chain.contract import checksum, transact
from ostraka.chain.factory import Call
from ostraka.chain.registry import Status
from ostraka.demo.result import DemoFraud
from ostraka.demo.stage import Stage
from ostraka.key_files import write_key
from ostraka.keys import SigningKey
from ostraka.randomness import system
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.units import later
from ostraka_verifier.wording import counted

_COINS = 10**18
_TURNS = 6


def commit_fraud(stage: Stage, poll: PublishedPoll, ballots: int) -> DemoFraud:
    """Anchor a root that nobody voted for, and let a watchtower watch.

    The gateway must not run: it would anchor the honest root first. Afterwards the poll waits for
    a root again.
    """
    stack, console, registry = stage.stack, stage.console, stage.stack.registry
    option, votes = poll.slots - 1, poll.parameters.total_weight * poll.rule.max_slot_value
    name = poll.description.options[option]
    anchored = _false_root(stage, poll, option, votes, ballots)
    stack.move_time(poll.parameters.freezes_at)
    registry.anchor_root(stack.organizer, poll.poll_id, anchored)
    console.print(
        f"All {counted(poll.nodes, 'node', 'nodes')} together anchor a false root: "
        f"{votes} votes for “{name}”, which nobody cast.",
        markup=False,
    )
    watcher = _watcher(stage)
    before = registry.web3.eth.get_balance(checksum(watcher.address))
    moves: list[dict[str, Any]] = []
    for _ in range(_TURNS):
        for one in _watch(stage, poll):
            moves.append(one)
            _say(stage, one)
        view = registry.poll(poll.poll_id)
        if view.status is not Status.ANCHORED:
            break
        stack.move_time(later(registry.head().timestamp, poll.parameters.response_time + 1))
        waited = poll.parameters.response_time
        console.print(f"No node can answer. {waited} seconds pass.", markup=False)
    for one in _watch(stage, poll):
        # The bond comes back.
        moves.append(one)
        _say(stage, one)
    rejected = registry.poll(poll.poll_id).rejected_rounds == 1
    said = "rejects the root; the nodes settle again" if rejected else "did NOT reject the root"
    console.print(f"The contract {said}.")
    after = registry.web3.eth.get_balance(checksum(watcher.address))
    return DemoFraud(option, votes, rejected, moves, before - after)


def _false_root(
    stage: Stage, poll: PublishedPoll, option: int, votes: int, ballots: int
) -> AnchoredRoot:
    """Return a root over invented leaves with a sum that the thieves can open."""
    tally = [votes if slot == option else 0 for slot in range(poll.slots)]
    blinding = system.scalar()
    commitment = CommitmentKey(stage.curve, poll.rule.width).commit([(tally, blinding)])
    root = SumRoot(system.bytes(32), commitment.encode(), ballots)
    digest = poll.domain.digest(*root.statement(poll.context, 0))
    keys = {key.address: key for key in stage.stack.node_keys()}
    signed = tuple(
        Attestation(node, keys[member.address].sign(digest))
        for node, member in enumerate(poll.committee.members, start=1)
    )
    return AnchoredRoot(0, root, signed)


def _watcher(stage: Stage) -> SigningKey:
    """Return the watchtower's account, with a coin, and its key in a file."""
    stack = stage.stack
    key = SigningKey()
    write_key(stack.folder / "watcher.key", key, None)
    gift = Call(stack.registry.web3, key.address, b"")
    transact(stack.registry.web3, stack.organizer, gift, _COINS)
    return key


def _watch(stage: Stage, poll: PublishedPoll) -> list[dict[str, Any]]:
    """Let the watchtower look once; return what it prints."""
    stack = stage.stack
    command = [sys.executable, "-m", "ostraka", "watch", str(poll.poll_id), "--guard", "--once"]
    command += ["--rpc", stack.rpc_url, "--registry", checksum(stack.registry.address)]
    command += ["--deployed-at", str(stack.deployment.block)]
    command += ["--key", str(stack.folder / "watcher.key"), "--plain-key"]
    command += ["--journal", str(stack.folder / "watcher"), "--json"]
    completed = subprocess.run(  # noqa: S603 - the command is our own
        command, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise RuntimeError(f"the watchtower failed: {completed.stderr[-2000:]}")
    return [json.loads(line) for line in completed.stdout.splitlines()]


def _say(stage: Stage, said: dict[str, Any]) -> None:
    """Print a line of the watchtower in words."""
    if "root" in said:
        text = f"The watchtower sees a root that is {said['root']}: {said['reason']}."
    else:
        bond = (
            f", for a bond of {int(said['bond']) / _COINS:g} coins" if said["bond"] != "0" else ""
        )
        became = "" if said["outcome"] == "sent" else f" ({said['outcome']})"
        text = f"The watchtower: {said['move']}{bond}{became}."
    stage.console.print(text, markup=False)
