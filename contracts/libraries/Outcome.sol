// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title From a tally to a decision, in exact integers
/// @notice docs/protocol.md §14.
library Outcome {
    error OutcomeUnknownKind(uint8 kind);
    error OutcomeMalformed(uint256 length);
    error OutcomeSlotsDiffer(uint256 costs, uint256 slots);
    error OutcomeCostIsZero(uint256 slot);
    error OutcomeUnknownFlags(uint8 order, uint8 misfit);
    error OutcomeNotGreedy(bytes32 digest);
    error OutcomeOrderIncomplete(uint256 entries, uint256 slots);
    error OutcomeOrderWrong(uint256 place);

    uint8 private constant NONE = 0;
    uint8 private constant GREEDY = 1;
    /// @dev kind, order, misfit, minimum support, budget, number of costs
    uint256 private constant GREEDY_HEAD = 37;

    struct Greedy {
        bool byVotesPerCost;
        bool stopAtMisfit;
        uint256 minimumSupport;
        uint256 budget;
    }

    /// @notice 32 bytes that stand for an outcome rule.
    function digest(bytes calldata rule) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("ostraka/v1/outcome", rule));
    }

    /// @notice Reverts unless the rule is well formed for that many slots.
    function validate(bytes calldata rule, uint256 slots) internal pure {
        if (rule.length == 0) revert OutcomeMalformed(0);
        uint8 kind = uint8(rule[0]);
        if (kind == NONE) {
            if (rule.length != 1) revert OutcomeMalformed(rule.length);
        } else if (kind == GREEDY) {
            _greedy(rule, slots);
            for (uint256 slot = 0; slot < slots; ++slot) {
                if (_cost(rule, slot) == 0) revert OutcomeCostIsZero(slot);
            }
        } else {
            revert OutcomeUnknownKind(kind);
        }
    }

    /// @notice Which slots a greedy rule funds.
    /// @param order All slots from best to worst; checked in one pass.
    function winners(
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (bool[] memory funded) {
        Greedy memory greedy = _greedy(rule, tally.length);
        if (order.length != tally.length) revert OutcomeOrderIncomplete(order.length, tally.length);
        funded = new bool[](tally.length);
        uint256 left = greedy.budget;
        bool open = true;
        for (uint256 place = 0; place < order.length; ++place) {
            uint256 slot = order[place];
            if (slot >= tally.length) revert OutcomeOrderWrong(place);
            // Strictly descending over as many places as slots: a permutation, and the right one.
            if (place > 0 && !_precedes(greedy, rule, tally, order[place - 1], slot))
                revert OutcomeOrderWrong(place);
            if (!open || tally[slot] < greedy.minimumSupport) continue;
            uint256 cost = _cost(rule, slot);
            if (cost <= left) {
                funded[slot] = true;
                left -= cost;
            } else if (greedy.stopAtMisfit) {
                open = false;
            }
        }
    }

    function _precedes(
        Greedy memory greedy,
        bytes calldata rule,
        uint256[] calldata tally,
        uint256 first,
        uint256 second
    ) private pure returns (bool) {
        uint256 firstRank = tally[first];
        uint256 secondRank = tally[second];
        if (greedy.byVotesPerCost) {
            // A tally stays below 2^200 and a cost below 2^128, hence in two words.
            (uint256 firstHigh, uint256 firstLow) = _product(firstRank, _cost(rule, second));
            (uint256 secondHigh, uint256 secondLow) = _product(secondRank, _cost(rule, first));
            if (firstHigh != secondHigh) return firstHigh > secondHigh;
            (firstRank, secondRank) = (firstLow, secondLow);
        }
        return firstRank > secondRank || (firstRank == secondRank && first < second);
    }

    function _product(uint256 a, uint256 b) private pure returns (uint256 high, uint256 low) {
        unchecked {
            uint256 folded = mulmod(a, b, type(uint256).max);
            low = a * b;
            high = folded - low - (folded < low ? 1 : 0);
        }
    }

    function _greedy(
        bytes calldata rule,
        uint256 slots
    ) private pure returns (Greedy memory greedy) {
        if (rule.length == 0 || uint8(rule[0]) != GREEDY) revert OutcomeNotGreedy(digest(rule));
        if (rule.length < GREEDY_HEAD) revert OutcomeMalformed(rule.length);
        uint256 costs = uint16(bytes2(rule[35:37]));
        if (rule.length != GREEDY_HEAD + 16 * costs) revert OutcomeMalformed(rule.length);
        if (costs != slots) revert OutcomeSlotsDiffer(costs, slots);
        uint8 order = uint8(rule[1]);
        uint8 misfit = uint8(rule[2]);
        if (order > 1 || misfit > 1) revert OutcomeUnknownFlags(order, misfit);
        greedy.byVotesPerCost = order == 1;
        greedy.stopAtMisfit = misfit == 1;
        greedy.minimumSupport = uint128(bytes16(rule[3:19]));
        greedy.budget = uint128(bytes16(rule[19:35]));
    }

    function _cost(bytes calldata rule, uint256 slot) private pure returns (uint256) {
        uint256 start = GREEDY_HEAD + 16 * slot;
        return uint128(bytes16(rule[start:start + 16]));
    }
}
