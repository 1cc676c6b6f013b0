// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutcomeOrder} from "./OutcomeOrder.sol";
import {OutcomeReader} from "./OutcomeReader.sol";

/// @title The most votes for one or several seats
/// @notice docs/protocol.md §14.5. Slots after the contenders are abstentions.
library Plurality {
    using OutcomeOrder for uint16[];
    using OutcomeReader for bytes;

    /// @dev kind, seats, minimum support, contenders
    uint256 private constant LENGTH = 21;

    struct Rule {
        uint256 seats;
        uint256 minimumSupport;
        uint256 contenders;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    function read(bytes calldata encoded, uint256 slots) internal pure returns (Rule memory rule) {
        encoded.requireLength(LENGTH);
        rule.seats = encoded.u16(1);
        rule.minimumSupport = encoded.u128(3);
        rule.contenders = encoded.u16(19);
        if (rule.contenders > slots)
            revert OutcomeReader.OutcomeSlotsDiffer(rule.contenders, slots);
        if (rule.seats == 0 || rule.seats > rule.contenders)
            revert OutcomeReader.OutcomeOutOfRange("seats", rule.seats);
    }

    /// @notice 1 for each contender with a seat.
    /// @param order All contenders by votes.
    function awards(
        bytes calldata encoded,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (uint256[] memory given) {
        Rule memory rule = read(encoded, tally.length);
        order.requireByRank(tally[:rule.contenders]);
        given = new uint256[](tally.length);
        for (uint256 place = 0; place < rule.seats; ++place) {
            uint256 slot = order[place];
            if (tally[slot] >= rule.minimumSupport) given[slot] = 1;
        }
    }
}
