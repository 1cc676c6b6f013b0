"""A poll as a voter's program needs it, from a gateway's word or from a file.

Source: docs/protocol.md §4, §7.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ostraka.gateway_client.config import domain_of
from ostraka.gateway_client.gateway import Gateway
from ostraka.voter.prepare import BallotFactory
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import Committee, Description, Member
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.question import Question
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.typed_data import Domain

_OPEN = "open"


@dataclass(frozen=True)
class VotersPoll:
    """What ballots are prepared from and receipts are checked against.

    Attributes:
        domain: Chain and registry.
        context: `pollContext`.
        poll_keys: The nodes' X25519 public keys, node 1 first.
        opens_at, closes_at: Chain time in Unix seconds.
    """

    poll_id: int
    domain: Domain
    context: bytes
    description: Description
    rule: BallotRule
    committee: Committee
    poll_keys: tuple[bytes, ...]
    opens_at: int
    closes_at: int

    def __post_init__(self) -> None:
        """Rejected when its parts do not fit together."""
        if len(self.description.options) != len(self.rule.slots):
            raise Rejected("P2", "description", "it does not name one option for each slot")
        _ = self.questions
        if len(self.poll_keys) != len(self.committee.members):
            raise Rejected("P4", "poll_keys", "not one for each node")

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is asked; where the description does not say, what the rule does."""
        return self.description.asked(self.rule)

    @cached_property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""
        return BallotLayout(ProofShape(self.rule, self.committee.threshold))

    @cached_property
    def factory(self) -> BallotFactory:
        """What prepares ballots of this poll."""
        return BallotFactory(
            load(), self.rule, self.committee.threshold, self.domain, self.context, self.poll_keys
        )

    def check_time(self, now_unix_s: int) -> None:
        """Problem when it is not the time to vote."""
        if now_unix_s < self.opens_at:
            detail = f"voting opens at {_utc(self.opens_at)}, chain time is {_utc(now_unix_s)}"
            raise Problem(ProblemType.POLL_NOT_OPEN, detail)
        if now_unix_s >= self.closes_at:
            detail = f"voting closed at {_utc(self.closes_at)}, chain time is {_utc(now_unix_s)}"
            raise Problem(ProblemType.POLL_CLOSED, detail)

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "chain_id": self.domain.chain_id,
            "registry": to_hex(self.domain.registry),
            "poll": str(self.poll_id),
            "poll_context": to_hex(self.context),
            "description": to_hex(self.description.encoded),
            "rule": to_hex(self.rule.encode()),
            "committee": {
                "threshold": self.committee.threshold,
                "faults": self.committee.faults,
                "nodes": [
                    {"node": number, "address": to_hex(member.address), "url": member.url}
                    for number, member in enumerate(self.committee.members, start=1)
                ],
            },
            "poll_keys": [to_hex(key) for key in self.poll_keys],
            "opens_at": self.opens_at,
            "closes_at": self.closes_at,
        }

    @classmethod
    def from_json(cls, shown: Any, domain: Domain) -> "VotersPoll":
        """What `to_json` gives or a gateway shows.

        Raises:
            Malformed: It cannot be read.
            Rejected: It does not fit together.
        """
        try:
            committee = shown["committee"]
            return cls(
                int(shown["poll"]),
                domain,
                from_hex(shown["poll_context"], "poll_context"),
                Description.decode(from_hex(shown["description"], "description")),
                BallotRule.decode(from_hex(shown["rule"], "rule")),
                Committee(
                    tuple(
                        Member(from_hex(one["address"], "address"), one["url"])
                        for one in committee["nodes"]
                    ),
                    committee["threshold"],
                    committee["faults"],
                ),
                tuple(from_hex(key, "poll_keys") for key in shown["poll_keys"]),
                int(shown["opens_at"]),
                int(shown["closes_at"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"poll: not described as a poll: {error!r}") from error


def poll_of_gateway(gateway: Gateway, poll_id: int) -> VotersPoll:
    """An open poll as a gateway shows it, which is its word and no more.

    Raises:
        Problem, Unreachable: The gateway does not show it, or it is not open.
        Malformed, Rejected: What it shows is no poll.
    """
    shown = gateway.get(f"/polls/{poll_id}")
    if shown.get("status") != _OPEN:
        raise Problem(ProblemType.POLL_NOT_OPEN, f"poll {poll_id} is {shown.get('status')}")
    if shown.get("poll_keys") is None:
        raise Problem(
            ProblemType.NOT_INDEXED, "the gateway has not seen the poll keys yet", "poll_keys"
        )
    return VotersPoll.from_json(shown, domain_of(gateway.get("/config"), "registry"))


def compare(shown: VotersPoll, chain: VotersPoll) -> None:
    """Rejected when a gateway shows anything else than the chain."""
    given, expected = shown.to_json(), chain.to_json()
    for name, value in expected.items():
        if given[name] != value:
            raise Rejected("P1", name, "the gateway shows something else than the chain")


def _utc(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat()
