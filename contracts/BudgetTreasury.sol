// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IBudgetTreasury} from "./interfaces/IBudgetTreasury.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {TreasuryFunding} from "./treasury/TreasuryFunding.sol";
import {TreasuryProposals} from "./treasury/TreasuryProposals.sol";
import {TreasuryRounds} from "./treasury/TreasuryRounds.sol";

/// @title BudgetTreasury
/// @notice Starts a round's poll, decides by its tally and pays. No owner, no upgrade.
contract BudgetTreasury is TreasuryProposals, TreasuryFunding {
    /// @dev Outcome rules that decide by opened ballots.
    uint8 private constant BALLOTS = 8;
    /// @dev A turn is a fraction of it, and a node that is down costs its turn.
    uint32 private constant LONGEST_SHUFFLE = 1 days;

    constructor(
        IPollRegistry registry_,
        string memory daoUri
    ) EIP712("Ostraka", "2") TreasuryRounds(registry_, daoUri) {}

    /// @inheritdoc IBudgetTreasury
    function startVoting(
        uint256 roundId,
        Census calldata census,
        bytes calldata description
    ) external nonReentrant returns (uint256 pollId) {
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Ready);
        if (msg.sender != record.organizer)
            revert BudgetTreasuryNotOrganizer(msg.sender, record.organizer);
        RoundParameters storage parameters = record.parameters;
        if (record.deposited < parameters.budget)
            revert BudgetTreasuryUnderfunded(record.deposited, parameters.budget);
        bytes32 censusRoot = rules.pollCensus(
            record.electorateKind,
            record.electorateRoot,
            record.electorateVoters,
            record.electorateWeight,
            census
        );
        (bytes memory rule, bytes memory outcomeRule) = pollRules(roundId);
        bool opened = uint8(outcomeRule[0]) == BALLOTS;
        pollId = registry.createPoll(
            IPollRegistry.PollParameters({
                committee: parameters.committee,
                rule: keccak256(abi.encodePacked("ostraka/v2/rule", rule)),
                outcomeRule: keccak256(abi.encodePacked("ostraka/v2/outcome", outcomeRule)),
                description: keccak256(description),
                censusRoot: censusRoot,
                voters: census.voters,
                totalWeight: census.totalWeight,
                secret: parameters.secret,
                opensAt: parameters.votingOpensAt,
                closesAt: parameters.votingClosesAt,
                freezeDelay: parameters.freezeDelay,
                roundDuration: parameters.roundDuration,
                maxRounds: parameters.maxRounds,
                disputeWindow: parameters.disputeWindow,
                tallyPeriod: parameters.tallyPeriod,
                minimumBallots: parameters.minimumBallots,
                counting: opened ? 1 : 0,
                casting: 0,
                identity: 0,
                openMinimum: opened ? parameters.minimumBallots : 0,
                shufflePeriod: opened ? _shufflePeriod(parameters.tallyPeriod) : 0,
                responseTime: parameters.responseTime,
                maxDisputeDelay: parameters.maxDisputeDelay,
                extension: 0
            }),
            census.censusHash,
            rule,
            outcomeRule,
            description
        );
        record.pollId = pollId;
        emit VotingStarted(roundId, pollId);
    }

    /// @inheritdoc IBudgetTreasury
    function decide(uint256 roundId, uint256[] calldata tally, uint16[] calldata order) external {
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Tallied);
        (, bytes memory outcomeRule) = pollRules(roundId);
        // The registry checks tally, rule and order.
        uint256[] memory awards = registry.awards(record.pollId, tally, outcomeRule, order);
        ProposalRecord[] storage list = _proposals[roundId];
        bool proportional = _isProportional(record.parameters);
        uint16[] memory indices = new uint16[](awards.length);
        uint256 count = 0;
        uint256 funded = 0;
        uint256 committed = 0;
        uint256 slot = 0;
        for (uint256 index = 0; index < list.length; ++index) {
            if (list[index].withdrawn) continue;
            uint256 award = awards[slot++];
            if (award == 0) continue;
            if (proportional) list[index].amount = uint128(award);
            indices[count++] = uint16(index);
            funded |= 1 << index;
            committed += list[index].amount;
        }
        // There are at most as many as slots: only the length word shrinks.
        assembly ("memory-safe") {
            mstore(indices, count)
        }
        record.funded = funded;
        record.committed = committed;
        RoundParameters storage parameters = record.parameters;
        record.claimsEndAt = uint64(
            block.timestamp + parameters.payoutDelay + parameters.claimPeriod
        );
        record.decidedIn = uint64(block.number);
        emit RoundDecided(roundId, indices, committed);
    }

    /// @inheritdoc IBudgetTreasury
    function veto(uint256 roundId) external {
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Decided);
        address holder = record.parameters.vetoHolder;
        if (msg.sender != holder) revert BudgetTreasuryNotVetoHolder(msg.sender, holder);
        uint64 opensAt = _payoutsOpenAt(record);
        if (block.timestamp >= opensAt) revert BudgetTreasuryPayoutsOpen(opensAt);
        record.vetoed = true;
        emit RoundVetoed(roundId, holder);
    }

    /// @inheritdoc IBudgetTreasury
    function claim(bytes32 proposalId) external nonReentrant {
        (uint256 roundId, uint256 index) = _find(proposalId);
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Decided);
        // Otherwise a reorganized or private block could decide and pay in one step.
        if (block.number <= record.decidedIn) revert BudgetTreasuryTooEarly(record.decidedIn);
        uint64 opensAt = _payoutsOpenAt(record);
        if (block.timestamp < opensAt) revert BudgetTreasuryPayoutsNotOpen(opensAt);
        uint256 bit = 1 << index;
        if (record.funded & bit == 0) revert BudgetTreasuryNotFunded(proposalId);
        if (record.paid & bit != 0) revert BudgetTreasuryAlreadyPaid(proposalId);
        ProposalRecord storage proposal = _proposals[roundId][index];
        (address recipient, uint256 amount) = (proposal.recipient, proposal.amount);
        record.paid |= bit;
        record.paidOut += amount;
        emit PayoutClaimed(roundId, proposalId, recipient, amount);
        _pay(record.parameters.token, recipient, amount);
    }

    /// @inheritdoc IBudgetTreasury
    function round(uint256 roundId) external view returns (RoundView memory seen) {
        RoundRecord storage record = _rounds[roundId];
        seen.status = _status(record);
        seen.organizer = record.organizer;
        seen.pollId = record.pollId;
        seen.deposited = record.deposited;
        seen.committed = record.committed;
        seen.paidOut = record.paidOut;
        seen.payoutsOpenAt = _payoutsOpenAt(record);
        seen.claimsEndAt = record.claimsEndAt;
        seen.proposals = uint16(_proposals[roundId].length);
        seen.standing = seen.proposals - record.withdrawn;
        seen.electorateKind = record.electorateKind;
        seen.electorateRoot = record.electorateRoot;
        seen.electorateVoters = record.electorateVoters;
        seen.electorateWeight = record.electorateWeight;
        seen.parameters = record.parameters;
    }

    /// @inheritdoc IBudgetTreasury
    function pollRules(
        uint256 roundId
    ) public view returns (bytes memory rule, bytes memory outcomeRule) {
        RoundRecord storage record = _rounds[roundId];
        RoundParameters storage parameters = record.parameters;
        ProposalRecord[] storage list = _proposals[roundId];
        uint256[] memory amounts = new uint256[](list.length - record.withdrawn);
        uint16[] memory categories = new uint16[](amounts.length);
        uint256 slot = 0;
        for (uint256 index = 0; index < list.length; ++index) {
            ProposalRecord storage proposal = list[index];
            if (proposal.withdrawn) continue;
            (amounts[slot], categories[slot]) = (proposal.amount, proposal.category);
            ++slot;
        }
        return
            rules.write(
                parameters.ballot,
                parameters.outcome,
                parameters.budget,
                amounts,
                categories
            );
    }

    /// @dev Proposals of a proportional round have the amount 0, all others at least one unit.
    function _isProportional(RoundParameters storage parameters) private view returns (bool) {
        return parameters.maximumAmount == 0;
    }

    function _shufflePeriod(uint32 tallyPeriod) private pure returns (uint32) {
        uint32 half = tallyPeriod / 2;
        return half < LONGEST_SHUFFLE ? half : LONGEST_SHUFFLE;
    }
}
