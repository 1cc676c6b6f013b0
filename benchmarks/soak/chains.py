"""Every dispute on anvil and on geth, by the program that watches roots.

    make soak ARGS="chains [CLIENT…]"

CLIENT is anvil or geth, by default both. On each, nodes anchor false roots of polls of 10 options,
of 64 bits and of the largest rule, and a root that is right; a watchtower shows what is false and
answers challenges, all without waiting for blocks. geth makes a block a second in real time, and is
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
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.rule import BallotRule, Row

RESULT = Path(__file__).parents[2] / "build" / "soak-chains.json"
COIN = 10**20
WINDOW_S, RESPONSE_S = 180, 45
_LARGEST_RULE_BYTES = 98_304
_VOTERS = 3
_WAIT_S = 120


def main(arguments: Sequence[str]) -> int:
    """Run every dispute on each client; exit code 1 if one needs too much gas."""
    clients: dict[str, Callable[[Path], object]] = {"anvil": on_anvil, "geth": on_geth}
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
    for name, rule in (
        ("10 options", single_choice(10)),
        ("64 bits", single_choice(64)),
        ("largest", largest_rule()),
    ):
        started_monotonic_s = time.monotonic()
        gas = Disputed(chain, rule).run()
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

    def __init__(self, chain: DisputedChain, rule: BallotRule) -> None:
        self._chain = chain
        opens_at = chain.now + 10
        self._fraud = chain.poll(
            frozen=False,
            rule=rule,
            outcome=NoOutcome(),
            votes=[[int(bit == 2 * voter) for bit in range(rule.bits)] for voter in range(_VOTERS)],
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
