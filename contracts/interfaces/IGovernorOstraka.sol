// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICensusDisputes} from "./ICensusDisputes.sol";
import {IPollRegistry} from "./IPollRegistry.sol";

/// @title Governor whose proposals are decided by private polls
/// @notice While a proposal is Active, anybody posts the census of its snapshot (ICensusDisputes),
/// starts its poll with a final census, and settles it with the poll's final tally. The Governor
/// creates the poll itself, by terms that its construction fixed, so that nobody can put another poll
/// in its place. Specified in docs/protocol.md §18.10.
/// @dev No function is called `registry`: nodes take a creator with that function for a treasury.
interface IGovernorOstraka {
    /// @notice What every poll of the Governor has in common; durations are seconds. For the meaning
    /// see docs/protocol.md §4.1.
    struct PollTerms {
        bytes32 committee;
        // From the start of a poll to its opening.
        uint32 openDelay;
        uint32 votingDuration;
        uint32 freezeDelay;
        uint32 roundDuration;
        uint32 maxRounds;
        uint32 disputeWindow;
        uint32 tallyPeriod;
        // At most the number of voters is required.
        uint32 minimumBallots;
        uint32 responseTime;
        uint32 maxDisputeDelay;
        // Votes for one weight.
        uint128 unit;
        ICensusDisputes.WeightRule weights;
    }

    /// @notice The proposal's poll was created, with a census that is final.
    event ProposalPollStarted(
        uint256 indexed proposalId,
        uint256 indexed pollId,
        uint256 indexed censusId
    );
    /// @notice The final tally decided the proposal; votes are in units of the token.
    event ProposalSettled(
        uint256 indexed proposalId,
        uint256 indexed pollId,
        uint256 againstVotes,
        uint256 forVotes,
        uint256 abstainVotes
    );

    error GovernorOstrakaInvalidTerms(string field);
    error GovernorOstrakaNoPublicVotes();
    error GovernorOstrakaVotersNotOnChain(uint256 pollId);
    error GovernorOstrakaPollExists(uint256 proposalId, uint256 pollId);
    error GovernorOstrakaNoPoll(uint256 proposalId);
    error GovernorOstrakaCensusNotFinal(uint256 censusId);
    error GovernorOstrakaTooFewVoters(uint256 voters, uint256 minimum);
    error GovernorOstrakaAlreadySettled(uint256 proposalId);
    error GovernorOstrakaOtherTally(bytes32 expected, bytes32 actual);

    /// @notice Start the poll of an Active proposal. The proposal is given as to `execute`, but with
    /// its whole description, whose first line becomes the poll's title.
    /// @param censusId Number of a final census of the proposal's `censusSource`.
    function startPoll(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        uint256 censusId,
        ICensusDisputes.Census memory census
    ) external returns (uint256 pollId);

    /// @notice Decide an Active proposal by the final tally of its poll: for, against, abstain.
    function settle(uint256 proposalId, uint256[] calldata tally) external;

    /// @notice Registry in which the Governor creates its polls.
    function pollRegistry() external view returns (IPollRegistry);

    /// @notice Contract at which censuses are posted and disputed.
    function censusDisputes() external view returns (ICensusDisputes);

    /// @notice The ProposalPolls contract with what the construction fixed of every poll.
    function proposalPolls() external view returns (address);

    /// @notice Poll of a proposal; 0 before it was started.
    function pollOf(uint256 proposalId) external view returns (uint256);

    /// @notice Whether nodes take the census of a poll from an account: from everybody who posted it
    /// with a bond. One of them alone could keep it back, and so void the poll.
    function mayUpload(uint256 pollId, address account) external view returns (bool);

    /// @notice What determines the census of a proposal.
    function censusSource(uint256 proposalId) external view returns (ICensusDisputes.Source memory);

    /// @notice Votes by the settled tally, in units of the token; 0 before.
    function proposalVotes(
        uint256 proposalId
    ) external view returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes);
}
