// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";
import {Bonds} from "../../../contracts/libraries/Bonds.sol";
import {SumTree} from "../../../contracts/libraries/SumTree.sol";

/// @notice The internal libraries of disputes, callable from tests.
contract DisputeLibraries {
    function answerGas(bytes calldata rule, uint256 voters) external pure returns (uint256) {
        return Bonds.answerGas(rule, voters);
    }

    function price(
        bytes calldata rule,
        uint256 voters,
        uint256 baseFee
    ) external pure returns (uint256) {
        return Bonds.price(rule, voters, baseFee);
    }

    function placePrice(uint256 count, uint256 baseFee) external pure returns (uint256) {
        return Bonds.placePrice(count, baseFee);
    }

    function grown(uint256 bond, uint256 opened) external pure returns (uint256) {
        return Bonds.grown(bond, opened);
    }

    function depth(uint256 count) external pure returns (uint256) {
        return SumTree.depth(count);
    }

    function rootDigest(IPollRegistry.Root calldata root) external pure returns (bytes32) {
        return SumTree.rootDigest(root);
    }

    function ofLeaf(SumTree.Leaf calldata leaf) external pure returns (SumTree.Node memory) {
        return SumTree.ofLeaf(leaf);
    }

    function climb(
        SumTree.Node calldata node,
        uint256 index,
        SumTree.Node[] calldata siblings
    ) external view returns (SumTree.Node memory) {
        return SumTree.climb(node, index, siblings);
    }
}
