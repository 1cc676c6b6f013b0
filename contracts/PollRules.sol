// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {BallotOutcome} from "./libraries/BallotOutcome.sol";
import {BallotRule} from "./libraries/BallotRule.sol";
import {CensusTree} from "./libraries/CensusTree.sol";
import {Outcome} from "./libraries/Outcome.sol";

/// @title Rules for the parameters and the awards of polls
/// @notice Stateless: the same bytes always give the same answer. Specified in docs/protocol.md,
/// §4.1, §5.3, §6.2, §14.
contract PollRules {
    using BallotOutcome for BallotOutcome.Rule;

    /// @dev Keeps every deadline far from overflow, at the latest in the year 36812.
    uint256 private constant MAX_TIME = 1 << 40;
    uint256 private constant TALLY_BOUND = 1 << 200;
    /// @dev Clients relay no transaction of more than 128 KiB. The answer to a dispute has the rule, a
    /// ballot and two paths: without this bound, nobody could defend the root of a poll.
    uint256 private constant MAX_RULE_BYTES = 96 * 1024;
    /// @dev Among fewer opened ballots, each says too much about its voter.
    uint256 private constant MINIMUM_OPENED = 5;

    /// @notice Reverts unless a poll of any registry may have these parameters.
    /// @param parameters `disputeWindow`, `tallyPeriod`, `responseTime` and `maxDisputeDelay` depend
    /// on the registry, which checks them.
    /// @param censusHash Hash of the census tree's top node.
    /// @param rule Ballot rule, of digest `parameters.rule`.
    /// @param outcomeRule Outcome rule, of digest `parameters.outcomeRule`.
    /// @return slots Number of slots of the ballot rule.
    /// @return maxSlotValue Largest value of any slot.
    function check(
        IPollRegistry.PollParameters calldata parameters,
        bytes32 censusHash,
        bytes calldata rule,
        bytes calldata outcomeRule
    ) external view returns (uint16 slots, uint256 maxSlotValue) {
        if (rule.length > MAX_RULE_BYTES) _refuse("rule");
        _requireDigest("rule", parameters.rule, BallotRule.digest(rule));
        _requireDigest("outcomeRule", parameters.outcomeRule, Outcome.digest(outcomeRule));
        _requireDigest(
            "censusRoot",
            parameters.censusRoot,
            CensusTree.root(censusHash, parameters.totalWeight, parameters.voters)
        );
        (slots, maxSlotValue) = BallotRule.validate(rule);
        Outcome.validate(outcomeRule, slots);
        // Nodes open no ballots of other polls.
        if (Outcome.isOfBallots(outcomeRule) && parameters.counting == 0) _refuse("outcomeRule");
        _checkElectorate(parameters, maxSlotValue);
        _checkTimes(parameters);
        _checkKinds(parameters);
        _checkShuffle(parameters);
    }

    /// @notice Award of each slot by the tally; empty if the tally itself is the result. Reverts if
    /// opened ballots decide.
    /// @param order Slots from best to worst as the outcome rule requires.
    function awards(
        bytes calldata outcomeRule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) external pure returns (uint256[] memory) {
        return Outcome.awards(outcomeRule, tally, order);
    }

    /// @notice Reverts unless nodes may attest these awards under an outcome rule that decides by opened
    /// ballots.
    /// @param awards_ Award of each slot.
    /// @return objectionTime Seconds in which the veto holder may object.
    /// @return vetoHolder Zero: nobody.
    function checkAwards(
        bytes calldata outcomeRule,
        uint256[] calldata awards_
    ) external pure returns (uint32 objectionTime, address vetoHolder) {
        BallotOutcome.Rule memory rule = BallotOutcome.read(outcomeRule, awards_.length);
        rule.requireWithin(awards_);
        return (rule.objectionTime, rule.vetoHolder);
    }

    function _checkElectorate(
        IPollRegistry.PollParameters calldata parameters,
        uint256 maxSlotValue
    ) private pure {
        if (parameters.voters == 0) _refuse("voters");
        if (parameters.totalWeight < parameters.voters) _refuse("totalWeight");
        if (parameters.totalWeight > (TALLY_BOUND - 1) / maxSlotValue) _refuse("totalWeight");
        if (parameters.minimumBallots == 0 || parameters.minimumBallots > parameters.voters)
            _refuse("minimumBallots");
    }

    function _checkTimes(IPollRegistry.PollParameters calldata parameters) private view {
        if (parameters.closesAt > MAX_TIME || parameters.closesAt <= block.timestamp)
            _refuse("closesAt");
        if (parameters.opensAt >= parameters.closesAt) _refuse("opensAt");
        if (parameters.roundDuration == 0) _refuse("roundDuration");
        if (
            parameters.maxRounds == 0 ||
            uint256(parameters.roundDuration) * parameters.maxRounds > MAX_TIME
        ) _refuse("maxRounds");
    }

    /// @dev Fields that no release defines yet must be 0, so that they cannot get a meaning later.
    function _checkKinds(IPollRegistry.PollParameters calldata parameters) private pure {
        if (parameters.counting > 1) _refuse("counting");
        if (parameters.casting != 0) _refuse("casting");
        if (parameters.identity != 0) _refuse("identity");
        if (parameters.extension != 0) _refuse("extension");
    }

    /// @dev Words 19 and 20 belong to polls that open every ballot without its voter's name
    /// (docs/protocol.md §19). Whether all weights are equal is in the census, which no contract sees.
    function _checkShuffle(IPollRegistry.PollParameters calldata parameters) private pure {
        uint256 openMinimum = parameters.openMinimum;
        uint256 shufflePeriod = parameters.shufflePeriod;
        if (parameters.counting == 0) {
            if (openMinimum != 0) _refuse("openMinimum");
            if (shufflePeriod != 0) _refuse("shufflePeriod");
            return;
        }
        if (openMinimum < MINIMUM_OPENED || openMinimum > parameters.voters) _refuse("openMinimum");
        if (shufflePeriod == 0 || shufflePeriod > parameters.tallyPeriod / 2)
            _refuse("shufflePeriod");
        if (parameters.totalWeight % parameters.voters != 0) _refuse("totalWeight");
    }

    function _requireDigest(string memory field, bytes32 expected, bytes32 actual) private pure {
        if (actual != expected)
            revert IPollRegistry.PollRegistryDigestDiffers(field, expected, actual);
    }

    function _refuse(string memory field) private pure {
        revert IPollRegistry.PollRegistryInvalidParameter(field);
    }
}
