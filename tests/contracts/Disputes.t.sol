// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../contracts/Disputes.sol";
import {PollRegistry} from "../../contracts/PollRegistry.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IPollRegistry} from "../../contracts/interfaces/IPollRegistry.sol";
import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Libraries} from "./support/Libraries.sol";
import {Test} from "./support/Vm.sol";

/// @notice Nodes anchor true roots and false ones; anybody challenges, proves, expires and closes.
/// Somebody answers every challenge of a true root, as late as he may.
contract DisputesDriver is Test {
    enum Tree {
        True,
        FalseSum,
        FalseOrder,
        Incomplete
    }

    struct Asked {
        uint256 pollId;
        uint32 round;
        bytes32 id;
        IDisputes.ReceiptedBallot ballot;
        uint256 bond;
        bool isOpen;
    }

    uint256 private constant NODES = 5;
    uint32 private constant RESPONSE = 10;
    uint32 private constant DELAY = 60;
    bytes private constant RULE = hex"00010001000000000001000000000000000000000000000000000001";
    bytes32 private constant LARGEST = bytes32(type(uint256).max);

    Disputes public immutable disputes = new Disputes(1 gwei);
    PollRegistry public immutable registry = new PollRegistry(RESPONSE, address(disputes));
    Libraries private immutable libraries = new Libraries();
    bytes32 private immutable committee;
    bytes32 private immutable domain;

    uint256 public clock = 1_000_000;
    uint256 public burned;
    uint256 public pollCount;
    uint256 public tallies;
    uint256 public rejections;
    uint256 public answers;
    string public violation;
    Asked[] private asked;
    mapping(uint256 pollId => IPollRegistry.PollParameters) private parameters;
    mapping(uint256 pollId => Tree) public trees;
    mapping(uint256 pollId => uint32) private rounds;
    mapping(uint256 pollId => uint256) private until;

    constructor() {
        vm.warp(clock);
        vm.fee(1 gwei);
        vm.deal(address(this), 1 << 200);
        domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Ostraka"),
                keccak256("2"),
                block.chainid,
                registry
            )
        );
        address[] memory nodes = new address[](NODES);
        string[] memory urls = new string[](NODES);
        for (uint256 i = 0; i < NODES; ++i)
            (nodes[i], urls[i]) = (vm.addr(i + 1), "https://x.example");
        bytes32 digest = libraries.committeeDigest(nodes, urls, 3, 1, 4);
        bytes32 statement = keccak256(
            abi.encode(keccak256("Committee(bytes32 committee)"), digest)
        );
        committee = registry.registerCommittee(nodes, urls, 3, 1, _signatures(statement));
    }

    receive() external payable {}

    /// @dev A poll that is frozen already. At most two run at a time.
    function create(uint8 window) public {
        if (pollCount > 1 && registry.status(pollCount - 1) < IPollRegistry.Status.Tallied) return;
        uint256 pollId = ++pollCount;
        IPollRegistry.PollParameters storage own = parameters[pollId];
        (own.committee, own.secret) = (committee, true);
        own.rule = libraries.ruleDigest(RULE);
        own.outcomeRule = libraries.outcomeDigest(hex"00");
        own.description = keccak256("{}");
        own.censusRoot = libraries.censusRoot(bytes32(uint256(1)), 9, 4);
        (own.voters, own.totalWeight, own.minimumBallots) = (4, 9, 1);
        (own.opensAt, own.closesAt) = (uint64(clock), uint64(clock + 10));
        (own.roundDuration, own.maxRounds) = (300, 4);
        (own.disputeWindow, own.tallyPeriod) = (RESPONSE + (window % 50), 1000);
        (own.responseTime, own.maxDisputeDelay) = (RESPONSE, DELAY);
        registry.createPoll(own, bytes32(uint256(1)), RULE, hex"00", "{}");
        bytes32[] memory keys = new bytes32[](NODES);
        for (uint256 i = 0; i < NODES; ++i) keys[i] = keccak256(abi.encode(pollId, i));
        bytes32 pollKeys = keccak256(abi.encodePacked("ostraka/v2/poll-keys", keys));
        bytes32 statement = keccak256(
            abi.encode(
                keccak256("PollKeys(bytes32 pollContext,bytes32 pollKeys)"),
                registry.poll(pollId).pollContext,
                pollKeys
            )
        );
        registry.openPoll(pollId, keys, _signatures(statement));
        _advance(clock + 10);
    }

    function anchor(uint256 which, uint8 tree) public {
        uint256 pollId = _pick(which);
        if (pollId == 0 || registry.status(pollId) != IPollRegistry.Status.Closed) return;
        trees[pollId] = Tree(tree % 4);
        IPollRegistry.PollView memory seen = registry.poll(pollId);
        rounds[pollId] = seen.rejectedRounds;
        IPollRegistry.Root memory root = _root(pollId);
        bytes32 statement = keccak256(
            abi.encode(
                keccak256(
                    "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
                ),
                seen.pollContext,
                root
            )
        );
        registry.anchorRoot(pollId, root, _attestations(statement));
        until[pollId] = registry.poll(pollId).releasableAt;
    }

    /// @dev Voter 1's or voter 2's ballot, or an older one.
    function challenge(uint256 which, bool isFirst, uint8 number) public {
        uint256 pollId = _pick(which);
        if (pollId == 0 || !_isAnchored(pollId)) return;
        IDisputes.ReceiptedBallot memory ballot = IDisputes.ReceiptedBallot(
            isFirst ? address(1) : address(2),
            parameters[pollId].opensAt,
            bytes32(uint256(number))
        );
        bytes32 statement = keccak256(
            abi.encode(
                keccak256(
                    "Receipt(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest)"
                ),
                registry.poll(pollId).pollContext,
                ballot
            )
        );
        IDisputes.Terms memory terms = IDisputes.Terms(parameters[pollId], RULE);
        bytes32 digest = SumTree.rootDigest(_root(pollId));
        uint256 bond = disputes.bondOf(_poll(pollId), terms, block.basefee);
        try
            disputes.challengeOmission{value: bond}(
                _poll(pollId),
                terms,
                digest,
                ballot,
                _attestations(statement)
            )
        returns (bytes32 id) {
            asked.push(Asked(pollId, rounds[pollId], id, ballot, bond, true));
            if (disputes.challengeOf(id).deadline < clock + RESPONSE)
                violation = "no time to answer";
        } catch {
            // Until the last omission that can be answered, the whole window is open.
            if (_isFresh(pollId, ballot) && clock < _firstEnd(pollId))
                violation = "a challenge in the window was refused";
        }
    }

    function prove(uint256 which) public {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        bool isShown =
            _isAnchored(pollId) &&
                (trees[pollId] == Tree.FalseSum || trees[pollId] == Tree.FalseOrder);
        if (_prove(pollId) != isShown) violation = "a fault was not shown, or one that is none";
        if (isShown) ++rejections;
    }

    function expire(uint256 which) public {
        if (asked.length == 0) return;
        Asked storage one = asked[which % asked.length];
        try disputes.expire(_poll(one.pollId), one.id) {
            if (!one.isOpen) violation = "a challenge ended twice";
            if (trees[one.pollId] == Tree.True) violation = "a true root fell";
            one.isOpen = false;
            ++rejections;
        } catch {}
    }

    function close(uint256 which) public {
        if (asked.length == 0) return;
        Asked storage one = asked[which % asked.length];
        bool isGone = rounds[one.pollId] != one.round || !_isAnchored(one.pollId);
        bool isClosed = true;
        try disputes.close(_poll(one.pollId), one.id) {} catch {
            isClosed = false;
        }
        if (isClosed != (one.isOpen && isGone)) violation = "a bond is locked, or given back early";
        if (isClosed) one.isOpen = false;
    }

    function withdraw() public {
        if (disputes.balanceOf(address(this)) > 0) disputes.withdraw();
    }

    function accept(uint256 which) public {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        uint256[] memory tally = new uint256[](1);
        tally[0] = 2;
        try registry.acceptTally(pollId, tally, 0) {
            ++tallies;
            if (clock < until[pollId]) violation = "a tally came within the window";
            if (_openOf(pollId) != 0) violation = "a tally came before an answer";
        } catch {}
    }

    function wait(uint8 time) public {
        _advance(clock + (time % 12));
    }

    /// @dev Everything that the contract still owes to challengers.
    function openBonds() external view returns (uint256 sum) {
        for (uint256 i = 0; i < asked.length; ++i) if (asked[i].isOpen) sum += asked[i].bond;
    }

    /// @dev Whoever holds the ballots of a true root answers in the last second.
    function _advance(uint256 time) private {
        while (true) {
            (uint256 next, uint256 deadline) = _nextAnswer();
            if (deadline >= time) break;
            if (deadline > clock) _set(deadline);
            _answer(asked[next]);
        }
        _set(time);
    }

    /// @dev The challenge of a true root that must be answered first, of all polls.
    function _nextAnswer() private view returns (uint256 next, uint256 deadline) {
        deadline = type(uint256).max;
        for (uint256 i = 0; i < asked.length; ++i) {
            Asked storage one = asked[i];
            if (!one.isOpen || rounds[one.pollId] != one.round) continue;
            if (trees[one.pollId] != Tree.True || !_isAnchored(one.pollId)) continue;
            uint256 own = disputes.challengeOf(one.id).deadline;
            if (own < deadline) (next, deadline) = (i, own);
        }
    }

    function _set(uint256 time) private {
        clock = time;
        vm.warp(time);
        for (uint256 pollId = 1; pollId <= pollCount; ++pollId) {
            IPollRegistry.PollView memory seen = registry.poll(pollId);
            if (seen.anchoredAt == 0) continue;
            if (seen.releasableAt < until[pollId]) violation = "a window became shorter";
            until[pollId] = seen.releasableAt;
            uint256 bound = seen.anchoredAt + parameters[pollId].disputeWindow + DELAY;
            if (seen.releasableAt > bound) violation = "a window is beyond its bound";
            if (clock < bound) continue;
            if (seen.status == IPollRegistry.Status.Anchored) violation = "a dispute has no end";
            if (seen.contested && trees[pollId] == Tree.True) violation = "a true root is void";
        }
    }

    function _answer(Asked storage one) private {
        SumTree.Leaf[2] memory leaves = _leaves(one.pollId);
        uint32 index = one.ballot.voter == address(1) ? 0 : 1;
        SumTree.Node[] memory siblings = new SumTree.Node[](1);
        siblings[0] = SumTree.ofLeaf(leaves[1 - index]);
        IDisputes.Payee memory nobody;
        disputes.answerOmission(
            _poll(one.pollId),
            one.ballot,
            index,
            leaves[index],
            siblings,
            nobody
        );
        if (registry.poll(one.pollId).releasableAt < clock + RESPONSE)
            violation = "what an answer shows cannot be disputed";
        one.isOpen = false;
        burned += one.bond;
        ++answers;
    }

    function _prove(uint256 pollId) private returns (bool) {
        SumTree.Leaf[2] memory leaves = _leaves(pollId);
        SumTree.Node memory left = SumTree.ofLeaf(leaves[0]);
        SumTree.Node memory right = SumTree.ofLeaf(leaves[1]);
        IPollRegistry.Root memory root = _root(pollId);
        uint256[2] memory sum = [root.sumX, root.sumY];
        try disputes.proveSum(_poll(pollId), 1, 0, sum, left, right, new SumTree.Node[](0)) {
            return true;
        } catch {}
        SumTree.Node[][2] memory siblings;
        (siblings[0], siblings[1]) = (new SumTree.Node[](1), new SumTree.Node[](1));
        (siblings[0][0], siblings[1][0]) = (right, left);
        try disputes.proveOrder(_poll(pollId), 0, leaves, siblings) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev Two leaves of one vote each; the tally that opens their sum is 2, without blinding.
    function _leaves(uint256 pollId) private view returns (SumTree.Leaf[2] memory leaves) {
        uint256[] memory vote = new uint256[](1);
        vote[0] = 1;
        (uint256 x, uint256 y) = libraries.commit(registry.generatorTable(), vote, 0);
        uint64 castAt = parameters[pollId].opensAt;
        Tree tree = trees[pollId];
        for (uint160 i = 0; i < 2; ++i) {
            address voter = address(tree == Tree.FalseOrder ? 2 - i : i + 1);
            // Voter 2 is left out.
            if (tree == Tree.Incomplete && i == 1) voter = address(3);
            leaves[i] = SumTree.Leaf(voter, 1, castAt, LARGEST, x, y);
        }
    }

    function _root(uint256 pollId) private view returns (IPollRegistry.Root memory root) {
        SumTree.Leaf[2] memory leaves = _leaves(pollId);
        root.round = rounds[pollId];
        root.rootHash = SumTree.parent(SumTree.ofLeaf(leaves[0]), SumTree.ofLeaf(leaves[1]));
        root.count = 2;
        uint256[] memory votes = new uint256[](1);
        votes[0] = trees[pollId] == Tree.FalseSum ? 7 : 2;
        (root.sumX, root.sumY) = libraries.commit(registry.generatorTable(), votes, 0);
    }

    function _isFresh(
        uint256 pollId,
        IDisputes.ReceiptedBallot memory ballot
    ) private view returns (bool) {
        bytes32 id = keccak256(abi.encode("omission", registry, pollId, rounds[pollId], ballot));
        return disputes.challengeOf(id).state == IDisputes.ChallengeState.None;
    }

    function _firstEnd(uint256 pollId) private view returns (uint256) {
        return registry.poll(pollId).anchoredAt + parameters[pollId].disputeWindow;
    }

    function _openOf(uint256 pollId) private view returns (uint256 count) {
        for (uint256 i = 0; i < asked.length; ++i) {
            Asked storage one = asked[i];
            if (one.isOpen && one.pollId == pollId && one.round == rounds[pollId]) ++count;
        }
    }

    function _isAnchored(uint256 pollId) private view returns (bool) {
        return registry.status(pollId) == IPollRegistry.Status.Anchored;
    }

    function _poll(uint256 pollId) private view returns (IDisputes.Poll memory) {
        return IDisputes.Poll(registry, pollId);
    }

    function _pick(uint256 which) private view returns (uint256) {
        return pollCount == 0 ? 0 : pollCount - ((which % 2) % pollCount);
    }

    function _signatures(bytes32 statement) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](NODES);
        for (uint256 i = 0; i < NODES; ++i) signatures[i] = _sign(i + 1, statement);
    }

    function _attestations(
        bytes32 statement
    ) private view returns (IPollRegistry.Attestation[] memory attestations) {
        attestations = new IPollRegistry.Attestation[](4);
        for (uint256 i = 0; i < 4; ++i) {
            attestations[i] = IPollRegistry.Attestation(uint8(i + 1), _sign(i + 1, statement));
        }
    }

    function _sign(uint256 key, bytes32 statement) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", domain, statement))
        );
        return abi.encodePacked(r, s, v);
    }
}

