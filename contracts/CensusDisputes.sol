// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICensusDisputes} from "./interfaces/ICensusDisputes.sol";
import {Bonds} from "./libraries/Bonds.sol";
import {CensusTree} from "./libraries/CensusTree.sol";

/// @title CensusDisputes
/// @notice No owner, no upgrade. Holds nothing but bonds and what accounts may withdraw.
/// @dev A token may be hostile. It is called by STATICCALL only, and decides only about censuses of
/// its own votes.
contract CensusDisputes is ICensusDisputes {
    struct Post {
        // Of source and root.
        bytes32 content;
        address poster;
        uint48 until;
        uint48 bound;
        uint48 lastDeadline;
        uint32 open;
        uint32 opened;
        State state;
    }

    /// @dev So many challenges can be answered one after another. Asked for 16 places at a time, five
    /// answers are enough to find a false entry among a million.
    uint32 private constant MIN_ANSWERS = 8;
    /// @dev An answer shows something new, and there must be time to dispute it.
    uint256 private constant TIMES_AFTER_OPENING = 2;

    /// @inheritdoc ICensusDisputes
    uint256 public immutable postBond;
    /// @inheritdoc ICensusDisputes
    uint256 public immutable minimumChallengeBond;
    /// @inheritdoc ICensusDisputes
    uint32 public immutable window;
    /// @inheritdoc ICensusDisputes
    uint32 public immutable responseTime;
    /// @inheritdoc ICensusDisputes
    uint32 public immutable maxDelay;
    /// @inheritdoc ICensusDisputes
    uint256 public postCount;
    /// @inheritdoc ICensusDisputes
    mapping(address account => uint256) public balanceOf;

    mapping(uint256 id => Post) private _posts;
    mapping(bytes32 content => mapping(address poster => uint256)) private _standing;
    mapping(uint256 id => mapping(uint32 index => Challenge)) private _challenges;

    /// @param window_ Seconds, at least `responseTime_`.
    /// @param maxDelay_ Seconds, at least eight times `responseTime_`.
    constructor(
        uint256 postBond_,
        uint256 minimumChallengeBond_,
        uint32 window_,
        uint32 responseTime_,
        uint32 maxDelay_
    ) {
        if (postBond_ == 0) revert CensusDisputesInvalidParameter("postBond");
        if (minimumChallengeBond_ == 0)
            revert CensusDisputesInvalidParameter("minimumChallengeBond");
        if (responseTime_ == 0) revert CensusDisputesInvalidParameter("responseTime");
        if (window_ < responseTime_) revert CensusDisputesInvalidParameter("window");
        if (maxDelay_ / MIN_ANSWERS < responseTime_)
            revert CensusDisputesInvalidParameter("maxDelay");
        postBond = postBond_;
        minimumChallengeBond = minimumChallengeBond_;
        window = window_;
        responseTime = responseTime_;
        maxDelay = maxDelay_;
    }

    /// @inheritdoc ICensusDisputes
    function post(
        Source calldata source,
        Census calldata census
    ) external payable returns (uint256 id) {
        if (msg.value != postBond) revert CensusDisputesWrongBond(msg.value, postBond);
        if (source.unit == 0) revert CensusDisputesInvalidParameter("unit");
        if (census.count == 0) revert CensusDisputesInvalidParameter("count");
        // The token refuses a timepoint that is not in the past (ERC-5805).
        uint256 supply = source.token.getPastTotalSupply(source.timepoint);
        // More units than a census can hold: every census of this source would be false.
        if (supply / source.unit > type(uint128).max) revert CensusDisputesInvalidParameter("unit");
        id = ++postCount;
        Post storage record = _posts[id];
        record.content = _content(source, census);
        record.poster = msg.sender;
        ++_standing[record.content][msg.sender];
        record.until = uint48(block.timestamp + window);
        record.bound = uint48(block.timestamp + window + maxDelay);
        record.state = State.Standing;
        emit CensusPosted(
            id,
            source.token,
            source.timepoint,
            source,
            census,
            msg.sender,
            record.until
        );
    }

    /// @inheritdoc ICensusDisputes
    function proveEntry(Posted calldata posted, PlacedEntry calldata place) external {
        Post storage record = _disputable(posted);
        _requirePlace(posted.census, place);
        CensusTree.Entry calldata entry = place.entry;
        bool isVoter = entry.account != address(0) && entry.weight != 0;
        if (
            isVoter &&
            entry.signingKey == entry.account &&
            entry.weight == weightOf(posted.source, entry.account)
        ) revert CensusDisputesNothingFalse();
        _fall(posted.id, record, Ground.Entry, msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function proveMissing(
        Posted calldata posted,
        address account,
        PlacedEntry[] calldata neighbours
    ) external {
        Post storage record = _disputable(posted);
        if (!_isBetween(posted.census, account, neighbours)) revert CensusDisputesNotNeighbours();
        for (uint256 i = 0; i < neighbours.length; ++i) _requirePlace(posted.census, neighbours[i]);
        if (account == address(0) || weightOf(posted.source, account) == 0)
            revert CensusDisputesNothingFalse();
        _fall(posted.id, record, Ground.Missing, msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function proveOrder(Posted calldata posted, PlacedEntry[2] calldata neighbours) external {
        Post storage record = _disputable(posted);
        if (neighbours[1].index != uint256(neighbours[0].index) + 1)
            revert CensusDisputesNotNeighbours();
        for (uint256 i = 0; i < 2; ++i) _requirePlace(posted.census, neighbours[i]);
        if (neighbours[0].entry.account < neighbours[1].entry.account)
            revert CensusDisputesNothingFalse();
        _fall(posted.id, record, Ground.Order, msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function proveSum(
        Posted calldata posted,
        uint256 height,
        uint256 index,
        uint128 sum,
        CensusTree.Sibling calldata left,
        CensusTree.Sibling calldata right,
        CensusTree.Sibling[] calldata siblings
    ) external {
        Post storage record = _disputable(posted);
        // A leaf's sum is its weight, which its hash covers.
        if (height == 0) revert CensusDisputesWrongPath(height, index);
        bytes32 hash = CensusTree.parent(left.hash, left.sum, right.hash, right.sum);
        _requireNode(posted.census, CensusTree.Sibling(hash, sum), height, index, siblings);
        if (uint256(left.sum) + right.sum == sum) revert CensusDisputesNothingFalse();
        _fall(posted.id, record, Ground.Sum, msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function provePadding(
        Posted calldata posted,
        uint256 height,
        uint256 index,
        CensusTree.Sibling calldata node,
        CensusTree.Sibling[] calldata siblings
    ) external {
        Post storage record = _disputable(posted);
        _requireNode(posted.census, node, height, index, siblings);
        bool isBeyond = index << height >= posted.census.count;
        bool isEmpty = node.hash == 0 && node.sum == 0;
        // No entry and no inner node hashes to zero.
        if (isBeyond ? isEmpty : node.hash != 0) revert CensusDisputesNothingFalse();
        _fall(posted.id, record, Ground.Padding, msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function challenge(Posted calldata posted, uint32 index) external payable {
        Post storage record = _disputable(posted);
        if (index >= posted.census.count) revert CensusDisputesWrongPath(0, index);
        uint256 lastOpening = record.bound - TIMES_AFTER_OPENING * responseTime;
        uint256 until = Math.min(record.until, lastOpening);
        if (block.timestamp >= until) revert CensusDisputesTooLate(until);
        Challenge storage opened = _challenges[posted.id][index];
        if (opened.state != ChallengeState.None)
            revert CensusDisputesChallengeExists(posted.id, index);
        uint256 required = challengeBond(posted.id, posted.census.count, block.basefee);
        if (msg.value < required) revert CensusDisputesWrongBond(msg.value, required);
        uint256 deadline = Math.max(
            block.timestamp + responseTime,
            uint256(record.lastDeadline) + Bonds.SPACING
        );
        opened.challenger = msg.sender;
        opened.deadline = uint48(Math.min(deadline, record.bound - responseTime));
        opened.state = ChallengeState.Open;
        opened.bond = msg.value;
        record.lastDeadline = opened.deadline;
        ++record.open;
        ++record.opened;
        emit PlaceChallenged(posted.id, index, msg.sender, opened.deadline, msg.value);
    }

    /// @inheritdoc ICensusDisputes
    function answer(Posted calldata posted, PlacedEntry calldata place) external {
        Post storage record = _disputable(posted);
        Challenge storage opened = _requireOpen(posted.id, place.index);
        if (block.timestamp > opened.deadline) revert CensusDisputesTooLate(opened.deadline);
        _requirePlace(posted.census, place);
        opened.state = ChallengeState.Answered;
        --record.open;
        // What the answer shows can be disputed, too.
        record.until = uint48(Math.max(record.until, block.timestamp + responseTime));
        emit PlaceShown(posted.id, place);
    }

    /// @inheritdoc ICensusDisputes
    function expire(uint256 id, uint32 index) external {
        Post storage record = _posts[id];
        if (record.state != State.Standing) revert CensusDisputesNotStanding(id, record.state);
        Challenge storage opened = _requireOpen(id, index);
        if (block.timestamp <= opened.deadline)
            revert CensusDisputesTooEarly(uint256(opened.deadline) + 1);
        _fall(id, record, Ground.Unanswered, opened.challenger);
    }

    /// @inheritdoc ICensusDisputes
    function closeChallenge(uint256 id, uint32 index) external {
        Challenge storage opened = _challenges[id][index];
        if (opened.state != ChallengeState.Open && opened.state != ChallengeState.Answered)
            revert CensusDisputesNoOpenChallenge(id, index);
        Post storage record = _posts[id];
        bool hasFallen = record.state == State.Fallen;
        if (!hasFallen && !_isFinal(record)) revert CensusDisputesUndecided(id);
        opened.state = ChallengeState.Closed;
        // Half is burned, so that posters do not challenge themselves to gain time for nothing.
        address to = hasFallen ? opened.challenger : record.poster;
        uint256 paid = hasFallen ? opened.bond : opened.bond / 2;
        balanceOf[to] += paid;
        emit ChallengeClosed(id, index, to, paid, opened.bond - paid);
    }

    /// @inheritdoc ICensusDisputes
    function releaseBond(uint256 id) external {
        Post storage record = _posts[id];
        if (record.state != State.Standing) revert CensusDisputesNotStanding(id, record.state);
        if (!_isFinal(record)) revert CensusDisputesNotFinal(id);
        record.state = State.Released;
        balanceOf[record.poster] += postBond;
        emit BondReleased(id, record.poster, postBond);
    }

    /// @inheritdoc ICensusDisputes
    function withdraw() external {
        uint256 amount = balanceOf[msg.sender];
        if (amount == 0) revert CensusDisputesNothingToWithdraw(msg.sender);
        balanceOf[msg.sender] = 0;
        (bool ok, ) = msg.sender.call{value: amount}("");
        if (!ok) revert CensusDisputesTransferFailed(msg.sender);
    }

    /// @inheritdoc ICensusDisputes
    function isFinal(Posted calldata posted) external view returns (bool) {
        Post storage record = _posts[posted.id];
        return record.content == _content(posted.source, posted.census) && _isFinal(record);
    }

    /// @inheritdoc ICensusDisputes
    function postOf(uint256 id) external view returns (PostView memory) {
        Post storage record = _posts[id];
        return
            PostView(
                record.state,
                _isFinal(record),
                record.poster,
                record.content,
                record.until,
                record.bound,
                record.open,
                record.opened
            );
    }

    /// @inheritdoc ICensusDisputes
    function challengeOf(uint256 id, uint32 index) external view returns (Challenge memory) {
        return _challenges[id][index];
    }

    /// @inheritdoc ICensusDisputes
    function isPoster(uint256 id, address account) external view returns (bool) {
        return _standing[_posts[id].content][account] != 0;
    }

    /// @inheritdoc ICensusDisputes
    function weightOf(Source calldata source, address account) public view returns (uint256) {
        uint256 units = source.token.getPastVotes(account, source.timepoint) / source.unit;
        return source.weights == WeightRule.Equal ? Math.min(units, 1) : units;
    }

    /// @inheritdoc ICensusDisputes
    function challengeBond(
        uint256 id,
        uint32 count,
        uint256 baseFee
    ) public view returns (uint256) {
        uint256 price = Bonds.placePrice(count, baseFee);
        return Bonds.grown(Math.max(minimumChallengeBond, price), _posts[id].opened);
    }

    function _disputable(Posted calldata posted) private view returns (Post storage record) {
        record = _posts[posted.id];
        if (record.state != State.Standing)
            revert CensusDisputesNotStanding(posted.id, record.state);
        bytes32 content = _content(posted.source, posted.census);
        if (record.content != content) revert CensusDisputesOtherContent(record.content, content);
        if (_isFinal(record)) revert CensusDisputesFinal(posted.id);
    }

    function _requireOpen(
        uint256 id,
        uint32 index
    ) private view returns (Challenge storage opened) {
        opened = _challenges[id][index];
        if (opened.state != ChallengeState.Open) revert CensusDisputesNoOpenChallenge(id, index);
    }

    function _fall(uint256 id, Post storage record, Ground ground, address to) private {
        record.state = State.Fallen;
        --_standing[record.content][record.poster];
        // Half is burned, so that posters do not show their own fraud to lose nothing.
        uint256 paid = postBond / 2;
        balanceOf[to] += paid;
        emit CensusFell(id, ground, to, paid, postBond - paid);
    }

    function _isFinal(Post storage record) private view returns (bool) {
        if (record.state == State.Released) return true;
        return
            record.state == State.Standing && record.open == 0 && block.timestamp >= record.until;
    }

    /// @dev Whether an account would be between these entries, which are neighbours, or the first or
    /// the last alone.
    function _isBetween(
        Census calldata census,
        address account,
        PlacedEntry[] calldata neighbours
    ) private pure returns (bool) {
        if (neighbours.length == 1) {
            PlacedEntry calldata place = neighbours[0];
            if (place.index == 0 && account < place.entry.account) return true;
            return place.index == census.count - 1 && account > place.entry.account;
        }
        return
            neighbours.length == 2 &&
            neighbours[1].index == uint256(neighbours[0].index) + 1 &&
            neighbours[0].entry.account < account &&
            account < neighbours[1].entry.account;
    }

    function _requirePlace(Census calldata census, PlacedEntry calldata place) private pure {
        if (place.index >= census.count) revert CensusDisputesWrongPath(0, place.index);
        CensusTree.Sibling memory leaf = CensusTree.Sibling(
            CensusTree.ofEntry(place.entry),
            place.entry.weight
        );
        _requireNode(census, leaf, 0, place.index, place.siblings);
    }

    /// @dev Requires the node to be at its place in the tree of the census.
    function _requireNode(
        Census calldata census,
        CensusTree.Sibling memory node,
        uint256 height,
        uint256 index,
        CensusTree.Sibling[] calldata siblings
    ) private pure {
        uint256 depth = CensusTree.depth(census.count);
        if (height > depth || siblings.length != depth - height || index >= 1 << (depth - height))
            revert CensusDisputesWrongPath(height, index);
        (bool fits, bytes32 hash, uint256 sum) = CensusTree.climb(
            node.hash,
            node.sum,
            index,
            siblings
        );
        if (!fits || hash != census.rootHash || sum != census.totalWeight)
            revert CensusDisputesWrongPath(height, index);
    }

    function _content(
        Source calldata source,
        Census calldata census
    ) private pure returns (bytes32) {
        bytes32 root = CensusTree.root(census.rootHash, census.totalWeight, census.count);
        return keccak256(abi.encode(source, root));
    }
}
