// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Libraries} from "./support/Libraries.sol";
import {Test} from "./support/Vm.sol";

/// @notice Fuzzes greedy outcomes against choosing the best of the rest again and again: docs/protocol.md §14.3.
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

    function _compare(
        Rule memory rule,
        uint256[] memory tally,
        uint256[] memory costs
    ) private view {
        uint16[] memory order = new uint16[](6);
        bool[] memory seen = new bool[](6);
        bool[] memory expected = new bool[](6);
        uint256 left = rule.budget;
        bool open = true;
        for (uint256 place = 0; place < 6; ++place) {
            uint256 best = _best(rule.byCost, tally, costs, seen);
            (order[place], seen[best]) = (uint16(best), true);
            if (!open || tally[best] < rule.minimumSupport) continue;
            if (costs[best] <= left) {
                expected[best] = true;
                left -= costs[best];
            } else if (rule.stop) {
                open = false;
            }
        }
        bytes memory encoded = _encode(rule, costs);
        libraries.validateOutcome(encoded, 6);
        bool[] memory funded = libraries.winners(encoded, tally, order);
        requireTrue("funded", keccak256(abi.encode(expected)) == keccak256(abi.encode(funded)));

        // Any two neighbours the other way round are not the order.
        for (uint256 place = 1; place < 6; ++place) {
            (order[place - 1], order[place]) = (order[place], order[place - 1]);
            try libraries.winners(encoded, tally, order) returns (bool[] memory) {
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

    function _scaled(
        uint8[6] calldata values,
        uint256 modulus,
        uint256 least
    ) private pure returns (uint256[] memory scaled) {
        scaled = new uint256[](6);
        for (uint256 i = 0; i < 6; ++i) scaled[i] = least + (values[i] % modulus);
    }
}
