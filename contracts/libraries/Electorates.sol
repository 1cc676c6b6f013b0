// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {CensusTree} from "./CensusTree.sol";

/// @title Electorates of rounds: what a round fixes at its creation, and which census matches it
/// @notice docs/protocol.md §17.4.
library Electorates {
    uint8 internal constant MEMBERS = 0;
    uint8 internal constant FIXED = 1;
    uint8 internal constant SOURCE = 2;
    uint8 internal constant INVITATIONS = 3;

    uint256 private constant MAX_SOURCE_BYTES = 4096;

    /// @notice Root of the electorate that the round stores; reverts with
    /// `BudgetTreasuryInvalidParameter`.
    /// @param memberRoot Census root over those who may propose.
    /// @param minimumBallots Minimum of the round's poll, which needs at least as many voters.
    function rootOf(
        IBudgetTreasury.Electorate calldata electorate,
        bytes32 memberRoot,
        uint32 minimumBallots
    ) internal pure returns (bytes32 root) {
        if (electorate.kind > INVITATIONS) _refuse("electorate.kind");
        if (electorate.kind == SOURCE) return _source(electorate);
        if (electorate.source.length != 0) _refuse("electorate.source");
        if (electorate.voters == 0 || electorate.voters < minimumBallots)
            _refuse("electorate.voters");
        if (electorate.totalWeight < electorate.voters) _refuse("electorate.totalWeight");
        root = CensusTree.root(electorate.censusHash, electorate.totalWeight, electorate.voters);
        if (electorate.kind == MEMBERS && root != memberRoot) _refuse("electorate.censusHash");
    }

    /// @notice Census root of the poll of a round with that electorate; reverts with
    /// `BudgetTreasuryElectorateDiffers` if the round may not have that census.
    /// @param root The result of `rootOf`.
    /// @param most Number of invitations.
    /// @param mostWeight Total weight of the invitations.
    function pollCensus(
        uint8 kind,
        bytes32 root,
        uint32 most,
        uint128 mostWeight,
        IBudgetTreasury.Census calldata census
    ) internal pure returns (bytes32 censusRoot) {
        censusRoot = CensusTree.root(census.censusHash, census.totalWeight, census.voters);
        if (kind == MEMBERS || kind == FIXED) {
            if (censusRoot != root)
                revert IBudgetTreasury.BudgetTreasuryElectorateDiffers("censusRoot");
        } else if (kind == INVITATIONS) {
            // Nodes and auditors check that each entry is an invitation's: only they have the
            // entries.
            if (census.voters > most)
                revert IBudgetTreasury.BudgetTreasuryElectorateDiffers("voters");
            if (census.totalWeight > mostWeight)
                revert IBudgetTreasury.BudgetTreasuryElectorateDiffers("totalWeight");
        }
    }

    function _source(
        IBudgetTreasury.Electorate calldata electorate
    ) private pure returns (bytes32) {
        if (electorate.censusHash != 0) _refuse("electorate.censusHash");
        if (electorate.voters != 0) _refuse("electorate.voters");
        if (electorate.totalWeight != 0) _refuse("electorate.totalWeight");
        if (electorate.source.length == 0 || electorate.source.length > MAX_SOURCE_BYTES)
            _refuse("electorate.source");
        return keccak256(electorate.source);
    }

    function _refuse(string memory field) private pure {
        revert IBudgetTreasury.BudgetTreasuryInvalidParameter(field);
    }
}
