"""Complete boards of any size: ballots by the native prover, everything else as in tests.

Those of shuffled polls have a whole run with all opened ballots.

All checks of an audit hold on them, with the chain evidence that is made beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tests.support.polls import SyntheticPoll

from benchmarks import native_prover
from benchmarks.made_runs import made_section
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.board import MAGIC, SECTIONS, record_bytes, split_sections
from ostraka_verifier.commitment import derive_generator
from ostraka_verifier.content import Within
from ostraka_verifier.curve import R
from ostraka_verifier.encoding import SCALAR_BYTES, keccak256, unsigned
from ostraka_verifier.evidence import ChainEvidence
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.packed_census import read_census
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.question import Question
from ostraka_verifier.sharing import Share
from ostraka_verifier.tally_proof import combine
from ostraka_verifier.typed_data import BALLOT

_CENSUS, _LEAVES = (tag for tag, name in SECTIONS.items() if name in ("census", "leaves"))


@dataclass
class MadePoll(SyntheticPoll):
    """A poll with any number of voters, each of whom casts one ballot.

    Attributes:
        voters: Their number.
        choices: Bits of ballots, which the voters cast in turn. `votes` stays empty.
        weights: Of voters, in turn.
        folder: Where the census is kept.
    """

    voters: int = 1
    choices: Sequence[Sequence[int]] = ()
    folder: Path = Path()

    def make_electorate(self) -> None:
        """Let the prover make the voters."""
        self.voter_keys, self.accounts = [], []
        self.weights = self.weights or [1]
        self._census_file = self.folder / "census"
        self._census_file.write_bytes(unsigned(self.voters, 4))
        native_prover.run("census", self._census_file, self._electorate())
        self.census = read_census(Within.all_of(self._census_file.read_bytes()), "native")  # type: ignore[assignment]

    def encoded_census(self) -> bytes:
        """Nothing: `write` copies the file."""
        return b""

    def write(self, path: Path) -> ChainEvidence:
        """Write the board, and return the evidence of a chain that tallied the poll."""
        layout = BallotLayout(ProofShape(self.rule, self.threshold))
        with path.open("wb") as file:
            file.write(MAGIC)
            sections = split_sections(self.board(()).encode())
            sections["census"] = self._census_file.read_bytes()
            for tag in range(1, _LEAVES):
                _write_section(file, tag, sections[SECTIONS[tag]])
            length = 4 + self.voters * record_bytes(layout.size)
            file.write(unsigned(_LEAVES, 2) + unsigned(length, 8) + unsigned(self.voters, 4))
        blindings = self.folder / "blindings"
        named = {"blindings": str(blindings)} if self.parameters.is_shuffled else {}
        made = native_prover.run("ballots", path, self._electorate() | self._ballots() | named)
        root = SumRoot(bytes.fromhex(made["hash"]), bytes.fromhex(made["sum"]), self.voters)
        anchored = self.attest(root, range(1, self.committee.quorum + 1))
        shares = self._shares(bytes.fromhex(made["sums"]))
        sections = split_sections(self.board((), anchored, shares).encode())
        with path.open("ab") as file:
            for tag in (10, 11):
                _write_section(file, tag, sections[SECTIONS[tag]])
        if self.parameters.is_shuffled:
            section = made_section(self, root.digest, path, self.choices, blindings.read_bytes())
            with path.open("ab") as file:
                _write_section(file, 14, section)
        return self.chain(anchored, combine(shares, self.threshold))

    def _electorate(self) -> dict[str, str]:
        return {
            "seed": keccak256(self.seed.encode()).hex(),
            "voters": str(self.voters),
            "weights": ",".join(map(str, self.weights)),
        }

    def _ballots(self) -> dict[str, str]:
        generators = [derive_generator(index) for index in range(self.rule.width + 1)]
        parameters = self.parameters
        return {
            "rule": self.rule.encode().hex(),
            "threshold": str(self.threshold),
            "context": self.context.hex(),
            "separator": self.domain.separator.hex(),
            "ballot_type": keccak256(BALLOT.encode()).hex(),
            "generators": b"".join(generators).hex(),
            "cast_from": str(parameters.opens_at),
            "cast_span": str(parameters.closes_at - parameters.opens_at),
            "votes": native_prover.bit_strings(self.choices),
        }

    def _shares(self, sums: bytes) -> dict[int, Share]:
        """What the nodes release, from the weighted sums of the polynomials' coefficients."""
        size = SCALAR_BYTES * (len(self.rule.slots) + 1)
        degrees = [
            [int.from_bytes(sums[at : at + SCALAR_BYTES]) for at in range(start, start + size, 32)]
            for start in range(0, len(sums), size)
        ]
        shares = {}
        for node in range(1, self.threshold + 2):
            powers = [pow(node, degree, R) for degree in range(self.threshold)]
            *values, blinding = [
                sum(power * one for power, one in zip(powers, of, strict=True)) % R
                for of in zip(*degrees, strict=True)
            ]
            shares[node] = Share(tuple(values), blinding)
        return shares


def _write_section(file: BinaryIO, tag: int, content: bytes) -> None:
    file.write(unsigned(tag, 2) + unsigned(len(content), 8) + content)


def made_poll(
    folder: Path, question: Question, votes: Sequence[object], voters: int, **changes: Any
) -> MadePoll:
    """Return a poll of one question without outcome, whose voters cast these votes in turn.

    Args:
        changes: Other arguments of `MadePoll`, by name.
    """
    return MadePoll(
        (),
        question.rule,
        NoOutcome(),
        choices=[question.vote_bits(vote) for vote in votes],
        voters=voters,
        folder=folder,
        **changes,
    )
