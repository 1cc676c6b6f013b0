// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestToken} from "./TestToken.sol";

/// @title Token whose clock is the time
/// @notice As TestToken; snapshots are Unix seconds (ERC-6372).
contract TestTimestampToken is TestToken {
    constructor(
        string memory name,
        string memory symbol,
        uint256 supply
    ) TestToken(name, symbol, supply) {}

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }
}
