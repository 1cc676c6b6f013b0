// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../../contracts/Disputes.sol";
import {PollRegistry} from "../../../contracts/PollRegistry.sol";
import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";
import {SumTree} from "../../../contracts/libraries/SumTree.sol";
import {Libraries} from "./Libraries.sol";
import {Nodes} from "./Nodes.sol";

/// @notice Nodes anchor true roots and false ones; anybody challenges, proves, expires and closes.
/// Somebody answers every challenge of a true root, as late as he may.
contract DisputesDriver is Nodes {
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
    uint256 public falseTallies;
    uint256 public rejections;
    uint256 public answers;
    mapping(string what => bool) public happened;
    Asked[] private asked;
    mapping(uint256 pollId => IPollRegistry.PollParameters) private parameters;
    mapping(uint256 pollId => Tree) public trees;
    mapping(uint256 pollId => uint32) private rounds;
    mapping(uint256 pollId => uint256) private until;
    mapping(uint256 pollId => bytes32) public contexts;
    mapping(uint256 pollId => bytes32) public roots;

    constructor() {
        vm.warp(clock);
        vm.fee(1 gwei);
        vm.deal(address(this), 1 << 200);
        domain = domainOf(address(registry));
        (address[] memory nodes, string[] memory urls) = members();
        bytes32 digest = libraries.committeeDigest(nodes, urls, 3, 1, 4);
        bytes32 statement = keccak256(
            abi.encode(keccak256("Committee(bytes32 committee)"), digest)
        );
        committee = registry.registerCommittee(nodes, urls, 3, 1, signatures(domain, statement));
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
        contexts[pollId] = registry.poll(pollId).pollContext;
        bytes32[] memory keys = new bytes32[](NODES);
        for (uint256 i = 0; i < NODES; ++i) keys[i] = keccak256(abi.encode(pollId, i));
        bytes32 pollKeys = keccak256(abi.encodePacked("ostraka/v2/poll-keys", keys));
        bytes32 statement = keccak256(
            abi.encode(
                keccak256("PollKeys(bytes32 pollContext,bytes32 pollKeys)"),
                contexts[pollId],
                pollKeys
            )
        );
        registry.openPoll(pollId, keys, signatures(domain, statement));
        _advance(clock + 10);
    }

    function anchor(uint256 which, uint8 tree) public {
        uint256 pollId = _pick(which);
        if (pollId == 0 || registry.status(pollId) != IPollRegistry.Status.Closed) return;
        trees[pollId] = Tree(tree % 4);
        uint32 rejected = registry.poll(pollId).rejectedRounds;
        // A rejected round's root is refused, whoever signs it.
        if (rejected > 0 && _anchor(pollId, rejected - 1))
            happened["a rejected round came back"] = true;
        if (_anchor(pollId, rejected)) until[pollId] = registry.poll(pollId).releasableAt;
    }

    function _anchor(uint256 pollId, uint32 round) private returns (bool) {
        rounds[pollId] = round;
        IPollRegistry.Root memory root = _root(pollId);
        bytes32 statement = keccak256(
            abi.encode(
                keccak256(
                    "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
                ),
                contexts[pollId],
                root
            )
        );
        try registry.anchorRoot(pollId, root, attestations(domain, statement)) {
            roots[pollId] = keccak256(abi.encode(root));
            return true;
        } catch {
            return false;
        }
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
                attestations(domain, statement)
            )
        returns (bytes32 id) {
            asked.push(Asked(pollId, rounds[pollId], id, ballot, bond, true));
            if (disputes.challengeOf(id).deadline < clock + RESPONSE)
                happened["no time to answer"] = true;
        } catch {
            // Until the last omission that can be answered, the whole window is open.
            if (_isFresh(pollId, ballot) && clock < _firstEnd(pollId))
                happened["a challenge in the window was refused"] = true;
        }
    }

    function prove(uint256 which) public {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        bool isShown =
            _isAnchored(pollId) &&
                (trees[pollId] == Tree.FalseSum || trees[pollId] == Tree.FalseOrder);
        if (_prove(pollId) != isShown)
            happened["a fault was not shown, or one that is none"] = true;
        if (isShown) ++rejections;
    }

    function expire(uint256 which) public {
        if (asked.length == 0) return;
        Asked storage one = asked[which % asked.length];
        try disputes.expire(_poll(one.pollId), one.id) {
            if (!one.isOpen) happened["a challenge ended twice"] = true;
            if (trees[one.pollId] == Tree.True) happened["a true root fell"] = true;
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
        if (isClosed != (one.isOpen && isGone))
            happened["a bond is locked, or given back early"] = true;
        if (isClosed) one.isOpen = false;
    }

    function withdraw() public {
        if (disputes.balanceOf(address(this)) > 0) disputes.withdraw();
    }

    function accept(uint256 which) public {
        uint256 pollId = _pick(which);
        if (pollId == 0) return;
        uint256[] memory tally = new uint256[](1);
        tally[0] = trees[pollId] == Tree.FalseSum ? 7 : 2;
        try registry.acceptTally(pollId, tally, 0) {
            ++tallies;
            if (trees[pollId] != Tree.True) ++falseTallies;
            if (isWatched(pollId) && trees[pollId] != Tree.True)
                happened["a false root that somebody watched is final"] = true;
            if (clock < until[pollId]) happened["a tally came within the window"] = true;
            if (_openOf(pollId) != 0) happened["a tally came before an answer"] = true;
        } catch {}
    }

    function wait(uint8 time) public {
        _advance(clock + (time % 12));
    }

    /// @dev Everything that the contract still owes to challengers.
    function openBonds() external view returns (uint256 sum) {
        for (uint256 i = 0; i < asked.length; ++i) if (asked[i].isOpen) sum += asked[i].bond;
    }

    /// @dev Somebody looks at every second poll.
    function isWatched(uint256 pollId) public pure returns (bool) {
        return pollId % 2 == 1;
    }

    /// @dev Shows the fault of a false root, or asks for the ballot that it leaves out.
    function _watch() private {
        for (uint256 pollId = 1; pollId <= pollCount; ++pollId) {
            if (!isWatched(pollId) || trees[pollId] == Tree.True || !_isAnchored(pollId)) continue;
            if (trees[pollId] != Tree.Incomplete) prove(pollCount - pollId);
            else challenge(pollCount - pollId, false, 255);
        }
        for (uint256 i = 0; i < asked.length; ++i)
            if (asked[i].isOpen && isWatched(asked[i].pollId)) expire(i);
    }

    /// @dev Whoever holds the ballots of a true root answers in the last second, and watchers look
    /// whenever time passes.
    function _advance(uint256 time) private {
        _watch();
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
            if (seen.releasableAt < until[pollId]) happened["a window became shorter"] = true;
            until[pollId] = seen.releasableAt;
            bool isFinal =
                seen.status == IPollRegistry.Status.Releasable ||
                    seen.status == IPollRegistry.Status.Tallied;
            bool isDue = clock >= seen.releasableAt && clock < seen.tallyDeadline;
            if (trees[pollId] == Tree.True && isDue && !seen.contested && !isFinal)
                happened["a true root is not final"] = true;
            uint256 bound = seen.anchoredAt + parameters[pollId].disputeWindow + DELAY;
            if (seen.releasableAt > bound) happened["a window is beyond its bound"] = true;
            if (clock < bound) continue;
            if (seen.status == IPollRegistry.Status.Anchored)
                happened["a dispute has no end"] = true;
            if (seen.contested && trees[pollId] == Tree.True)
                happened["a true root is void"] = true;
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
            happened["what an answer shows cannot be disputed"] = true;
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
}
