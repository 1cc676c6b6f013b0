// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../contracts/Disputes.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IPollRegistry} from "../../contracts/interfaces/IPollRegistry.sol";
import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {Bonds} from "../../contracts/libraries/Bonds.sol";
import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Test} from "./support/Vm.sol";

/// @notice A registry with one anchored root.
contract AnchoredRegistry {
    uint256 public rejections;
    IPollRegistry.DisputeView private _seen;

    function anchor(address disputes, IPollRegistry.Root calldata root) external {
        _seen.status = IPollRegistry.Status.Anchored;
        _seen.disputes = disputes;
        _seen.root = root;
    }

    function reject(uint256) external {
        ++rejections;
    }

    function disputed(uint256) external view returns (IPollRegistry.DisputeView memory) {
        return _seen;
    }
}

/// @notice What docs/protocol.md §11.3 says of sums, padding and order. The runner fuzzes these
/// properties; `make soak ARGS="contracts halmos"` proves them for all values. `assert`, as the prover
/// takes any other revert for a case that does not matter.
contract SumTreeTest is Test {
    Disputes private immutable disputes = new Disputes(1);
    AnchoredRegistry private immutable registry = new AnchoredRegistry();

    /// @notice The depth is the least at which all leaves have a place.
    function testFuzz_depthIsTheLeast(uint32 count) external pure {
        vm.assume(count != 0);
        uint256 depth = SumTree.depth(count);
        assert(count <= 1 << depth);
        assert(depth == 0 || count > 1 << (depth - 1));
        assert(depth <= 32);
    }

    /// @notice `index << height` is the first leaf of a node, never wraps, and is beyond the count
    /// exactly if no leaf of the node counts.
    function testFuzz_paddingIsWhatHasNoLeaf(
        uint32 count,
        uint8 height,
        uint32 index,
        uint32 leaf
    ) external pure {
        vm.assume(count != 0);
        uint256 depth = SumTree.depth(count);
        vm.assume(height <= depth && index < 1 << (depth - height));
        uint256 first = uint256(index) << height;
        assert(first >> height == index);
        assert(first < 1 << depth);
        bool isBelow = leaf >> height == index;
        if (isBelow) assert(leaf >= first && leaf < first + (1 << height));
        bool isBeyond = first >= count;
        if (isBeyond && isBelow) assert(leaf >= count);
        if (!isBeyond) assert(first >> height == index && first < count);
    }

    /// @notice Bonds grow with every sixteenth challenge, and never lose a bit.
    function testFuzz_bondsOnlyGrow(uint128 bond, uint8 opened) external pure {
        uint256 doublings = uint256(opened) / 16;
        uint256 grown = Bonds.grown(bond, opened);
        assert(grown >> doublings == bond);
        assert(Bonds.grown(bond, uint256(opened) + 1) >= grown);
    }

    /// @notice Nobody shows a false sum in a true tree of two leaves, whatever is claimed, and what is
    /// true is refused for just that.
    function testFuzz_noSumOfATrueTreeIsFalse(
        SumTree.Leaf[2] calldata leaves,
        uint8 height,
        uint8 index,
        uint256[2] calldata sum,
        SumTree.Node calldata left,
        SumTree.Node calldata right
    ) external {
        SumTree.Node memory first = _node(leaves[0]);
        SumTree.Node memory second = _node(leaves[1]);
        SumTree.Node memory top = _parent(first, second);
        registry.anchor(address(disputes), IPollRegistry.Root(0, top.hash, top.x, top.y, 2));
        SumTree.Node[] memory none = new SumTree.Node[](0);
        try disputes.proveSum(_poll(), height, index, sum, left, right, none) {
            assert(false);
        } catch {}
        try disputes.proveSum(_poll(), 1, 0, [top.x, top.y], first, second, none) {
            assert(false);
        } catch (bytes memory reason) {
            assert(bytes4(reason) == IDisputes.DisputesNothingFalse.selector);
        }
        assert(registry.rejections() == 0);
    }

    /// @notice Nobody shows false padding in a true tree of three leaves, whatever is claimed.
    function testFuzz_noPaddingOfATrueTreeIsFalse(
        SumTree.Leaf[3] calldata leaves,
        uint8 height,
        uint8 index,
        SumTree.Node calldata node,
        SumTree.Node[2] calldata path
    ) external {
        _tree(leaves);
        height %= 3;
        SumTree.Node[] memory siblings = new SumTree.Node[](2 - height);
        for (uint256 i = 0; i < siblings.length; ++i) siblings[i] = path[i];
        try disputes.provePadding(_poll(), height, index, node, siblings) {
            assert(false);
        } catch {}
        assert(registry.rejections() == 0);
    }

    /// @notice Nobody shows a false order in a true tree of three leaves, whatever is claimed.
    function testFuzz_noOrderOfATrueTreeIsFalse(
        SumTree.Leaf[3] calldata leaves,
        uint8 index,
        SumTree.Leaf[2] calldata shown,
        SumTree.Node[4] calldata path
    ) external {
        _tree(leaves);
        SumTree.Node[][2] memory siblings;
        for (uint256 i = 0; i < 2; ++i) {
            siblings[i] = new SumTree.Node[](2);
            (siblings[i][0], siblings[i][1]) = (path[2 * i], path[2 * i + 1]);
        }
        try disputes.proveOrder(_poll(), index, shown, siblings) {
            assert(false);
        } catch {}
        assert(registry.rejections() == 0);
    }

    /// @notice A root of two leaves falls by its sum exactly if the sum is not that of the leaves.
    function testFuzz_everyFalseSumIsShown(
        SumTree.Leaf[2] calldata leaves,
        uint256[2] calldata sum
    ) external {
        SumTree.Node memory left = _node(leaves[0]);
        SumTree.Node memory right = _node(leaves[1]);
        bytes32 hash = SumTree.parent(left, right);
        registry.anchor(address(disputes), IPollRegistry.Root(0, hash, sum[0], sum[1], 2));
        SumTree.Node[] memory siblings = new SumTree.Node[](0);
        SumTree.Node memory top = _parent(left, right);
        bool isTrue = sum[0] == top.x && sum[1] == top.y;
        try disputes.proveSum(_poll(), 1, 0, sum, left, right, siblings) {
            assert(!isTrue);
            assert(registry.rejections() == 1);
        } catch {
            assert(isTrue);
        }
    }

    /// @notice A root of two leaves falls by their order exactly if their voters do not increase.
    function testFuzz_everyFalseOrderIsShown(SumTree.Leaf[2] calldata leaves) external {
        SumTree.Leaf[2] memory shown = [_leaf(leaves[0]), _leaf(leaves[1])];
        (SumTree.Node memory left, SumTree.Node memory right) = (
            SumTree.ofLeaf(shown[0]),
            SumTree.ofLeaf(shown[1])
        );
        SumTree.Node memory top = _parent(left, right);
        registry.anchor(address(disputes), IPollRegistry.Root(0, top.hash, top.x, top.y, 2));
        SumTree.Node[][2] memory siblings;
        (siblings[0], siblings[1]) = (new SumTree.Node[](1), new SumTree.Node[](1));
        (siblings[0][0], siblings[1][0]) = (right, left);
        bool isTrue = leaves[0].voter < leaves[1].voter;
        try disputes.proveOrder(_poll(), 0, shown, siblings) {
            assert(!isTrue);
        } catch {
            assert(isTrue);
        }
    }

    /// @notice A fourth node of a tree of three falls exactly if it is not empty.
    function testFuzz_everyFalsePaddingIsShown(
        SumTree.Leaf[3] calldata leaves,
        SumTree.Node calldata padding
    ) external {
        SumTree.Node memory last =
            padding.y % 2 == 0 ? SumTree.Node(padding.hash, 0, 0) : SumTree.Node(0, 1, 2);
        SumTree.Node[] memory siblings = new SumTree.Node[](2);
        siblings[0] = _node(leaves[2]);
        siblings[1] = _parent(_node(leaves[0]), _node(leaves[1]));
        SumTree.Node memory top = this.climb(last, 3, siblings);
        registry.anchor(address(disputes), IPollRegistry.Root(0, top.hash, top.x, top.y, 3));
        bool isTrue = last.hash == 0 && last.x == 0 && last.y == 0;
        try disputes.provePadding(_poll(), 0, 3, last, siblings) {
            assert(!isTrue);
        } catch {
            assert(isTrue);
        }
    }

    function climb(
        SumTree.Node calldata node,
        uint256 index,
        SumTree.Node[] calldata siblings
    ) external view returns (SumTree.Node memory) {
        return SumTree.climb(node, index, siblings);
    }

    /// @dev Anchors the tree of three leaves in order whose sums are true.
    function _tree(
        SumTree.Leaf[3] calldata leaves
    ) private returns (SumTree.Node[4] memory bottom, SumTree.Node memory top) {
        vm.assume(leaves[0].voter < leaves[1].voter && leaves[1].voter < leaves[2].voter);
        for (uint256 i = 0; i < 3; ++i) bottom[i] = _node(leaves[i]);
        top = _anchor(bottom);
    }

    function _anchor(SumTree.Node[4] memory bottom) private returns (SumTree.Node memory top) {
        top = _parent(_parent(bottom[0], bottom[1]), _parent(bottom[2], bottom[3]));
        registry.anchor(address(disputes), IPollRegistry.Root(0, top.hash, top.x, top.y, 3));
    }

    /// @dev The leaf, with one point as its sum. The prover knows of the precompiles only that equal
    /// inputs have equal outputs: not that an addition commutes.
    function _leaf(SumTree.Leaf calldata given) private pure returns (SumTree.Leaf memory leaf) {
        leaf = given;
        (leaf.x, leaf.y) = (1, 2);
    }

    function _node(SumTree.Leaf calldata given) private pure returns (SumTree.Node memory) {
        return SumTree.ofLeaf(_leaf(given));
    }

    function _parent(
        SumTree.Node memory left,
        SumTree.Node memory right
    ) private view returns (SumTree.Node memory) {
        (uint256 x, uint256 y) = Bn254.add(left.x, left.y, right.x, right.y);
        return SumTree.Node(SumTree.parent(left, right), x, y);
    }

    function _poll() private view returns (IDisputes.Poll memory) {
        return IDisputes.Poll(IPollRegistry(address(registry)), 1);
    }
}
