// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {CensusTree} from "../libraries/CensusTree.sol";

/// @title Censuses of a token's votes, which anybody can dispute
/// @notice Anybody posts the root of the census of a token (ERC-5805) at a past timepoint, with a
/// bond. Within its window anybody shows that it is false, or asks for a place that nobody can show;
/// then it falls, and the bond is lost. A census that stands to the end is final. The chain alone
/// determines the right census, so no poster has any choice. Any number of censuses can be posted at
/// once, so that a false one never delays a right one. Specified in docs/protocol.md §18.9.
interface ICensusDisputes {
    /// @notice How an account's votes become its weight: Votes, one for every `unit` of them, rounded
    /// down; Equal, 1 for everybody with at least one `unit`.
    enum WeightRule {
        Votes,
        Equal
    }

    /// @notice What determines a census: every account with a weight of at least 1 is in it once, in
    /// order of accounts, and signs for itself.
    struct Source {
        IVotes token;
        // By the token's clock (ERC-6372).
        uint256 timepoint;
        // At least 1.
        uint128 unit;
        WeightRule weights;
    }

    /// @notice Content of a census root.
    struct Census {
        bytes32 rootHash;
        uint128 totalWeight;
        uint32 count;
    }

    /// @notice A posted census, with its source. Its number alone would let a transaction that was
    /// sent before a reorganization meet another census.
    struct Posted {
        uint256 id;
        Source source;
        Census census;
    }

    /// @notice An entry at its place in the census tree.
    struct PlacedEntry {
        CensusTree.Entry entry;
        // From 0.
        uint32 index;
        // From the leaf upward.
        CensusTree.Sibling[] siblings;
    }

    /// @notice None; Standing: it can be disputed, or is final; Fallen; Released: it is final, and the
    /// bond went back.
    enum State {
        None,
        Standing,
        Fallen,
        Released
    }

    /// @notice State of a posted census; times are Unix seconds.
    struct PostView {
        State state;
        bool isFinal;
        address poster;
        // Of its source and root.
        bytes32 content;
        // End of the window, later where an answer lengthened it; at most `bound`.
        uint48 until;
        uint48 bound;
        // Challenges without an answer, and all.
        uint32 open;
        uint32 opened;
    }

    /// @notice A challenge of one place.
    struct Challenge {
        address challenger;
        // The answer's block has at most this timestamp.
        uint48 deadline;
        ChallengeState state;
        uint256 bond;
    }

    /// @notice None, Open, Answered: the place was shown; Closed: the bond went to whom it is due.
    enum ChallengeState {
        None,
        Open,
        Answered,
        Closed
    }

    /// @notice Why a census fell: an entry has another weight or signing key, or is void; an account
    /// with votes is missing; two entries are out of order; a sum is not that of its children; a node
    /// beyond the count is not empty, or one before it is; nobody showed a place.
    enum Ground {
        Entry,
        Missing,
        Order,
        Sum,
        Padding,
        Unanswered
    }

    /// @notice A census was posted; its window ends at `until`.
    event CensusPosted(
        uint256 indexed id,
        IVotes indexed token,
        uint256 indexed timepoint,
        Source source,
        Census census,
        address poster,
        uint48 until
    );
    /// @notice Somebody asks for the entry at a place until the deadline, or the census falls.
    event PlaceChallenged(
        uint256 indexed id,
        uint32 index,
        address challenger,
        uint48 deadline,
        uint256 bond
    );
    /// @notice A challenged place was shown.
    event PlaceShown(uint256 indexed id, PlacedEntry place);
    /// @notice The census fell; so much of the poster's bond went to an account, the rest is burned.
    event CensusFell(uint256 indexed id, Ground ground, address to, uint256 paid, uint256 burned);
    /// @notice A challenge is over; so much of its bond went to an account, the rest is burned.
    event ChallengeClosed(
        uint256 indexed id,
        uint32 index,
        address to,
        uint256 paid,
        uint256 burned
    );
    /// @notice The census is final, and the poster got the bond back.
    event BondReleased(uint256 indexed id, address poster, uint256 bond);

