// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SumTree} from "./SumTree.sol";

/// @title What a challenge costs its maker, and how close two may come
/// @notice docs/protocol.md §11.3.
library Bonds {
    /// @dev Least time between the deadlines of two challenges, in seconds: nobody can be made to
    /// answer many in one block.
    uint256 internal constant SPACING = 12;
    // Upper bounds of what an answer uses, in gas: measured up to the largest rules.
    uint256 private constant ANSWER_GAS = 320_000;
    uint256 private constant GAS_PER_WIDTH = 7_500;
    uint256 private constant GAS_PER_RULE_BYTE = 50;
    uint256 private constant GAS_PER_LEVEL = 8_000;
    // The same for showing a place of a census.
    uint256 private constant PLACE_GAS = 60_000;
    uint256 private constant PLACE_GAS_PER_LEVEL = 4_000;
    /// @dev Bonds are so many times the price of an answer.
    uint256 private constant FACTOR = 3;
    /// @dev The bond doubles after so many challenges of one root, so that a flood costs more than
    /// anybody has.
    uint256 private constant DOUBLING = 16;
    uint256 private constant MAX_DOUBLINGS = 64;

    /// @notice Most gas of an answer, for a rule and a number of voters.
    function answerGas(bytes calldata rule, uint256 voters) internal pure returns (uint256) {
        uint256 width = uint256(uint16(bytes2(rule[0:2]))) + uint16(bytes2(rule[6:8]));
        // The paths in the tree of ballots and in the census.
        uint256 levels = 2 * SumTree.depth(voters);
        return
            ANSWER_GAS +
            GAS_PER_WIDTH * width +
            GAS_PER_RULE_BYTE * rule.length +
            GAS_PER_LEVEL * levels;
    }

    /// @notice Bond of the first challenges, in wei.
    function price(
        bytes calldata rule,
        uint256 voters,
        uint256 baseFee
    ) internal pure returns (uint256) {
        return FACTOR * answerGas(rule, voters) * baseFee;
    }

    /// @notice Bond of the first challenges of a place of a census, in wei.
    function placePrice(uint256 count, uint256 baseFee) internal pure returns (uint256) {
        return FACTOR * (PLACE_GAS + PLACE_GAS_PER_LEVEL * SumTree.depth(count)) * baseFee;
    }

    /// @notice Bond after so many challenges of one root.
    function grown(uint256 bond, uint256 opened) internal pure returns (uint256) {
        return bond << Math.min(opened / DOUBLING, MAX_DOUBLINGS);
    }
}
