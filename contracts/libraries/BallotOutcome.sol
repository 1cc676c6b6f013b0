// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutcomeReader} from "./OutcomeReader.sol";

/// @title Outcomes of opened ballots: what a contract can check of them
/// @notice docs/protocol.md §14.10. Only those who read the opened ballots can compute such an outcome.
library BallotOutcome {
    using OutcomeReader for bytes;

    error BallotOutcomeCostIsZero(uint256 slot);
    error BallotOutcomeInvalidAward(uint256 slot, uint256 award);
    error BallotOutcomeOverBudget(uint256 cost, uint256 budget);
    error BallotOutcomeTooManyAwards(uint256 awards, uint256 seats);

    uint256 private constant EQUAL_SHARES = 0;
    uint256 private constant INSTANT_RUNOFF = 1;
    uint256 private constant TRANSFERABLE_VOTE = 2;
    uint256 private constant PHRAGMEN = 3;

    /// @dev Completions from here on let shares grow.
    uint256 private constant ADD_ONE = 2;
    uint256 private constant MAX_COMPLETION = 3;
    /// @dev kind, method, objection time, veto holder
    uint256 private constant HEAD = 26;
    uint256 private constant COST = 16;

    struct Rule {
        uint256 method;
        uint32 objectionTime;
        address vetoHolder;
        // Seats to fill, and no costs; or a budget and the cost of each slot.
        uint256 limit;
        uint256[] costs;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    function read(bytes calldata encoded, uint256 slots) internal pure returns (Rule memory rule) {
        rule.method = encoded.u8(1);
        rule.objectionTime = uint32(encoded.u32(2));
        if (rule.objectionTime == 0) revert OutcomeReader.OutcomeOutOfRange("objectionTime", 0);
        rule.vetoHolder = encoded.account(6);
        if (rule.method == EQUAL_SHARES) {
            encoded.flag(HEAD);
            uint256 completion = encoded.u8(HEAD + 1);
            if (completion > MAX_COMPLETION)
                revert OutcomeReader.OutcomeOutOfRange("completion", completion);
            uint256 increment = encoded.u128(HEAD + 2);
            // By how much each share grows; 0 exactly where none does.
            if ((increment != 0) != (completion >= ADD_ONE))
                revert OutcomeReader.OutcomeOutOfRange("increment", increment);
            _readCosts(rule, encoded, HEAD + 18, slots);
        } else if (rule.method == PHRAGMEN) {
            _readCosts(rule, encoded, HEAD, slots);
        } else if (rule.method == INSTANT_RUNOFF) {
            rule.limit = 1;
            _readOptions(encoded, HEAD, slots);
        } else if (rule.method == TRANSFERABLE_VOTE) {
            rule.limit = encoded.u16(HEAD);
            if (rule.limit == 0 || rule.limit > slots)
                revert OutcomeReader.OutcomeOutOfRange("seats", rule.limit);
            _readOptions(encoded, HEAD + 2, slots);
        } else {
            revert OutcomeReader.OutcomeOutOfRange("method", rule.method);
        }
    }

    /// @notice Whether the veto holder, if the rule names one, has at least that many seconds to object.
    /// @param encoded A rule of this kind, or what a round fixes of it.
    function leavesTime(bytes calldata encoded, uint256 least) internal pure returns (bool) {
        return encoded.account(6) == address(0) || encoded.u32(2) >= least;
    }

    /// @notice Reverts unless each award is 0 or 1, and together they stay within seats or budget.
    function requireWithin(Rule memory rule, uint256[] calldata awards) internal pure {
        bool costly = rule.costs.length != 0;
        uint256 total = 0;
        for (uint256 slot = 0; slot < awards.length; ++slot) {
            uint256 award = awards[slot];
            if (award > 1) revert BallotOutcomeInvalidAward(slot, award);
            if (award == 1) total += costly ? rule.costs[slot] : 1;
        }
        if (total <= rule.limit) return;
        if (costly) revert BallotOutcomeOverBudget(total, rule.limit);
        revert BallotOutcomeTooManyAwards(total, rule.limit);
    }

    function _readOptions(bytes calldata encoded, uint256 offset, uint256 slots) private pure {
        encoded.requireLength(offset + 2);
        uint256 options = encoded.u16(offset);
        if (options != slots) revert OutcomeReader.OutcomeSlotsDiffer(options, slots);
    }

    /// @dev `offset` is the position of the budget.
    function _readCosts(
        Rule memory rule,
        bytes calldata encoded,
        uint256 offset,
        uint256 slots
    ) private pure {
        rule.limit = encoded.u128(offset);
        uint256 count = encoded.u16(offset + 16);
        offset += 18;
        encoded.requireLength(offset + COST * count);
        if (count != slots) revert OutcomeReader.OutcomeSlotsDiffer(count, slots);
        rule.costs = new uint256[](slots);
        for (uint256 slot = 0; slot < slots; ++slot) {
            uint256 cost = encoded.u128(offset + COST * slot);
            if (cost == 0) revert BallotOutcomeCostIsZero(slot);
            rule.costs[slot] = cost;
        }
    }
}
