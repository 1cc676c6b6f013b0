// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Times that a poll fixes for disputes
/// @notice docs/protocol.md §4.1, §11.3.
library DisputeTimes {
    /// @dev So many challenges can be answered one after another before the poll is void.
    uint32 private constant MIN_ANSWERS = 4;

    /// @notice Whether a poll may give that time for an answer: 0 exactly where nothing can be
    /// disputed.
    /// @param disputable Whether the registry has disputes.
    /// @param floor Period floor of the registry.
    function isResponseTime(
        bool disputable,
        uint32 responseTime,
        uint256 floor
    ) internal pure returns (bool) {
        if (!disputable) return responseTime == 0;
        // Without time nobody could answer, and any challenge would make a root fall.
        return responseTime != 0 && responseTime >= floor;
    }

    /// @notice Whether disputes may lengthen the window of a poll by that: 0 exactly where nothing
    /// can be disputed.
    function isDelay(
        bool disputable,
        uint32 responseTime,
        uint32 maxDisputeDelay
    ) internal pure returns (bool) {
        if (!disputable) return maxDisputeDelay == 0;
        return maxDisputeDelay / MIN_ANSWERS >= responseTime;
    }
}
