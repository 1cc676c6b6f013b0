// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Merkle sum tree over a census, in the order of its accounts
/// @notice docs/protocol.md §6.2. Number and total weight are part of the root, so nobody can
/// misstate them to a contract that knows the root.
library CensusTree {
    /// @notice A node beside the path: its hash, and the sum of the weights below it.
    struct Sibling {
        bytes32 hash;
        uint128 sum;
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
        uint256 depth = Math.log2(membership.count, Math.Rounding.Ceil);
        if (membership.siblings.length != depth) return false;
        if (root(membership.rootHash, membership.totalWeight, membership.count) != censusRoot)
            return false;
        bytes32 hash = keccak256(
            abi.encodePacked(
                "ostraka/v2/census-leaf",
                account,
                membership.signingKey,
                membership.weight
            )
        );
        uint256 sum = membership.weight;
        for (uint256 height = 0; height < depth; ++height) {
            Sibling calldata sibling = membership.siblings[height];
            bool isRight = (membership.index >> height) & 1 == 1;
            hash =
                isRight
                    ? _parent(sibling.hash, sibling.sum, hash, uint128(sum))
                    : _parent(hash, uint128(sum), sibling.hash, sibling.sum);
            sum += sibling.sum;
            if (sum > type(uint128).max) return false;
        }
        return hash == membership.rootHash && sum == membership.totalWeight;
    }

    function _parent(
        bytes32 left,
        uint128 leftSum,
        bytes32 right,
        uint128 rightSum
    ) private pure returns (bytes32) {
        return
            keccak256(abi.encodePacked("ostraka/v2/census-node", left, leftSum, right, rightSum));
    }
}
