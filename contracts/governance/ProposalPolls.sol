// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {PollRules} from "../PollRules.sol";
import {ICensusDisputes} from "../interfaces/ICensusDisputes.sol";
import {IGovernorOstraka} from "../interfaces/IGovernorOstraka.sol";
import {IPollRegistry} from "../interfaces/IPollRegistry.sol";
import {CensusTree} from "../libraries/CensusTree.sol";
import {DisputeTimes} from "../libraries/DisputeTimes.sol";
import {ProposalDescription} from "../libraries/ProposalDescription.sol";

/// @title ProposalPolls
/// @notice What the polls of one Governor have in common, fixed at its construction. It only answers:
/// the Governor itself creates its polls.
/// @dev Apart from the Governor, whose code would be too long with it.
contract ProposalPolls {
    /// @dev Exactly one of three options (docs/protocol.md §5.5.1).
    bytes private constant RULE =
        hex"0003000300010000"
        hex"0001000000000000000000000000000000000001"
        hex"0001000100000000000000000000000000000001"
        hex"0001000200000000000000000000000000000001"
        hex"000300000000000000000000000000000001"
        hex"000000000000000000000000000000000001"
        hex"000100000000000000000000000000000001"
        hex"000200000000000000000000000000000001";
    /// @dev The tally itself is the result (docs/protocol.md §14.2).
    bytes private constant OUTCOME_RULE = hex"00";
    /// @dev Fewer voters cannot form a class (docs/protocol.md §6.6).
    uint32 private constant MINIMUM_CLASS = 5;

    /// @notice The registry of all polls.
    IPollRegistry public immutable pollRegistry;

    IGovernorOstraka.PollTerms private _terms;

    /// @dev Reverts for terms under which no poll could ever start.
    constructor(IPollRegistry pollRegistry_, IGovernorOstraka.PollTerms memory terms_) {
        pollRegistry = pollRegistry_;
        _terms = terms_;
        if (terms_.unit == 0) _refuse("unit");
        _requireTimes(pollRegistry_, terms_);
        (, , , uint8 quorum) = pollRegistry_.committee(terms_.committee);
        if (quorum == 0) _refuse("committee");
        // All other bounds, on a poll of a small census.
        ICensusDisputes.Census memory census = ICensusDisputes.Census(
            bytes32(0),
            MINIMUM_CLASS,
            MINIMUM_CLASS
        );
        PollRules(pollRegistry_.pollRules()).check(
            _parameters(terms_, census, ""),
            census.rootHash,
            RULE,
            OUTCOME_RULE
        );
    }

    /// @notice What every poll has in common.
    function terms() external view returns (IGovernorOstraka.PollTerms memory) {
        return _terms;
    }

    /// @notice The call of the registry by which the asking Governor creates a proposal's poll.
    /// @param description The proposal's.
    /// @param clockMode The token's (ERC-6372).
    function creation(
        uint256 proposalId,
        string calldata description,
        ICensusDisputes.Source calldata source,
        ICensusDisputes.Census calldata census,
        string calldata clockMode
    ) external view returns (bytes memory) {
        bool isEqual = source.weights == ICensusDisputes.WeightRule.Equal;
        if (isEqual && census.count < MINIMUM_CLASS)
            revert IGovernorOstraka.GovernorOstrakaTooFewVoters(census.count, MINIMUM_CLASS);
        bytes memory text = ProposalDescription.json(
            msg.sender,
            proposalId,
            description,
            source,
            clockMode
        );
        return
            abi.encodeCall(
                IPollRegistry.createPoll,
                (_parameters(_terms, census, text), census.rootHash, RULE, OUTCOME_RULE, text)
            );
    }

    /// @notice Votes of a poll's final tally, in units of the token.
    /// @param tally The accepted tally: for, against, abstain.
    function votes(
        uint256 pollId,
        uint256[] calldata tally,
        ICensusDisputes.Source calldata source
    ) external view returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes) {
        IPollRegistry.PollView memory seen = pollRegistry.poll(pollId);
        // Zero without a final tally, and no list has that digest. A final tally has three votes.
        bytes32 tallyDigest = keccak256(abi.encode(tally));
        if (tallyDigest != seen.tallyDigest)
            revert IGovernorOstraka.GovernorOstrakaOtherTally(seen.tallyDigest, tallyDigest);
        // What one weight stands for: its unit; or, where all weights are equal, an equal part of the
        // supply, so that a quorum means the same share.
        uint256 numerator = source.unit;
        uint256 denominator = 1;
        if (source.weights == ICensusDisputes.WeightRule.Equal) {
            numerator = source.token.getPastTotalSupply(source.timepoint);
            denominator = seen.totalWeight;
        }
        forVotes = Math.mulDiv(tally[0], numerator, denominator);
        againstVotes = Math.mulDiv(tally[1], numerator, denominator);
        abstainVotes = Math.mulDiv(tally[2], numerator, denominator);
    }

    function _requireTimes(
        IPollRegistry registry,
        IGovernorOstraka.PollTerms memory terms_
    ) private view {
        uint256 floor = Math.max(registry.periodFloor(), 1);
        if (registry.disputes() == address(0)) _refuse("pollRegistry");
        if (terms_.disputeWindow < floor) _refuse("disputeWindow");
        if (terms_.tallyPeriod < floor) _refuse("tallyPeriod");
        uint32 responseTime = terms_.responseTime;
        if (!DisputeTimes.isResponseTime(true, responseTime, floor)) _refuse("responseTime");
        if (!DisputeTimes.isDelay(true, responseTime, terms_.maxDisputeDelay))
            _refuse("maxDisputeDelay");
    }

    function _parameters(
        IGovernorOstraka.PollTerms memory terms_,
        ICensusDisputes.Census memory census,
        bytes memory description
    ) private view returns (IPollRegistry.PollParameters memory parameters) {
        parameters.committee = terms_.committee;
        parameters.rule = keccak256(abi.encodePacked("ostraka/v2/rule", RULE));
        parameters.outcomeRule = keccak256(abi.encodePacked("ostraka/v2/outcome", OUTCOME_RULE));
        parameters.description = keccak256(description);
        parameters.censusRoot = CensusTree.root(census.rootHash, census.totalWeight, census.count);
        parameters.voters = census.count;
        parameters.totalWeight = census.totalWeight;
        // Only equal weights are certain to be shared.
        parameters.secret = terms_.weights == ICensusDisputes.WeightRule.Equal;
        parameters.opensAt = uint64(block.timestamp) + terms_.openDelay;
        parameters.closesAt = parameters.opensAt + terms_.votingDuration;
        parameters.freezeDelay = terms_.freezeDelay;
        parameters.roundDuration = terms_.roundDuration;
        parameters.maxRounds = terms_.maxRounds;
        parameters.disputeWindow = terms_.disputeWindow;
        parameters.tallyPeriod = terms_.tallyPeriod;
        parameters.minimumBallots = uint32(Math.min(terms_.minimumBallots, census.count));
        parameters.responseTime = terms_.responseTime;
        parameters.maxDisputeDelay = terms_.maxDisputeDelay;
    }

    function _refuse(string memory field) private pure {
        revert IGovernorOstraka.GovernorOstrakaInvalidTerms(field);
    }
}
