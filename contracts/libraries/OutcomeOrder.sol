// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Checks an order of slots that the caller supplies, in one pass
/// @notice docs/protocol.md §14.1. Best slot first, ties to the lower slot. An order that strictly
/// descends over as many places as slots is a permutation, and the right one.
library OutcomeOrder {
    error OutcomeOrderIncomplete(uint256 entries, uint256 expected);
    error OutcomeOrderWrong(uint256 place);

    /// @notice Reverts unless the order has this number of entries.
    function requireEntries(uint16[] calldata order, uint256 expected) internal pure {
        if (order.length != expected) revert OutcomeOrderIncomplete(order.length, expected);
    }

    /// @notice Reverts unless the order is by rank, over all slots that have one.
    function requireByRank(uint16[] calldata order, uint256[] memory ranks) internal pure {
        uint256 slots = ranks.length;
        requireEntries(order, slots);
        uint256 previous = 0;
        for (uint256 place = 0; place < slots; ++place) {
            uint256 slot = order[place];
            if (slot >= slots) revert OutcomeOrderWrong(place);
            if (place > 0) {
                uint256 better = ranks[previous];
                uint256 worse = ranks[slot];
                if (better < worse || (better == worse && previous >= slot))
                    revert OutcomeOrderWrong(place);
            }
            previous = slot;
        }
    }

    /// @notice As `requireByRank` with rank `votes / cost`, exactly.
    /// @dev Votes stay below 2^200 and costs below 2^128, hence products in two words.
    function requireByRatio(
        uint16[] calldata order,
        uint256[] calldata votes,
        uint256[] memory costs
    ) internal pure {
        uint256 slots = costs.length;
        requireEntries(order, slots);
        uint256 previous = 0;
        for (uint256 place = 0; place < slots; ++place) {
            uint256 slot = order[place];
            if (slot >= slots) revert OutcomeOrderWrong(place);
            if (place > 0) {
                (uint256 betterHigh, uint256 better) = Math.mul512(votes[previous], costs[slot]);
                (uint256 worseHigh, uint256 worse) = Math.mul512(votes[slot], costs[previous]);
                if (
                    betterHigh < worseHigh ||
                    (betterHigh == worseHigh &&
                        (better < worse || (better == worse && previous >= slot)))
                ) revert OutcomeOrderWrong(place);
            }
            previous = slot;
        }
    }
}
