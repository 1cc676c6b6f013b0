"""The file of a voter's program: ballots, saved before they are sent, and their receipts.

After a crash the same ballot is sent again, and no second one is made. The file contains the data
sent to the nodes and their receipts. The choice cannot be recovered from it without `t` of the
nodes' keys.

Source: docs/protocol.md §9.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostraka.files import replace_file
from ostraka.voter.poll import OpenPoll
from ostraka.wire.records import CastRecord, from_hex, strict_json, to_hex
from ostraka.wire.relay import receipt_statement, verified_receipt
from ostraka_verifier.errors import Malformed
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds, later

_FORMAT = "ostraka/votes/v2"


@dataclass
class ReceiptedBallot:
    """A ballot with its receipts, by node index."""

    record: CastRecord
    receipts: dict[int, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """Digest of the ballot."""
        return self.record.ballot_digest

    @property
    def cast_at(self) -> UnixSeconds:
        """Cast time in Unix seconds."""
        return self.record.cast_at_unix_s


@dataclass
class SavedVotes:
    """All ballots of one voter in one poll, oldest first; the last one counts."""

    path: Path
    poll: OpenPoll
    voter: bytes
    ballots: list[ReceiptedBallot] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, poll: OpenPoll, voter: bytes) -> "SavedVotes":
        """Read a voter's ballots in a poll from a file; empty if there is no file yet.

        Raises:
            Malformed: The file is damaged, or another voter's or poll's.
        """
        if not path.exists():
            return cls(path, poll, voter)
        found = cls.read(path)
        if (found.poll.context, found.voter) != (poll.context, voter):
            raise Malformed(str(path), "holds ballots of another voter or poll")
        # The poll in the file may come from a gateway: new ballots are sealed to the keys of
        # `poll`, and only its nodes' receipts count.
        votes = cls(path, poll, voter)
        for ballot in found.ballots:
            kept = ReceiptedBallot(ballot.record)
            for node, signature in ballot.receipts.items():
                with suppress(Malformed):
                    votes.keep(kept, {node: {"signature": to_hex(signature)}})
            votes.ballots.append(kept)
        return votes

    @classmethod
    def read(cls, path: Path) -> "SavedVotes":
        """Read a file, and check every receipt again.

        Raises:
            Malformed: The file is damaged.
            OSError: It cannot be read.
        """
        try:
            content = strict_json(path.read_bytes())
            if content["format"] != _FORMAT:
                raise Malformed("format", "unknown")
            shown = content["poll"]
            domain = Domain(int(shown["chain_id"]), from_hex(shown["registry"], "registry"))
            votes = cls(
                path, OpenPoll.from_json(shown, domain), from_hex(content["voter"], "voter")
            )
            for one in content["ballots"]:
                members = {name: one[name] for name in ("ballot", "boxes", "signature")}
                ballot = ReceiptedBallot(CastRecord.from_json(json.dumps(members).encode()))
                votes.keep(ballot, {given["node"]: given for given in one["receipts"]})
                votes.ballots.append(ballot)
        except (Malformed, KeyError, TypeError, ValueError) as error:
            raise Malformed(str(path), f"not a file of votes: {error}") from error
        return votes

    def keep(self, ballot: ReceiptedBallot, given: Mapping[Any, Any]) -> None:
        """Add receipts to a ballot, each checked.

        Args:
            given: Unchecked receipts, each with a member `signature`, by node index.

        Raises:
            Malformed: A receipt is not of its node for this ballot.
        """
        statement = receipt_statement(self.poll, ballot.record)
        members = self.poll.committee.members
        for node, answer in given.items():
            if type(node) is not int or not 1 <= node <= len(members):
                raise Malformed("receipt", f"the committee has no node {node}")
            ballot.receipts[node] = verified_receipt(members[node - 1], statement, answer)

    def refresh(self) -> None:
        """Read ballots and receipts that another program has saved in the file since.

        Raises:
            Malformed: The file is damaged, or another voter's or poll's.
        """
        known = {ballot.digest: ballot for ballot in self.ballots}
        for ballot in SavedVotes.open(self.path, self.poll, self.voter).ballots:
            if ballot.digest in known:
                known[ballot.digest].receipts |= ballot.receipts
            else:
                self.ballots.append(ballot)
        self.ballots.sort(key=lambda ballot: (ballot.cast_at, ballot.digest))

    def recorded(self, ballot: ReceiptedBallot) -> bool:
        """Whether a ballot is recorded: its receipts would now prove that it was left out."""
        return len(ballot.receipts) >= self.poll.committee.quorum

    @property
    def unfinished(self) -> ReceiptedBallot | None:
        """The last ballot if it has too few receipts; otherwise None."""
        last = self.ballots[-1] if self.ballots else None
        return None if last is None or self.recorded(last) else last

    def next_cast_at(self, now_unix_s: UnixSeconds) -> UnixSeconds:
        """Return the cast time of a new ballot: chain time, but later than all earlier ballots."""
        return max([now_unix_s, *(later(ballot.cast_at, 1) for ballot in self.ballots)])

    def write(self) -> None:
        """Save everything to the disk atomically.

        Ballots and receipts that another program has saved since are kept.
        """
        self.refresh()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {
            "format": _FORMAT,
            "poll": self.poll.to_json(),
            "voter": to_hex(self.voter),
            "ballots": [
                {
                    "cast_at": ballot.cast_at,
                    "ballot_digest": to_hex(ballot.digest),
                    **ballot.record.to_json(),
                    "receipts": [
                        {"node": node, "signature": to_hex(signature)}
                        for node, signature in sorted(ballot.receipts.items())
                    ],
                }
                for ballot in self.ballots
            ],
        }
        # Owner-only: the file reveals when this voter voted.
        replace_file(self.path, json.dumps(content, indent=1).encode())
