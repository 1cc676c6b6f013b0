// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {OutcomeOrder} from "./OutcomeOrder.sol";
import {OutcomeReader} from "./OutcomeReader.sol";

/// @title Divide an amount by votes, to the last unit
/// @notice docs/protocol.md §14.7. Slots after the contenders are abstentions.
library Proportional {
    using OutcomeOrder for uint16[];
    using OutcomeReader for bytes;

    /// @dev kind, amount, contenders
    uint256 private constant LENGTH = 19;

    struct Rule {
        uint256 amount;
        uint256 contenders;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    function read(bytes calldata encoded, uint256 slots) internal pure returns (Rule memory rule) {
        encoded.requireLength(LENGTH);
        rule.amount = encoded.u128(1);
        rule.contenders = encoded.u16(17);
        if (rule.contenders > slots)
            revert OutcomeReader.OutcomeSlotsDiffer(rule.contenders, slots);
        if (rule.contenders == 0) revert OutcomeReader.OutcomeOutOfRange("contenders", 0);
        if (rule.amount == 0) revert OutcomeReader.OutcomeOutOfRange("amount", 0);
    }

    /// @notice Each contender's part; together the whole amount, or nothing if nobody voted.
    /// @param order All contenders by remainder.
    function awards(
        bytes calldata encoded,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (uint256[] memory given) {
        Rule memory rule = read(encoded, tally.length);
        given = new uint256[](tally.length);
        uint256[] memory remainders = new uint256[](rule.contenders);
        uint256 votes = 0;
        for (uint256 slot = 0; slot < rule.contenders; ++slot) votes += tally[slot];
        uint256 left = votes == 0 ? 0 : rule.amount;
        if (votes != 0) {
            for (uint256 slot = 0; slot < rule.contenders; ++slot) {
                // Amounts below 2^128 times votes below 2^200.
                remainders[slot] = mulmod(rule.amount, tally[slot], votes);
                given[slot] = Math.mulDiv(rule.amount, tally[slot], votes);
                left -= given[slot];
            }
        }
        order.requireByRank(remainders);
        // Below the number of contenders: each remainder is below the votes, and their sum is `left`
        // times the votes.
        for (uint256 place = 0; place < left; ++place) ++given[order[place]];
    }
}
