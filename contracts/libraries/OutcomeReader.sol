// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reads the fields of an outcome rule
/// @notice docs/protocol.md §14.1. The caller chooses offsets: the length of a rule is checked once.
library OutcomeReader {
    error OutcomeMalformed(uint256 length);
    error OutcomeUnknownFlag(uint256 offset, uint256 value);
    error OutcomeOutOfRange(string field, uint256 value);
    error OutcomeSlotsDiffer(uint256 expected, uint256 slots);

    /// @notice Reverts unless the rule has exactly this number of bytes.
    function requireLength(bytes calldata rule, uint256 length) internal pure {
        if (rule.length != length) revert OutcomeMalformed(rule.length);
    }

    /// @notice A byte that is 0 or 1.
    function flag(bytes calldata rule, uint256 offset) internal pure returns (bool) {
        uint256 value = u8(rule, offset);
        if (value > 1) revert OutcomeUnknownFlag(offset, value);
        return value == 1;
    }

    function u8(bytes calldata rule, uint256 offset) internal pure returns (uint256) {
        return _take(rule, offset, 1);
    }

    function u16(bytes calldata rule, uint256 offset) internal pure returns (uint256) {
        return _take(rule, offset, 2);
    }

    function u32(bytes calldata rule, uint256 offset) internal pure returns (uint256) {
        return _take(rule, offset, 4);
    }

    function u64(bytes calldata rule, uint256 offset) internal pure returns (uint256) {
        return _take(rule, offset, 8);
    }

    function u128(bytes calldata rule, uint256 offset) internal pure returns (uint256) {
        return _take(rule, offset, 16);
    }

    /// @notice The address of an account, 20 bytes.
    function account(bytes calldata rule, uint256 offset) internal pure returns (address) {
        return address(uint160(_take(rule, offset, 20)));
    }

    function _take(
        bytes calldata rule,
        uint256 offset,
        uint256 size
    ) private pure returns (uint256 value) {
        if (offset + size > rule.length) revert OutcomeMalformed(rule.length);
        assembly ("memory-safe") {
            value := calldataload(add(rule.offset, offset))
        }
        value >>= 256 - 8 * size;
    }
}
