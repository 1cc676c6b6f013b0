// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./libraries/Bn254.sol";

/// @title Table of the commitment generators `H, G_1, …, G_320`
/// @notice The constructor derives every point by try-and-increment (docs/protocol.md §2.7), so that
/// nobody has to trust a table; the code of the contract is the table: one STOP byte, then 64 bytes a
/// point, `H` first.
contract GeneratorTable {
    error GeneratorTablePrecompileFailed(uint256 base);

    uint256 private constant COUNT = 321;

    constructor() {
        bytes memory table = _derive();
        assembly ("memory-safe") {
            return(add(table, 0x20), mload(table))
        }
    }

    function _derive() private view returns (bytes memory table) {
        table = new bytes(1 + 64 * COUNT);
        for (uint256 index = 0; index < COUNT; ++index) {
            (uint256 x, uint256 y) = _point(uint32(index));
            assembly ("memory-safe") {
                let at := add(add(table, 0x21), mul(index, 0x40))
                mstore(at, x)
                mstore(add(at, 0x20), y)
            }
        }
    }

    function _point(uint32 index) private view returns (uint256 x, uint256 y) {
        for (uint32 counter = 0; ; ++counter) {
            bytes32 digest = keccak256(abi.encodePacked("ostraka/v2/generators", index, counter));
            x = uint256(digest) % Bn254.P;
            uint256 square = addmod(mulmod(mulmod(x, x, Bn254.P), x, Bn254.P), 3, Bn254.P);
            y = _power(square, (Bn254.P + 1) / 4);
            if (mulmod(y, y, Bn254.P) == square) {
                return (x, y % 2 == 0 ? y : Bn254.P - y);
            }
        }
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        (bool ok, bytes memory output) = address(0x05).staticcall(
            abi.encode(32, 32, 32, base, exponent, Bn254.P)
        );
        if (!ok || output.length != 32) revert GeneratorTablePrecompileFailed(base);
        result = abi.decode(output, (uint256));
    }
}
