// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ICensusDisputes} from "../interfaces/ICensusDisputes.sol";
import {IGovernorOstraka} from "../interfaces/IGovernorOstraka.sol";
import {IPollRegistry} from "../interfaces/IPollRegistry.sol";
import {ProposalPolls} from "./ProposalPolls.sol";

/// @title GovernorOstraka
/// @notice Counting module of OpenZeppelin's Governor: each proposal is decided by a private poll.
/// Everything but voting and counting stays that of Governor and its other modules.
abstract contract GovernorOstraka is GovernorVotes, IGovernorOstraka {
    struct ProposalPoll {
        // 0 before the poll was started.
        uint256 id;
        // By the Governor's clock; 0 before the tally was settled.
        uint48 settledAt;
        uint256 forVotes;
        uint256 againstVotes;
        uint256 abstainVotes;
    }

    /// @inheritdoc IGovernorOstraka
    IPollRegistry public immutable pollRegistry;
    /// @inheritdoc IGovernorOstraka
    ICensusDisputes public immutable censusDisputes;

    /// @inheritdoc IGovernorOstraka
    address public immutable proposalPolls;

    uint128 private immutable _unit;
    ICensusDisputes.WeightRule private immutable _weights;

    mapping(uint256 proposalId => ProposalPoll) private _polls;
    mapping(uint256 pollId => uint256) private _censusOf;

    /// @dev Reverts for terms under which no poll could ever start.
    constructor(
        IPollRegistry pollRegistry_,
        ICensusDisputes censusDisputes_,
        PollTerms memory terms
    ) {
        if (censusDisputes_.postBond() == 0) revert GovernorOstrakaInvalidTerms("censusDisputes");
        pollRegistry = pollRegistry_;
        censusDisputes = censusDisputes_;
        // Created here, so that nobody chooses it.
        proposalPolls = address(new ProposalPolls(pollRegistry_, terms));
        _unit = terms.unit;
        _weights = terms.weights;
    }

    /// @inheritdoc IGovernorOstraka
    function startPoll(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        uint256 censusId,
        ICensusDisputes.Census memory census
    ) public virtual returns (uint256 pollId) {
        uint256 proposalId = getProposalId(
            targets,
            values,
            calldatas,
            keccak256(bytes(description))
        );
        _validateStateBitmap(proposalId, _encodeStateBitmap(ProposalState.Active));
        ProposalPoll storage poll = _polls[proposalId];
        if (poll.id != 0) revert GovernorOstrakaPollExists(proposalId, poll.id);
        ICensusDisputes.Source memory source = censusSource(proposalId);
        bool isFinal = censusDisputes.isFinal(ICensusDisputes.Posted(censusId, source, census));
        if (!isFinal) revert GovernorOstrakaCensusNotFinal(censusId);
        bytes memory creation = ProposalPolls(proposalPolls).creation(
            proposalId,
            description,
            source,
            census,
            CLOCK_MODE()
        );
        bytes memory created = Address.functionCall(address(pollRegistry), creation);
        pollId = abi.decode(created, (uint256));
        poll.id = pollId;
        _censusOf[pollId] = censusId;
        emit ProposalPollStarted(proposalId, pollId, censusId);
    }

    /// @inheritdoc IGovernorOstraka
    function settle(uint256 proposalId, uint256[] calldata tally) public virtual {
        _validateStateBitmap(proposalId, _encodeStateBitmap(ProposalState.Active));
        ProposalPoll storage poll = _polls[proposalId];
        if (poll.id == 0) revert GovernorOstrakaNoPoll(proposalId);
        if (poll.settledAt != 0) revert GovernorOstrakaAlreadySettled(proposalId);
        poll.settledAt = clock();
        (poll.againstVotes, poll.forVotes, poll.abstainVotes) = ProposalPolls(proposalPolls).votes(
            poll.id,
            tally,
            censusSource(proposalId)
        );
        emit ProposalSettled(
            proposalId,
            poll.id,
            poll.againstVotes,
            poll.forVotes,
            poll.abstainVotes
        );
        _tallyUpdated(proposalId);
    }

    /// @inheritdoc IGovernorOstraka
    function pollOf(uint256 proposalId) public view virtual returns (uint256) {
        return _polls[proposalId].id;
    }

    /// @inheritdoc IGovernorOstraka
    function mayUpload(uint256 pollId, address account) public view virtual returns (bool) {
        // No post has the number 0, which other polls have here.
        return censusDisputes.isPoster(_censusOf[pollId], account);
    }

    /// @inheritdoc IGovernorOstraka
    function censusSource(
        uint256 proposalId
    ) public view virtual returns (ICensusDisputes.Source memory) {
        return ICensusDisputes.Source(token(), proposalSnapshot(proposalId), _unit, _weights);
    }

    /// @inheritdoc IGovernorOstraka
    function proposalVotes(
        uint256 proposalId
    ) public view virtual returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes) {
        ProposalPoll storage poll = _polls[proposalId];
        return (poll.againstVotes, poll.forVotes, poll.abstainVotes);
    }

    /// @notice Active until the poll's tally is settled or the poll is void; a void poll defeats the
    /// proposal, and so does a deadline that passes without a poll.
    /// @inheritdoc Governor
    function state(uint256 proposalId) public view virtual override returns (ProposalState) {
        ProposalState current = super.state(proposalId);
        ProposalPoll storage poll = _polls[proposalId];
        if (poll.id == 0 || poll.settledAt != 0) return current;
        // Governor knows no votes yet: it says Active before its deadline, and Defeated after.
        if (current != ProposalState.Active && current != ProposalState.Defeated) return current;
        return
            pollRegistry.status(poll.id) == IPollRegistry.Status.Void
                ? ProposalState.Defeated
                : ProposalState.Active;
    }

    /// @notice Last timepoint at which the poll can be started; once the tally is settled, the
    /// timepoint at which it was.
    /// @inheritdoc Governor
    function proposalDeadline(uint256 proposalId) public view virtual override returns (uint256) {
        uint48 settledAt = _polls[proposalId].settledAt;
        return settledAt == 0 ? super.proposalDeadline(proposalId) : settledAt;
    }

    /// @inheritdoc IGovernor
    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() public pure virtual override returns (string memory) {
        return "support=bravo&quorum=for,abstain";
    }

    /// @notice False while nobody can have voted. Afterwards the chain does not know who voted, and
    /// this reverts.
    /// @inheritdoc IGovernor
    function hasVoted(uint256 proposalId, address) public view virtual override returns (bool) {
        uint256 pollId = _polls[proposalId].id;
        if (pollId != 0) revert GovernorOstrakaVotersNotOnChain(pollId);
        return false;
    }

    /// @dev Every public vote of an Active proposal ends here, with or without parameters, reason or
    /// signature.
    function _countVote(
        uint256,
        address,
        uint8,
        uint256,
        bytes memory
    ) internal virtual override returns (uint256) {
        revert GovernorOstrakaNoPublicVotes();
    }

    /// @dev As in GovernorCountingSimple.
    function _quorumReached(uint256 proposalId) internal view virtual override returns (bool) {
        ProposalPoll storage poll = _polls[proposalId];
        return quorum(proposalSnapshot(proposalId)) <= poll.forVotes + poll.abstainVotes;
    }

    /// @dev As in GovernorCountingSimple. False without a tally, even where the quorum is zero.
    function _voteSucceeded(uint256 proposalId) internal view virtual override returns (bool) {
        ProposalPoll storage poll = _polls[proposalId];
        return poll.forVotes > poll.againstVotes;
    }
}
