// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSequentialProposalId} from "@openzeppelin/contracts/governance/extensions/GovernorSequentialProposalId.sol";
import {GovernorSuperQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorSuperQuorum.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {GovernorOstraka} from "../../../contracts/governance/GovernorOstraka.sol";
import {ICensusDisputes} from "../../../contracts/interfaces/ICensusDisputes.sol";
import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";

/// @notice GovernorOstraka among modules that OstrakaGovernor does not have; without a timelock.
contract GovernorWithModules is
    GovernorOstraka,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorProposalGuardian,
    GovernorSequentialProposalId,
    GovernorSuperQuorum
{
    uint48 public constant EXTENSION = 50;
    uint256 public constant SUPER_QUORUM = 1000;

    constructor(
        IVotes token_,
        address guardian,
        IPollRegistry pollRegistry_,
        ICensusDisputes censusDisputes_,
        PollTerms memory terms
    )
        Governor("Club")
        GovernorVotes(token_)
        GovernorOstraka(pollRegistry_, censusDisputes_, terms)
        GovernorVotesQuorumFraction(20)
        GovernorPreventLateQuorum(EXTENSION)
    {
        _setProposalGuardian(guardian);
    }

    function votingDelay() public pure override returns (uint256) {
        return 10;
    }

    function votingPeriod() public pure override returns (uint256) {
        return 200;
    }

    function superQuorum(uint256) public pure override returns (uint256) {
        return SUPER_QUORUM;
    }

    function state(
        uint256 proposalId
    ) public view override(Governor, GovernorOstraka, GovernorSuperQuorum) returns (ProposalState) {
        return super.state(proposalId);
    }

    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorOstraka, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function proposalVotes(
        uint256 proposalId
    )
        public
        view
        override(GovernorOstraka, GovernorSuperQuorum)
        returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes)
    {
        return super.proposalVotes(proposalId);
    }

    function getProposalId(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public view override(Governor, GovernorSequentialProposalId) returns (uint256) {
        return super.getProposalId(targets, values, calldatas, descriptionHash);
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override(Governor, GovernorSequentialProposalId) returns (uint256) {
        return super._propose(targets, values, calldatas, description, proposer);
    }

    function _tallyUpdated(
        uint256 proposalId
    ) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _validateCancel(
        uint256 proposalId,
        address caller
    ) internal view override(Governor, GovernorProposalGuardian) returns (bool) {
        return super._validateCancel(proposalId, caller);
    }
}