    error CensusDisputesInvalidParameter(string field);
    error CensusDisputesWrongBond(uint256 given, uint256 required);
    error CensusDisputesOtherContent(bytes32 expected, bytes32 actual);
    error CensusDisputesNotStanding(uint256 id, State state);
    error CensusDisputesFinal(uint256 id);
    error CensusDisputesNotFinal(uint256 id);
    error CensusDisputesWrongPath(uint256 height, uint256 index);
    error CensusDisputesNotNeighbours();
    error CensusDisputesNothingFalse();
    error CensusDisputesTooLate(uint256 until);
    error CensusDisputesTooEarly(uint256 from);
    error CensusDisputesChallengeExists(uint256 id, uint32 index);
    error CensusDisputesNoOpenChallenge(uint256 id, uint32 index);
    error CensusDisputesUndecided(uint256 id);
    error CensusDisputesNothingToWithdraw(address account);
    error CensusDisputesTransferFailed(address account);

    /// @notice Post a census; the value is exactly `postBond`. The timepoint must be in the past.
    /// @return id 1, 2, … in order of posting.
    function post(
        Source calldata source,
        Census calldata census
    ) external payable returns (uint256 id);

    /// @notice Show an entry that has another weight than the token gives, another signing key than
    /// its account, or no account.
    function proveEntry(Posted calldata posted, PlacedEntry calldata place) external;

    /// @notice Show that an account with a weight is missing.
    /// @param neighbours The two neighbouring entries between which it would be; or the first alone,
    /// or the last.
    function proveMissing(
        Posted calldata posted,
        address account,
        PlacedEntry[] calldata neighbours
    ) external;

    /// @notice Show two neighbouring entries whose accounts do not increase.
    function proveOrder(Posted calldata posted, PlacedEntry[2] calldata neighbours) external;

    /// @notice Show an inner node whose sum is not that of its children. Of several false sums on a
    /// path only the uppermost can be shown.
    /// @param height Of the node, at least 1; leaves have height 0.
    /// @param sum Its sum as the census has it.
    function proveSum(
        Posted calldata posted,
        uint256 height,
        uint256 index,
        uint128 sum,
        CensusTree.Sibling calldata left,
        CensusTree.Sibling calldata right,
        CensusTree.Sibling[] calldata siblings
    ) external;

    /// @notice Show a node at or beyond the count that is not empty, or an empty one before it.
    function provePadding(
        Posted calldata posted,
        uint256 height,
        uint256 index,
        CensusTree.Sibling calldata node,
        CensusTree.Sibling[] calldata siblings
    ) external;

    /// @notice Ask for the entry at a place, with a bond of at least `challengeBond`.
    function challenge(Posted calldata posted, uint32 index) external payable;

    /// @notice Show the entry at a challenged place. It may be false: then it can be shown to be.
    function answer(Posted calldata posted, PlacedEntry calldata place) external;

    /// @notice Let a census fall, of which nobody showed a challenged place in time.
    function expire(uint256 id, uint32 index) external;

    /// @notice End a challenge of a census that is decided. If it fell, the challenger gets the bond
    /// back, even for a place that was shown: looking for a fault costs nothing but gas. If it is
    /// final, the poster gets half of the bond for the answer, and the rest is burned.
    function closeChallenge(uint256 id, uint32 index) external;

    /// @notice Give the poster of a final census the bond back.
    function releaseBond(uint256 id) external;

    /// @notice Send the sender what is due to it.
    function withdraw() external;

    /// @notice Whether a census of this number, source and root can no longer be disputed.
    function isFinal(Posted calldata posted) external view returns (bool);

    /// @notice Whether an account posted a census of the same source and root, which has not fallen.
    function isPoster(uint256 id, address account) external view returns (bool);

    /// @notice Weight of an account in the census of a source.
    function weightOf(Source calldata source, address account) external view returns (uint256);

    /// @notice Least bond of the next challenge of a census, in wei.
    /// @param count Number of entries of the census.
    function challengeBond(
        uint256 id,
        uint32 count,
        uint256 baseFee
    ) external view returns (uint256);

    function postOf(uint256 id) external view returns (PostView memory);

    function challengeOf(uint256 id, uint32 index) external view returns (Challenge memory);

    /// @notice Number of censuses ever posted.
    function postCount() external view returns (uint256);

    /// @notice What an account can withdraw, in wei.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Bond of a post, in wei.
    function postBond() external view returns (uint256);

    /// @notice Least bond of any challenge, in wei.
    function minimumChallengeBond() external view returns (uint256);

    /// @notice Seconds for which a census can be disputed at least.
    function window() external view returns (uint32);

    /// @notice Seconds for the answer to a challenge, and after each answer.
    function responseTime() external view returns (uint32);

    /// @notice Seconds by which challenges can lengthen the window at most.
    function maxDelay() external view returns (uint32);
}
