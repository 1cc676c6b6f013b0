"""Guards of a DAO's census against makers who know how guards work (docs/protocol.md §18.9)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ostraka.chain.contract import checksum, deploy
from ostraka.chain.errors import ChainError
from ostraka.chain.governor import (
    CensusDisputes,
    Governor,
    PlacedEntry,
    PostedCensus,
    PostState,
    VoteSource,
    WeightRule,
)
from ostraka.chain.treasury import Token
from ostraka.cli.main import app
from ostraka.keys import SigningKey
from ostraka.planning.proposal_census import FalseAndFinal, Guard, right_census
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.snapshot import NobodyListed
from tests.support.disputed import DisputedChain
from tests.support.false_census import FalseCensus

VOTES = (700, 300, 120, 90, 55)
BOND, LEAST_BOND = 10**17, 10**15
WINDOW_S, RESPONSE_S, DELAY_S = 800, 200, 1600


class Scene:
    """A token with delegates, a maker of false censuses, and a guard."""

    def __init__(self, chain: DisputedChain, votes: Sequence[int] = VOTES) -> None:
        self.chain = chain
        self.maker, self.watcher = chain.account(), chain.account()
        times = WINDOW_S, RESPONSE_S, DELAY_S
        address, _ = deploy(chain.url, chain.payer, "CensusDisputes", BOND, LEAST_BOND, *times)
        self.disputes = CensusDisputes(chain.url, address)
        token, _ = deploy(chain.url, chain.payer, "TestToken", "Votes", "VOTE", 2000)
        self.token = Token(chain.url, token)
        entries = []
        for amount in votes:
            holder = chain.account()
            self.token.send(chain.payer, "transfer", checksum(holder.address), amount)
            self.token.send(holder, "delegate", checksum(holder.address))
            entries.append(CensusEntry(holder.address, holder.address, amount))
        self.entries = sorted(entries, key=lambda one: one.account)
        timepoint = chain.registry.head().number
        chain.pass_time(1)
        self.source = VoteSource(token, timepoint, 1, WeightRule.VOTES)

    @property
    def right(self) -> Census:
        return Census(tuple(self.entries))

    def post(self, census: "FalseCensus | Census") -> PostedCensus:
        number, _ = self.disputes.post(self.maker, self.source, census.tree)
        return PostedCensus(number, self.source, census.tree)

    def look(self, at_once: int = 2, by: SigningKey | None = None) -> list[str]:
        """One pass of the guard; what it says."""
        guard = Guard(self.disputes, by or self.watcher, self.right, at_once)
        return list(guard.look(self.source))

    def state(self, posted: PostedCensus) -> PostState:
        return self.disputes.view(posted).state


@pytest.fixture
def scene(chain: DisputedChain) -> Scene:
    return Scene(chain)


def test_a_census_with_something_beyond_its_count_falls(scene: Scene) -> None:
    # All five entries are right. Nodes would refuse it, so that the poll is void.
    false = FalseCensus(scene.entries, {(1, 3): (bytes([1]) * 32, 0)})
    posted = scene.post(false)
    said: list[str] = []
    for _ in range(4):
        said += scene.look()
        for challenge in scene.disputes.open_challenges(posted):
            scene.disputes.answer(scene.maker, posted, false.place(challenge.index))
    assert said[-1] == f"census {posted.id}: false; showed that node 3 of height 1 is not empty"
    assert scene.state(posted) is PostState.FALLEN


def test_challenges_by_its_own_maker_do_not_hold_a_guard_up(scene: Scene) -> None:
    entries = [*scene.entries[:3], replace(scene.entries[3], weight=999), scene.entries[4]]
    false = FalseCensus(entries)
    posted = scene.post(false)
    # One is always open, and shown in the last moment.
    own = [0, 4, 1, 2]
    for turn in range(200):
        head = scene.chain.now
        for challenge in scene.disputes.open_challenges(posted):
            if head + RESPONSE_S // 4 > challenge.deadline:
                scene.disputes.answer(scene.maker, posted, false.place(challenge.index))
        if own and not scene.disputes.open_challenges(posted):
            scene.disputes.challenge(scene.maker, posted, own.pop(0))
        scene.look(at_once=1)
        if scene.state(posted) is PostState.FALLEN:
            break
        assert not scene.disputes.view(posted).is_final, f"final after {turn} looks"
        scene.chain.pass_time(RESPONSE_S // 4)
    assert scene.state(posted) is PostState.FALLEN


def test_a_false_census_that_a_guard_cannot_ask_about_keeps_no_other_from_it(
    scene: Scene,
) -> None:
    entries = [*scene.entries[:4], replace(scene.entries[4], weight=999)]
    hopeless = scene.post(FalseCensus(entries))
    right = scene.post(scene.right)
    for index in (1, 3):
        scene.disputes.challenge(scene.maker, right, index)
    # Enough for answers, and for no bond.
    poor = scene.chain.account(LEAST_BOND * 9 // 10)
    guard = Guard(scene.disputes, poor, scene.right, 2)
    said: list[str] = []
    with pytest.raises(ChainError, match="0x"):
        said.extend(guard.look(scene.source))
    assert scene.disputes.open_challenges(right) == []
    assert scene.state(hopeless) is PostState.STANDING
    assert said[0] == f"census {right.id}: right; showed place 1"
    assert said[-1].startswith(f"census {hopeless.id}: ")


def test_two_guards_ask_for_no_place_twice(scene: Scene) -> None:
    entries = [*scene.entries[:4], replace(scene.entries[4], weight=999)]
    posted = scene.post(FalseCensus(entries))
    scene.look()
    asked = scene.disputes.open_challenges(posted)
    assert len(asked) == 2
    assert "waiting" in scene.look(by=scene.chain.account())[0]
    assert scene.disputes.open_challenges(posted) == asked


def test_a_false_census_that_is_final_is_no_success(scene: Scene) -> None:
    scene.post(FalseCensus(scene.entries[:4]))
    scene.chain.pass_time(WINDOW_S)
    with pytest.raises(FalseAndFinal, match="census 1"):
        scene.look()


def test_the_right_census_is_known_of_however_few_voters(chain: DisputedChain) -> None:
    scene = Scene(chain, (700, 300))
    scene.source = replace(scene.source, weights=WeightRule.EQUAL)
    # The token tells its clock by the same function as a Governor.
    asked = Governor(chain.url, scene.token.address)
    right = right_census(chain.url, asked, scene.source)
    assert [one.weight for one in right.entries] == [1, 1]
    assert [one.account for one in right.entries] == [one.account for one in scene.entries]


def test_a_census_falls_where_nobody_has_a_weight(chain: DisputedChain) -> None:
    scene = Scene(chain, ())
    with pytest.raises(NobodyListed):
        right_census(chain.url, Governor(chain.url, scene.token.address), scene.source)
    invented = [CensusEntry(scene.maker.address, scene.maker.address, 5)]
    false = FalseCensus(invented)
    posted = scene.post(false)
    guard = Guard(scene.disputes, scene.watcher, None, 2)
    assert list(guard.look(scene.source))
    place = PlacedEntry(0, invented[0], b"")
    scene.disputes.answer(scene.maker, posted, place)
    assert list(guard.look(scene.source))
    assert scene.state(posted) is PostState.FALLEN


def test_too_few_voters_post_nothing_and_are_guarded(chain: DisputedChain) -> None:
    scene = Scene(chain, (700, 300))
    committee = chain.poll().poll.committee.digest
    times = 0, 3600, 5, 8, 100, 600, 86_400, 1, 300, 1200
    terms = (committee, *times, 1, int(WeightRule.EQUAL))
    address, _ = deploy(
        chain.url,
        chain.payer,
        "OstrakaGovernor",
        checksum(scene.token.address),
        checksum(scene.watcher.address),
        ("Club", 1, 1000, 0, 20),
        checksum(chain.registry.address),
        checksum(scene.disputes.address),
        terms,
    )
    governor = Governor(chain.url, address)
    call = [checksum(address)], [0], [b""], "Anything"
    receipt = governor.transact(chain.payer, "propose", *call)
    proposal = int(governor.event_of(receipt, "ProposalCreated")["proposalId"])
    for _ in range(3):
        chain.pass_time(1)
    scene.source = governor.source(proposal)
    invented = [CensusEntry(bytes([n]) * 20, bytes([n]) * 20, 1) for n in range(1, 6)]
    posted = scene.post(FalseCensus(invented))

    def run(command: str) -> Result:
        environment = {
            "OSTRAKA_SECRET_KEY": scene.watcher.secret().hex(),
            "OSTRAKA_GOVERNOR": checksum(address),
            "OSTRAKA_RPC": chain.url,
        }
        return CliRunner().invoke(app, ["governor", command, str(proposal)], env=environment)

    refused = run("post")
    assert refused.exit_code == 1
    assert "2 have a weight" in refused.output
    assert run("guard").exit_code == 0
    assert len(scene.disputes.open_challenges(posted)) == 3
