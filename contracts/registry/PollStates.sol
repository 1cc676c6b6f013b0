// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../interfaces/IPollRegistry.sol";

/// @title Polls and their states
/// @notice docs/protocol.md §4.5, §10.3, §11.3.
abstract contract PollStates is IPollRegistry {
    /// @dev State of a poll that does not follow from time alone. Void is final.
    enum Mark {
        None,
        Contested,
        Void
    }

    /// @dev Ordered so that anchoring and accepting touch few words. Times are below 2^48
    /// (PollRules).
    struct PollRecord {
        // 0 without an anchored root.
        uint48 anchoredAt;
        uint48 closesAt;
        // 0 before any root was rejected.
        uint48 rejectedAt;
        uint32 freezeDelay;
        uint32 disputeWindow;
        uint32 tallyPeriod;
        // Most votes that a slot can hold: total weight times largest slot value.
        uint200 maximum;
        Mark mark;
        // Seconds by which disputes lengthened the window of the anchored root.
        uint32 extension;
        uint16 slots;
        uint128 totalWeight;
        uint32 roundDuration;
        uint32 maxRounds;
        uint32 round;
        uint32 count;
        address creator;
        uint32 voters;
        uint32 minimumBallots;
        uint32 rejectedRounds;
        uint48 opensAt;
        uint32 maxDisputeDelay;
        // Whether opened ballots decide, so that nodes attest the outcome.
        bool byBallots;
        bytes32 tallyDigest;
        bytes32 pollContext;
        bytes32 committee;
        bytes32 outcomeRule;
        bytes32 pollKeys;
        bytes32 rootHash;
        uint256 sumX;
        uint256 sumY;
    }

    mapping(uint256 pollId => PollRecord) internal _polls;

    /// @inheritdoc IPollRegistry
    function status(uint256 pollId) public view returns (Status) {
        PollRecord storage record = _polls[pollId];
        if (record.slots == 0) return Status.None;
        if (record.tallyDigest != 0) return Status.Tallied;
        if (record.mark == Mark.Void) return Status.Void;
        if (record.anchoredAt != 0) {
            uint256 releasableAt = _releasableAt(record);
            if (record.mark == Mark.Contested)
                return block.timestamp < _disputeBound(record) ? Status.Anchored : Status.Void;
            if (block.timestamp < releasableAt) return Status.Anchored;
            return
                block.timestamp < releasableAt + record.tallyPeriod
                    ? Status.Releasable
                    : Status.Void;
        }
        if (block.timestamp < record.closesAt)
            return record.pollKeys == 0 ? Status.Created : Status.Open;
        if (record.pollKeys == 0) return Status.Void;
        return block.timestamp < _anchorDeadline(record) ? Status.Closed : Status.Void;
    }

    function _inStatus(
        uint256 pollId,
        Status expected
    ) internal view returns (PollRecord storage record) {
        Status actual = status(pollId);
        if (actual != expected) revert PollRegistryWrongStatus(pollId, actual);
        return _polls[pollId];
    }

    /// @dev End of the last settling round. Rounds count from freezing, or from the last rejection.
    function _anchorDeadline(PollRecord storage record) internal view returns (uint256) {
        uint256 start =
            record.rejectedAt == 0
                ? uint256(record.closesAt) + record.freezeDelay
                : record.rejectedAt;
        return start + uint256(record.roundDuration) * (record.maxRounds - record.rejectedRounds);
    }

    /// @dev Unless the anchored root is contested, it is final from then on.
    function _releasableAt(PollRecord storage record) internal view returns (uint256) {
        return uint256(record.anchoredAt) + record.disputeWindow + record.extension;
    }

    /// @dev At most `maxDisputeDelay`, as a root that is contested for longer makes the poll void.
    function _extend(PollRecord storage record, uint256 until) internal {
        record.extension = uint32(until - record.anchoredAt - record.disputeWindow);
    }

    /// @dev The anchored root is final or the poll void by then, whatever is disputed.
    function _disputeBound(PollRecord storage record) internal view returns (uint256) {
        return uint256(record.anchoredAt) + record.disputeWindow + record.maxDisputeDelay;
    }
}
