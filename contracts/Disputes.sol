// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BallotCheck} from "./BallotCheck.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {BallotProof} from "./libraries/BallotProof.sol";
import {BallotRule} from "./libraries/BallotRule.sol";
import {Bonds} from "./libraries/Bonds.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {ChallengeId} from "./libraries/ChallengeId.sol";
import {PollContext} from "./libraries/PollContext.sol";
import {Receipts} from "./libraries/Receipts.sol";
import {RegistryDomain} from "./libraries/RegistryDomain.sol";
import {SumTree} from "./libraries/SumTree.sol";

/// @title Disputes
/// @notice No owner, no upgrade. Holds nothing but bonds and what accounts may withdraw.
/// @dev A registry may be hostile. Every function changes its own state before it calls the registry
/// or sends money, and a registry can only decide about challenges of its own polls.
contract Disputes is IDisputes, EIP712, ERC165 {
    /// @dev Challenges of one anchored root.
    struct Docket {
        uint32 open;
        uint32 opened;
        uint48 lastDeadline;
    }

    bytes32 private constant ANSWER_TYPE = keccak256("Answer(bytes32 challenge,address payee)");
    uint256 private constant CALLDATA_GAS = 16;
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// @dev Response times from the last answer about a leaf, or about an omission, to the bound.
    uint256 private constant AFTER_LEAF = 1;
    uint256 private constant AFTER_OMISSION = 3;

    /// @inheritdoc IDisputes
    address public immutable ballotCheck;
    /// @inheritdoc IDisputes
    uint256 public immutable minimumBond;
    /// @inheritdoc IDisputes
    mapping(address account => uint256) public balanceOf;

    mapping(bytes32 challenge => Challenge) private _challenges;
    mapping(bytes32 poll => mapping(uint32 round => Docket)) private _dockets;

    constructor(uint256 minimumBond_) EIP712("Ostraka", "2") {
        ballotCheck = address(new BallotCheck());
        minimumBond = minimumBond_;
    }

    /// @inheritdoc IDisputes
    function proveSum(
        Poll calldata poll,
        uint256 height,
        uint256 index,
        uint256[2] calldata sum,
        SumTree.Node calldata left,
        SumTree.Node calldata right,
        SumTree.Node[] calldata siblings
    ) external {
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        if (height == 0) revert DisputesWrongHeight(height, SumTree.depth(seen.root.count));
        SumTree.Node memory node = SumTree.Node(SumTree.parent(left, right), sum[0], sum[1]);
        _requireNode(seen.root, node, height, index, siblings);
        if (Bn254.isPoint(left.x, left.y) && Bn254.isPoint(right.x, right.y)) {
            (uint256 x, uint256 y) = Bn254.add(left.x, left.y, right.x, right.y);
            if (x == sum[0] && y == sum[1]) revert DisputesNothingFalse();
        }
        _reject(poll, seen.root.round, Ground.Sum);
    }

    /// @inheritdoc IDisputes
    function provePadding(
        Poll calldata poll,
        uint256 height,
        uint256 index,
        SumTree.Node calldata node,
        SumTree.Node[] calldata siblings
    ) external {
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        _requireNode(seen.root, node, height, index, siblings);
        bool isBeyond = index << height >= seen.root.count;
        bool isEmpty = node.hash == 0 && node.x == 0 && node.y == 0;
        // An inner node or a leaf hashes to zero for nobody.
        if (isBeyond ? isEmpty : node.hash != 0) revert DisputesNothingFalse();
        _reject(poll, seen.root.round, Ground.Padding);
    }

    /// @inheritdoc IDisputes
    function proveOrder(
        Poll calldata poll,
        uint256 index,
        SumTree.Leaf[2] calldata leaves,
        SumTree.Node[][2] calldata siblings
    ) external {
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        for (uint256 i = 0; i < 2; ++i) {
            _requireNode(seen.root, SumTree.ofLeaf(leaves[i]), 0, index + i, siblings[i]);
        }
        if (leaves[0].voter < leaves[1].voter) revert DisputesNothingFalse();
        _reject(poll, seen.root.round, Ground.Order);
    }

    /// @inheritdoc IDisputes
    function challengeLeaf(
        Poll calldata poll,
        Terms calldata terms,
        bytes32 rootDigest,
        uint32 index
    ) external payable returns (bytes32 challenge) {
        IPollRegistry.DisputeView memory seen = _named(poll, rootDigest);
        _requireTerms(poll, seen, terms);
        if (index >= seen.root.count) revert DisputesIndexOutOfRange(index, seen.root.count);
        challenge = ChallengeId.leaf(poll, seen.root.round, index);
        _open(poll, seen, terms, challenge, AFTER_LEAF);
        emit LeafChallenged(challenge, index);
    }

    /// @inheritdoc IDisputes
    function challengeOmission(
        Poll calldata poll,
        Terms calldata terms,
        bytes32 rootDigest,
        ReceiptedBallot calldata ballot,
        IPollRegistry.Attestation[] calldata receipts
    ) external payable returns (bytes32 challenge) {
        IPollRegistry.DisputeView memory seen = _named(poll, rootDigest);
        _requireTerms(poll, seen, terms);
        IPollRegistry.PollParameters calldata parameters = terms.parameters;
        if (ballot.castAt < parameters.opensAt || ballot.castAt >= parameters.closesAt)
            revert DisputesWrongCastTime(ballot.castAt);
        Receipts.requireQuorum(poll.registry, seen, ballot, receipts);
        challenge = ChallengeId.omission(poll, seen.root.round, ballot);
        _open(poll, seen, terms, challenge, AFTER_OMISSION);
        emit OmissionChallenged(challenge, ballot);
    }

    /// @inheritdoc IDisputes
    function answerLeaf(
        Poll calldata poll,
        Terms calldata terms,
        uint32 index,
        LeafEvidence calldata evidence,
        Payee calldata payee
    ) external {
        uint256 before = gasleft();
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        bytes32 challenge = ChallengeId.leaf(poll, seen.root.round, index);
        _requireOpen(challenge);
        _requireTerms(poll, seen, terms);
        BallotCheck.Setting memory setting = _setting(poll, seen);
        SumTree.Leaf memory leaf = BallotCheck(ballotCheck).leafOf(setting, terms, evidence);
        _requireNode(seen.root, SumTree.ofLeaf(leaf), 0, index, evidence.siblings);
        // Calldata of an answer that another contract sends is in no transaction.
        emit LeafShown(challenge, leaf, evidence.siblings);
        _settle(poll, seen, challenge, terms.parameters.responseTime, payee, before);
    }

    /// @inheritdoc IDisputes
    function answerOmission(
        Poll calldata poll,
        ReceiptedBallot calldata ballot,
        uint32 index,
        SumTree.Leaf calldata leaf,
        SumTree.Node[] calldata siblings,
        Payee calldata payee
    ) external {
        uint256 before = gasleft();
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        bytes32 challenge = ChallengeId.omission(poll, seen.root.round, ballot);
        uint32 responseTime = _requireOpen(challenge).responseTime;
        if (index >= seen.root.count) revert DisputesIndexOutOfRange(index, seen.root.count);
        _requireNode(seen.root, SumTree.ofLeaf(leaf), 0, index, siblings);
        if (leaf.voter != ballot.voter) revert DisputesNotInCensus(leaf.voter);
        bool isEarlier =
            leaf.castAt < ballot.castAt ||
                (leaf.castAt == ballot.castAt && leaf.ballotDigest < ballot.ballotDigest);
        if (isEarlier) revert DisputesEarlierBallot();
        _settle(poll, seen, challenge, responseTime, payee, before);
    }

    /// @inheritdoc IDisputes
    function answerInvalidBallot(
        Poll calldata poll,
        Terms calldata terms,
        ReceiptedBallot calldata ballot,
        bytes calldata content,
        Payee calldata payee
    ) external {
        uint256 before = gasleft();
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        bytes32 challenge = ChallengeId.omission(poll, seen.root.round, ballot);
        _requireOpen(challenge);
        _requireTerms(poll, seen, terms);
        bytes32 digest = BallotProof.digest(content);
        if (digest != ballot.ballotDigest) revert DisputesTermsDiffer(ballot.ballotDigest, digest);
        if (!_isInvalid(_setting(poll, seen), terms, ballot, content)) revert DisputesBallotHolds();
        _settle(poll, seen, challenge, terms.parameters.responseTime, payee, before);
    }

    /// @inheritdoc IDisputes
    function expire(Poll calldata poll, bytes32 challenge) external {
        IPollRegistry.DisputeView memory seen = _anchored(poll);
        Challenge storage record = _challenges[challenge];
        if (
            record.state != ChallengeState.Open ||
            record.poll != ChallengeId.poll(poll) ||
            record.round != seen.root.round
        ) revert DisputesNoOpenChallenge(challenge, record.state);
        if (block.timestamp <= record.deadline) revert DisputesTooEarly(record.deadline + 1);
        _giveBack(challenge, record);
        _reject(poll, seen.root.round, Ground.Unanswered);
    }

    /// @inheritdoc IDisputes
    function close(Poll calldata poll, bytes32 challenge) external {
        Challenge storage record = _challenges[challenge];
        if (record.state != ChallengeState.Open || record.poll != ChallengeId.poll(poll))
            revert DisputesNoOpenChallenge(challenge, record.state);
        IPollRegistry.DisputeView memory seen = poll.registry.disputed(poll.id);
        bool isAnchored = seen.status == IPollRegistry.Status.Anchored;
        if (isAnchored && seen.root.round == record.round) revert DisputesStillDisputable();
        _giveBack(challenge, record);
    }

    /// @inheritdoc IDisputes
    function withdraw() external {
        uint256 amount = balanceOf[msg.sender];
        if (amount == 0) revert DisputesNothingToWithdraw(msg.sender);
        balanceOf[msg.sender] = 0;
        (bool ok, ) = msg.sender.call{value: amount}("");
        if (!ok) revert DisputesTransferFailed(msg.sender);
    }

    /// @inheritdoc IDisputes
    function bondOf(
        Poll calldata poll,
        Terms calldata terms,
        uint256 baseFee
    ) external view returns (uint256) {
        IPollRegistry.DisputeView memory seen = poll.registry.disputed(poll.id);
        return _bond(poll, seen, terms, baseFee);
    }

    /// @inheritdoc IDisputes
    function challengeOf(bytes32 challenge) external view returns (Challenge memory) {
        return _challenges[challenge];
    }

    /// @notice As ERC-165 asks.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IDisputes).interfaceId || super.supportsInterface(interfaceId);
    }

    function _anchored(
        Poll calldata poll
    ) private view returns (IPollRegistry.DisputeView memory seen) {
        seen = poll.registry.disputed(poll.id);
        if (seen.disputes != address(this)) revert DisputesNotOfRegistry(seen.disputes);
        if (seen.status != IPollRegistry.Status.Anchored) revert DisputesNotAnchored(seen.status);
    }

    /// @dev Requires the anchored root to be the one that the caller means. Otherwise a challenge of a
    /// root that falls first would stand against the root after it.
    function _named(
        Poll calldata poll,
        bytes32 rootDigest
    ) private view returns (IPollRegistry.DisputeView memory seen) {
        seen = _anchored(poll);
        bytes32 anchored = SumTree.rootDigest(seen.root);
        if (rootDigest != anchored) revert DisputesOtherRoot(rootDigest, anchored);
    }

    function _requireTerms(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen,
        Terms calldata terms
    ) private view {
        IPollRegistry.PollParameters calldata parameters = terms.parameters;
        bytes32 context = PollContext.compute(
            address(poll.registry),
            poll.id,
            parameters,
            seen.slots,
            seen.maxSlotValue
        );
        if (context != seen.pollContext) revert DisputesTermsDiffer(seen.pollContext, context);
        bytes32 rule = BallotRule.digest(terms.rule);
        if (rule != parameters.rule) revert DisputesTermsDiffer(parameters.rule, rule);
        // Other kinds of polls have other ballots and other voters. Summed and shuffled polls are
        // alike until their root is final.
        if (
            parameters.counting > 1 ||
            parameters.casting != 0 ||
            parameters.identity != 0 ||
            parameters.extension != 0
        ) revert DisputesUnknownKind();
    }

    /// @dev Requires the node to be at its place in the anchored tree.
    function _requireNode(
        IPollRegistry.Root memory root,
        SumTree.Node memory node,
        uint256 height,
        uint256 index,
        SumTree.Node[] calldata siblings
    ) private view {
        uint256 depth = SumTree.depth(root.count);
        if (height > depth || siblings.length != depth - height)
            revert DisputesWrongHeight(height, depth);
        if (index >= 1 << (depth - height)) revert DisputesIndexOutOfRange(index, root.count);
        SumTree.Node memory top = SumTree.climb(node, index, siblings);
        if (top.hash != root.rootHash || top.x != root.sumX || top.y != root.sumY)
            revert DisputesWrongPath(root.rootHash, top.hash);
    }

    /// @dev Whether a ballot with receipts must not count, whatever its voter signed.
    function _isInvalid(
        BallotCheck.Setting memory setting,
        Terms calldata terms,
        ReceiptedBallot calldata ballot,
        bytes calldata content
    ) private view returns (bool) {
        if (BallotCheck(ballotCheck).faultOf(setting, terms, content) != BallotProof.Fault.None)
            return true;
        (address voter, uint64 castAt) = BallotProof.head(content);
        return voter != ballot.voter || castAt != ballot.castAt;
    }

    function _open(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen,
        Terms calldata terms,
        bytes32 challenge,
        uint256 timesAfter
    ) private {
        Challenge storage record = _challenges[challenge];
        if (record.state != ChallengeState.None) revert DisputesChallengeExists(challenge);
        uint256 responseTime = terms.parameters.responseTime;
        // What an answer shows can still be disputed before the bound: a path by whoever sees it, and
        // the leaf that answers an omission by a challenge of its own.
        uint256 lastAnswer = _bound(seen, terms) - timesAfter * responseTime;
        uint256 until = Math.min(seen.releasableAt, lastAnswer - responseTime);
        if (block.timestamp >= until) revert DisputesTooLate(until);
        uint256 required = _bond(poll, seen, terms, block.basefee);
        if (msg.value < required) revert DisputesBondTooSmall(msg.value, required);

        Docket storage docket = _dockets[ChallengeId.poll(poll)][seen.root.round];
        uint256 deadline = Math.max(
            block.timestamp + responseTime,
            uint256(docket.lastDeadline) + Bonds.SPACING
        );
        record.challenger = msg.sender;
        record.deadline = uint48(Math.min(deadline, lastAnswer));
        record.round = seen.root.round;
        record.state = ChallengeState.Open;
        record.responseTime = terms.parameters.responseTime;
        record.answerGas = uint32(Bonds.answerGas(terms.rule, seen.voters));
        record.poll = ChallengeId.poll(poll);
        record.bond = msg.value;
        docket.lastDeadline = uint48(Math.max(record.deadline, docket.lastDeadline));
        ++docket.opened;
        ++docket.open;
        emit Challenged(
            challenge,
            poll.registry,
            poll.id,
            seen.root.round,
            msg.sender,
            record.deadline,
            msg.value
        );
        if (docket.open == 1) poll.registry.contest(poll.id, true);
    }

    function _requireOpen(bytes32 challenge) private view returns (Challenge storage record) {
        record = _challenges[challenge];
        if (record.state != ChallengeState.Open)
            revert DisputesNoOpenChallenge(challenge, record.state);
        if (block.timestamp > record.deadline) revert DisputesTooLate(record.deadline);
    }

    /// @dev Ends an answered challenge: pays, burns, and keeps the window open for what the answer
    /// showed.
    function _settle(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen,
        bytes32 challenge,
        uint256 responseTime,
        Payee calldata payee,
        uint256 gasBefore
    ) private {
        Challenge storage record = _challenges[challenge];
        record.state = ChallengeState.Answered;
        Docket storage docket = _dockets[record.poll][record.round];
        --docket.open;
        uint256 until = block.timestamp + responseTime;
        if (until > seen.releasableAt) poll.registry.extend(poll.id, uint64(until));
        if (docket.open == 0) poll.registry.contest(poll.id, false);

        uint256 paid = 0;
        if (payee.account != address(0)) {
            _requirePayee(poll, seen, challenge, payee);
            uint256 used = TRANSACTION_GAS + CALLDATA_GAS * msg.data.length + gasBefore - gasleft();
            // Bytes that nobody needs cost less than they count.
            used = Math.min(used, record.answerGas);
            // A quarter more than the cost, and a wei: a node that estimates gas without a base fee
            // also counts the payee's new balance.
            paid = Math.min(record.bond, (used * block.basefee * 5) / 4 + 1);
            balanceOf[payee.account] += paid;
        }
        emit Answered(challenge, payee.account, paid, record.bond - paid);
    }

    function _requirePayee(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen,
        bytes32 challenge,
        Payee calldata payee
    ) private view {
        (address[] memory nodes, , , ) = poll.registry.committee(seen.committee);
        bytes32 statement = keccak256(abi.encode(ANSWER_TYPE, challenge, payee.account));
        address signer = ECDSA.recover(_hashTypedDataV4(statement), payee.signature);
        if (payee.node == 0 || payee.node > nodes.length || nodes[payee.node - 1] != signer)
            revert DisputesWrongSigner(payee.node, signer);
    }

    function _giveBack(bytes32 challenge, Challenge storage record) private {
        record.state = ChallengeState.Closed;
        balanceOf[record.challenger] += record.bond;
        emit Closed(challenge, record.challenger, record.bond);
    }

    function _reject(Poll calldata poll, uint32 round, Ground ground) private {
        emit RootShownFalse(poll.registry, poll.id, round, ground);
        poll.registry.reject(poll.id);
    }

    function _bond(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen,
        Terms calldata terms,
        uint256 baseFee
    ) private view returns (uint256) {
        uint256 price = Bonds.price(terms.rule, seen.voters, baseFee);
        uint32 opened = _dockets[ChallengeId.poll(poll)][seen.root.round].opened;
        return Bonds.grown(Math.max(minimumBond, price), opened);
    }

    /// @dev The anchored root is final or the poll void by then.
    function _bound(
        IPollRegistry.DisputeView memory seen,
        Terms calldata terms
    ) private pure returns (uint256) {
        return
            uint256(seen.anchoredAt) +
            terms.parameters.disputeWindow +
            terms.parameters.maxDisputeDelay;
    }

    function _setting(
        Poll calldata poll,
        IPollRegistry.DisputeView memory seen
    ) private view returns (BallotCheck.Setting memory) {
        return
            BallotCheck.Setting(
                RegistryDomain.separator(poll.registry),
                seen.generatorTable,
                seen.pollContext,
                seen.threshold
            );
    }
}
