// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IPollRegistry} from "../interfaces/IPollRegistry.sol";
import {RegistryDomain} from "./RegistryDomain.sol";

/// @title Receipts of a quorum for one ballot
/// @notice docs/protocol.md §9.2.
library Receipts {
    bytes32 private constant RECEIPT_TYPE = keccak256(
        "Receipt(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest)"
    );

    /// @notice Reverts unless `q` different nodes of the poll's committee signed.
    function requireQuorum(
        IPollRegistry registry,
        IPollRegistry.DisputeView memory seen,
        IDisputes.ReceiptedBallot calldata ballot,
        IPollRegistry.Attestation[] calldata receipts
    ) internal view {
        (address[] memory nodes, , , uint8 q) = registry.committee(seen.committee);
        if (receipts.length < q) revert IDisputes.DisputesTooFewReceipts(receipts.length, q);
        bytes32 statement = keccak256(
            abi.encode(
                RECEIPT_TYPE,
                seen.pollContext,
                ballot.voter,
                ballot.castAt,
                ballot.ballotDigest
            )
        );
        bytes32 domain = RegistryDomain.separator(registry);
        bytes32 signed = keccak256(abi.encodePacked(hex"1901", domain, statement));
        uint256 previous = 0;
        for (uint256 i = 0; i < receipts.length; ++i) {
            uint256 node = receipts[i].node;
            if (node <= previous || node > nodes.length)
                revert IDisputes.DisputesSignersNotIncreasing(node);
            address signer = ECDSA.recover(signed, receipts[i].signature);
            if (signer != nodes[node - 1]) revert IDisputes.DisputesWrongSigner(node, signer);
            previous = node;
        }
    }
}
