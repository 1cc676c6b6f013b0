// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPollRegistry} from "../interfaces/IPollRegistry.sol";
import {Bn254} from "./Bn254.sol";

/// @title Merkle sum tree over the counted ballots
/// @notice docs/protocol.md §10.4. Sides follow from the index and the number of levels from the
/// count, so that a node has one place.
library SumTree {
    /// @notice A node: its hash, and the sum of the commitments below it.
    struct Node {
        bytes32 hash;
        uint256 x;
        uint256 y;
    }

    /// @notice Content of a leaf; (x, y) is the weighted commitment.
    struct Leaf {
        address voter;
        uint128 weight;
        uint64 castAt;
        bytes32 ballotDigest;
        uint256 x;
        uint256 y;
    }

    /// @notice Number of levels above the leaves; `count` is at least 1.
    function depth(uint256 count) internal pure returns (uint256) {
        return Math.log2(count, Math.Rounding.Ceil);
    }

    function rootDigest(IPollRegistry.Root memory root) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked("ostraka/v2/root", root.rootHash, root.sumX, root.sumY, root.count)
            );
    }

    function ofLeaf(Leaf memory leaf) internal pure returns (Node memory) {
        bytes32 hash = keccak256(
            abi.encodePacked(
                "ostraka/v2/leaf",
                leaf.voter,
                leaf.weight,
                leaf.castAt,
                leaf.ballotDigest,
                leaf.x,
                leaf.y
            )
        );
        return Node(hash, leaf.x, leaf.y);
    }

    /// @notice Hash of an inner node, whatever its own sum.
    function parent(Node memory left, Node memory right) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    "ostraka/v2/node",
                    left.hash,
                    left.x,
                    left.y,
                    right.hash,
                    right.x,
                    right.y
                )
            );
    }

    /// @notice Top node above a node, with every sum on the way added up.
    /// @dev Of a tree with several false sums, only what is below none of them can be shown so; the
    /// uppermost false sum always can. Reverts where a sibling's sum is no point.
    /// @param index Place of the node among those of its height, from 0.
    /// @param siblings From the node's height upward.
    function climb(
        Node memory node,
        uint256 index,
        Node[] calldata siblings
    ) internal view returns (Node memory current) {
        current = Node(node.hash, node.x, node.y);
        for (uint256 level = 0; level < siblings.length; ++level) {
            Node memory sibling = siblings[level];
            current.hash =
                (index >> level) & 1 == 1 ? parent(sibling, current) : parent(current, sibling);
            (current.x, current.y) = Bn254.add(current.x, current.y, sibling.x, sibling.y);
        }
    }
}
