// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Writes the rules of a round's poll in their canonical bytes
/// @notice docs/protocol.md §5.2, §5.5, §14.3.
library RuleEncoding {
    uint256 private constant HEAD = 8;
    uint256 private constant TERM = 18;
    uint256 private constant ROW_HEAD = 18;
    uint256 private constant SLOT = 20;

    struct Writer {
        bytes data;
        uint256 offset;
    }

    /// @notice Exactly one of so many options.
    function singleChoice(uint256 options) internal pure returns (bytes memory) {
        return _oneRow(_ones(options), 1, 0);
    }

    /// @notice Between `atLeast` and `atMost` of so many options.
    function approval(
        uint256 options,
        uint256 atLeast,
        uint256 atMost
    ) internal pure returns (bytes memory) {
        if (atLeast == 0 && atMost == options) return _oneRow(new uint256[](0), options, 0);
        return _oneRow(_ones(options), atMost, atMost - atLeast);
    }

    /// @notice Any options that together cost at most `budget`.
    function knapsack(uint256[] memory costs, uint256 budget) internal pure returns (bytes memory) {
        return _oneRow(costs, budget, budget);
    }

    /// @notice Number of slack bits that span `0 … span`.
    function slackBits(uint256 span) internal pure returns (uint256 bits) {
        while (span >> bits != 0) ++bits;
    }

    /// @notice A greedy outcome rule.
    function greedy(
        uint8 order,
        uint8 misfit,
        uint128 minimumSupport,
        uint128 budget,
        uint256[] memory costs
    ) internal pure returns (bytes memory) {
        Writer memory writer = _writer(37 + 16 * costs.length);
        _put(writer, 1, 1);
        _put(writer, order, 1);
        _put(writer, misfit, 1);
        _put(writer, minimumSupport, 16);
        _put(writer, budget, 16);
        _put(writer, costs.length, 2);
        for (uint256 slot = 0; slot < costs.length; ++slot) {
            _put(writer, costs[slot], 16);
        }
        return writer.data;
    }

    /// @dev Slots are single bits; one row `Σ coefficients · bits + slack = constant` with slack in
    /// `0 … span`. Without coefficients there is no row, and `constant` is the number of slots.
    function _oneRow(
        uint256[] memory coefficients,
        uint256 constant_,
        uint256 span
    ) private pure returns (bytes memory) {
        bool free = coefficients.length == 0;
        uint256 slots = free ? constant_ : coefficients.length;
        uint256 slack = slackBits(span);
        uint256 terms = slots + slack;
        Writer memory writer = _writer(HEAD + SLOT * slots + (free ? 0 : ROW_HEAD + TERM * terms));
        _put(writer, terms, 2);
        _put(writer, slots, 2);
        _put(writer, free ? 0 : 1, 2);
        _put(writer, 0, 2);
        for (uint256 slot = 0; slot < slots; ++slot) {
            _put(writer, 1, 2);
            _term(writer, slot, 1);
        }
        if (free) return writer.data;
        _put(writer, terms, 2);
        _put(writer, constant_, 16);
        for (uint256 slot = 0; slot < slots; ++slot) {
            _term(writer, slot, coefficients[slot]);
        }
        for (uint256 power = 0; power < slack; ++power) {
            // The last one closes the gap, so that the sums are exactly 0 … span (§5.4).
            bool last = power + 1 == slack;
            _term(writer, slots + power, last ? span - ((1 << power) - 1) : 1 << power);
        }
        return writer.data;
    }

    function _ones(uint256 count) private pure returns (uint256[] memory ones) {
        ones = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) ones[i] = 1;
    }

    function _term(Writer memory writer, uint256 bit, uint256 coefficient) private pure {
        _put(writer, bit, 2);
        _put(writer, coefficient, 16);
    }

    function _writer(uint256 size) private pure returns (Writer memory writer) {
        writer.data = new bytes(size);
    }

    /// @dev Appends the low `size` bytes of a value, byte by byte from the last: no write leaves its
    /// own bytes.
    function _put(Writer memory writer, uint256 value, uint256 size) private pure {
        bytes memory data = writer.data;
        uint256 offset = writer.offset;
        uint256 shift = 256 - 8 * size;
        assembly ("memory-safe") {
            let place := add(add(data, 32), offset)
            // What lies behind the appended bytes stays as it is.
            let kept := and(mload(place), shr(sub(256, shift), not(0)))
            mstore(place, or(shl(shift, value), kept))
        }
        writer.offset = offset + size;
    }
}
