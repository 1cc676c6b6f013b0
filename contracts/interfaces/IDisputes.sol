// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CensusTree} from "../libraries/CensusTree.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {IPollRegistry} from "./IPollRegistry.sol";

/// @title Disputes about anchored roots
/// @notice Anybody shows that a root is false, or asks for a leaf that nobody can show. It serves
/// every registry that names it as its `disputes`; money and challenges of one poll never touch
/// another. Specified in docs/protocol.md §11.3.
interface IDisputes {
    /// @notice The poll whose anchored root is disputed.
    struct Poll {
        IPollRegistry registry;
        uint256 id;
    }

    /// @notice What the poll fixed at its creation; checked against its context and digests.
    struct Terms {
        IPollRegistry.PollParameters parameters;
        bytes rule;
    }

    /// @notice A ballot that nodes gave receipts for.
    struct ReceiptedBallot {
        address voter;
        uint64 castAt;
        bytes32 ballotDigest;
    }

    /// @notice What shows that a leaf is right.
    struct LeafEvidence {
        bytes ballot;
        // Hash of the boxes that the signature covers.
        bytes32 boxesHash;
        // By the voter's signing key, of the whole ballot.
        bytes signature;
        CensusTree.Membership membership;
        // From the leaf upward.
        SumTree.Node[] siblings;
    }

    /// @notice Who is paid for an answer, by the signature of a node of the committee; without one,
    /// nobody is.
    struct Payee {
        address account;
        uint8 node;
        bytes signature;
    }

    /// @notice A challenge that waits for its answer.
    struct Challenge {
        address challenger;
        uint48 deadline;
        uint32 round;
        // Of the poll, in seconds.
        uint32 responseTime;
        ChallengeState state;
        // Most gas that is paid for.
        uint32 answerGas;
        // Of registry and poll.
        bytes32 poll;
        uint256 bond;
    }

    /// @notice None, Open, Answered: the root stands; Closed: the bond went back.
    enum ChallengeState {
        None,
        Open,
        Answered,
        Closed
    }

    /// @notice Somebody asks for an answer until the deadline, or the root falls.
    event Challenged(
        bytes32 indexed challenge,
        IPollRegistry indexed registry,
        uint256 indexed pollId,
        uint32 round,
        address challenger,
        uint48 deadline,
        uint256 bond
    );
    /// @notice The challenge is about the leaf at that index.
    event LeafChallenged(bytes32 indexed challenge, uint32 index);
    /// @notice The challenge says that this ballot is missing.
    event OmissionChallenged(bytes32 indexed challenge, ReceiptedBallot ballot);
    /// @notice An answer showed the leaf, and the siblings above it.
    event LeafShown(bytes32 indexed challenge, SumTree.Leaf leaf, SumTree.Node[] siblings);
    /// @notice The challenge was answered; the payee got so much of the bond, the rest is burned.
    event Answered(bytes32 indexed challenge, address payee, uint256 paid, uint256 burned);
    /// @notice The challenge is over without an answer: the challenger gets the bond back.
    event Closed(bytes32 indexed challenge, address challenger, uint256 bond);
    /// @notice The root was shown to be false: by a sum, by padding, by two leaves, or by silence.
    event RootShownFalse(
        IPollRegistry indexed registry,
        uint256 indexed pollId,
        uint32 round,
        Ground ground
    );

    /// @notice Why a root was rejected.
    enum Ground {
        Sum,
        Padding,
        Order,
        Unanswered
    }

    error DisputesNotOfRegistry(address disputes);
    error DisputesNotAnchored(IPollRegistry.Status status);
    error DisputesTermsDiffer(bytes32 expected, bytes32 actual);
    error DisputesUnknownKind();
    error DisputesTooLate(uint256 until);
    error DisputesTooEarly(uint256 from);
    error DisputesIndexOutOfRange(uint256 index, uint256 count);
    error DisputesWrongHeight(uint256 height, uint256 depth);
    error DisputesWrongPath(bytes32 expected, bytes32 actual);
    error DisputesNothingFalse();
    error DisputesOtherRoot(bytes32 expected, bytes32 anchored);
    error DisputesChallengeExists(bytes32 challenge);
    error DisputesNoOpenChallenge(bytes32 challenge, ChallengeState state);
    error DisputesStillDisputable();
    error DisputesBondTooSmall(uint256 bond, uint256 required);
    error DisputesTooFewReceipts(uint256 receipts, uint256 quorum);
    error DisputesSignersNotIncreasing(uint256 node);
    error DisputesWrongSigner(uint256 node, address signer);
    error DisputesWrongBallot(uint8 fault);
    error DisputesWrongCastTime(uint64 castAt);
    error DisputesNotInCensus(address voter);
    error DisputesEarlierBallot();
    error DisputesBallotHolds();
    error DisputesNothingToWithdraw(address account);
    error DisputesTransferFailed(address account);

