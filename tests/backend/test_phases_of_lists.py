"""Phases of polls and rounds in lists: from events and time, without the chain."""

from typing import Any

import pytest

from ostraka.gateway.read_models.phases import poll_histories, round_histories
from ostraka.storage.gateway_tables import IndexedEvent
from ostraka_verifier.units import UnixSeconds

OPENS, CLOSES = 1000, 2000
POLL = {
    "voters": "40",
    "opensAt": str(OPENS),
    "closesAt": str(CLOSES),
    "freezeDelay": "10",
    "roundDuration": "5",
    "maxRounds": "4",
    "disputeWindow": "100",
    "maxDisputeDelay": "50",
    "tallyPeriod": "20",
}
LATEST = CLOSES + 10 + 5 * 4 + 100 + 50 + 20
ROUND = {"proposalsOpenAt": "100", "proposalsCloseAt": "500", "votingOpensAt": str(OPENS)}


def event(name: str, **arguments: Any) -> IndexedEvent:
    """An event as the indexer stores it: one about a poll and a round belongs to the poll."""
    if name.startswith(("Poll", "Root", "Tally", "Outcome")):
        arguments["pollId"] = "1"
    else:
        arguments["roundId"] = "7"
    subject = arguments.get("pollId", "7")
    return IndexedEvent(
        block=1, log_index=0, contract="", name=name, subject=subject, arguments=arguments
    )


CREATED = event("PollCreated", parameters=POLL, outcomeRule="0x01")
OPENED = event("PollOpened")
ANCHORED = event("RootAnchored", root={"count": "12"})


@pytest.mark.parametrize(
    ("later", "now", "phase"),
    [
        ([], OPENS - 1, "created"),
        ([OPENED], OPENS - 1, "created"),
        ([OPENED], OPENS, "open"),
        ([], CLOSES - 1, "created"),
        ([], CLOSES, "void"),
        ([OPENED], CLOSES, "closed"),
        ([OPENED, ANCHORED], CLOSES + 30, "closed"),
        ([OPENED], LATEST - 1, "closed"),
        ([OPENED], LATEST, "void"),
        ([OPENED, ANCHORED, event("RootRejected", round=0)], LATEST, "closed"),
        ([OPENED, event("PollVoided", count=0)], CLOSES + 1, "void"),
        ([OPENED, ANCHORED, event("TallyAccepted")], LATEST, "tallied"),
    ],
)
def test_the_phase_of_a_poll(later: list[IndexedEvent], now: int, phase: str) -> None:
    poll = poll_histories([CREATED, *later])["1"]
    assert poll.phase(UnixSeconds(now)) == phase
    assert poll.voters == 40


def test_a_rejected_root_counts_no_ballots() -> None:
    anchored = poll_histories([CREATED, OPENED, ANCHORED])["1"]
    rejected = poll_histories([CREATED, OPENED, ANCHORED, event("RootRejected", round=0)])["1"]
    assert (anchored.counted, rejected.counted) == (12, None)


STARTED = event("VotingStarted", pollId="1")
DECIDED = event("RoundDecided", funded=["0"], committed="30")


@pytest.mark.parametrize(
    ("of_round", "of_poll", "now", "phase"),
    [
        ([], None, 99, "announced"),
        ([], None, 100, "proposing"),
        ([], None, 500, "ready"),
        ([], None, OPENS, "void"),
        ([STARTED], [], 600, "ready"),
        ([STARTED], [OPENED], OPENS, "voting"),
        ([STARTED], [OPENED], CLOSES, "closed"),
        ([STARTED], [OPENED, event("PollVoided")], CLOSES, "void"),
        ([STARTED], [OPENED, event("TallyAccepted")], CLOSES, "tallied"),
        ([STARTED, DECIDED], [OPENED, event("TallyAccepted")], CLOSES, "decided"),
        ([STARTED, DECIDED, event("RoundVetoed")], [OPENED], CLOSES, "vetoed"),
    ],
)
def test_the_phase_of_a_round(
    of_round: list[IndexedEvent], of_poll: list[IndexedEvent] | None, now: int, phase: str
) -> None:
    found = round_histories([event("RoundCreated", parameters=ROUND), *of_round])["7"]
    poll = None if of_poll is None else poll_histories([CREATED, *of_poll])["1"]
    assert found.poll_id == (None if of_poll is None else "1")
    assert found.phase(UnixSeconds(now), poll) == phase


ATTESTED, VETOED = event("OutcomeAttested"), event("OutcomeVetoed")


@pytest.mark.parametrize(
    ("rule", "later", "now", "phase"),
    [
        ("0x08", [], LATEST + 19, "tallied"),
        ("0x08", [], LATEST + 20, "void"),
        ("0x08", [ATTESTED], LATEST + 20, "tallied"),
        ("0x08", [ATTESTED, VETOED], CLOSES, "void"),
        ("0x01", [], LATEST + 20, "tallied"),
    ],
)
def test_a_round_whose_outcome_is_lost_is_void(
    rule: str, later: list[IndexedEvent], now: int, phase: str
) -> None:
    created = event("PollCreated", parameters=POLL, outcomeRule=rule + "00")
    poll = poll_histories([created, OPENED, event("TallyAccepted"), *later])["1"]
    found = round_histories([event("RoundCreated", parameters=ROUND), STARTED])["7"]
    assert found.phase(UnixSeconds(now), poll) == phase
    # The tally itself is right.
    assert poll.phase(UnixSeconds(now)) == "tallied"


def test_the_money_and_the_proposals_of_a_round() -> None:
    found = round_histories(
        [
            event("RoundCreated", parameters=ROUND),
            event("RoundFunded", received="60"),
            event("RoundFunded", received="40"),
            event("ProposalSubmitted", proposalId="0xaa"),
            event("ProposalSubmitted", proposalId="0xbb"),
            event("ProposalWithdrawn", proposalId="0xaa"),
            DECIDED,
            event("PayoutClaimed", amount="30"),
        ]
    )["7"]
    assert (found.deposited, found.committed, found.paid_out) == (100, 30, 30)
    assert found.standing == {"0xbb"}
