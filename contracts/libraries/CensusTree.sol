// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Merkle sum tree over a census, in the order of its accounts
/// @notice docs/protocol.md §6.2. Number and total weight are part of the root, so nobody can
/// misstate them to a contract that knows the root.
library CensusTree {
    /// @notice A node: its hash, and the sum of the weights below it.
    struct Sibling {
        bytes32 hash;
        uint128 sum;
    }

    /// @notice A voter of a census.
    struct Entry {
        address account;
        address signingKey;
        uint128 weight;
    }

    /// @notice Shows that a census has an account with this key and weight.
    struct Membership {
        address signingKey;
        uint128 weight;
        // Place in the census, from 0.
        uint32 index;
        // The content of the census root.
        bytes32 rootHash;
        uint128 totalWeight;
        uint32 count;
        // From the leaf upward.
        Sibling[] siblings;
    }

    /// @notice Census root from the hash of the top node, the total weight and the number of voters.
    function root(
        bytes32 topHash,
        uint128 totalWeight,
        uint32 count
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("ostraka/v2/census-root", topHash, totalWeight, count));
    }

    /// @notice Whether the census of that root has the account at the place that the membership
    /// names.
    /// @dev Sides follow from the index, and the number of siblings from the count. Otherwise an
    /// inner node, or a place in the padding, could pass for a leaf. Sums are checked and never wrap.
    function contains(
        bytes32 censusRoot,
        address account,
        Membership calldata membership
    ) internal pure returns (bool) {
        if (account == address(0) || membership.signingKey == address(0)) return false;
        if (membership.weight == 0 || membership.index >= membership.count) return false;
        if (membership.siblings.length != depth(membership.count)) return false;
        if (root(membership.rootHash, membership.totalWeight, membership.count) != censusRoot)
            return false;
        (bool fits, bytes32 hash, uint256 sum) = climb(
            ofEntry(Entry(account, membership.signingKey, membership.weight)),
            membership.weight,
            membership.index,
            membership.siblings
        );
        return fits && hash == membership.rootHash && sum == membership.totalWeight;
    }

    /// @notice Number of levels above the leaves; `count` is at least 1.
    function depth(uint256 count) internal pure returns (uint256) {
        return Math.log2(count, Math.Rounding.Ceil);
    }

    /// @notice Hash of the leaf of an entry, valid or not; its sum is the weight.
    function ofEntry(Entry memory entry) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    "ostraka/v2/census-leaf",
                    entry.account,
                    entry.signingKey,
                    entry.weight
                )
            );
    }

    /// @notice Hash of an inner node, whatever its own sum.
    function parent(
        bytes32 left,
        uint128 leftSum,
        bytes32 right,
        uint128 rightSum
    ) internal pure returns (bytes32) {
        return
            keccak256(abi.encodePacked("ostraka/v2/census-node", left, leftSum, right, rightSum));
    }

    /// @notice Top node above a node, with every sum on the way added up.
    /// @param index Place of the node among those of its height, from 0.
    /// @param siblings From the node's height upward.
    /// @return fits Whether every sum is below 2^128. Otherwise there is no top node.
    function climb(
        bytes32 hash,
        uint256 sum,
        uint256 index,
        Sibling[] calldata siblings
    ) internal pure returns (bool fits, bytes32, uint256) {
        for (uint256 height = 0; height < siblings.length; ++height) {
            Sibling calldata sibling = siblings[height];
            (bytes32 other, uint128 otherSum) = (sibling.hash, sibling.sum);
            hash =
                (index >> height) & 1 == 1
                    ? parent(other, otherSum, hash, uint128(sum))
                    : parent(hash, uint128(sum), other, otherSum);
            // Both are below 2^128.
            unchecked {
                sum += otherSum;
            }
            if (sum > type(uint128).max) return (false, 0, 0);
        }
        return (true, hash, sum);
    }
}
