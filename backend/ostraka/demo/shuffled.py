"""What a demo of a poll with opened ballots does from the end of the dispute window on.

Nodes open the ballots before they release shares, and attest the outcome after the tally. The demo
waits for both, skips the time to object, and compares the ballots with those of the file.
"""

from collections import Counter

from ostraka.chain.registry import OutcomeState
from ostraka.demo.file_ballots import FileBallots
from ostraka.demo.result import DemoOpened
from ostraka.demo.stage import Stage
from ostraka.formats.ballot_lines import groups
from ostraka.formats.election import Election
from ostraka.gateway_client.gateway import Gateway
from ostraka_verifier.outcome import BallotOutcome
from ostraka_verifier.published import PublishedPoll

_ATTESTED = (OutcomeState.OBJECTABLE, OutcomeState.FINAL)
"""States of an outcome that nobody vetoed; in real time, it may be final when the demo looks."""


def await_opened(
    stage: Stage,
    gateway: Gateway,
    plan: str,
    poll: PublishedPoll,
    election: Election,
    cast: FileBallots,
) -> DemoOpened:
    """Wait for opened ballots and a final outcome; return both, compared with the file."""
    rule, registry = election.outcome, stage.stack.registry
    if not isinstance(rule, BallotOutcome):
        raise TypeError(f"{type(rule).__name__} needs no opened ballots")
    path = f"/polls/{poll.poll_id}/opened"
    with stage.step("shuffle, open and tally"):
        answer = stage.wait(gateway, plan, path, dict)
    found = Counter({slots: count for count, slots in groups(answer)})
    with stage.step("attest outcome") as step:
        # Nodes sign, the gateway brings it to the chain, and nobody objects.
        stage.wait(
            gateway,
            plan,
            f"/plans/{plan}",
            lambda _: registry.outcome(poll.poll_id).state in _ATTESTED,
        )
        stage.stack.move_time(registry.outcome(poll.poll_id).objection_ends_at)
        step.gas = stage.gas(gateway, plan, "attest outcome")
    tally = registry.tally(poll.poll_id)
    if tally is None:
        raise RuntimeError("the chain does not show the tally")
    awards = registry.awards(poll.poll_id, tally.values, rule.encode(), [])
    slot_values = election.question.rule.slot_values
    expected = Counter(tuple(slot_values(bits)) for _, bits in cast.cast)
    return DemoOpened(
        found.total(),
        found == expected,
        tuple(awards),
        rule.awards_of(expected.elements()) == awards,
    )
