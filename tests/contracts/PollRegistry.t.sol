// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PollRegistry} from "../../contracts/PollRegistry.sol";
import {IPollRegistry} from "../../contracts/interfaces/IPollRegistry.sol";
import {Libraries} from "./support/Libraries.sol";
import {Nodes} from "./support/Nodes.sol";
import {Test} from "./support/Vm.sol";

/// @notice Drives one poll after another by anyone's calls at any time, honest nodes signing whatever
/// they are asked, and remembers what must never change.
contract PollDriver is Nodes {
    uint256 private constant SLOTS = 3;

    uint32 private constant PERIOD_FLOOR = 3;
    uint32 private constant OBJECTION_TIME = 40;

    PollRegistry public immutable registry = new PollRegistry(PERIOD_FLOOR, address(this));
    Libraries private immutable libraries = new Libraries();
    bytes32 private immutable committee;
    bytes32 private immutable domain;

    uint256 private clock = 1_000_000;
    mapping(uint256 pollId => uint256[SLOTS]) private votes;
    mapping(uint256 pollId => uint256) private blindings;

    mapping(uint256 pollId => IPollRegistry.Status) public last;
    mapping(uint256 pollId => bytes32) public tallied;
    mapping(uint256 pollId => uint256) public acceptedAt;
    mapping(uint256 pollId => bool) public contested;
    mapping(uint256 pollId => uint32) public rejectedRounds;
    // Polls that opened ballots decide, what was attested, when, and whether it was vetoed.
    mapping(uint256 pollId => bool) public opened;
    mapping(uint256 pollId => bytes32) public attested;
    mapping(uint256 pollId => uint256) public attestedAt;
    mapping(uint256 pollId => bool) public vetoed;
    uint256 public created;
    uint256 public accepted;
    string public violation;

    constructor() {
        vm.warp(clock);
        domain = domainOf(address(registry));
        (address[] memory nodes, string[] memory urls) = members();
        bytes32 digest = libraries.committeeDigest(nodes, urls, 2, 1, 4);
        bytes32 statement = keccak256(
            abi.encode(keccak256("Committee(bytes32 committee)"), digest)
        );
        committee = registry.registerCommittee(nodes, urls, 2, 1, signatures(domain, statement));
    }

    /// @dev Equal shares of 10 units, slots of cost 4, 5 and 6; the driver may veto.
    function outcomeRule(bool byBallots) public view returns (bytes memory) {
        if (!byBallots) return hex"00";
        return
            bytes.concat(
                abi.encodePacked(uint8(8), uint8(0), OBJECTION_TIME, address(this), hex"0001"),
                abi.encodePacked(uint128(0), uint128(10), uint16(3)),
                abi.encodePacked(uint128(4), uint128(5), uint128(6))
            );
    }

    /// @dev A poll whose times are small, so that every deadline is met and missed.
    /// At most three run at a time, so that some come to their end. Every other one opens ballots.
    function create(uint8 opensIn, uint8 closesIn, uint8 window, uint8 minimum) external {
        if (created > 2 && last[created - 2] < IPollRegistry.Status.Tallied) return;
        bytes memory rule = hex"00030003000000000001000000000000000000000000000000000001";
        rule = bytes.concat(
            rule,
            hex"0001000100000000000000000000000000000001",
            hex"0001000200000000000000000000000000000001"
        );
        bool byBallots = minimum % 2 == 1;
        bytes memory outcome = outcomeRule(byBallots);
        IPollRegistry.PollParameters memory parameters = IPollRegistry.PollParameters({
            committee: committee,
            rule: libraries.ruleDigest(rule),
            outcomeRule: libraries.outcomeDigest(outcome),
            description: keccak256("{}"),
            censusRoot: libraries.censusRoot(bytes32(uint256(1)), 1000, 8),
            voters: 8,
            totalWeight: 1000,
            secret: true,
            opensAt: uint64(clock + (opensIn % 50)),
            closesAt: uint64(clock + 50 + (closesIn % 50)),
            freezeDelay: 10,
            roundDuration: 30,
            maxRounds: 3,
            disputeWindow: PERIOD_FLOOR + uint32(window % 50),
            tallyPeriod: 100,
            minimumBallots: 1 + (minimum % 4),
            counting: byBallots ? 1 : 0,
            casting: 0,
            identity: 0,
            openMinimum: byBallots ? 5 : 0,
            shufflePeriod: byBallots ? 50 : 0,
            responseTime: PERIOD_FLOOR,
            maxDisputeDelay: 4 * PERIOD_FLOOR,
            extension: 0
        });
        registry.createPoll(parameters, bytes32(uint256(1)), rule, outcome, "{}");
        opened[++created] = byBallots;
    }

    function open(uint256 which) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        bytes32 context = registry.poll(pollId).pollContext;
        bytes32[] memory keys = new bytes32[](NODES);
        for (uint256 i = 0; i < NODES; ++i) keys[i] = keccak256(abi.encode(pollId, i));
        bytes32 statement = keccak256(
            abi.encode(
                keccak256("PollKeys(bytes32 pollContext,bytes32 pollKeys)"),
                context,
                keccak256(abi.encodePacked("ostraka/v2/poll-keys", keys))
            )
        );
        try registry.openPoll(pollId, keys, signatures(domain, statement)) {} catch {}
    }

    function anchor(
        uint256 which,
        uint32 round,
        uint32 count,
        uint16[3] calldata tally,
        uint256 blinding
    ) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        blinding >>= 4;
        uint256[] memory values = new uint256[](SLOTS);
        for (uint256 i = 0; i < SLOTS; ++i) values[i] = tally[i] % 1100;
        IPollRegistry.Root memory root;
        (root.round, root.count) = (round % 4, count % 10);
        root.rootHash = keccak256(abi.encode(which, round));
        (root.sumX, root.sumY) = libraries.commit(registry.generatorTable(), values, blinding);
        bytes32 statement = keccak256(
            abi.encode(
                keccak256(
                    "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
                ),
                registry.poll(pollId).pollContext,
                root.round,
                root.rootHash,
                root.sumX,
                root.sumY,
                root.count
            )
        );
        try registry.anchorRoot(pollId, root, attestations(domain, statement)) {
            for (uint256 i = 0; i < SLOTS; ++i) votes[pollId][i] = values[i];
            blindings[pollId] = blinding;
            if (root.round < rejectedRounds[pollId]) violation = "a rejected round was anchored";
            contested[pollId] = false;
        } catch {}
    }

    /// @dev The true opening, or one wrong in a slot.
    function accept(uint256 which, uint8 wrongSlot, uint8 by) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        uint256[] memory tally = new uint256[](SLOTS);
        for (uint256 i = 0; i < SLOTS; ++i) tally[i] = votes[pollId][i];
        if (wrongSlot < SLOTS) tally[wrongSlot] += by;
        bool right = wrongSlot >= SLOTS || by == 0;
        try registry.acceptTally(pollId, tally, blindings[pollId]) {
            if (!right) violation = "a wrong tally was accepted";
            if (contested[pollId]) violation = "the tally of a disputed root was accepted";
            for (uint256 i = 0; i < SLOTS; ++i) {
                if (tally[i] > 1000) violation = "more votes than there are were accepted";
            }
            if (tallied[pollId] != 0) violation = "a second tally was accepted";
            tallied[pollId] = keccak256(abi.encode(tally));
            acceptedAt[pollId] = clock;
            ++accepted;
        } catch {}
    }

    /// @dev Any awards by bits, of this poll or another, with few or enough signatures.
    function attest(uint256 which, uint8 bits, uint8 signatures_, bool other) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        uint256[] memory given = new uint256[](SLOTS);
        uint256 cost = 0;
        for (uint256 i = 0; i < SLOTS; ++i) {
            given[i] = (bits >> i) & 1;
            cost += given[i] * (4 + i);
        }
        bytes32 awardsHash = keccak256(abi.encodePacked("ostraka/v2/awards", uint16(SLOTS), given));
        IPollRegistry.Attestation[] memory all = attestations(
            domain,
            keccak256(
                abi.encode(
                    keccak256(
                        "Outcome(bytes32 pollContext,bytes32 ballotsHash,bytes32 awardsHash)"
                    ),
                    registry.poll(other ? pollId + 1 : pollId).pollContext,
                    bytes32(uint256(bits)),
                    awardsHash
                )
            )
        );
        bool few = signatures_ % 4 == 0;
        if (few) {
            assembly ("memory-safe") {
                mstore(all, 3)
            }
        }
        bytes memory rule = outcomeRule(opened[pollId]);
        try registry.attestOutcome(pollId, rule, bytes32(uint256(bits)), given, all) {
            if (!opened[pollId]) violation = "an outcome of a tally was attested";
            if (other || few) violation = "an outcome without a quorum was accepted";
            if (cost > 10) violation = "an outcome over the budget was accepted";
            if (tallied[pollId] == 0) violation = "an outcome before the tally was accepted";
            if (attestedAt[pollId] != 0) violation = "a second outcome was accepted";
            attested[pollId] = keccak256(abi.encode(given));
            attestedAt[pollId] = clock;
        } catch {}
    }

    function vetoOutcome(uint256 which, bool asOther) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        bool due =
            attestedAt[pollId] != 0 &&
                !vetoed[pollId] &&
                clock < attestedAt[pollId] + OBJECTION_TIME &&
                !asOther;
        if (asOther) vm.prank(address(0xBAD));
        try registry.vetoOutcome(pollId) {
            if (!due) violation = "a veto out of turn was accepted";
            vetoed[pollId] = true;
        } catch {
            if (due) violation = "a veto in time was refused";
        }
    }

    /// @notice Tally of a poll, to ask for its awards.
    function votesOf(uint256 pollId) external view returns (uint256[] memory tally) {
        tally = new uint256[](SLOTS);
        for (uint256 i = 0; i < SLOTS; ++i) tally[i] = votes[pollId][i];
    }

    /// @dev What disputes do: reject, extend, contest and settle.
    function dispute(uint256 which, uint8 what) external {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        bool anchored = registry.status(pollId) == IPollRegistry.Status.Anchored;
        uint32 round = registry.poll(pollId).root.round;
        bool done = _dispute(pollId, what % 8);
        if (done != anchored) violation = "a root was disputed in another status, or not in this";
        if (!done) return;
        if (what % 8 != 2) contested[pollId] = what % 8 == 1;
        if (what % 8 != 0) return;
        if (round < rejectedRounds[pollId]) violation = "a rejected round came back";
        rejectedRounds[pollId] = round + 1;
        last[pollId] = IPollRegistry.Status.Closed;
        _observe(pollId);
    }

    function _dispute(uint256 pollId, uint256 what) private returns (bool) {
        if (what == 0) {
            try registry.reject(pollId) {} catch {
                return false;
            }
        } else if (what == 2) {
            uint64 until = registry.poll(pollId).releasableAt;
            try registry.extend(pollId, until + 1) {} catch {
                return false;
            }
        } else {
            try registry.contest(pollId, what == 1) {} catch {
                return false;
            }
        }
        return true;
    }

    /// @notice Seconds by the chain's clock.
    function time() external view returns (uint256) {
        return clock;
    }

    function wait(uint8 seconds_) external {
        clock += seconds_ % 30;
        vm.warp(clock);
        for (uint256 pollId = 1; pollId <= created; ++pollId) _observe(pollId);
    }

    function _pick(uint256 which) private view returns (uint256) {
        // Mostly the newest polls: the others are over.
        return created == 0 ? 0 : created - ((which % 3) % created);
    }

    /// @dev Statuses only move forward, and the last two are for ever.
    function _observe(uint256 pollId) private {
        IPollRegistry.Status before = last[pollId];
        IPollRegistry.Status now_ = registry.status(pollId);
        bool final_ = before == IPollRegistry.Status.Tallied || before == IPollRegistry.Status.Void;
        if (now_ < before || (final_ && now_ != before)) violation = "a status went back";
        last[pollId] = now_;
    }
}

