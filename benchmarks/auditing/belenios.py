"""Processor time with which Debian's `belenios-tool` verifies ballots of one of five options.

Its verification checks the proofs and signatures of all ballots of an archive. The cost of a ballot
is that of an archive with ballots, less that of the same one without.
"""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

PACKAGE = "belenios-tool"
GROUP = "BELENIOS-2048"
"""The faster one of the two groups that the tool offers."""
BALLOTS = 50
_QUESTION = {
    "answers": ["A", "B", "C", "D", "E"],
    "min": 1,
    "max": 1,
    "question": "Which?",
}


def missing() -> str | None:
    """Return why it cannot be measured; None if it can."""
    return None if shutil.which(PACKAGE) else f"the Debian package {PACKAGE} is not installed"


def cpu_s_a_ballot(folder: Path) -> float:
    """Make an election in an empty folder, and return the processor time of each ballot."""
    voters = "".join(f"voter{number}@example.com,voter{number}\n" for number in range(BALLOTS))
    (folder / "voters").write_text(voters)
    (folder / "template").write_text(
        json.dumps(
            {
                "description": "",
                "name": "One of five",
                "questions": [_QUESTION],
                "administrator": "A",
                "credential_authority": "C",
            }
        )
    )
    uuid = _tool(folder, "setup", "generate-token", "--length", "14").strip()
    election = ("--uuid", uuid, "--group", GROUP)
    _tool(folder, "setup", "generate-credentials", *election, "--file", "voters")
    _rename(folder, "*.pubcreds", "public_creds.json")
    _rename(folder, "*.privcreds", "credentials")
    _tool(folder, "setup", "generate-trustee-key", "--group", GROUP)
    _rename(folder, "*.pubkey", "public_keys.jsons")
    _tool(folder, "setup", "make-trustees")
    _tool(folder, "setup", "make-election", *election, "--template", "template")
    _tool(folder, "archive", "init")
    empty = _verify(folder)
    for number, line in enumerate((folder / "credentials").read_text().splitlines()):
        (folder / "credential").write_text(line.split()[-1])
        (folder / "vote").write_text(json.dumps([[int(n == number % 5) for n in range(5)]]))
        secret = ("--privcred", "credential", "--ballot", "vote")
        ballot = _tool(folder, "election", "generate-ballot", *secret)
        _tool(folder, "archive", "add-event", "--type=Ballot", given=ballot)
    return (_verify(folder) - empty) / BALLOTS


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
