// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reads a ballot rule and checks that nothing in it can wrap
/// @notice docs/protocol.md §5.2, §5.3.
library BallotRule {
    error BallotRuleTruncated(uint256 offset);
    error BallotRuleTrailingBytes(uint256 surplus);
    error BallotRuleNoBits();
    error BallotRuleNoSlots();
    error BallotRuleTooWide(uint256 width);
    error BallotRuleTooManySlots(uint256 slots, uint256 bits);
    error BallotRuleSlotWithoutTerms(uint256 slot);
    error BallotRuleRowWithoutTerms(uint256 row);
    error BallotRuleQuadraticRowWithoutSlots(uint256 row);
    error BallotRuleNotIncreasing(uint256 index);
    error BallotRuleIndexOutOfRange(uint256 index, uint256 bound);
    error BallotRuleZeroCoefficient(uint256 bit);
    error BallotRuleNegativeCoefficient(uint256 bit);
    error BallotRuleBitInTwoSlots(uint256 bit);
    error BallotRuleRowTooLarge(uint256 row);
    error BallotRuleQuadraticRowTooLarge(uint256 row);

    uint256 internal constant MAX_WIDTH = 320;
    uint256 private constant ROW_BOUND = 1 << 128;

    struct Cursor {
        uint256 offset;
    }

    /// @notice Digest of a rule.
    function digest(bytes calldata rule) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("ostraka/v2/rule", rule));
    }

    /// @notice Number of slots and largest value of any slot; reverts if the rule is invalid.
    function validate(
        bytes calldata rule
    ) internal pure returns (uint16 slots, uint256 maxSlotValue) {
        Cursor memory cursor;
        uint256 bits = _u16(rule, cursor);
        slots = uint16(_u16(rule, cursor));
        uint256 rows = _u16(rule, cursor);
        uint256 quadraticRows = _u16(rule, cursor);
        if (bits == 0) revert BallotRuleNoBits();
        if (slots == 0) revert BallotRuleNoSlots();
        if (bits + quadraticRows > MAX_WIDTH) revert BallotRuleTooWide(bits + quadraticRows);

        // Each slot has bits of its own, so there cannot be more slots than bits.
        if (slots > bits) revert BallotRuleTooManySlots(slots, bits);
        uint256[] memory maxima = new uint256[](slots);
        uint256[2] memory taken;
        for (uint256 slot = 0; slot < slots; ++slot) {
            maxima[slot] = _slot(rule, cursor, bits, taken, slot);
            if (maxima[slot] > maxSlotValue) maxSlotValue = maxima[slot];
        }
        for (uint256 row = 0; row < rows; ++row) {
            uint256 terms = _u16(rule, cursor);
            uint256 magnitude = _magnitude(_i128(rule, cursor));
            if (terms == 0) revert BallotRuleRowWithoutTerms(row);
            if (magnitude + _terms(rule, cursor, terms, bits) >= ROW_BOUND)
                revert BallotRuleRowTooLarge(row);
        }
        for (uint256 row = 0; row < quadraticRows; ++row) {
            _quadraticRow(rule, cursor, bits, maxima, row);
        }
        if (cursor.offset != rule.length)
            revert BallotRuleTrailingBytes(rule.length - cursor.offset);
    }

    function _slot(
        bytes calldata rule,
        Cursor memory cursor,
        uint256 bits,
        uint256[2] memory taken,
        uint256 slot
    ) private pure returns (uint256 maximum) {
        uint256 terms = _u16(rule, cursor);
        if (terms == 0) revert BallotRuleSlotWithoutTerms(slot);
        uint256 next = 0;
        for (uint256 i = 0; i < terms; ++i) {
            uint256 bit;
            int256 coefficient;
            (bit, coefficient, next) = _term(rule, cursor, next, bits);
            if (coefficient < 0) revert BallotRuleNegativeCoefficient(bit);
            uint256 mask = 1 << (bit % 256);
            if (taken[bit / 256] & mask != 0) revert BallotRuleBitInTwoSlots(bit);
            taken[bit / 256] |= mask;
            maximum += uint256(coefficient);
        }
    }

    function _quadraticRow(
        bytes calldata rule,
        Cursor memory cursor,
        uint256 bits,
        uint256[] memory maxima,
        uint256 row
    ) private pure {
        uint256 used = _u16(rule, cursor);
        uint256 terms = _u16(rule, cursor);
        uint256 magnitude = _magnitude(_i128(rule, cursor));
        if (used == 0) revert BallotRuleQuadraticRowWithoutSlots(row);
        uint256 next = 0;
        for (uint256 i = 0; i < used; ++i) {
            uint256 slot = _u16(rule, cursor);
            if (slot < next) revert BallotRuleNotIncreasing(slot);
            if (slot >= maxima.length) revert BallotRuleIndexOutOfRange(slot, maxima.length);
            next = slot + 1;
            // Beyond the bound the square alone is too large, and could overflow.
            if (maxima[slot] >= ROW_BOUND) revert BallotRuleQuadraticRowTooLarge(row);
            uint256 square = maxima[slot] * maxima[slot];
            if (square >= ROW_BOUND) revert BallotRuleQuadraticRowTooLarge(row);
            magnitude += square;
        }
        if (magnitude + _terms(rule, cursor, terms, bits) >= ROW_BOUND)
            revert BallotRuleQuadraticRowTooLarge(row);
    }

    /// @dev Sum of the coefficients' magnitudes.
    function _terms(
        bytes calldata rule,
        Cursor memory cursor,
        uint256 terms,
        uint256 bits
    ) private pure returns (uint256 magnitude) {
        uint256 next = 0;
        for (uint256 i = 0; i < terms; ++i) {
            int256 coefficient;
            (, coefficient, next) = _term(rule, cursor, next, bits);
            magnitude += _magnitude(coefficient);
        }
    }

    function _term(
        bytes calldata rule,
        Cursor memory cursor,
        uint256 least,
        uint256 bits
    ) private pure returns (uint256 bit, int256 coefficient, uint256 next) {
        bit = _u16(rule, cursor);
        coefficient = _i128(rule, cursor);
        if (bit < least) revert BallotRuleNotIncreasing(bit);
        if (bit >= bits) revert BallotRuleIndexOutOfRange(bit, bits);
        if (coefficient == 0) revert BallotRuleZeroCoefficient(bit);
        next = bit + 1;
    }

    function _magnitude(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }

    function _u16(bytes calldata rule, Cursor memory cursor) private pure returns (uint256) {
        return uint256(_take(rule, cursor, 2)) >> 240;
    }

    function _i128(bytes calldata rule, Cursor memory cursor) private pure returns (int256) {
        return int256(uint256(_take(rule, cursor, 16))) >> 128;
    }

    /// @dev The next `size` bytes at the upper end of a word, followed by anything.
    function _take(
        bytes calldata rule,
        Cursor memory cursor,
        uint256 size
    ) private pure returns (bytes32 taken) {
        uint256 offset = cursor.offset;
        if (offset + size > rule.length) revert BallotRuleTruncated(offset);
        assembly ("memory-safe") {
            taken := calldataload(add(rule.offset, offset))
        }
        cursor.offset = offset + size;
    }
}
