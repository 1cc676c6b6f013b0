// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {BallotProof} from "./libraries/BallotProof.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {CensusTree} from "./libraries/CensusTree.sol";
import {SumTree} from "./libraries/SumTree.sol";

/// @title Checks a ballot as the verifier does
/// @notice Stateless: the same bytes always give the same answer. Checks B1 and B3 to B6 of
/// docs/protocol.md §13, and the leaf that follows from them (§10.4).
contract BallotCheck {
    bytes32 private constant BALLOT_TYPE = keccak256(
        "Ballot(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest,bytes32 boxesHash)"
    );

    /// @notice What surrounds a ballot.
    struct Setting {
        // EIP-712 domain of the registry.
        bytes32 domain;
        address generatorTable;
        bytes32 pollContext;
        // `t` of the committee.
        uint256 threshold;
    }

    /// @notice The leaf of a ballot; reverts unless the ballot may be counted.
    function leafOf(
        Setting calldata setting,
        IDisputes.Terms calldata terms,
        IDisputes.LeafEvidence calldata evidence
    ) external view returns (SumTree.Leaf memory) {
        bytes calldata ballot = evidence.ballot;
        BallotProof.Fault fault = faultOf(setting, terms, ballot);
        if (fault != BallotProof.Fault.None) revert IDisputes.DisputesWrongBallot(uint8(fault));
        (address voter, uint64 castAt) = BallotProof.head(ballot);
        if (castAt < terms.parameters.opensAt || castAt >= terms.parameters.closesAt)
            revert IDisputes.DisputesWrongCastTime(castAt);
        CensusTree.Membership calldata membership = evidence.membership;
        if (!CensusTree.contains(terms.parameters.censusRoot, voter, membership))
            revert IDisputes.DisputesNotInCensus(voter);
        bytes32 ballotDigest = BallotProof.digest(ballot);
        bytes32 statement = keccak256(
            abi.encode(
                BALLOT_TYPE,
                setting.pollContext,
                voter,
                castAt,
                ballotDigest,
                evidence.boxesHash
            )
        );
        bytes32 signed = keccak256(abi.encodePacked(hex"1901", setting.domain, statement));
        // OpenZeppelin refuses high s and any length but 65.
        address signer = ECDSA.recover(signed, evidence.signature);
        if (signer != membership.signingKey) revert IDisputes.DisputesWrongSigner(0, signer);
        (uint256 x, uint256 y) = BallotProof.commitment(ballot);
        if (membership.weight != 1) (x, y) = Bn254.multiple(x, y, membership.weight);
        return SumTree.Leaf(voter, membership.weight, castAt, ballotDigest, x, y);
    }

    /// @notice What is wrong with a ballot itself: its encoding, rows and equations.
    function faultOf(
        Setting calldata setting,
        IDisputes.Terms calldata terms,
        bytes calldata ballot
    ) public view returns (BallotProof.Fault) {
        return
            BallotProof.fault(
                setting.generatorTable,
                setting.pollContext,
                setting.threshold,
                terms.rule,
                ballot
            );
    }
}