/// @notice What holds after any sequence of calls: docs/protocol.md §4.5, §11.2, §12.4.
contract PollRegistryTest is Test {
    PollDriver private driver;
    PollRegistry private registry;

    function setUp() external {
        driver = new PollDriver();
        registry = driver.registry();
    }

    /// @notice The runner calls only the driver.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    function invariant_nothingForbiddenHappened() external view {
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    function invariant_pollsAreCounted() external view {
        requireEqual("pollCount", driver.created(), registry.pollCount());
        uint256 next = driver.created() + 1;
        requireEqual("next poll", 0, uint256(registry.status(next)));
    }

    function invariant_talliesComeAfterTheirWindowAndStay() external view {
        for (uint256 pollId = 1; pollId <= driver.created(); ++pollId) {
            IPollRegistry.PollView memory seen = registry.poll(pollId);
            bytes32 digest = driver.tallied(pollId);
            requireTrue("tallied", (seen.tallyDigest != 0) == (digest != 0));
            requireTrue("digest", seen.tallyDigest == digest);
            if (digest == 0) continue;
            requireTrue("tallied", seen.status == IPollRegistry.Status.Tallied);
            requireTrue("after the window", driver.acceptedAt(pollId) >= seen.releasableAt);
            requireTrue("in time", driver.acceptedAt(pollId) < seen.tallyDeadline);
            requireTrue("minimum", seen.root.count >= seen.minimumBallots);
        }
    }

    /// @notice Awards of opened ballots are those that were attested, after the time to object, unless
    /// they were vetoed; and a lost outcome stays lost.
    function invariant_outcomesAreAttestedAndNotVetoed() external view {
        for (uint256 pollId = 1; pollId <= driver.created(); ++pollId) {
            if (!driver.opened(pollId) || driver.tallied(pollId) == 0) {
                requireTrue("not lost", !registry.isOutcomeLost(pollId));
                continue;
            }
            uint256 attestedAt = driver.attestedAt(pollId);
            IPollRegistry.PollView memory seen = registry.poll(pollId);
            bool missed =
                attestedAt == 0 &&
                    driver.time() >=
                        seen.releasableAt + 2 * (seen.tallyDeadline - seen.releasableAt);
            requireTrue(
                "lost",
                registry.isOutcomeLost(pollId) == (missed || driver.vetoed(pollId))
            );
            bool due =
                attestedAt != 0 && !driver.vetoed(pollId) && driver.time() >= attestedAt + 40;
            try
                registry.awards(
                    pollId,
                    driver.votesOf(pollId),
                    driver.outcomeRule(true),
                    new uint16[](0)
                )
            returns (uint256[] memory given) {
                requireTrue("given", due);
                requireTrue("awards", driver.attested(pollId) == keccak256(abi.encode(given)));
            } catch {
                requireTrue("withheld", !due);
            }
        }
    }

    function invariant_timesAreInOrder() external view {
        for (uint256 pollId = 1; pollId <= driver.created(); ++pollId) {
            IPollRegistry.PollView memory seen = registry.poll(pollId);
            requireTrue("opens before closing", seen.opensAt < seen.closesAt);
            requireTrue("freezes after closing", seen.freezesAt >= seen.closesAt);
            requireTrue("rejected", seen.rejectedRounds == driver.rejectedRounds(pollId));
            requireTrue("rejected at", (seen.rejectedAt != 0) == (seen.rejectedRounds != 0));
            requireTrue("disputed", seen.contested == driver.contested(pollId));
            if (seen.anchoredAt == 0) {
                requireTrue("no root", seen.root.rootHash == 0 && seen.root.count == 0);
                continue;
            }
            requireTrue("anchored again", seen.anchoredAt >= seen.rejectedAt);
            requireTrue("opened", seen.pollKeys != 0);
            requireTrue("anchored after freezing", seen.anchoredAt >= seen.freezesAt);
            requireTrue("anchored in time", seen.anchoredAt < seen.anchorDeadline);
            requireTrue("window", seen.releasableAt > seen.anchoredAt);
            requireTrue("ballots", seen.root.count <= seen.voters);
        }
    }

    /// @notice A rejected root does not come back; a later one does, within the rounds that are left.
    function test_driverRejects() external {
        driver.create(0, 0, 9, 0);
        driver.open(0);
        for (uint256 i = 0; i < 7; ++i) driver.wait(10);
        uint16[3] memory tally = [uint16(1), 2, 3];
        driver.anchor(0, 0, 5, tally, 99);
        driver.dispute(0, 1);
        requireEqual("disputed", 1, registry.poll(1).contested ? 1 : 0);
        driver.dispute(0, 0);
        requireEqual("status", uint256(IPollRegistry.Status.Closed), uint256(registry.status(1)));
        driver.anchor(0, 0, 5, tally, 99);
        requireEqual("round 0", uint256(IPollRegistry.Status.Closed), uint256(registry.status(1)));
        driver.anchor(0, 1, 5, tally, 98);
        driver.wait(20);
        driver.accept(0, 3, 0);
        requireEqual("status", uint256(IPollRegistry.Status.Tallied), uint256(registry.status(1)));
        requireEqual("rounds", 1, registry.poll(1).rejectedRounds);
    }

    /// @notice The driver attests, vetoes and waits: otherwise nothing would be said of outcomes.
    function test_driverReachesAnOutcome() external {
        for (uint256 pollId = 1; pollId <= 2; ++pollId) {
            driver.create(0, 0, 7, 1);
            driver.open(0);
            for (uint256 i = 0; i < 6; ++i) driver.wait(10);
            driver.anchor(0, 0, 5, [uint16(1), 2, 3], 99);
            driver.wait(10);
            driver.attest(0, 3, 1, false);
            driver.accept(0, 3, 0);
            driver.attest(0, 3, 0, false);
            driver.attest(0, 6, 1, false);
            driver.attest(0, 3, 1, true);
            requireEqual("attested", 0, driver.attestedAt(pollId));
            driver.attest(0, 3, 1, false);
            requireEqual("attested", driver.time(), driver.attestedAt(pollId));
            driver.attest(0, 5, 1, false);
            driver.vetoOutcome(0, true);
            if (pollId == 2) driver.vetoOutcome(0, false);
            driver.wait(20);
            driver.wait(20);
            driver.vetoOutcome(0, false);
            requireTrue("lost", registry.isOutcomeLost(pollId) == (pollId == 2));
        }
        uint256[] memory given = registry.awards(
            1,
            driver.votesOf(1),
            driver.outcomeRule(true),
            new uint16[](0)
        );
        requireEqual("first", 1, given[0]);
        requireEqual("second", 1, given[1]);
        requireEqual("third", 0, given[2]);
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    /// @notice The driver reaches the end: otherwise the invariants above would hold of nothing.
    function test_driverReachesATally() external {
        driver.create(0, 0, 7, 0);
        driver.open(0);
        for (uint256 i = 0; i < 6; ++i) driver.wait(10);
        uint16[3] memory tally = [uint16(1), 2, 3];
        driver.anchor(0, 0, 5, tally, 99);
        driver.accept(0, 3, 0);
        requireEqual("accepted in the window", 0, driver.accepted());
        driver.wait(10);
        driver.accept(0, 1, 1);
        requireEqual("wrong one accepted", 0, driver.accepted());
        driver.accept(0, 3, 0);
        requireEqual("accepted", 1, driver.accepted());
        requireEqual("status", uint256(IPollRegistry.Status.Tallied), uint256(registry.status(1)));
    }
}
