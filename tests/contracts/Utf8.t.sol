// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Utf8} from "../../contracts/libraries/Utf8.sol";

contract Utf8Test {
    using Utf8 for bytes;

    function isLine(bytes calldata data) external pure returns (bool) {
        return data.isLine();
    }

    function testText() external view {
        bytes[10] memory good = [
            bytes(""),
            "Bench",
            unicode"Ławka",
            unicode"長椅 🪑",
            hex"20",
            hex"7f",
            hex"c280dfbf",
            hex"e0a080ed9fbfee8080efbfbf",
            hex"f0908080f48fbfbf",
            hex"f1808080"
        ];
        for (uint256 i = 0; i < good.length; ++i) require(this.isLine(good[i]));
    }

    function testWhatIsNone() external view {
        bytes[22] memory bad = [
            bytes(hex"00"),
            hex"410a",
            hex"1f",
            hex"80",
            hex"bf41",
            hex"c080",
            hex"c1bf",
            hex"c2",
            hex"c241",
            hex"c2c2",
            hex"e09fbf",
            hex"e180",
            hex"e18041",
            hex"eda080",
            hex"edbfbf",
            hex"f08fbfbf",
            hex"f0908041",
            hex"f48fbf",
            hex"f4908080",
            hex"f5808080",
            hex"ff",
            hex"41c3a9e2"
        ];
        for (uint256 i = 0; i < bad.length; ++i) require(!this.isLine(bad[i]));
    }
}
