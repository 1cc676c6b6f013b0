"""Guards of a DAO's census against makers who know how guards work (docs/protocol.md §18.9)."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

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
from ostraka.chain.journal import MemoryJournal
from ostraka.chain.sending import Payer
from ostraka.chain.signers import KeySigner
from ostraka.chain.treasury import Token
from ostraka.cli.main import app
from ostraka.keys import SigningKey
from ostraka.planning.proposal_census import FalseAndFinal, Guard, right_census
from ostraka.planning.proposal_times import (
    CensusTimes,
    Verdict,
    time_to_start,
    too_short_response,
    voting_period,
)
from ostraka_verifier.census import Census, CensusEntry
from ostraka_verifier.snapshot import NobodyListed
from ostraka_verifier.units import Seconds
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
        guard = Guard(self.disputes, paying(by or self.watcher), self.right, at_once)
        return list(guard.look(self.source))

    def state(self, posted: PostedCensus) -> PostState:
        return self.disputes.view(posted).state


def paying(key: SigningKey) -> Payer:
    return Payer(KeySigner(key), MemoryJournal())


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
    guard = Guard(scene.disputes, paying(poor), scene.right, 2)
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
    guard = Guard(scene.disputes, paying(scene.watcher), None, 2)
    assert list(guard.look(scene.source))
    place = PlacedEntry(0, invented[0], b"")
    scene.disputes.answer(scene.maker, posted, place)
    assert list(guard.look(scene.source))
    assert scene.state(posted) is PostState.FALLEN


def test_places_are_shown_within_one_block(scene: Scene) -> None:
    posted = scene.post(scene.right)
    for index in range(len(VOTES)):
        scene.disputes.challenge(scene.maker, posted, index)
    pending = partial(scene.chain.ask, "eth_getBlockByNumber", "pending", False)
    with ThreadPoolExecutor() as pool:
        scene.chain.mining(False)
        try:
            said = pool.submit(scene.look)
            until(lambda: len(pending()["transactions"]) == len(VOTES))
            before = scene.chain.registry.head().number
            scene.chain.mine()
            shown = [f"census {posted.id}: right; showed place {n}" for n in range(len(VOTES))]
            assert said.result() == [*shown, f"census {posted.id}: right"]
        finally:
            scene.chain.mining(True)
    events = scene.disputes.all_events("PlaceShown", {"id": posted.id})
    assert {one["blockNumber"] for one in events} == {before + 1}


def until(holds: Callable[[], bool]) -> None:
    deadline_monotonic_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline_monotonic_s
        time.sleep(0.1)


class Dao:
    """A Governor with a proposal, whose voters are those of a scene."""

    def __init__(self, scene: Scene, folder: Path, weights: WeightRule, voting_blocks: int) -> None:
        self.scene, self.folder, chain = scene, folder, scene.chain
        committee = chain.poll().poll.committee.digest
        times = 0, 3600, 5, 8, 100, 600, 86_400, 1, 300, 1200
        address, _ = deploy(
            chain.url,
            chain.payer,
            "OstrakaGovernor",
            checksum(scene.token.address),
            checksum(scene.watcher.address),
            ("Club", 1, voting_blocks, 0, 20),
            checksum(chain.registry.address),
            checksum(scene.disputes.address),
            (committee, *times, 1, int(weights)),
        )
        self.governor = Governor(chain.url, address)
        call = [checksum(address)], [0], [b""], "Anything"
        receipt = self.governor.transact(chain.payer, "propose", *call)
        self.proposal = int(self.governor.event_of(receipt, "ProposalCreated")["proposalId"])
        for _ in range(3):
            chain.pass_time(1)
        scene.source = self.governor.source(self.proposal)

    def run(self, *command: str) -> Result:
        environment = {
            "OSTRAKA_SECRET_KEY": self.scene.watcher.secret().hex(),
            "OSTRAKA_GOVERNOR": checksum(self.governor.address),
            "OSTRAKA_RPC": self.scene.chain.url,
            "COLUMNS": "400",
        }
        return CliRunner().invoke(app, ["governor", *command], env=environment)

    def sends(self, command: str, *more: str) -> Result:
        """What a command says that sends transactions."""
        folder = str(self.folder / "sent")
        return self.run(command, str(self.proposal), "--deployments", folder, *more)


def test_too_few_voters_post_nothing_and_are_guarded(chain: DisputedChain, tmp_path: Path) -> None:
    dao = Dao(Scene(chain, (700, 300)), tmp_path, WeightRule.EQUAL, 100_000)
    invented = [CensusEntry(bytes([n]) * 20, bytes([n]) * 20, 1) for n in range(1, 6)]
    posted = dao.scene.post(FalseCensus(invented))
    refused = dao.sends("post")
    assert refused.exit_code == 1
    assert "2 have a weight" in refused.output
    assert dao.sends("guard").exit_code == 0
    assert len(dao.scene.disputes.open_challenges(posted)) == 3


def test_a_census_is_posted_once(chain: DisputedChain, tmp_path: Path) -> None:
    dao = Dao(Scene(chain), tmp_path, WeightRule.VOTES, 100_000)
    refused = dao.sends("post")
    assert refused.exit_code == 1
    assert "the response time of 200 s is below 3600 s" in refused.output
    assert dao.scene.disputes.posts(dao.scene.source) == []
    for _ in range(2):
        done = dao.sends("post", "--unsafe-short-times", "--json")
        assert json.loads(done.stdout) == {"census": 1}
    assert len(dao.scene.disputes.posts(dao.scene.source)) == 1
    # The journal knows it, even from a provider that shows no events.
    (journal,) = (tmp_path / "sent").glob("*.journal")
    assert f"of proposal {dao.proposal} after 0" in journal.read_text()


def test_nothing_is_posted_that_can_be_final_only_too_late(
    chain: DisputedChain, tmp_path: Path
) -> None:
    dao = Dao(Scene(chain), tmp_path, WeightRule.VOTES, 20)
    refused = dao.sends("post", "--unsafe-short-times")
    assert refused.exit_code == 1
    assert "no poll could be started" in refused.output
    assert dao.scene.disputes.posts(dao.scene.source) == []


def test_a_governor_with_wrong_times_is_named(chain: DisputedChain, tmp_path: Path) -> None:
    dao = Dao(Scene(chain), tmp_path, WeightRule.VOTES, 20)
    checked = dao.run("check")
    assert checked.exit_code == 1
    assert "the response time of 200 s" in checked.output
    assert "whoever pays for challenges can defeat every proposal" in checked.output


def test_times_of_a_governor() -> None:
    hour = 3600
    good = CensusTimes(Seconds(24 * hour), Seconds(hour), Seconds(8 * hour))
    assert too_short_response(good) == Verdict()
    assert voting_period(good, 33 * hour) == Verdict()
    assert voting_period(good, 32 * hour).obstacles
    assert time_to_start(good, 33 * hour) == Verdict()
    late = time_to_start(good, 32 * hour)
    assert (late.obstacles, len(late.warnings)) == ((), 1)
    assert time_to_start(good, 24 * hour).obstacles
    assert too_short_response(replace(good, response_time=Seconds(hour - 1))).obstacles


def test_bonds_are_claimed_once(scene: Scene) -> None:
    posted = scene.post(scene.right)
    scene.chain.pass_time(WINDOW_S)
    payer = paying(scene.maker)
    assert scene.disputes.view(posted).is_final
    assert scene.disputes.claim(payer, scene.source) == BOND
    assert scene.disputes.claim(payer, scene.source) == 0
    # A later payment of the same size is another withdrawal.
    again = scene.post(scene.right)
    scene.chain.pass_time(WINDOW_S)
    assert scene.disputes.view(again).is_final
    assert scene.disputes.claim(payer, scene.source) == BOND
