// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";

/// @title Identifiers of polls and challenges
/// @notice docs/protocol.md §18.8.
library ChallengeId {
    function poll(IDisputes.Poll calldata subject) internal pure returns (bytes32) {
        return keccak256(abi.encode(subject.registry, subject.id));
    }

    /// @notice The challenge of the leaf at `index` of a root.
    function leaf(
        IDisputes.Poll calldata subject,
        uint32 round,
        uint32 index
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode("leaf", subject.registry, subject.id, round, index));
    }

    /// @notice The challenge that a root omits a ballot.
    function omission(
        IDisputes.Poll calldata subject,
        uint32 round,
        IDisputes.ReceiptedBallot calldata ballot
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode("omission", subject.registry, subject.id, round, ballot));
    }
}
