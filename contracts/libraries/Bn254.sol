// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title BN254 G1 by the precompiles of EIP-196
/// @notice Points are (x, y) with the identity as (0, 0). docs/protocol.md §2.1–§2.4.
library Bn254 {
    error Bn254PrecompileFailed(uint256 x, uint256 y, uint256 scalar);
    error Bn254NotPoints(uint256 ax, uint256 ay, uint256 bx, uint256 by);

    uint256 internal constant P =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice Whether (x, y) encodes a point: reduced and on the curve, or the identity.
    function isPoint(uint256 x, uint256 y) internal pure returns (bool) {
        if (x == 0 && y == 0) return true;
        if (x >= P || y >= P) return false;
        return mulmod(y, y, P) == addmod(mulmod(mulmod(x, x, P), x, P), 3, P);
    }

    /// @notice Adds `scalar · (x, y)` to the sum at `total`.
    /// @dev The scalar must be reduced: the precompile would silently reduce it modulo R. A call
    /// to a precompile that a chain lacks succeeds and returns nothing, hence the check of the size.
    function addMultiple(
        uint256[2] memory total,
        uint256 x,
        uint256 y,
        uint256 scalar
    ) internal view {
        uint256[4] memory buffer;
        bool ok;
        assembly ("memory-safe") {
            mstore(buffer, x)
            mstore(add(buffer, 0x20), y)
            mstore(add(buffer, 0x40), scalar)
            ok := staticcall(gas(), 0x07, buffer, 0x60, buffer, 0x40)
            ok := and(eq(returndatasize(), 0x40), ok)
            mstore(add(buffer, 0x40), mload(total))
            mstore(add(buffer, 0x60), mload(add(total, 0x20)))
            ok := and(staticcall(gas(), 0x06, buffer, 0x80, total, 0x40), ok)
            ok := and(eq(returndatasize(), 0x40), ok)
        }
        if (!ok) revert Bn254PrecompileFailed(x, y, scalar);
    }

    /// @notice The sum of two points.
    /// @dev Reverts unless both are points.
    function add(
        uint256 ax,
        uint256 ay,
        uint256 bx,
        uint256 by
    ) internal view returns (uint256 x, uint256 y) {
        uint256[4] memory buffer = [ax, ay, bx, by];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 0x06, buffer, 0x80, buffer, 0x40)
            ok := and(eq(returndatasize(), 0x40), ok)
        }
        if (!ok) revert Bn254NotPoints(ax, ay, bx, by);
        return (buffer[0], buffer[1]);
    }

    /// @notice `scalar · (x, y)`; the scalar must be reduced.
    function multiple(
        uint256 x,
        uint256 y,
        uint256 scalar
    ) internal view returns (uint256, uint256) {
        uint256[2] memory total;
        addMultiple(total, x, y, scalar);
        return (total[0], total[1]);
    }
}
