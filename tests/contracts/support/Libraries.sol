// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {BallotOutcome} from "../../../contracts/libraries/BallotOutcome.sol";
import {BallotProof} from "../../../contracts/libraries/BallotProof.sol";
import {BallotRule} from "../../../contracts/libraries/BallotRule.sol";
import {Bn254} from "../../../contracts/libraries/Bn254.sol";
import {CensusTree} from "../../../contracts/libraries/CensusTree.sol";
import {Committee} from "../../../contracts/libraries/Committee.sol";
import {Generators} from "../../../contracts/libraries/Generators.sol";
import {Outcome} from "../../../contracts/libraries/Outcome.sol";

/// @notice The internal libraries, callable from tests.
contract Libraries {
    function validateRule(bytes calldata rule) external pure returns (uint16, uint256) {
        return BallotRule.validate(rule);
    }

    function ruleDigest(bytes calldata rule) external pure returns (bytes32) {
        return BallotRule.digest(rule);
    }

    function quorum(uint256 n, uint256 t, uint256 f) external pure returns (uint256) {
        return Committee.quorum(n, t, f);
    }

    function committeeDigest(
        address[] calldata nodes,
        string[] calldata urls,
        uint256 t,
        uint256 f,
        uint256 q
    ) external pure returns (bytes32) {
        return Committee.digest(nodes, urls, t, f, q);
    }

    function censusRoot(
        bytes32 topHash,
        uint128 totalWeight,
        uint32 count
    ) external pure returns (bytes32) {
        return CensusTree.root(topHash, totalWeight, count);
    }

    function isMember(
        bytes32 root,
        address account,
        CensusTree.Membership calldata membership
    ) external pure returns (bool) {
        return CensusTree.contains(root, account, membership);
    }

    function isPoint(uint256 x, uint256 y) external pure returns (bool) {
        return Bn254.isPoint(x, y);
    }

    function addMultiple(
        uint256[2] memory total,
        uint256 x,
        uint256 y,
        uint256 scalar
    ) external view returns (uint256[2] memory) {
        Bn254.addMultiple(total, x, y, scalar);
        return total;
    }

    function commit(
        address table,
        uint256[] calldata values,
        uint256 blinding
    ) external view returns (uint256 x, uint256 y) {
        uint256[2] memory point = Generators.commitment(table, values, blinding);
        return (point[0], point[1]);
    }

    function attestable(bytes calldata rule, uint256[] calldata given) external pure {
        BallotOutcome.requireWithin(BallotOutcome.read(rule, given.length), given);
    }

    function validateOutcome(bytes calldata rule, uint256 slots) external pure {
        Outcome.validate(rule, slots);
    }

    function outcomeDigest(bytes calldata rule) external pure returns (bytes32) {
        return Outcome.digest(rule);
    }

    function awards(
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) external pure returns (uint256[] memory) {
        return Outcome.awards(rule, tally, order);
    }

    function recover(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return ECDSA.recover(digest, signature);
    }

    function ballotFault(
        address table,
        bytes32 pollContext,
        uint256 threshold,
        bytes calldata rule,
        bytes calldata ballot
    ) external view returns (BallotProof.Fault) {
        return BallotProof.fault(table, pollContext, threshold, rule, ballot);
    }
}
