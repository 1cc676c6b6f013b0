// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";
import {Test} from "./Vm.sol";

/// @notice Five nodes, of which four make a quorum, and whatever they sign.
abstract contract Nodes is Test {
    uint256 internal constant NODES = 5;

    /// @notice EIP-712 domain of a registry.
    function domainOf(address registry) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256("Ostraka"),
                    keccak256("2"),
                    block.chainid,
                    registry
                )
            );
    }

    function members() internal pure returns (address[] memory nodes, string[] memory urls) {
        (nodes, urls) = (new address[](NODES), new string[](NODES));
        for (uint256 i = 0; i < NODES; ++i) {
            (nodes[i], urls[i]) = (vm.addr(i + 1), "https://node.example");
        }
    }

    function signatures(
        bytes32 domain,
        bytes32 statement
    ) internal pure returns (bytes[] memory signed) {
        signed = new bytes[](NODES);
        for (uint256 i = 0; i < NODES; ++i) signed[i] = _sign(i + 1, domain, statement);
    }

    function attestations(
        bytes32 domain,
        bytes32 statement
    ) internal pure returns (IPollRegistry.Attestation[] memory attested) {
        attested = new IPollRegistry.Attestation[](4);
        for (uint256 i = 0; i < 4; ++i) {
            attested[i] = IPollRegistry.Attestation(uint8(i + 1), _sign(i + 1, domain, statement));
        }
    }

    function _sign(
        uint256 key,
        bytes32 domain,
        bytes32 statement
    ) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key,
            keccak256(abi.encodePacked(hex"1901", domain, statement))
        );
        return abi.encodePacked(r, s, v);
    }
}
