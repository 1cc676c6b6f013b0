// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../interfaces/IPollRegistry.sol";

/// @title EIP-712 domain of a registry, in which voters and nodes sign
/// @notice docs/protocol.md §15.
library RegistryDomain {
    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    function separator(IPollRegistry registry) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPE,
                    keccak256("Ostraka"),
                    keccak256("2"),
                    block.chainid,
                    registry
                )
            );
    }
}
