// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";
import {BallotRule} from "../../../contracts/libraries/BallotRule.sol";
import {Outcome} from "../../../contracts/libraries/Outcome.sol";

/// @notice A registry that believes any tally, with the true rules: polls come to their end at once.
contract PretendRegistry {
    struct Poll {
        IPollRegistry.Status status;
        uint16 slots;
        bytes32 outcomeRule;
        bytes32 tally;
        bool lost;
        uint256[] attested;
    }

    uint256 public pollCount;
    uint32 public constant periodFloor = 1;
    address public constant disputes = address(0);
    mapping(uint256 pollId => Poll) private polls;

    function committee(
        bytes32
    ) external pure returns (address[] memory nodes, uint8 t, uint8 f, uint8 q) {
        return (new address[](3), 2, 0, 2);
    }

    function createPoll(
        IPollRegistry.PollParameters calldata parameters,
        bytes32,
        bytes calldata rule,
        bytes calldata outcomeRule,
        bytes calldata
    ) external returns (uint256 pollId) {
        (uint16 slots, ) = BallotRule.validate(rule);
        Outcome.validate(outcomeRule, slots);
        require(parameters.rule == BallotRule.digest(rule), "rule");
        require(parameters.outcomeRule == Outcome.digest(outcomeRule), "outcome rule");
        pollId = ++pollCount;
        bool opened = Outcome.isOfBallots(outcomeRule);
        require(parameters.counting == (opened ? 1 : 0), "counting");
        require(parameters.openMinimum == (opened ? parameters.minimumBallots : 0), "minimum");
        uint32 longest = parameters.tallyPeriod / 2 < 1 days ? parameters.tallyPeriod / 2 : 1 days;
        require(parameters.shufflePeriod == (opened ? longest : 0), "period");
        polls[pollId].status = IPollRegistry.Status.Created;
        polls[pollId].slots = slots;
        polls[pollId].outcomeRule = parameters.outcomeRule;
    }

    function end(uint256 pollId, uint256[] calldata tally) external {
        require(tally.length == polls[pollId].slots, "tally");
        polls[pollId].tally = keccak256(abi.encode(tally));
        polls[pollId].status = IPollRegistry.Status.Tallied;
    }

    function attest(uint256 pollId, uint256[] calldata given) external {
        polls[pollId].attested = given;
    }

    function lose(uint256 pollId) external {
        polls[pollId].lost = true;
    }

    function void(uint256 pollId) external {
        polls[pollId].status = IPollRegistry.Status.Void;
    }

    function status(uint256 pollId) external view returns (IPollRegistry.Status) {
        return polls[pollId].status;
    }

    function isOutcomeLost(uint256 pollId) external view returns (bool) {
        return polls[pollId].lost;
    }

    function slotsOf(uint256 pollId) external view returns (uint256) {
        return polls[pollId].slots;
    }

    function awards(
        uint256 pollId,
        uint256[] calldata tally,
        bytes calldata outcomeRule,
        uint16[] calldata order
    ) external view returns (uint256[] memory) {
        require(polls[pollId].tally == keccak256(abi.encode(tally)), "tally");
        require(polls[pollId].outcomeRule == Outcome.digest(outcomeRule), "outcome rule");
        if (Outcome.isOfBallots(outcomeRule)) {
            require(order.length == 0, "order");
            return polls[pollId].attested;
        }
        return Outcome.awards(outcomeRule, tally, order);
    }
}
