// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";

/// @title Commitments on the generators of a GeneratorTable
/// @notice docs/protocol.md §2.9.
library Generators {
    /// @notice `Σ values[j] · G_{j+1} + blinding · H`, as a point (x, y).
    /// @dev Scalars must be reduced and `values` have at most 320 entries.
    function commitment(
        address table,
        uint256[] memory values,
        uint256 blinding
    ) internal view returns (uint256[2] memory total) {
        uint256 size = 64 * (values.length + 1);
        bytes memory points = new bytes(size);
        assembly ("memory-safe") {
            // The first byte of the code is STOP.
            extcodecopy(table, add(points, 0x20), 1, size)
        }
        (uint256 baseX, uint256 baseY) = _at(points, 0);
        Bn254.addMultiple(total, baseX, baseY, blinding);
        for (uint256 slot = 0; slot < values.length; ++slot) {
            (baseX, baseY) = _at(points, slot + 1);
            Bn254.addMultiple(total, baseX, baseY, values[slot]);
        }
    }

    function _at(bytes memory points, uint256 index) private pure returns (uint256 x, uint256 y) {
        assembly ("memory-safe") {
            let at := add(add(points, 0x20), mul(index, 0x40))
            x := mload(at)
            y := mload(add(at, 0x20))
        }
    }
}
