// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Writes integers of fixed width one after another
library ByteWriter {
    struct Writer {
        bytes data;
        uint256 offset;
    }

    /// @notice A writer of exactly that number of bytes.
    function ofSize(uint256 size) internal pure returns (Writer memory writer) {
        writer.data = new bytes(size);
    }

    /// @notice Append the low `size` bytes of a value.
    function put(Writer memory writer, uint256 value, uint256 size) internal pure {
        bytes memory data = writer.data;
        uint256 offset = writer.offset;
        uint256 shift = 256 - 8 * size;
        assembly ("memory-safe") {
            let place := add(add(data, 32), offset)
            // The bytes after the appended ones stay unchanged.
            let kept := and(mload(place), shr(sub(256, shift), not(0)))
            mstore(place, or(shl(shift, value), kept))
        }
        writer.offset = offset + size;
    }
}
