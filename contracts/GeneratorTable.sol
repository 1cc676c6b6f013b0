// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./libraries/Bn254.sol";

/// @title Table of the commitment generators `H, G_1, …, G_320`
/// @notice The constructor derives every point as docs/protocol.md §2.7 requires, so that nobody has
/// to trust a table; the code of the contract is the table: one STOP byte, then 64 bytes a point, `H`
/// first.
contract GeneratorTable {
    error GeneratorTablePrecompileFailed(uint256 base);
    error GeneratorTableNotAPoint(uint256 index);

    uint256 private constant COUNT = 321;
    /// @dev Counter of each point, half a byte each: the least at which its digest is the x of a point.
    /// To find them here would take 1.4 M gas, of the 16.8 M that a transaction may take (EIP-7825).
    bytes private constant COUNTERS =
        hex"22002000024011211112002012210012003100001000002000010100017000300110201141202300"
        hex"10101411030411011300007124020003231000132501100001173424001011201030302110401022"
        hex"20012034002031002000330100020010010001100001113022100002000100011001121030012011"
        hex"01213010001300400010010101000000003020000014002400110101100031100110050003000300"
        hex"00";

    constructor() {
        bytes memory table = _derive();
        assembly ("memory-safe") {
            return(add(table, 0x20), mload(table))
        }
    }

    function _derive() private view returns (bytes memory table) {
        table = new bytes(1 + 64 * COUNT);
        bytes memory counters = COUNTERS;
        for (uint256 index = 0; index < COUNT; ++index) {
            uint8 pair = uint8(counters[index / 2]);
            (uint256 x, uint256 y) = _point(uint32(index), index % 2 == 0 ? pair >> 4 : pair & 15);
            assembly ("memory-safe") {
                let at := add(add(table, 0x21), mul(index, 0x40))
                mstore(at, x)
                mstore(add(at, 0x20), y)
            }
        }
    }

    function _point(uint32 index, uint32 counter) private view returns (uint256 x, uint256 y) {
        bytes32 digest = keccak256(abi.encodePacked("ostraka/v2/generators", index, counter));
        x = uint256(digest) % Bn254.P;
        uint256 square = addmod(mulmod(mulmod(x, x, Bn254.P), x, Bn254.P), 3, Bn254.P);
        y = _power(square, (Bn254.P + 1) / 4);
        if (mulmod(y, y, Bn254.P) != square) revert GeneratorTableNotAPoint(index);
        if (y % 2 != 0) y = Bn254.P - y;
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        (bool ok, bytes memory output) = address(0x05).staticcall(
            abi.encode(32, 32, 32, base, exponent, Bn254.P)
        );
        if (!ok || output.length != 32) revert GeneratorTablePrecompileFailed(base);
        result = abi.decode(output, (uint256));
    }
}
