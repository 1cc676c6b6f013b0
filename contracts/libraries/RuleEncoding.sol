// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ByteWriter} from "./ByteWriter.sol";

/// @title Writes ballot rules in their canonical bytes
/// @notice docs/protocol.md §5.2, §5.5.
library RuleEncoding {
    using ByteWriter for ByteWriter.Writer;

    uint256 private constant HEAD = 8;
    uint256 private constant SLOT_HEAD = 2;
    uint256 private constant ROW_HEAD = 18;
    uint256 private constant QUADRATIC_ROW_HEAD = 20;
    uint256 private constant TERM = 18;

    /// @dev Counts of a rule, which determine its length.
    struct Shape {
        uint256 bits;
        uint256 slots;
        uint256 rows;
        uint256 quadraticRows;
        // Of slots and rows together.
        uint256 terms;
    }

    /// @notice Exactly one of the options.
    function singleChoice(uint256 options) internal pure returns (bytes memory) {
        return _selection(_ones(options), 1, 0);
    }

    /// @notice Between `atLeast` and `atMost` of the options.
    function approval(
        uint256 options,
        uint256 atLeast,
        uint256 atMost
    ) internal pure returns (bytes memory) {
        if (atLeast != 0 || atMost != options)
            return _selection(_ones(options), atMost, atMost - atLeast);
        ByteWriter.Writer memory writer = _begin(Shape(options, options, 0, 0, options));
        _numbers(writer, options, _ones(1));
        return writer.data;
    }

    /// @notice Any options that together cost at most `budget`.
    function knapsack(uint256[] memory costs, uint256 budget) internal pure returns (bytes memory) {
        return _selection(costs, budget, budget);
    }

    /// @notice A score of `0 … most` for each option.
    function score(uint256 options, uint256 most) internal pure returns (bytes memory) {
        uint256[] memory steps = spanning(most);
        uint256 bits = options * steps.length;
        ByteWriter.Writer memory writer = _begin(Shape(bits, options, 0, 0, bits));
        _numbers(writer, options, steps);
        return writer.data;
    }

    /// @notice Between `atLeast` and `credits` points, given to any options.
    function points(
        uint256 options,
        uint256 credits,
        uint256 atLeast
    ) internal pure returns (bytes memory) {
        uint256[] memory steps = spanning(credits);
        uint256[] memory slack = spanning(credits - atLeast);
        uint256 bits = options * steps.length;
        uint256 all = bits + slack.length;
        ByteWriter.Writer memory writer = _begin(Shape(all, options, 1, 0, bits + all));
        _numbers(writer, options, steps);
        _row(writer, all, credits);
        for (uint256 option = 0; option < options; ++option) {
            _terms(writer, option * steps.length, steps);
        }
        _terms(writer, bits, slack);
        return writer.data;
    }

    /// @notice Votes for any options whose squares together cost at most `credits`.
    function quadratic(uint256 options, uint256 credits) internal pure returns (bytes memory) {
        uint256[] memory steps = spanning(Math.sqrt(credits));
        uint256[] memory slack = spanning(credits);
        uint256 bits = options * steps.length;
        uint256 all = bits + slack.length;
        ByteWriter.Writer memory writer = _begin(Shape(all, options, 0, 1, all));
        _numbers(writer, options, steps);
        writer.put(options, 2);
        writer.put(slack.length, 2);
        writer.put(credits, 16);
        for (uint256 slot = 0; slot < options; ++slot) writer.put(slot, 2);
        _terms(writer, bits, slack);
        return writer.data;
    }

    /// @notice A first, second, … option, with all places filled.
    /// @param scores Score of each place; the first is at least 1, and no score is higher than an
    /// earlier one.
    function ranking(
        uint256 options,
        uint256[] memory scores
    ) internal pure returns (bytes memory) {
        uint256 places = scores.length;
        uint256 scored = 0;
        while (scored < places && scores[scored] > 0) ++scored;
        uint256 grid = options * places;
        // One place holds one option anyway. With several, each option has a row, and a slack bit
        // unless every option has a place.
        uint256 rows = places == 1 ? 0 : options;
        uint256 slack = places == options ? 0 : rows;
        ByteWriter.Writer memory writer = _begin(
            Shape(
                grid + slack,
                options,
                places + rows,
                0,
                options * scored + grid + rows * places + slack
            )
        );
        for (uint256 option = 0; option < options; ++option) {
            writer.put(scored, 2);
            for (uint256 place = 0; place < scored; ++place) {
                _term(writer, option * places + place, scores[place]);
            }
        }
        for (uint256 place = 0; place < places; ++place) {
            _row(writer, options, 1);
            for (uint256 option = 0; option < options; ++option) {
                _term(writer, option * places + place, 1);
            }
        }
        for (uint256 option = 0; option < rows; ++option) {
            _row(writer, slack == 0 ? places : places + 1, 1);
            for (uint256 place = 0; place < places; ++place) {
                _term(writer, option * places + place, 1);
            }
            if (slack != 0) _term(writer, grid + option, 1);
        }
        return writer.data;
    }

    /// @notice Coefficients whose sums are exactly `0 … span` (§5.4).
    function spanning(uint256 span) internal pure returns (uint256[] memory coefficients) {
        uint256 count = bitLength(span);
        coefficients = new uint256[](count);
        if (count == 0) return coefficients;
        for (uint256 power = 0; power + 1 < count; ++power) coefficients[power] = 1 << power;
        // The last coefficient closes the gap.
        coefficients[count - 1] = span - ((1 << (count - 1)) - 1);
    }

    /// @notice Number of bits that span `0 … span`.
    function bitLength(uint256 span) internal pure returns (uint256) {
        return span == 0 ? 0 : Math.log2(span) + 1;
    }

    /// @dev Slots are single bits; one row `Σ coefficients · bits + slack = constant` with slack in
    /// `0 … span`.
    function _selection(
        uint256[] memory coefficients,
        uint256 constant_,
        uint256 span
    ) private pure returns (bytes memory) {
        uint256[] memory slack = spanning(span);
        uint256 options = coefficients.length;
        uint256 bits = options + slack.length;
        ByteWriter.Writer memory writer = _begin(Shape(bits, options, 1, 0, options + bits));
        _numbers(writer, options, _ones(1));
        _row(writer, bits, constant_);
        _terms(writer, 0, coefficients);
        _terms(writer, options, slack);
        return writer.data;
    }

    function _begin(Shape memory shape) private pure returns (ByteWriter.Writer memory writer) {
        writer = ByteWriter.ofSize(
            HEAD +
                SLOT_HEAD * shape.slots +
                ROW_HEAD * shape.rows +
                (QUADRATIC_ROW_HEAD + 2 * shape.slots) * shape.quadraticRows +
                TERM * shape.terms
        );
        writer.put(shape.bits, 2);
        writer.put(shape.slots, 2);
        writer.put(shape.rows, 2);
        writer.put(shape.quadraticRows, 2);
    }

    /// @dev Consecutive slots, each with bits of these coefficients.
    function _numbers(
        ByteWriter.Writer memory writer,
        uint256 slots,
        uint256[] memory steps
    ) private pure {
        for (uint256 slot = 0; slot < slots; ++slot) {
            writer.put(steps.length, 2);
            _terms(writer, slot * steps.length, steps);
        }
    }

    function _row(ByteWriter.Writer memory writer, uint256 terms, uint256 constant_) private pure {
        writer.put(terms, 2);
        writer.put(constant_, 16);
    }

    /// @dev Consecutive bits with these coefficients.
    function _terms(
        ByteWriter.Writer memory writer,
        uint256 bit,
        uint256[] memory coefficients
    ) private pure {
        for (uint256 i = 0; i < coefficients.length; ++i) _term(writer, bit + i, coefficients[i]);
    }

    function _term(ByteWriter.Writer memory writer, uint256 bit, uint256 coefficient) private pure {
        // Coefficients stay below 2^127.
        writer.put((bit << 128) | coefficient, 18);
    }

    function _ones(uint256 count) private pure returns (uint256[] memory ones) {
        ones = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) ones[i] = 1;
    }
}
