// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Commitments on the generators of a GeneratorTable
/// @notice docs/protocol.md §2.9.
library Generators {
    error GeneratorsPrecompileFailed();

    /// @notice `Σ values[j] · G_{j+1} + blinding · H`, as a point (x, y).
    /// @dev Scalars must be reduced and `values` have at most 320 entries. A call to a precompile that
    /// a chain lacks succeeds and returns nothing, hence the checks of the size.
    function commitment(
        address table,
        uint256[] memory values,
        uint256 blinding
    ) internal view returns (uint256[2] memory total) {
        uint256 size = 64 * (values.length + 1);
        bool ok = true;
        assembly ("memory-safe") {
            // All points, and room for the total after them. The first byte of the code is STOP.
            let first := mload(0x40)
            extcodecopy(table, first, 1, size)
            let point := add(first, size)
            mstore(point, 0)
            mstore(add(point, 0x20), 0)
            let value := add(values, shl(5, mload(values)))
            // From the last point to the first: each multiple is added to the total right behind it,
            // and the sum replaces the point.
            for {} gt(point, first) {
                value := sub(value, 0x20)
            } {
                let totalX := mload(point)
                let scalar := mload(value)
                if eq(value, values) {
                    scalar := blinding
                }
                mstore(point, scalar)
                let base := sub(point, 0x40)
                ok := and(staticcall(gas(), 0x07, base, 0x60, base, 0x40), ok)
                ok := and(eq(returndatasize(), 0x40), ok)
                mstore(point, totalX)
                ok := and(staticcall(gas(), 0x06, base, 0x80, base, 0x40), ok)
                ok := and(eq(returndatasize(), 0x40), ok)
                point := base
            }
            mstore(total, mload(first))
            mstore(add(total, 0x20), mload(add(first, 0x20)))
        }
        if (!ok) revert GeneratorsPrecompileFailed();
    }
}
