// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../interfaces/IPollRegistry.sol";

/// @title The context that fixes a poll
/// @notice docs/protocol.md §4.2.
library PollContext {
    /// @notice Context of a poll of `registry`; `slots` and `maxSlotValue` follow from the rule.
    function compute(
        address registry,
        uint256 pollId,
        IPollRegistry.PollParameters calldata parameters,
        uint16 slots,
        uint256 maxSlotValue
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    "ostraka/v2/poll",
                    abi.encode(block.chainid, registry, pollId),
                    abi.encode(parameters),
                    abi.encode(slots, maxSlotValue)
                )
            );
    }
}
