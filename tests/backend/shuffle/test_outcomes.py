"""Whole nodes sign what the opened ballots decide, and a courier brings it (§18.11)."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from ostraka.chain.contract import Sent
from ostraka.chain.registry import Registry
from ostraka.gateway.courier import Courier, CourierError
from ostraka.keys import SigningKey
from ostraka.storage.node_tables import SignedOutcome
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import from_hex, to_hex
from ostraka.wire.signed_outcomes import read_signed_outcome
from ostraka_verifier import typed_data
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.outcome import EqualShares, awards_hash
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import ballots_hash
from ostraka_verifier.signatures import recover
from tests.support.polls import SHUFFLED, SyntheticPoll, approval_poll
from tests.support.shuffled_village import ShuffledVillage
from tests.support.village import POLL

RULE = EqualShares(objection_time=60, costs=(50, 40, 30, 20), budget=100)


def poll_of_shares() -> SyntheticPoll:
    return approval_poll(nodes=4, threshold=2, faults=1, times=SHUFFLED, outcome=RULE)


def published(village: ShuffledVillage) -> PublishedPoll:
    return village.service(1).served.poll


async def signed(village: ShuffledVillage, number: int) -> dict[str, Any]:
    answer = await village.client.get(village.url(number, "/outcome"))
    assert answer.status_code == 200, answer.text
    return cast(dict[str, Any], answer.json())


def test_each_node_signs_the_outcome_of_the_ballots_once(tmp_path: Path) -> None:
    village = ShuffledVillage(tmp_path, poll_of_shares())

    async def run() -> None:
        async with village.releasable():
            early = await village.client.get(village.url(1, "/outcome"))
            assert early.status_code == 404, early.text
            assert early.json()["detail"] == "this node has no opened ballots"
            # Who asks early does not wait in line with the leader's requests.
            async with village.shuffling(1)._busy, asyncio.timeout(5):
                with pytest.raises(Problem, match="no opened ballots"):
                    await village.shuffling(1).outcome()
            await village.tick_until(village.opened_at())
            poll, cast_ballots = published(village), village.cast_ballots
            expected = RULE.awards_of(cast_ballots)
            assert 0 < sum(expected) < 4
            for number in village.nodes:
                answer = await signed(village, number)
                outcome, attestation = read_signed_outcome(answer, poll, number)
                assert outcome.awards == tuple(expected)
                assert outcome.ballots_hash == ballots_hash(
                    [Share(ballot, 0) for ballot in cast_ballots]
                )
                assert attestation.node == answer["node"] == number
            # What is on the disk is given again, whatever a later program would compute.
            kept = village.store(1).shuffle.outcome(POLL)
            assert kept is not None
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(EqualShares, "awards_of", lambda *_: [1, 1, 1, 1])
                assert await signed(village, 1) == answer_of(kept, 1)
            other = SignedOutcome(
                poll_id=POLL, ballots_hash=bytes(32), awards=bytes(4), signature=bytes(65)
            )
            assert village.store(1).shuffle.sign_outcome(other).signature == kept.signature

    asyncio.run(run())


def answer_of(stored: SignedOutcome, node: int) -> dict[str, Any]:
    return {
        "node": node,
        "ballots_hash": to_hex(stored.ballots_hash),
        "awards": list(stored.awards),
        "signature": to_hex(stored.signature),
    }


def test_a_poll_that_its_tally_decides_has_no_signed_outcome(tmp_path: Path) -> None:
    village = ShuffledVillage(tmp_path)

    async def run() -> None:
        async with village.releasable():
            await village.tick_until(village.opened_at())
            answer = await village.client.get(village.url(1, "/outcome"))
            assert answer.status_code == 404
            assert answer.json()["detail"] == "the tally decides this poll"

    asyncio.run(run())


class Signers:
    """Nodes of one poll that answer with signed outcomes, without a network."""

    def __init__(self) -> None:
        self.poll = poll_of_shares()
        self.published = self.poll.published
        self.sent: list[tuple[Any, ...]] = []
        self.answers: dict[int, dict[str, Any] | None] = {
            number: self.signed(number) for number in range(1, 5)
        }

    def signed(
        self, number: int, awards: tuple[int, ...] = (0, 1, 1, 1), by: int | None = None
    ) -> dict[str, Any]:
        digest = self.published.domain.digest(
            typed_data.OUTCOME, self.published.context, bytes([7] * 32), awards_hash(awards)
        )
        signature = self.poll.node_keys[(by or number) - 1].sign(digest)
        return {
            "node": number,
            "ballots_hash": to_hex(bytes([7] * 32)),
            "awards": list(awards),
            "signature": to_hex(signature),
        }

    def courier(self) -> Courier:
        def attest(*arguments: Any) -> Sent:
            self.sent.append(arguments[1:])
            return Sent(bytes(32), 1, 1)

        def answer(request: httpx.Request) -> httpx.Response:
            urls = [member.url for member in self.published.committee.members]
            number = next(i for i, url in enumerate(urls, 1) if str(request.url).startswith(url))
            found = self.answers[number]
            if found is None:
                return httpx.Response(404, json={"type": "about:blank", "detail": "closed"})
            return httpx.Response(200, json=found)

        registry = cast(Registry, SimpleNamespace(attest_outcome=attest))
        return Courier(registry, SigningKey(bytes([9] * 32)), httpx.MockTransport(answer))


def test_the_courier_brings_the_outcome_that_a_quorum_signed() -> None:
    signers = Signers()
    # One lies about the awards; three agree, which is the quorum of four with one fault.
    signers.answers[2] = signers.signed(2, (1, 1, 0, 0))
    outcome, _ = signers.courier().attest(signers.published, 0)
    assert outcome.awards == (0, 1, 1, 1)
    poll_id, rule, digest, awards, attestations = signers.sent[0]
    assert (poll_id, rule, digest) == (
        signers.published.poll_id,
        RULE.encode(),
        bytes([7] * 32),
    )
    assert awards == (0, 1, 1, 1)
    assert [one.node for one in attestations] == [1, 3, 4]
    for one in attestations:
        signed_digest = signers.published.domain.digest(
            typed_data.OUTCOME, signers.published.context, digest, awards_hash(awards)
        )
        member = signers.published.committee.members[one.node - 1]
        assert recover(signed_digest, one.signature) == member.address


@pytest.mark.parametrize(
    ("second", "third"),
    [
        ((1, 1, 0, 0), None),
        (None, None),
    ],
)
def test_without_a_quorum_the_courier_says_how_many_agree(
    second: tuple[int, ...] | None, third: tuple[int, ...] | None
) -> None:
    signers = Signers()
    signers.answers[2] = None if second is None else signers.signed(2, second)
    # Another node's signature is none of its own.
    signers.answers[3] = signers.signed(3, by=4) if third is None else signers.signed(3, third)
    with pytest.raises(CourierError, match="3 nodes have to sign one outcome, and 2 did") as caught:
        signers.courier().attest(signers.published, 0)
    assert caught.value.kind is ProblemType.NODES_UNREACHABLE
    assert "node 3:" in str(caught.value)
    assert not signers.sent


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("awards", [0, 1, 1]),
        ("awards", [0, 1, 1, 2]),
        ("awards", [0, 1, 1, True]),
        ("awards", "0111"),
        ("ballots_hash", "0x07"),
        ("ballots_hash", None),
        ("signature", "0x"),
        ("signature", None),
    ],
)
def test_answers_of_another_form_are_refused(member: str, value: object) -> None:
    signers = Signers()
    answer = signers.signed(1) | {member: value}
    with pytest.raises((Malformed, Rejected)):
        read_signed_outcome(answer, signers.published, 1)
    with pytest.raises(Malformed):
        read_signed_outcome([], signers.published, 1)
    assert from_hex(signers.signed(1)["signature"], "signature")
