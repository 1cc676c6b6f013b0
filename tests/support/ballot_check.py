"""The contract that checks ballots, on a chain of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from web3.contract import Contract
from web3.exceptions import ContractCustomError

from ostraka.chain.contract import artifact, connect
from ostraka.demo.chains import Anvil
from ostraka_verifier.board import BoardLeaf
from ostraka_verifier.census import Census
from ostraka_verifier.census_tree import prove
from ostraka_verifier.parameters import PollParameters
from tests.support.chains import running
from tests.support.polls import SyntheticPoll

OK, MALFORMED, REJECTED = range(3)
CLASSES = {0: OK, 1: MALFORMED, 2: MALFORMED, 3: MALFORMED, 4: REJECTED, 5: REJECTED}
"""Of `BallotProof.Fault`."""
_NOTHING = bytes(32)
_NODE_BYTES = 48


@dataclass(frozen=True)
class BallotChecker:
    """`BallotCheck`, with the table of generators that it reads."""

    contract: Contract
    table: str

    def class_of(self, context: bytes, rule: bytes, threshold: int, ballot: bytes) -> int:
        """Whether a ballot by itself holds, is malformed, or is rejected."""
        setting = (_NOTHING, self.table, context, threshold)
        parameters: list[Any] = [_NOTHING] * 5 + [0] * 2 + [False] + [0] * 15 + [_NOTHING]
        terms = (tuple(parameters), rule)
        return CLASSES[self.contract.functions.faultOf(setting, terms, ballot).call()]

    def leaf_of(self, poll: SyntheticPoll, leaf: BoardLeaf, census: Census) -> Any:
        """The fields of the leaf that answers for a ballot; None where the contract refuses.

        The census is the board's; whether it is the poll's is for the contract to find.
        """
        parameters: PollParameters = poll.parameters
        values = tuple(getattr(parameters, field.name) for field in fields(parameters))
        setting = (poll.domain.separator, self.table, poll.context, poll.threshold)
        evidence = (
            leaf.ballot,
            leaf.boxes_hash,
            leaf.signature,
            _membership(census, leaf.ballot[:20]),
            (),
        )
        asked = self.contract.functions.leafOf(setting, (values, poll.rule.encode()), evidence)
        try:
            return asked.call()
        except ContractCustomError:
            return None


def _membership(census: Census, account: bytes) -> tuple[Any, ...]:
    """Proof of an account, or of the first one where the census has no such account."""
    encoded = census.encode()[4:]
    accounts = [entry.account for entry in census.entries]
    index = accounts.index(account) if account in accounts else 0
    entry, root = census.entries[index], census.tree
    proof = prove(encoded, index)
    siblings = [
        (proof[at : at + 32], int.from_bytes(proof[at + 32 : at + _NODE_BYTES], "big"))
        for at in range(0, len(proof), _NODE_BYTES)
    ]
    return (entry.signing_key, entry.weight, index, root.hash, root.sum, root.count, siblings)


@contextmanager
def ballot_checker(folder: Path) -> Iterator[BallotChecker]:
    """Start a chain with the contract."""
    with running(Anvil(), folder) as url:
        web3 = connect(url)
        payer = web3.eth.accounts[0]

        def deployed(name: str) -> Contract:
            built = artifact(name)
            creation = web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
            sent = creation.constructor().transact({"from": payer})
            address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
            return web3.eth.contract(address=address, abi=built["abi"])

        yield BallotChecker(deployed("BallotCheck"), deployed("GeneratorTable").address)
