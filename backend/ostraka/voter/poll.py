"""A poll for a voter's program, as shown by a gateway or read from a file.

Source: docs/protocol.md §4, §7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ostraka.gateway_client.config import domain_of
from ostraka.gateway_client.gateway import Gateway
from ostraka.voter.prepare import BallotFactory
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.wording import utc_time
from ostraka_verifier.curve import load
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.typed_data import Domain
from ostraka_verifier.units import UnixSeconds

_OPEN = "open"
_NOT_OPEN = {
    "none": ProblemType.POLL_NOT_OPEN,
    "created": ProblemType.POLL_NOT_OPEN,
    "void": ProblemType.POLL_VOID,
}
"""Problem of a poll by its status; every other status comes after the close."""


@dataclass(frozen=True)
class OpenPoll(PublishedPoll):
    """A poll with its poll keys, to prepare ballots and check receipts.

    Attributes:
        poll_keys: The nodes' poll keys of 1,216 bytes, node 1 first.
    """

    poll_keys: tuple[bytes, ...]

    @classmethod
    def opened(cls, published: PublishedPoll, poll_keys: Sequence[bytes]) -> "OpenPoll":
        """Combine a published poll with its keys.

        Raises:
            Rejected: Its question does not fit its rule, a node has no key, or it would open
                ballots that tell their voters.
        """
        poll = cls(
            published.identity,
            published.context,
            published.parameters,
            published.rule,
            published.outcome_rule,
            published.description,
            published.committee,
            tuple(poll_keys),
        )
        if len(poll.description.options) != poll.slots:
            raise Rejected("P2", "description", "does not name one option for each slot")
        _ = poll.questions
        if poll.parameters.is_shuffled:
            # Whatever is opened would show more than the voter was told.
            poll.check_rules()
        if len(poll.poll_keys) != poll.nodes:
            raise Rejected("P4", "poll_keys", "not one for each node")
        return poll

    @cached_property
    def factory(self) -> BallotFactory:
        """Return a factory for ballots of this poll."""
        return BallotFactory(
            load(), self.rule, self.committee.threshold, self.domain, self.context, self.poll_keys
        )

    def check_time(self, now_unix_s: UnixSeconds) -> None:
        """Raise a Problem unless voting is open."""
        now, times = utc_time(now_unix_s), self.parameters
        if now_unix_s < times.opens_at:
            detail = f"voting opens at {utc_time(times.opens_at)}, chain time is {now}"
            raise Problem(ProblemType.POLL_NOT_OPEN, detail)
        if now_unix_s >= times.closes_at:
            detail = f"voting closed at {utc_time(times.closes_at)}, chain time is {now}"
            raise Problem(ProblemType.POLL_CLOSED, detail)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "chain_id": self.domain.chain_id,
            "registry": to_hex(self.domain.registry),
            "poll": str(self.poll_id),
            "poll_context": to_hex(self.context),
            "parameters": to_hex(self.parameters.encode()),
            "description": to_hex(self.description.encoded),
            "rule": to_hex(self.rule.encode()),
            "outcome_rule": to_hex(self.outcome_rule.encode()),
            "committee": {
                "threshold": self.committee.threshold,
                "faults": self.committee.faults,
                "nodes": [
                    {"node": number, "address": to_hex(member.address), "url": member.url}
                    for number, member in enumerate(self.committee.members, start=1)
                ],
            },
            "poll_keys": [to_hex(key) for key in self.poll_keys],
        }

    @classmethod
    def from_json(cls, shown: Any, domain: Domain) -> "OpenPoll":
        """Read the JSON of `to_json` or of a gateway.

        Raises:
            Malformed: It cannot be read.
            Rejected: It contradicts itself.
        """
        try:
            committee = shown["committee"]
            published = PublishedPoll.of(
                PollIdentity(domain.chain_id, domain.registry, int(shown["poll"])),
                from_hex(shown["poll_context"], "poll_context"),
                PollParameters.decode(from_hex(shown["parameters"], "parameters")),
                from_hex(shown["rule"], "rule"),
                from_hex(shown["outcome_rule"], "outcome_rule"),
                from_hex(shown["description"], "description"),
                Committee(
                    tuple(
                        Member(from_hex(one["address"], "address"), one["url"])
                        for one in committee["nodes"]
                    ),
                    committee["threshold"],
                    committee["faults"],
                ),
            )
            return cls.opened(published, [from_hex(key, "poll_keys") for key in shown["poll_keys"]])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed("poll", f"not described as a poll: {error!r}") from error


def poll_of_gateway(gateway: Gateway, poll_id: int) -> OpenPoll:
    """Return an open poll as a gateway shows it; nothing is checked against the chain.

    Raises:
        Problem, Unreachable: The gateway does not show it, or it is not open.
        Malformed, Rejected: The answer is not a valid poll.
    """
    shown = gateway.get(f"/polls/{poll_id}")
    if shown.get("status") != _OPEN:
        raise not_open(f"poll {poll_id}", str(shown.get("status")))
    if shown.get("poll_keys") is None:
        raise Problem(
            ProblemType.NOT_INDEXED, "the gateway has not seen the poll keys yet", "poll_keys"
        )
    return OpenPoll.from_json(shown, domain_of(gateway.get("/config"), "registry"))


def not_open(poll: str, status: str) -> Problem:
    """Return the problem of a poll in which nobody can vote now.

    Args:
        poll: What the message calls it.
        status: Name of its status (§4.5), other than open.
    """
    return Problem(_NOT_OPEN.get(status, ProblemType.POLL_CLOSED), f"{poll} is {status}")


def compare(shown: OpenPoll, chain: OpenPoll) -> None:
    """Raise Rejected if a gateway's poll differs from the chain's."""
    given, expected = shown.to_json(), chain.to_json()
    for name, value in expected.items():
        if given[name] != value:
            raise Rejected("P1", name, "the gateway's data does not match the chain")
