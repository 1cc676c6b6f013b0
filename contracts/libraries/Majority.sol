// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {OutcomeReader} from "./OutcomeReader.sol";

/// @title Majority of yes over no, with a quorum
/// @notice docs/protocol.md §14.4. Slot 0 is yes, slot 1 no; with abstention, slot 2 counts for
/// the turnout only.
library Majority {
    using OutcomeReader for bytes;

    /// @dev kind, abstention, strict, quorum, numerator, denominator
    uint256 private constant LENGTH = 35;

    struct Rule {
        bool abstention;
        bool strict;
        uint256 quorum;
        uint256 numerator;
        uint256 denominator;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    function read(bytes calldata encoded, uint256 slots) internal pure returns (Rule memory rule) {
        encoded.requireLength(LENGTH);
        rule.abstention = encoded.flag(1);
        rule.strict = encoded.flag(2);
        rule.quorum = encoded.u128(3);
        rule.numerator = encoded.u64(19);
        rule.denominator = encoded.u64(27);
        if (
            rule.numerator == 0 ||
            rule.numerator > rule.denominator ||
            (rule.strict && rule.numerator == rule.denominator)
        ) revert OutcomeReader.OutcomeOutOfRange("numerator", rule.numerator);
        uint256 expected = rule.abstention ? 3 : 2;
        if (slots != expected) revert OutcomeReader.OutcomeSlotsDiffer(expected, slots);
    }

    /// @notice 1 for yes or for no; for neither without a quorum, or if all abstained.
    function awards(
        bytes calldata encoded,
        uint256[] calldata tally
    ) internal pure returns (uint256[] memory given) {
        Rule memory rule = read(encoded, tally.length);
        given = new uint256[](tally.length);
        uint256 decided = tally[0] + tally[1];
        uint256 turnout = rule.abstention ? decided + tally[2] : decided;
        if (turnout < rule.quorum || decided == 0) return given;
        (uint256 yesHigh, uint256 yes) = Math.mul512(tally[0], rule.denominator);
        (uint256 needHigh, uint256 need) = Math.mul512(decided, rule.numerator);
        bool more = yesHigh > needHigh || (yesHigh == needHigh && yes > need);
        bool just = yesHigh == needHigh && yes == need;
        given[more || (just && !rule.strict) ? 0 : 1] = 1;
    }
}
