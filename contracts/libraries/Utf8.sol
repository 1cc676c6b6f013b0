// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Checks that bytes are text that every reader decodes alike
/// @notice RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF.
library Utf8 {
    /// @notice True for UTF-8 without control characters below U+0020.
    function isLine(bytes calldata data) internal pure returns (bool) {
        uint256 missing = 0;
        (uint256 low, uint256 high) = (0x80, 0xBF);
        for (uint256 i = 0; i < data.length; ++i) {
            uint256 unit = uint8(data[i]);
            if (missing != 0) {
                if (unit < low || unit > high) return false;
                (low, high) = (0x80, 0xBF);
                --missing;
            } else if (unit >= 0x80) {
                if (unit < 0xC2 || unit > 0xF4) return false;
                missing =
                    unit < 0xE0
                        ? 1
                        : unit < 0xF0
                            ? 2
                            : 3;
                // A character with a shorter form, a surrogate, or one beyond U+10FFFF.
                if (unit == 0xE0) low = 0xA0;
                else if (unit == 0xED) high = 0x9F;
                else if (unit == 0xF0) low = 0x90;
                else if (unit == 0xF4) high = 0x8F;
            } else if (unit < 0x20) {
                return false;
            }
        }
        return missing == 0;
    }
}
