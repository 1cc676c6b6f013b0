// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GeneratorTable} from "../../contracts/GeneratorTable.sol";
import {Bn254} from "../../contracts/libraries/Bn254.sol";
import {Libraries} from "./support/Libraries.sol";
import {Test} from "./support/Vm.sol";

/// @notice Fuzzes curve arithmetic and commitments: docs/protocol.md §2.1–§2.4, §2.9.
contract Bn254Test is Test {
    Libraries private immutable libraries = new Libraries();
    address private immutable table = address(new GeneratorTable());

    function testFuzz_precompileAgreesOnWhatIsAPoint(
        uint256 x,
        uint256 y,
        uint8 shape
    ) external view {
        // Mostly points and near misses; anything at all is never a point.
        if (shape % 4 != 0) (x, y) = _multiple(x);
        if (shape % 4 == 2) y += Bn254.P;
        if (shape % 4 == 3) x = addmod(x, 1, Bn254.P);
        (bool accepted, ) = address(6).staticcall(abi.encode(x, y, 0, 0));
        requireTrue("isPoint", Bn254.isPoint(x, y) == accepted);
    }

    function testFuzz_multiplesAddUp(uint256 a, uint256 b, uint256 base) external view {
        (a, b) = (a % Bn254.R, b % Bn254.R);
        (uint256 x, uint256 y) = _multiple(base);
        uint256[2] memory apart;
        Bn254.addMultiple(apart, x, y, a);
        Bn254.addMultiple(apart, x, y, b);
        uint256[2] memory together;
        Bn254.addMultiple(together, x, y, addmod(a, b, Bn254.R));
        requireEqual("x", together[0], apart[0]);
        requireEqual("y", together[1], apart[1]);
    }

    function testFuzz_commitmentsAddUp(
        uint128[8] calldata first,
        uint128[8] calldata second,
        uint256 blinding,
        uint256 other
    ) external view {
        (blinding, other) = (blinding % Bn254.R, other % Bn254.R);
        uint256[] memory left = new uint256[](8);
        uint256[] memory right = new uint256[](8);
        uint256[] memory sum = new uint256[](8);
        for (uint256 i = 0; i < 8; ++i) {
            (left[i], right[i]) = (first[i], second[i]);
            sum[i] = left[i] + right[i];
        }
        uint256[2] memory total;
        (total[0], total[1]) = libraries.commit(table, left, blinding);
        (uint256 x, uint256 y) = libraries.commit(table, right, other);
        Bn254.addMultiple(total, x, y, 1);
        (x, y) = libraries.commit(table, sum, addmod(blinding, other, Bn254.R));
        requireEqual("x", x, total[0]);
        requireEqual("y", y, total[1]);
    }

    function testFuzz_commitmentsBindEverySlot(
        uint128[8] calldata votes,
        uint8 slot,
        uint128 change,
        uint256 blinding
    ) external view {
        vm.assume(change != 0);
        uint256[] memory values = new uint256[](8);
        for (uint256 i = 0; i < 8; ++i) values[i] = votes[i];
        (uint256 x, ) = libraries.commit(table, values, blinding % Bn254.R);
        values[slot % 8] += change;
        (uint256 changed, ) = libraries.commit(table, values, blinding % Bn254.R);
        requireTrue("another commitment", x != changed);
    }

    function _multiple(uint256 scalar) private view returns (uint256, uint256) {
        uint256[2] memory total;
        Bn254.addMultiple(total, 1, 2, scalar % Bn254.R);
        return (total[0], total[1]);
    }
}
