"""Processor time with which Debian's `belenios-tool` verifies the ballots of an archive.

The cost of a ballot is that of an archive with ballots, less that of the same one without.
"""

import json
import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "belenios-tool"
GROUP = "BELENIOS-2048"
"""The faster one of the two groups that version 2.0 offers."""
SHUFFLE_GROUP = "RFC-3526-2048"
"""The other one: a ciphertext that is shuffled encodes a number, which the faster one cannot."""
BALLOTS = 50
TRUSTEES = 2
"""Of a shuffled election: each of them shuffles once."""
_SELECTION = {
    "answers": ["A", "B", "C", "D", "E"],
    "min": 1,
    "max": 1,
    "question": "Which?",
}


def missing() -> str | None:
    """Return why it cannot be measured; None if it can."""
    return None if shutil.which(PACKAGE) else f"the Debian package {PACKAGE} is not installed"


def version() -> str:
    """Return the installed version of the tool."""
    return _tool(Path.cwd(), "--version").split()[0]


def cpu_s_a_ballot(folder: Path) -> float:
    """Return the processor time of a ballot of one of five options, with its proofs and signature.

    Args:
        folder: An empty one, in which the election is made.
    """
    votes = [[[int(option == number % 5) for option in range(5)]] for number in range(BALLOTS)]
    election = _Election.made(folder, GROUP, _SELECTION, trustees=1)
    election.cast(votes)
    return election.cost_a_ballot()


def cpu_s_a_shuffled_ballot(folder: Path, options: int) -> float:
    """Return the processor time of a ballot that is shuffled by each trustee, and opened.

    Such a ballot is one ciphertext with a number for each option. Proofs of shuffle and of
    decryption are verified with it, and its signature.

    Args:
        folder: As for `cpu_s_a_ballot`.
    """
    answers = [f"option {number}" for number in range(options)]
    question = {"type": "NonHomomorphic", "value": {"answers": answers, "question": "Which?"}}
    votes = [[[(number >> option) & 1 for option in range(options)]] for number in range(BALLOTS)]
    election = _Election.made(folder, SHUFFLE_GROUP, question, TRUSTEES)
    election.cast(votes)
    election.shuffle_and_open()
    return election.cost_a_ballot()


@dataclass(frozen=True)
class _Election:
    """An election in a folder.

    Attributes:
        empty_s: Processor time in which it was verified without ballots.
    """

    folder: Path
    trustees: int
    empty_s: float

    @classmethod
    def made(cls, folder: Path, group: str, question: dict[str, Any], trustees: int) -> "_Election":
        """Make an election, whose voters and trustees are there."""
        voters = "".join(f"voter{number}@example.com,voter{number}\n" for number in range(BALLOTS))
        (folder / "voters").write_text(voters)
        template = {
            "description": "",
            "name": "An election",
            "questions": [question],
            "administrator": "A",
            "credential_authority": "C",
        }
        (folder / "template").write_text(json.dumps(template))
        uuid = _tool(folder, "setup", "generate-token", "--length", "14").strip()
        election = ("--uuid", uuid, "--group", group)
        _tool(folder, "setup", "generate-credentials", *election, "--file", "voters")
        _rename(folder, "*.pubcreds", "public_creds.json")
        _rename(folder, "*.privcreds", "credentials")
        for _ in range(trustees):
            _tool(folder, "setup", "generate-trustee-key", "--group", group)
        keys = "".join(one.read_text() for one in _keys(folder, "pubkey"))
        (folder / "public_keys.jsons").write_text(keys)
        _tool(folder, "setup", "make-trustees")
        _tool(folder, "setup", "make-election", *election, "--template", "template")
        _tool(folder, "archive", "init")
        return cls(folder, trustees, _verify(folder))

    def cast(self, votes: list[Any]) -> None:
        """Let each voter cast one ballot."""
        credentials = (self.folder / "credentials").read_text().splitlines()
        for line, vote in zip(credentials, votes, strict=True):
            (self.folder / "credential").write_text(line.split()[-1])
            (self.folder / "vote").write_text(json.dumps(vote))
            secret = ("--privcred", "credential", "--ballot", "vote")
            self._add("Ballot", _tool(self.folder, "election", "generate-ballot", *secret))

    def shuffle_and_open(self) -> None:
        """Let each trustee shuffle and decrypt, and compute the result."""
        self._add("EndBallots")
        self._add("EncryptedTally", _tool(self.folder, "election", "compute-encrypted-tally"))
        numbered = [f"--trustee-id={number}" for number in range(1, self.trustees + 1)]
        for trustee in numbered:
            self._add("Shuffle", _tool(self.folder, "election", "shuffle", trustee))
        self._add("EndShuffles")
        for trustee, key in zip(numbered, _keys(self.folder, "privkey"), strict=True):
            decrypted = _tool(self.folder, "election", "decrypt", "--privkey", key.name, trustee)
            self._add("PartialDecryption", decrypted)
        self._add("Result", _tool(self.folder, "election", "compute-result"))

    def cost_a_ballot(self) -> float:
        """Return the processor time of each ballot, in seconds."""
        return (_verify(self.folder) - self.empty_s) / BALLOTS

    def _add(self, kind: str, given: str = "") -> None:
        _tool(self.folder, "archive", "add-event", f"--type={kind}", given=given)


def _keys(folder: Path, kind: str) -> list[Path]:
    """Return the files of the trustees' keys, in the order of their names."""
    return sorted(folder.glob(f"*.{kind}"))


def _rename(folder: Path, pattern: str, name: str) -> None:
    (found,) = folder.glob(pattern)
    found.rename(folder / name)


def _verify(folder: Path) -> float:
    before = _children_s()
    _tool(folder, "election", "verify")
    return _children_s() - before


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tool(folder: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [PACKAGE, *arguments],
        cwd=folder,
        env=os.environ | {"BELENIOS_USE_URANDOM": "1"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{PACKAGE} {' '.join(arguments)}: {done.stderr[-1000:]}")
    return done.stdout
