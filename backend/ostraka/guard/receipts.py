"""Receipts of nodes, as evidence that a ballot was recorded.

A receipt is a public statement of a node: an account, a cast time and the digest of a ballot. It
says nothing about the vote. Nodes pass on only ballots that an anchored root leaves out, so that
for an honest root nothing shows who voted again.

Source: docs/protocol.md §9.2, §11.3; docs/decisions/0080-watchtower.md.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from ostraka.chain.disputes import ReceiptedBallot
from ostraka.files import make_private_folder, replace_file
from ostraka_verifier import typed_data
from ostraka_verifier.board import Attestation
from ostraka_verifier.encoding import ADDRESS_BYTES, HASH_BYTES, SIGNATURE_BYTES, read_bytes
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.receipt import read_votes
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

MAX_FILE_BYTES = 1 << 22
"""Larger files of the folder are not read."""


@dataclass(frozen=True)
class Recorded:
    """A ballot with the receipts of a quorum.

    Attributes:
        receipts: Of different nodes of the committee, by node.
    """

    ballot: ReceiptedBallot
    receipts: tuple[Attestation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form in which receipts are passed on."""
        return {
            "voter": _hex(self.ballot.voter),
            "cast_at": self.ballot.cast_at_unix_s,
            "digest": _hex(self.ballot.digest),
            "receipts": [
                {"node": one.node, "signature": _hex(one.signature)} for one in self.receipts
            ],
        }

    @classmethod
    def from_json(cls, content: Any, poll: PublishedPoll) -> "Recorded":
        """Read and check what somebody passed on.

        Raises:
            Malformed: It is invalid, or has no receipts of a quorum.
        """
        if not isinstance(content, dict) or not isinstance(content.get("receipts"), list):
            raise Malformed("receipts", "not a ballot with receipts")
        voter = _sized(content.get("voter"), "voter", ADDRESS_BYTES)
        digest = _sized(content.get("digest"), "digest", HASH_BYTES)
        cast_at = content.get("cast_at")
        if type(cast_at) is not int or not 0 <= cast_at < 1 << 64:
            raise Malformed("cast_at", "not a time in Unix seconds")
        signatures: dict[int, bytes] = {}
        for one in content["receipts"]:
            node = one.get("node") if isinstance(one, dict) else None
            if type(node) is not int or node in signatures:
                raise Malformed("receipts", "not one for each node")
            signatures[node] = _sized(one.get("signature"), "signature", SIGNATURE_BYTES)
        found = recorded(poll, ReceiptedBallot(voter, UnixSeconds(cast_at), digest), signatures)
        if found is None:
            raise Malformed("receipts", f"not of {poll.committee.quorum} nodes for this ballot")
        return found


def recorded(
    poll: PublishedPoll, ballot: ReceiptedBallot, signatures: Mapping[int, bytes]
) -> Recorded | None:
    """Return a ballot with its good receipts; None unless they are of a quorum.

    Args:
        signatures: Receipts by node; bad ones do not count.
    """
    parameters, members = poll.parameters, poll.committee.members
    if not parameters.opens_at <= ballot.cast_at_unix_s < parameters.closes_at:
        return None
    statement = poll.domain.digest(
        typed_data.RECEIPT, poll.context, ballot.voter, ballot.cast_at_unix_s, ballot.digest
    )
    good = []
    for node, signature in sorted(signatures.items()):
        if not 1 <= node <= len(members):
            continue
        try:
            signer = recover(statement, signature)
        except Malformed:
            continue
        if signer == members[node - 1].address:
            good.append(Attestation(node, signature))
    if len(good) < poll.committee.quorum:
        return None
    return Recorded(ballot, tuple(good))


def latest(found: Iterable[Recorded]) -> dict[bytes, Recorded]:
    """Return each voter's latest recorded ballot, by voter."""
    kept: dict[bytes, Recorded] = {}
    for one in found:
        voter = one.ballot.voter
        if voter not in kept or kept[voter].ballot.order_key < one.ballot.order_key:
            kept[voter] = one
    return kept


class ReceiptFolder:
    """A folder of receipts: voters' own files, and what others handed in.

    Voters' files are those of `ostraka vote` and of the web client. What is handed in is stored as
    one file for each poll and voter; only receipts of a quorum are, so that only a dishonest quorum
    could fill the disk.
    """

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: Made with mode 700 if it does not exist.
        """
        make_private_folder(folder)
        self._folder = folder

    def add(self, poll: PublishedPoll, one: Recorded) -> Recorded:
        """Store what somebody handed in; return the voter's latest ballot that is stored."""
        path = self._path(poll, one.ballot.voter)
        if path.exists():
            known = self._handed_in(poll, path)
            if known is not None and known.ballot.order_key >= one.ballot.order_key:
                return known
        replace_file(path, json.dumps(one.to_json()).encode() + b"\n")
        return one

    def read(self, poll: PublishedPoll) -> tuple[list[Recorded], list[bytes]]:
        """Return recorded ballots of a poll, and the ballots that voters' files have."""
        found, ballots = list[Recorded](), list[bytes]()
        for path in sorted(self._folder.glob("**/*.json")):
            if path.parent == self._folder and path.name.startswith("receipts-"):
                one = self._handed_in(poll, path) if path.name.startswith(_prefix(poll)) else None
                found += [] if one is None else [one]
                continue
            for vote in _votes_in(path):
                ballot = ReceiptedBallot(vote.voter, vote.cast_at_unix_s, vote.digest)
                voters = recorded(poll, ballot, vote.receipts)
                if voters is not None:
                    found.append(voters)
                    ballots.append(vote.ballot)
        return found, ballots

    def _path(self, poll: PublishedPoll, voter: bytes) -> Path:
        return self._folder / f"{_prefix(poll)}{voter.hex()}.json"

    def _handed_in(self, poll: PublishedPoll, path: Path) -> Recorded | None:
        try:
            return Recorded.from_json(json.loads(path.read_bytes()), poll)
        except (OSError, ValueError, AuditError) as error:
            log.warning("receipts not read", file=str(path), problem=str(error))
            return None


def _votes_in(path: Path) -> Sequence[Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return []
        return read_votes(path.read_bytes())
    except (OSError, AuditError):
        # Other files may be in the folder.
        return []


def _prefix(poll: PublishedPoll) -> str:
    return f"receipts-{poll.context.hex()[:32]}-"


def _sized(value: Any, name: str, size: int) -> bytes:
    data = read_bytes(value, name)
    if len(data) != size:
        raise Malformed(name, f"{len(data)} bytes, expected {size}")
    return data


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