/// @notice What holds after any sequence of disputes: docs/protocol.md §11.3.
contract DisputesTest is Test {
    DisputesDriver private driver;

    function setUp() external {
        driver = new DisputesDriver();
    }

    /// @notice The runner calls only the driver.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    function invariant_nothingForbiddenHappened() external view {
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    function invariant_moneyIsConserved() external view {
        Disputes disputes = driver.disputes();
        requireEqual(
            "wei",
            driver.openBonds() + driver.burned() + disputes.balanceOf(address(driver)),
            address(disputes).balance
        );
    }

    /// @notice The driver reaches answers, rejections and tallies: otherwise the invariants above
    /// would hold of nothing.
    function test_driverReachesEveryEnd() external {
        driver.create(5);
        driver.anchor(0, 1);
        driver.challenge(0, true, 1);
        driver.prove(0);
        requireEqual("shown", 1, driver.rejections());
        driver.close(0);
        driver.anchor(0, 3);
        driver.challenge(0, false, 2);
        driver.wait(11);
        driver.expire(1);
        requireEqual("expired", 2, driver.rejections());
        driver.withdraw();
        driver.anchor(0, 0);
        driver.challenge(0, true, 3);
        for (uint256 i = 0; i < 3; ++i) driver.wait(11);
        requireEqual("answered", 1, driver.answers());
        driver.accept(0);
        requireEqual("tallied", 1, driver.tallies());
        requireEqual("violation", 0, bytes(driver.violation()).length);
    }
}
