// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";

/// @title What a round fixes of its outcome rule
/// @notice docs/protocol.md §17.7.
library RoundOutcome {
    uint8 private constant GREEDY = 1;
    uint8 private constant CATEGORIES = 4;
    uint8 private constant PROPORTIONAL = 5;
    uint8 private constant BALLOTS = 8;
    /// @dev Methods of kind ballots that decide about costs.
    uint8 private constant EQUAL_SHARES = 0;
    uint8 private constant PHRAGMEN = 3;

    /// @dev kind, order, misfit, minimum support
    uint256 private constant GREEDY_LENGTH = 19;
    /// @dev kind, order, misfit, leftover, minimum support
    uint256 internal constant CATEGORIES_HEAD = 20;
    uint256 private constant MAX_CATEGORIES = 200;
    /// @dev kind, method, objection time, veto holder
    uint256 private constant BALLOTS_HEAD = 26;
    /// @dev utility, completion, increment
    uint256 private constant EQUAL_SHARES_LENGTH = 18;
    /// @dev Completions from here on let shares grow by the increment.
    uint256 private constant ADD_ONE = 2;
    uint256 private constant MAX_COMPLETION = 3;

    /// @notice Reverts with `BudgetTreasuryInvalidParameter` unless a round may have this outcome.
    /// @return categories Number of categories to choose from; 0 if proposals have none.
    /// @return proportional Whether votes divide the budget, so that proposals have no amount.
    function check(
        bytes calldata outcome,
        uint256 budget
    ) internal pure returns (uint16 categories, bool proportional) {
        if (outcome.length == 0) _refuse("outcome");
        uint8 kind = uint8(outcome[0]);
        if (kind == PROPORTIONAL) {
            if (outcome.length != 1) _refuse("outcome");
            return (0, true);
        }
        if (kind == BALLOTS) {
            _checkBallots(outcome);
            return (0, false);
        }
        if (kind == GREEDY) {
            if (outcome.length != GREEDY_LENGTH) _refuse("outcome");
        } else if (kind == CATEGORIES) {
            categories = _categories(outcome, budget);
        } else {
            _refuse("outcome");
        }
        if (uint8(outcome[1]) > 1) _refuse("outcome.order");
        if (uint8(outcome[2]) > 1) _refuse("outcome.misfit");
    }

    function _checkBallots(bytes calldata outcome) private pure {
        if (outcome.length < BALLOTS_HEAD) _refuse("outcome");
        uint8 method = uint8(outcome[1]);
        if (uint32(bytes4(outcome[2:6])) == 0) _refuse("outcome.objectionTime");
        if (method == EQUAL_SHARES) {
            if (outcome.length != BALLOTS_HEAD + EQUAL_SHARES_LENGTH) _refuse("outcome");
            if (uint8(outcome[BALLOTS_HEAD]) > 1) _refuse("outcome.utility");
            uint8 completion = uint8(outcome[BALLOTS_HEAD + 1]);
            if (completion > MAX_COMPLETION) _refuse("outcome.completion");
            bool grows = bytes16(outcome[BALLOTS_HEAD + 2:]) != 0;
            if (grows != (completion >= ADD_ONE)) _refuse("outcome.increment");
        } else if (method == PHRAGMEN) {
            if (outcome.length != BALLOTS_HEAD) _refuse("outcome");
        } else {
            _refuse("outcome.method");
        }
    }

    /// @dev Number of categories.
    function _categories(bytes calldata outcome, uint256 budget) private pure returns (uint16) {
        uint256 offset = CATEGORIES_HEAD + 2;
        if (outcome.length < offset) _refuse("outcome");
        uint256 count = _u16(outcome, CATEGORIES_HEAD);
        if (outcome.length != offset + 16 * count) _refuse("outcome");
        if (count == 0 || count > MAX_CATEGORIES) _refuse("outcome.categories");
        if (uint8(outcome[3]) > 1) _refuse("outcome.leftover");
        uint256 total = 0;
        for (; offset < outcome.length; offset += 16) {
            total += uint128(bytes16(outcome[offset:offset + 16]));
        }
        if (total > budget) _refuse("outcome.budgets");
        return uint16(count);
    }

    function _u16(bytes calldata data, uint256 offset) private pure returns (uint256) {
        return uint16(bytes2(data[offset:offset + 2]));
    }

    function _refuse(string memory field) private pure {
        revert IBudgetTreasury.BudgetTreasuryInvalidParameter(field);
    }
}