    /// @notice Show an inner node whose sum is not that of its children. The root is rejected.
    /// @param height Levels above the leaves, at least 1.
    /// @param index Place among the nodes of that height.
    /// @param sum The node's sum as the tree states it.
    /// @param siblings From the node upward.
    function proveSum(
        Poll calldata poll,
        uint256 height,
        uint256 index,
        uint256[2] calldata sum,
        SumTree.Node calldata left,
        SumTree.Node calldata right,
        SumTree.Node[] calldata siblings
    ) external;

    /// @notice Show a node beyond the count that is not empty, or an empty one before it. The root is
    /// rejected.
    function provePadding(
        Poll calldata poll,
        uint256 height,
        uint256 index,
        SumTree.Node calldata node,
        SumTree.Node[] calldata siblings
    ) external;

    /// @notice Show neighbouring leaves whose voters do not increase. The root is rejected.
    /// @param index Place of the first leaf.
    function proveOrder(
        Poll calldata poll,
        uint256 index,
        SumTree.Leaf[2] calldata leaves,
        SumTree.Node[][2] calldata siblings
    ) external;

    /// @notice Ask for a leaf. Without a right answer in time, the root is rejected.
    /// @dev The value is the bond, at least `bondOf`; all of it comes back if the root falls.
    /// @param rootDigest Of the root that is meant (§10.4): of no other one is the leaf challenged.
    function challengeLeaf(
        Poll calldata poll,
        Terms calldata terms,
        bytes32 rootDigest,
        uint32 index
    ) external payable returns (bytes32 challenge);

    /// @notice Show that a quorum gave receipts for a ballot, which therefore must be counted, or a
    /// later one of its voter.
    function challengeOmission(
        Poll calldata poll,
        Terms calldata terms,
        bytes32 rootDigest,
        ReceiptedBallot calldata ballot,
        IPollRegistry.Attestation[] calldata receipts
    ) external payable returns (bytes32 challenge);

    /// @notice Answer a challenge of a leaf with all that makes it right.
    function answerLeaf(
        Poll calldata poll,
        Terms calldata terms,
        uint32 index,
        LeafEvidence calldata evidence,
        Payee calldata payee
    ) external;

    /// @notice Answer the challenge of an omission with the voter's leaf, which has that ballot or a
    /// later one.
    function answerOmission(
        Poll calldata poll,
        ReceiptedBallot calldata ballot,
        uint32 index,
        SumTree.Leaf calldata leaf,
        SumTree.Node[] calldata siblings,
        Payee calldata payee
    ) external;

    /// @notice Answer the challenge of an omission with the omitted ballot, which must not count.
    function answerInvalidBallot(
        Poll calldata poll,
        Terms calldata terms,
        ReceiptedBallot calldata ballot,
        bytes calldata content,
        Payee calldata payee
    ) external;

    /// @notice Reject the root whose challenge was not answered in time.
    function expire(Poll calldata poll, bytes32 challenge) external;

    /// @notice Give the bond of a challenge back whose root is not anchored any more.
    function close(Poll calldata poll, bytes32 challenge) external;

    /// @notice Pay the caller what belongs to it.
    function withdraw() external;

    /// @notice Least bond of a challenge in a block of this base fee.
    function bondOf(
        Poll calldata poll,
        Terms calldata terms,
        uint256 baseFee
    ) external view returns (uint256);

    /// @notice A challenge by its identifier.
    function challengeOf(bytes32 challenge) external view returns (Challenge memory);

    /// @notice What an account can withdraw.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Checks ballots for this contract.
    function ballotCheck() external view returns (address);

    /// @notice Least bond of any challenge, in wei.
    function minimumBond() external view returns (uint256);
}
