"""Every dispute on Hardhat, anvil and geth, by the program that watches roots.

    make soak ARGS="chains [CLIENT…]"

CLIENT is hardhat, anvil or geth, by default all. On each, nodes anchor false roots of polls of 10
options, of 64 bits, of 12 options in pairs and of the largest rule, and a root that is right; a
watchtower shows what is false and answers challenges, all without waiting for blocks. The poll in
pairs is tallied at the end. geth makes a block a second in real time, and is
built as by `make soak ARGS=geth`. Writes the gas of each step to build/soak-chains.json; exit code
1 if a step takes more than one transaction may, or fails.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.support.chains import running
from tests.support.disputed import MINIMUM_BOND, DisputedChain, moved, root_of

from benchmarks.gas import TRANSACTION_CAP
from benchmarks.soak.geth import give_coin, running_geth
from ostraka.chain.contract import call, transact
from ostraka.chain.disputes import ReceiptedBallot
from ostraka.chain.factory import Call
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.registry import Status
from ostraka.demo.chains import Anvil, RunningChain
from ostraka.guard.hands import Step
from ostraka.guard.tower import Tower
from ostraka.keys import SigningKey
from ostraka_verifier.encoding import tagged_hash
from ostraka_verifier.merkle_sum import SumNode
from ostraka_verifier.outcome import Condorcet, NoOutcome, OutcomeRule
from ostraka_verifier.question import Pairwise
from ostraka_verifier.rule import BallotRule, Row
from ostraka_verifier.tally_proof import combine

RESULT = Path(__file__).parents[2] / "build" / "soak-chains.json"
COIN = 10**20
WINDOW_S, RESPONSE_S = 180, 45
_LARGEST_RULE_BYTES = 98_304
_VOTERS = 3
_WAIT_S = 120
PAIRS = Pairwise("A question", tuple(f"option {number}" for number in range(12)), 0)
RANKED = (list(range(12)), [3, 1, 2], [7, 0, 5, 11, 2])
"""Orders of three voters, two of which leave options out."""


def main(arguments: Sequence[str]) -> int:
    """Run every dispute on each client; exit code 1 if one needs too much gas."""
    clients: dict[str, Callable[[Path], object]] = {
        "hardhat": on_hardhat,
        "anvil": on_anvil,
        "geth": on_geth,
    }
    unknown = set(arguments) - set(clients)
    if unknown:
        print(f"no client {', '.join(sorted(unknown))}; there are: {', '.join(clients)}")
        return 2
    found: dict[str, dict[str, dict[str, int]]] = {}
    for name in arguments or clients:
        with tempfile.TemporaryDirectory(prefix=f"ostraka-{name}-") as folder:
            found[name] = dict(clients[name](Path(folder)))  # type: ignore[call-overload]
        RESULT.write_text(json.dumps(found, indent=2))
    highest = max(
        gas for rules in found.values() for steps in rules.values() for gas in steps.values()
    )
    print(f"most gas of a step: {highest:,} of {TRANSACTION_CAP:,}")
    return int(highest > TRANSACTION_CAP)


def on_hardhat(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the gas of each step by rule, on Hardhat."""
    with DisputedChain.start(folder) as chain:
        yield from disputed_rules(chain)


