// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutcomeOrder} from "./OutcomeOrder.sol";
import {OutcomeReader} from "./OutcomeReader.sol";

/// @title Fund the best slots within the budget, in total or for each category
/// @notice docs/protocol.md §14.3, §14.6. Without categories, all slots belong to one category that
/// has the whole budget.
library Greedy {
    using OutcomeOrder for uint16[];
    using OutcomeReader for bytes;

    error OutcomeCostIsZero(uint256 slot);
    error OutcomeUnknownCategory(uint256 slot, uint256 category);

    /// @dev kind, order, misfit
    uint256 private constant FLAGS = 3;
    /// @dev Bytes of each slot: its cost and, with categories, its category.
    uint256 private constant COST = 16;
    uint256 private constant COST_AND_CATEGORY = 18;

    struct Rule {
        bool byVotesPerCost;
        bool stopAtMisfit;
        bool leftover;
        uint256 minimumSupport;
        uint256 budget;
        // Budget of each category.
        uint256[] budgets;
        // For each slot; `categories` is empty if there is only one.
        uint256[] costs;
        uint256[] categories;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    /// @param divided Whether the rule is of the kind with categories.
    function read(
        bytes calldata encoded,
        uint256 slots,
        bool divided
    ) internal pure returns (Rule memory rule) {
        rule.byVotesPerCost = encoded.flag(1);
        rule.stopAtMisfit = encoded.flag(2);
        uint256 offset = FLAGS;
        if (divided) rule.leftover = encoded.flag(offset++);
        rule.minimumSupport = encoded.u128(offset);
        rule.budget = encoded.u128(offset + 16);
        offset += 32;
        uint256 count = 1;
        if (divided) {
            count = encoded.u16(offset);
            offset += 2;
            if (count == 0) revert OutcomeReader.OutcomeOutOfRange("categories", 0);
        }
        rule.budgets = new uint256[](count);
        if (divided) {
            for (uint256 category = 0; category < count; ++category) {
                rule.budgets[category] = encoded.u128(offset);
                offset += 16;
            }
        } else {
            rule.budgets[0] = rule.budget;
        }
        _readSlots(rule, encoded, offset, slots, divided);
    }

    /// @notice 1 for each slot that is funded.
    /// @param order All slots from best to worst.
    function awards(
        Rule memory rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (uint256[] memory given) {
        if (rule.byVotesPerCost) order.requireByRatio(tally, rule.costs);
        else order.requireByRank(tally);
        given = new uint256[](tally.length);
        uint256[] memory left = rule.budgets;
        uint256 total = rule.budget;
        bool divided = rule.categories.length != 0;
        for (uint256 place = 0; place < order.length; ++place) {
            uint256 slot = order[place];
            if (tally[slot] < rule.minimumSupport) continue;
            uint256 cost = rule.costs[slot];
            uint256 category = divided ? rule.categories[slot] : 0;
            if (cost <= left[category] && cost <= total) {
                given[slot] = 1;
                left[category] -= cost;
                total -= cost;
            } else if (rule.stopAtMisfit) {
                // Every cost is at least 1: nothing more of this category fits.
                left[category] = 0;
            }
        }
        if (!rule.leftover) return given;
        for (uint256 place = 0; place < order.length; ++place) {
            uint256 slot = order[place];
            if (given[slot] != 0 || tally[slot] < rule.minimumSupport) continue;
            uint256 cost = rule.costs[slot];
            if (cost <= total) {
                given[slot] = 1;
                total -= cost;
            } else if (rule.stopAtMisfit) {
                return given;
            }
        }
    }

    /// @dev `offset` is the position of the number of costs.
    function _readSlots(
        Rule memory rule,
        bytes calldata encoded,
        uint256 offset,
        uint256 slots,
        bool divided
    ) private pure {
        uint256 count = encoded.u16(offset);
        offset += 2;
        encoded.requireLength(offset + (divided ? COST_AND_CATEGORY : COST) * count);
        if (count != slots) revert OutcomeReader.OutcomeSlotsDiffer(count, slots);
        rule.costs = new uint256[](slots);
        if (divided) rule.categories = new uint256[](slots);
        for (uint256 slot = 0; slot < slots; ++slot) {
            uint256 cost = encoded.u128(offset);
            offset += COST;
            if (cost == 0) revert OutcomeCostIsZero(slot);
            rule.costs[slot] = cost;
            if (!divided) continue;
            uint256 category = encoded.u16(offset);
            offset += 2;
            if (category >= rule.budgets.length) revert OutcomeUnknownCategory(slot, category);
            rule.categories[slot] = category;
        }
    }
}
