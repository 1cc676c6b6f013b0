// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Libraries} from "./support/Libraries.sol";
import {Test} from "./support/Vm.sol";

/// @notice Fuzzes the reading of ballot rules: docs/protocol.md §5.2, §5.3.
contract BallotRuleTest is Test {
    Libraries private immutable libraries = new Libraries();

    /// @dev One slot a bit, with any positive coefficients, and a row over all bits.
    function testFuzz_readsWhatWasWritten(
        uint16 size,
        uint256 seed,
        int64 constantTerm
    ) external view {
        uint256 bits = 1 + (size % 320);
        (bytes memory rule, uint256 largest) = _rule(bits, seed, constantTerm);
        (uint16 slots, uint256 maximum) = libraries.validateRule(rule);
        requireEqual("slots", bits, slots);
        requireEqual("maxSlotValue", largest, maximum);
    }

    function testFuzz_refusesEveryCutAndSurplus(
        uint8 size,
        uint256 seed,
        uint16 cut,
        bytes calldata surplus
    ) external view {
        (bytes memory rule, ) = _rule(1 + (size % 20), seed, 1);
        if (surplus.length > 0) _refused(bytes.concat(rule, surplus));
        uint256 length = cut % rule.length;
        assembly ("memory-safe") {
            mstore(rule, length)
        }
        _refused(rule);
    }

    /// @dev Whatever the bytes: a verdict within the bounds that the poll relies on, or a reason.
    function testFuzz_anyBytesGiveAVerdict(bytes calldata rule) external view {
        try libraries.validateRule(rule) returns (uint16 slots, uint256 maximum) {
            requireTrue("slots", slots >= 1 && slots <= 320);
            requireTrue("maxSlotValue", maximum >= 1 && maximum < 1 << 136);
        } catch (bytes memory reason) {
            _named(reason);
        }
    }

    /// @dev A valid rule with one byte changed never panics.
    function testFuzz_anyChangeGivesAVerdict(
        uint8 size,
        uint256 seed,
        uint16 place,
        bytes1 value
    ) external view {
        (bytes memory rule, ) = _rule(1 + (size % 20), seed, 1);
        rule[place % rule.length] = value;
        try libraries.validateRule(rule) returns (uint16 slots, uint256) {
            requireEqual("slots", 1 + (size % 20), slots);
        } catch (bytes memory reason) {
            _named(reason);
        }
    }

    function _refused(bytes memory rule) private view {
        try libraries.validateRule(rule) returns (uint16, uint256) {
            requireTrue("refused", false);
        } catch (bytes memory reason) {
            _named(reason);
        }
    }

    /// @dev A panic, and running out of gas or memory, carry no reason of ours.
    function _named(bytes memory reason) private pure {
        requireTrue("has a reason", reason.length >= 4);
        requireTrue("is no panic", bytes4(reason) != bytes4(keccak256("Panic(uint256)")));
    }

    function _rule(
        uint256 bits,
        uint256 seed,
        int64 constantTerm
    ) private pure returns (bytes memory rule, uint256 largest) {
        rule = abi.encodePacked(uint16(bits), uint16(bits), uint16(1), uint16(0));
        bytes memory row = abi.encodePacked(uint16(bits), int128(constantTerm));
        for (uint256 bit = 0; bit < bits; ++bit) {
            uint64 coefficient = uint64(uint256(keccak256(abi.encode(seed, bit)))) | 1;
            if (coefficient > largest) largest = coefficient;
            rule = abi.encodePacked(rule, uint16(1), uint16(bit), int128(uint128(coefficient)));
            row = abi.encodePacked(row, uint16(bit), -int128(uint128(coefficient)));
        }
        rule = bytes.concat(rule, row);
    }
}
