"""Make a board of single choices of five options by a build's own code, with its evidence.

    python -P board_stage.py FOLDER VOTERS

Writes `FOLDER/board` and `FOLDER/evidence` for audit_stage.py, and like it uses only what builds
have in common. Slow, as its ballots are prepared like those of voters.
"""

import pickle
import sys
from pathlib import Path

from tests.support import polls

from ostraka_verifier.checks import Claimed
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.rule import BallotRule, Row

OPTIONS = 5


def main() -> None:
    """Make the board of the folder that the command line names."""
    folder, voters = Path(sys.argv[1]), int(sys.argv[2])
    bits = range(OPTIONS)
    rule = BallotRule(
        OPTIONS, tuple(((bit, 1),) for bit in bits), (Row(tuple((bit, 1) for bit in bits), 1),)
    )
    votes = [[int(bit == voter % OPTIONS) for bit in bits] for voter in range(voters)]
    # Each voter takes a second of the voting period.
    polls.CLOSES_AT = polls.OPENS_AT + voters
    board, chain = polls.SyntheticPoll(votes=votes, rule=rule, outcome=NoOutcome()).finish()
    (folder / "board").write_bytes(board.encode())
    (folder / "evidence").write_bytes(pickle.dumps((Claimed(polls.REGISTRY, 1), chain)))


if __name__ == "__main__":
    main()