def on_anvil(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the gas of each step by rule, on anvil."""
    chain = Anvil()
    with running(chain, folder) as url:
        yield from disputed_rules(DisputedChain.deployed(url, chain))


def on_geth(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the gas of each step by rule, on geth."""
    payer = SigningKey()
    with running_geth(folder) as url:
        give_coin(url, payer.address)
        yield from disputed_rules(DisputedChain.deployed(url, RunningChain(url, payer)))


def disputed_rules(chain: DisputedChain) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the gas of every dispute by rule."""
    for name, rule, votes, outcome in (
        ("10 options", single_choice(10), None, NoOutcome()),
        ("64 bits", single_choice(64), None, NoOutcome()),
        ("12 options in pairs", PAIRS.rule, list(map(PAIRS.vote_bits, RANKED)), Condorcet(12)),
        ("largest", largest_rule(), None, NoOutcome()),
    ):
        started_monotonic_s = time.monotonic()
        gas = Disputed(chain, rule, votes, outcome).run()
        print(f"{name}, {time.monotonic() - started_monotonic_s:.0f} s: {gas}", flush=True)
        yield name, gas


def single_choice(bits: int) -> BallotRule:
    """Return the rule of one option of so many."""
    slots = tuple(((bit, 1),) for bit in range(bits))
    return BallotRule(bits, slots, (Row(tuple((bit, 1) for bit in range(bits)), 1),))


def largest_rule() -> BallotRule:
    """Return the rule with the most bits, and as many rows as its bytes hold."""
    bits = 320
    # Two bits share a slot, so that no point is left out.
    slots = (((0, 1), (1, 1)), *(((bit, 1),) for bit in range(2, bits)))
    row = Row(tuple((bit, 1) for bit in range(bits)), 1)
    rows = [row]
    while len(BallotRule(bits, slots, (*rows, row)).encode()) <= _LARGEST_RULE_BYTES:
        rows.append(row)
    return BallotRule(bits, slots, tuple(rows))


class Disputed:
    """One poll, whose roots fall one after another, and what each step costs."""

    def __init__(
        self,
        chain: DisputedChain,
        rule: BallotRule,
        votes: Sequence[Sequence[int]] | None,
        outcome: OutcomeRule,
    ) -> None:
        """Args:
        votes: Bits of three ballots; None for single choices, which need not obey the rule.
        outcome: The poll is tallied unless it is none.
        """
        self._chain = chain
        self._outcome = outcome
        opens_at = chain.now + 10
        self._fraud = chain.poll(
            frozen=False,
            rule=rule,
            outcome=outcome,
            votes=votes
            or [[int(bit == 2 * voter) for bit in range(rule.bits)] for voter in range(_VOTERS)],
            secret=False,
            times={
                "opens_at": opens_at,
                "closes_at": opens_at + 60,
                "round_duration": 30,
                "dispute_window": WINDOW_S,
                "response_time": RESPONSE_S,
                "max_dispute_delay": 4 * RESPONSE_S,
            },
        )
        self.gas: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        """Return the gas of each step."""
        fraud, poll = self._fraud, self._fraud.poll
        self._chain.move_time(poll.parameters.freezes_at)
        nodes, leaves = fraud.nodes(), fraud.leaves()
        fraud.show(leaves)
        self._falls("show a false sum", root_of(nodes, {(1, 0): moved(root_of(nodes[:2]).sum)}))
        hole = SumNode(bytes(32), moved(bytes(64)))
        self._falls("show false padding", root_of(nodes, padding=hole))
        swapped = [poll.prepared[1], poll.prepared[0], poll.prepared[2]]
        fraud.show(fraud.leaves(swapped))
        self._falls("show a false order", root_of(fraud.nodes(swapped)))
        self._stands()
        if not isinstance(self._outcome, NoOutcome):
            self._tally()
        return self.gas

    def _falls(self, step: str, root: object) -> None:
        """Anchor a false root, which a watchtower shows at once."""
        self._fraud.anchor(root)  # type: ignore[arg-type]
        tower = self._tower(SigningKey())
        (sent,) = self._turn(tower)
        self.gas[step] = self._gas_of(sent)
        assert self._fraud.status is Status.CLOSED, self._fraud.status

    def _stands(self) -> None:
        """Anchor the right root, which stands, until a challenge has no answer."""
        fraud, chain, disputes = self._fraud, self._chain, self._chain.disputes
        root, poll = fraud.poll.root(), fraud.poll
        fraud.anchor(root)
        bond = 2 * max(MINIMUM_BOND, disputes.bond_of(fraud.disputed, disputes.base_fee()))
        # A later ballot, so that no counted one answers for it. The last response is another one:
        # every equation is computed before that shows.
        later = fraud.forged(1).ballot
        invalid = later.encoded[:-1] + bytes([later.encoded[-1] ^ 1])
        fraud.contents.append(invalid)
        named = ReceiptedBallot(later.voter, later.cast_at_unix_s, tagged_hash("ballot", invalid))
        receipts = fraud.receipt(0), fraud.receipt_of(named)
        opened = disputes.challenge_leaf(chain.payer, fraud.disputed, root.digest, 0, bond)
        self.gas["challenge a leaf"] = opened.gas_used
        for one in receipts:
            opened = disputes.challenge_omission(
                chain.payer, fraud.disputed, root.digest, one.ballot, one.receipts, bond
            )
            self.gas["challenge an omission"] = opened.gas_used
        # A node's own account, which is paid for the answers.
        node = poll.node_keys[0]
        answers = self._turn(self._tower(node, node))
        assert len(answers) == 1 + len(receipts), answers
        names = ("answer it", "answer it by a leaf", "answer it by the invalid ballot")
        for name, step in zip(names, answers, strict=True):
            self.gas[name] = self._gas_of(step)
        assert fraud.status is Status.ANCHORED, fraud.status
        disputes.challenge_leaf(chain.payer, fraud.disputed, root.digest, 1, bond)
        (unanswered,) = (one for one in fraud.docket().challenges if one.is_open)
        chain.move_time(unanswered.deadline + 1)
        expired = disputes.expire(chain.payer, fraud.disputed, unanswered.id)
        self.gas["expire a challenge"] = expired.gas_used
        self.gas["withdraw"] = disputes.withdraw(chain.payer).gas_used

    def _tally(self) -> None:
        """Anchor the right root once more, tally, and ask for the awards."""
        fraud, registry, poll = self._fraud, self._chain.registry, self._fraud.poll
        anchored = poll.attest(
            poll.root(), range(1, poll.committee.quorum + 1), fraud.rejected_rounds
        )
        sent = registry.anchor_root(self._chain.payer, fraud.number, anchored)
        self.gas["anchor a root"] = sent.gas_used
        self._chain.move_time(registry.poll(fraud.number).releasable_at)
        shares = {node: poll.aggregate_share(node) for node in range(1, poll.threshold + 1)}
        tally = combine(shares, poll.threshold)
        sent = registry.accept_tally(self._chain.payer, fraud.number, tally)
        self.gas["tally"] = sent.gas_used
        order = self._outcome.order(tally.values)
        asked = (fraud.number, list(tally.values), self._outcome.encode(), order)
        assert registry.awards(*asked) == self._outcome.awards(tally.values)
        self.gas["awards, as a transaction"] = registry.contract.functions.awards(
            *asked
        ).estimate_gas()

    def _tower(self, key: SigningKey, node_key: SigningKey | None = None) -> Tower:
        web3 = self._chain.registry.web3
        transact(web3, self._chain.payer, Call(web3, key.address, b""), COIN // 100)
        return self._fraud.tower(key, MemoryJournal(), node_key=node_key)

    def _turn(self, tower: Tower) -> list[Step]:
        """Let a watchtower look once, and wait until what it sent is in a block."""
        sent = [one for one in tower.turn() if one.poll]
        refused = tower.finish(_WAIT_S)
        assert not refused, refused
        assert sent, "nothing was sent"
        assert all(one.outcome == "sent" for one in sent), sent
        return sent

    def _gas_of(self, step: Step) -> int:
        web3 = self._chain.registry.web3
        receipt = call(lambda: web3.eth.get_transaction_receipt(step.transaction))  # type: ignore[arg-type]
        return int(receipt["gasUsed"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
