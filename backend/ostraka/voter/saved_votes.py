"""The file in which a voter's program keeps ballots, before they are sent, and their receipts.

A ballot is on the disk before it leaves: whatever crashes, the same ballot is sent again, never a
second one made. The file holds what the nodes get and what they answer. It does not hold the
choice, and nobody can find it from the file without `t` of the nodes' keys.

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
    """One ballot with the receipts that came back for it, by node index."""

    record: CastRecord
    receipts: dict[int, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """Digest of the ballot."""
        return self.record.ballot_digest

    @property
    def cast_at(self) -> UnixSeconds:
        """Its cast time in Unix seconds."""
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
        """What a file holds of a voter in a poll; empty when there is no file yet.

        Raises:
            Malformed: The file is damaged, or another voter's or poll's.
        """
        if not path.exists():
            return cls(path, poll, voter)
        found = cls.read(path)
        if (found.poll.context, found.voter) != (poll.context, voter):
            raise Malformed(str(path), "holds ballots of another voter or poll")
        # What the file says of the poll may be the word of a gateway that was trusted then: new
        # ballots are sealed to the keys of `poll`, and only its nodes' receipts count.
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
        """What a file holds, every receipt checked again.

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
            raise Malformed(str(path), f"no file of votes: {error}") from error
        return votes

    def keep(self, ballot: ReceiptedBallot, given: Mapping[Any, Any]) -> None:
        """Add receipts to a ballot, each checked.

        Args:
            given: What claims to be a receipt, with a member `signature`, by node index.

        Raises:
            Malformed: One is not of its node for this ballot.
        """
        statement = receipt_statement(self.poll, ballot.record)
        members = self.poll.committee.members
        for node, answer in given.items():
            if type(node) is not int or not 1 <= node <= len(members):
                raise Malformed("receipt", f"the committee has no node {node}")
            ballot.receipts[node] = verified_receipt(members[node - 1], statement, answer)

    def refresh(self) -> None:
        """Take in what another program has kept in the file since: ballots, receipts for them.

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
        """Whether a ballot is recorded: nobody can leave it out unnoticed any more."""
        return len(ballot.receipts) >= self.poll.committee.quorum

    @property
    def unfinished(self) -> ReceiptedBallot | None:
        """The last ballot, when too few receipts came back for it."""
        last = self.ballots[-1] if self.ballots else None
        return None if last is None or self.recorded(last) else last

    def next_cast_at(self, now_unix_s: UnixSeconds) -> UnixSeconds:
        """Cast time of a new ballot: chain time, and later than all before it."""
        return max([now_unix_s, *(later(ballot.cast_at, 1) for ballot in self.ballots)])

    def write(self) -> None:
        """Put everything on the disk, durably, and at no moment half of it.

        What another program has put there since stays.
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
        # Who voted when is nobody else's business.
        replace_file(self.path, json.dumps(content, indent=1).encode())
