// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Libraries} from "./support/Libraries.sol";
import {Test} from "./support/Vm.sol";

/// @notice Fuzzes greedy outcomes against choosing the best of the rest again and again, and others
/// against what they promise: docs/protocol.md §14.
contract OutcomeTest is Test {
    Libraries private immutable libraries = new Libraries();

    struct Rule {
        bool byCost;
        bool stop;
        uint128 minimumSupport;
        uint128 budget;
    }

    /// @dev Few distinct values, so that ties, misfits and missing support occur.
    function testFuzz_greedyIsBestOfTheRest(
        Rule memory rule,
        uint8[6] calldata votes,
        uint8[6] calldata costs
    ) external view {
        rule.minimumSupport %= 4;
        rule.budget %= 24;
        _compare(rule, _scaled(votes, 6, 0), _scaled(costs, 7, 1));
    }

    function testFuzz_greedyAtAnyMagnitude(
        Rule calldata rule,
        uint200[6] calldata votes,
        uint128[6] calldata costs
    ) external view {
        uint256[] memory tally = new uint256[](6);
        uint256[] memory prices = new uint256[](6);
        for (uint256 i = 0; i < 6; ++i) (tally[i], prices[i]) = (votes[i], costs[i] | 1);
        _compare(rule, tally, prices);
    }

    /// @dev All of the amount, each part rounded down or one more, and no other order.
    function testFuzz_proportionalGivesAllOfIt(
        uint128 amount,
        uint200[6] calldata votes,
        uint8 quiet
    ) external view {
        if (amount == 0) amount = 1;
        uint256[] memory tally = new uint256[](6);
        uint256 total = 0;
        for (uint256 i = 0; i < 6; ++i) {
            if ((quiet >> i) & 1 == 0) tally[i] = votes[i];
            total += tally[i];
        }
        uint256[] memory remainders = new uint256[](6);
        for (uint256 i = 0; i < 6 && total > 0; ++i)
            remainders[i] = mulmod(amount, tally[i], total);
        uint16[] memory order = _order(remainders);
        bytes memory encoded = abi.encodePacked(uint8(5), amount, uint16(6));
        libraries.validateOutcome(encoded, 6);
        uint256[] memory given = libraries.awards(encoded, tally, order);
        uint256 sum = 0;
        for (uint256 i = 0; i < 6; ++i) {
            sum += given[i];
            if (total == 0) continue;
            uint256 least = Math.mulDiv(amount, tally[i], total);
            requireTrue("part", given[i] == least || given[i] == least + 1);
            if (tally[i] == 0) requireEqual("no votes, no part", 0, given[i]);
        }
        requireEqual("all of it", total == 0 ? 0 : amount, sum);
        _requireOnlyOrder(encoded, tally, order);
    }

    /// @dev Awards of opened ballots pass exactly if they are 0 or 1 and cost no more than the budget.
    function testFuzz_attestedAwardsKeepTheBudget(
        uint128 budget,
        uint128[6] calldata costs,
        uint8[6] calldata given,
        bool few
    ) external view {
        bytes memory encoded = abi.encodePacked(
            hex"0803",
            uint32(1),
            address(0),
            budget,
            uint16(6)
        );
        uint256[] memory awards = new uint256[](6);
        uint256 total = 0;
        bool within = true;
        for (uint256 i = 0; i < 6; ++i) {
            encoded = bytes.concat(encoded, abi.encodePacked(costs[i] | 1));
            // Mostly 0 and 1.
            awards[i] =
                few
                    ? given[i] % 2
                    : given[i] % 9 == 8
                        ? 2
                        : given[i] % 2;
            if (awards[i] > 1) within = false;
            else if (awards[i] == 1) total += costs[i] | 1;
        }
        if (total > budget) within = false;
        libraries.validateOutcome(encoded, 6);
        try libraries.attestable(encoded, awards) {
            requireTrue("accepted", within);
        } catch {
            requireTrue("refused", !within);
        }
    }

    /// @dev No budget is overrun, whole or of a category; a second pass only adds.
    function testFuzz_categoriesKeepTheirBudgets(
        Rule memory rule,
        uint8[6] calldata votes,
        uint8[6] calldata costs,
        uint8[6] calldata categories,
        uint8[3] calldata budgets
    ) external view {
        rule.byCost = false;
        rule.minimumSupport %= 4;
        rule.budget %= 40;
        uint256[] memory tally = _scaled(votes, 6, 0);
        uint256[] memory prices = _scaled(costs, 7, 1);
        uint16[] memory order = _order(tally);
        bytes memory encoded = _encodeCategories(rule, prices, categories, budgets);
        libraries.validateOutcome(encoded, 6);
        uint256[] memory first = libraries.awards(encoded, tally, order);
        encoded[3] = 0x01;
        uint256[] memory both = libraries.awards(encoded, tally, order);
        _requireOnlyOrder(encoded, tally, order);
        for (uint256 i = 0; i < 6; ++i) {
            requireTrue("only adds", first[i] <= both[i] && both[i] <= 1);
            if (tally[i] < rule.minimumSupport) requireEqual("unsupported", 0, both[i]);
        }
        for (uint256 i = 0; i < 3; ++i) {
            uint256 spent = _cost(first, prices, categories, i);
            requireTrue("category", spent <= budgets[i] % 20);
        }
        requireTrue("budget", _cost(first, prices, categories, 3) <= rule.budget);
        uint256 total = _cost(both, prices, categories, 3);
        requireTrue("budget", total <= rule.budget);
        // Where nothing ends a pass, nothing that still fits is left out.
        for (uint256 i = 0; i < 6 && !rule.stop; ++i) {
            bool out = both[i] == 0 && tally[i] >= rule.minimumSupport;
            requireTrue("fits no more", !out || total + prices[i] > rule.budget);
        }
    }

    /// @dev Of one category, or of all where that is 3.
    function _cost(
        uint256[] memory given,
        uint256[] memory prices,
        uint8[6] calldata categories,
        uint256 category
    ) private pure returns (uint256 cost) {
        for (uint256 i = 0; i < 6; ++i) {
            if (category == 3 || categories[i] % 3 == category) cost += given[i] * prices[i];
        }
    }

    /// @dev Yes and no are never both awarded, and more yes never turns yes into no.
    function testFuzz_majorityIsMonotonic(
        bool strict,
        uint128 quorum,
        uint64 numerator,
        uint64 denominator,
        uint192[3] calldata votes,
        uint64 more
    ) external view {
        if (denominator < 2) denominator = 2;
        numerator = 1 + (numerator % (denominator - 1));
        bytes memory encoded = abi.encodePacked(
            uint8(2),
            true,
            strict,
            quorum,
            numerator,
            denominator
        );
        libraries.validateOutcome(encoded, 3);
        uint256[] memory tally = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) tally[i] = votes[i];
        uint256[] memory given = libraries.awards(encoded, tally, new uint16[](0));
        requireTrue("one of both", given[0] + given[1] <= 1 && given[2] == 0);
        tally[0] += more;
        uint256[] memory later = libraries.awards(encoded, tally, new uint16[](0));
        requireTrue("monotonic", later[0] >= given[0]);
    }

    function _order(uint256[] memory keys) private pure returns (uint16[] memory order) {
        order = new uint16[](keys.length);
        bool[] memory seen = new bool[](keys.length);
        for (uint256 place = 0; place < keys.length; ++place) {
            uint256 best = _best(false, keys, keys, seen);
            (order[place], seen[best]) = (uint16(best), true);
        }
    }

    function _compare(
        Rule memory rule,
        uint256[] memory tally,
        uint256[] memory costs
    ) private view {
        uint16[] memory order = new uint16[](6);
        bool[] memory seen = new bool[](6);
        uint256[] memory expected = new uint256[](6);
        uint256 left = rule.budget;
        bool open = true;
        for (uint256 place = 0; place < 6; ++place) {
            uint256 best = _best(rule.byCost, tally, costs, seen);
            (order[place], seen[best]) = (uint16(best), true);
            if (!open || tally[best] < rule.minimumSupport) continue;
            if (costs[best] <= left) {
                expected[best] = 1;
                left -= costs[best];
            } else if (rule.stop) {
                open = false;
            }
        }
        bytes memory encoded = _encode(rule, costs);
        libraries.validateOutcome(encoded, 6);
        uint256[] memory given = libraries.awards(encoded, tally, order);
        requireTrue("awards", keccak256(abi.encode(expected)) == keccak256(abi.encode(given)));

        _requireOnlyOrder(encoded, tally, order);
    }

    /// @dev Any two neighbours the other way round are not the order.
    function _requireOnlyOrder(
        bytes memory encoded,
        uint256[] memory tally,
        uint16[] memory order
    ) private view {
        for (uint256 place = 1; place < order.length; ++place) {
            (order[place - 1], order[place]) = (order[place], order[place - 1]);
            try libraries.awards(encoded, tally, order) returns (uint256[] memory) {
                requireTrue("order refused", false);
            } catch {
                (order[place - 1], order[place]) = (order[place], order[place - 1]);
            }
        }
    }

    function _best(
        bool byCost,
        uint256[] memory tally,
        uint256[] memory costs,
        bool[] memory seen
    ) private pure returns (uint256 best) {
        best = type(uint256).max;
        for (uint256 slot = 0; slot < 6; ++slot) {
            if (seen[slot]) continue;
            if (best == type(uint256).max || _more(byCost, tally, costs, slot, best)) best = slot;
        }
    }

    /// @dev By continued fractions instead of a product.
    function _more(
        bool byCost,
        uint256[] memory tally,
        uint256[] memory costs,
        uint256 a,
        uint256 b
    ) private pure returns (bool) {
        if (!byCost) return tally[a] > tally[b];
        (uint256 p, uint256 q, uint256 r, uint256 s) = (tally[a], costs[a], tally[b], costs[b]);
        while (true) {
            if (p / q != r / s) return p / q > r / s;
            (p, r) = (p % q, r % s);
            if (r == 0) return p != 0;
            if (p == 0) return false;
            (p, q, r, s) = (s, r, q, p);
        }
        return false;
    }

    function _encode(
        Rule memory rule,
        uint256[] memory costs
    ) private pure returns (bytes memory encoded) {
        encoded = abi.encodePacked(
            uint8(1),
            rule.byCost,
            rule.stop,
            rule.minimumSupport,
            rule.budget,
            uint16(costs.length)
        );
        for (uint256 i = 0; i < costs.length; ++i) {
            encoded = abi.encodePacked(encoded, uint128(costs[i]));
        }
    }

    function _encodeCategories(
        Rule memory rule,
        uint256[] memory costs,
        uint8[6] calldata categories,
        uint8[3] calldata budgets
    ) private pure returns (bytes memory encoded) {
        encoded = abi.encodePacked(
            uint8(4),
            rule.byCost,
            rule.stop,
            false,
            rule.minimumSupport,
            rule.budget,
            uint16(3)
        );
        for (uint256 i = 0; i < 3; ++i)
            encoded = abi.encodePacked(encoded, uint128(budgets[i] % 20));
        encoded = abi.encodePacked(encoded, uint16(6));
        for (uint256 i = 0; i < 6; ++i) {
            encoded = abi.encodePacked(encoded, uint128(costs[i]), uint16(categories[i] % 3));
        }
    }

    function _scaled(
        uint8[6] calldata values,
        uint256 modulus,
        uint256 least
    ) private pure returns (uint256[] memory scaled) {
        scaled = new uint256[](6);
        for (uint256 i = 0; i < 6; ++i) scaled[i] = least + (values[i] % modulus);
    }
}
