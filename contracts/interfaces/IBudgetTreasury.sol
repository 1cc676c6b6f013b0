// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CensusTree} from "../libraries/CensusTree.sol";
import {IDaoUri} from "./IDaoUri.sol";

/// @title Rounds of a shared budget: propose, vote in private, pay out
/// @notice Holds a round's money from funding to payout. Nobody owns it: money leaves only to the
/// recipients of funded proposals or back to its funders. Specified in docs/protocol.md, §17.
interface IBudgetTreasury is IDaoUri {
    /// @notice Parameters that a round fixes at its creation. Times are Unix seconds, amounts the
    /// token's smallest units.
    struct RoundParameters {
        // ERC-20 token, or zero for the chain's own coin.
        address token;
        uint128 budget;
        uint128 minimumAmount;
        uint128 maximumAmount;
        uint16 proposalsPerMember;
        uint16 maximumProposals;
        // Census root (§6.2) over those who may propose.
        bytes32 memberRoot;
        uint64 proposalsOpenAt;
        uint64 proposalsCloseAt;
        // Seconds from the end of the payout delay in which payouts can be claimed.
        uint32 claimPeriod;
        // Seconds from the decision until payouts can be claimed.
        uint32 payoutDelay;
        // Account that may veto all payouts before then, or zero.
        address vetoHolder;
        // Kind of ballot and kind of outcome rule, each with its parameters (§17.7).
        bytes ballot;
        bytes outcome;
        // As in the poll's parameters (§4.1).
        bytes32 committee;
        uint64 votingOpensAt;
        uint64 votingClosesAt;
        uint32 freezeDelay;
        uint32 roundDuration;
        uint32 maxRounds;
        uint32 disputeWindow;
        uint32 tallyPeriod;
        uint32 responseTime;
        uint32 maxDisputeDelay;
        uint32 minimumBallots;
        bool secret;
    }

    /// @notice Content of a proposal, as its member states it.
    struct Item {
        address recipient;
        // 0 in a proportional round.
        uint128 amount;
        // 0 in a round without categories.
        uint16 category;
        string title;
        string text;
        // Hash of a JSON document with more details (§17.2), or 0.
        bytes32 details;
    }

    /// @notice A member's signature, with which anybody may send the member's request.
    struct Authorization {
        address member;
        uint256 nonce;
        uint64 deadline;
        bytes signature;
    }

    /// @notice Key that acts for an invitation, once it was redeemed (§17.2).
    struct MemberKey {
        // Address of the code that registers a key: the invitation itself, or its replacement. 0
        // before the first registration.
        address code;
        // 0 after a replacement, until its code is redeemed.
        address signingKey;
    }

    /// @notice Who will vote (§17.4), fixed before anybody gives money. Kind 0: the members of the
    /// member root. 1: this census. 2: those whom a source on chain names when voting starts. 3:
    /// holders of invitations in a tree of the same form.
    struct Electorate {
        uint8 kind;
        // Of the census tree (§6.2) in kinds 0, 1 and 3; all 0 in kind 2.
        bytes32 censusHash;
        uint128 totalWeight;
        uint32 voters;
        // 1 to 4096 bytes of JSON in kind 2; empty in the others.
        bytes source;
    }

    /// @notice Census of a poll (§6.2): hash of its tree's top node, number of voters, total weight.
    struct Census {
        bytes32 censusHash;
        uint32 voters;
        uint128 totalWeight;
    }

    /// @notice State of a round by chain time. Expired, Void and Vetoed are final.
    enum RoundStatus {
        None,
        Announced,
        Proposing,
        Ready,
        Voting,
        Tallied,
        Decided,
        Expired,
        Void,
        Vetoed
    }

    /// @notice Current state of a proposal; in a proportional round the amount is its award.
    struct ProposalView {
        bytes32 id;
        address proposer;
        address recipient;
        uint128 amount;
        uint16 category;
        bool withdrawn;
        bool funded;
        bool paid;
    }

    /// @notice All data of a round; pollId is 0 before voting.
    struct RoundView {
        RoundStatus status;
        address organizer;
        uint256 pollId;
        uint256 deposited;
        uint256 committed;
        uint256 paidOut;
        // Both 0 before the decision.
        uint64 payoutsOpenAt;
        uint64 claimsEndAt;
        uint16 proposals;
        uint16 standing;
        uint8 electorateKind;
        // Root of the census or of the invitations; in kind 2 the hash of the source.
        bytes32 electorateRoot;
        uint32 electorateVoters;
        uint128 electorateWeight;
        RoundParameters parameters;
    }

    event RoundCreated(
        uint256 indexed roundId,
        address indexed organizer,
        RoundParameters parameters,
        Electorate electorate,
        string title,
        string text
    );
    event RoundFunded(uint256 indexed roundId, address indexed funder, uint256 received);
    event MemberRegistered(
        uint256 indexed roundId,
        address indexed invitation,
        address indexed signingKey
    );
    event MemberReplaced(
        uint256 indexed roundId,
        address indexed invitation,
        address formerKey,
        address code
    );
    event ProposalSubmitted(
        uint256 indexed roundId,
        bytes32 indexed proposalId,
        address indexed proposer,
        uint16 index,
        Item item
    );
    event ProposalRevised(uint256 indexed roundId, bytes32 indexed proposalId, Item item);
    event ProposalWithdrawn(uint256 indexed roundId, bytes32 indexed proposalId);
    event VotingStarted(uint256 indexed roundId, uint256 indexed pollId);
    event RoundDecided(uint256 indexed roundId, uint16[] funded, uint256 committed);
    event RoundVetoed(uint256 indexed roundId, address indexed vetoHolder);
    event PayoutClaimed(
        uint256 indexed roundId,
        bytes32 indexed proposalId,
        address indexed recipient,
        uint256 amount
    );
    event Refunded(uint256 indexed roundId, address indexed funder, uint256 amount);

    error BudgetTreasuryInvalidParameter(string field);
    error BudgetTreasuryWrongStatus(uint256 roundId, RoundStatus status);
    error BudgetTreasuryNotOrganizer(address account, address organizer);
    error BudgetTreasuryNotAMember(address account);
    error BudgetTreasuryMemberRegistered(address invitation);
    error BudgetTreasuryInvalidCode(address code);
    error BudgetTreasuryWrongSigner(address signer, address expected);
    error BudgetTreasurySignatureExpired(uint64 deadline);
    error BudgetTreasuryTooManyProposals(uint256 limit);
    error BudgetTreasuryInvalidAmount(uint256 amount, uint256 minimum, uint256 maximum);
    error BudgetTreasuryInvalidCategory(uint256 category, uint256 categories);
    error BudgetTreasuryInvalidRecipient(address recipient);
    error BudgetTreasuryInvalidTitle(uint256 length);
    error BudgetTreasuryTextTooLong(uint256 length);
    error BudgetTreasuryUnknownProposal(bytes32 proposalId);
    error BudgetTreasuryNotProposer(address account, address proposer);
    error BudgetTreasuryProposalWithdrawn(bytes32 proposalId);
    error BudgetTreasuryWrongValue(uint256 expected, uint256 actual);
    error BudgetTreasuryNothingReceived();
    error BudgetTreasuryTooManyDeposits(uint256 limit);
    error BudgetTreasuryTooMuchDeposited(uint256 deposited, uint256 limit);
    error BudgetTreasuryUnderfunded(uint256 deposited, uint256 budget);
    error BudgetTreasuryElectorateDiffers(string field);
    error BudgetTreasuryTooEarly(uint256 decidedIn);
    error BudgetTreasuryPayoutsNotOpen(uint64 payoutsOpenAt);
    error BudgetTreasuryPayoutsOpen(uint64 payoutsOpenAt);
    error BudgetTreasuryNotVetoHolder(address account, address vetoHolder);
    error BudgetTreasuryNotFunded(bytes32 proposalId);
    error BudgetTreasuryAlreadyPaid(bytes32 proposalId);
    error BudgetTreasuryNothingToRefund(address funder);

    /// @notice Create a round. The sender is its organizer and can only start its vote.
    /// @param electorate Who will vote; in kind 0 it opens `parameters.memberRoot`.
    /// @param title 1 to 150 bytes of UTF-8, without control characters.
    /// @param text At most 16384 bytes.
    /// @return roundId 1, 2, … in order of creation.
    function createRound(
        RoundParameters calldata parameters,
        Electorate calldata electorate,
        string calldata title,
        string calldata text
    ) external returns (uint256 roundId);

    /// @notice Deposit money into a round before its vote starts. The amount that arrives counts, so
    /// tokens that take a fee may be used. Anybody may deposit; money that is not paid out is
    /// refunded in proportion, to the last unit. All deposits together are below 2^128, and one
    /// account deposits at most 1000 times with deposits of others in between.
    function fund(uint256 roundId, uint256 amount) external payable;

    /// @notice Register the key that acts for an invitation from now on, in place of the key of its
    /// code. Anybody may send this.
    /// @param membership Place of the invitation, which is not read after a replacement.
    /// @param signature `Redemption(…)` (§6.7), signed by the code that counts.
    function registerMember(
        uint256 roundId,
        address invitation,
        address signingKey,
        CensusTree.Membership calldata membership,
        bytes calldata signature
    ) external;

    /// @notice Replace the code of a redeemed invitation whose key was lost. Its key does not act for
    /// it any more; the key that redeems the new code does, also for earlier proposals. Only the
    /// organizer may call this.
    /// @param code Address of a new code, which was never used.
    function replaceMember(uint256 roundId, address invitation, address code) external;

    /// @notice Code and key of an invitation; both 0 until it is registered.
    function memberKey(
        uint256 roundId,
        address invitation
    ) external view returns (MemberKey memory);

    /// @notice Propose as a member.
    /// @return proposalId Names chain, treasury, round, proposer and the proposer's nonce, so that
    /// nobody can take it first.
    function propose(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership
    ) external returns (bytes32 proposalId);

    /// @notice Propose for a member who signed `Proposal(…)`.
    function proposeFor(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external returns (bytes32 proposalId);

    /// @notice Change the sender's proposal while proposals are open.
    function revise(bytes32 proposalId, Item calldata item) external;

    /// @notice Change the proposal of a member who signed `Revision(…)`.
    function reviseFor(
        bytes32 proposalId,
        Item calldata item,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external;

    /// @notice Withdraw the sender's proposal permanently, while proposals are open.
    function withdraw(bytes32 proposalId) external;

    /// @notice Withdraw the proposal of a member who signed `Withdrawal(…)`.
    function withdrawFor(
        bytes32 proposalId,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external;

    /// @notice Create the round's poll: one slot for each standing proposal, in order of submission,
    /// with its amount as cost and its category. Only the organizer may call this; all else was fixed
    /// at creation.
    /// @param census Of the electorate that the round fixed: the same in kinds 0 and 1; in kind 2
    /// what the source gives, for everybody to check; in kind 3 those whose invitations were
    /// redeemed.
    /// @param description The poll's description (§4.4).
    function startVoting(
        uint256 roundId,
        Census calldata census,
        bytes calldata description
    ) external returns (uint256 pollId);

    /// @notice Record which proposals the accepted tally funds, and in a proportional round their
    /// amounts.
    /// @param order Slots from best to worst as the outcome rule requires (§14); checked in one pass.
    function decide(uint256 roundId, uint256[] calldata tally, uint16[] calldata order) external;

    /// @notice Veto the decision: nothing is paid out, and all deposits can be refunded. Only the
    /// veto holder may call this, and only until payouts open.
    function veto(uint256 roundId) external;

    /// @notice Pay a funded proposal to its recipient, once, after the payout delay and in a later
    /// block than the decision, so that nobody can decide and collect in one transaction. Anybody may
    /// call this.
    function claim(bytes32 proposalId) external;

    /// @notice Return a funder's part of the money that is not, or no longer, reserved for proposals:
    /// all of it in a void or vetoed round, the surplus after the decision, unclaimed payouts after
    /// expiry.
    function refund(uint256 roundId, address funder) external;

    /// @notice Amount that a funder can get refunded now.
    function refundable(uint256 roundId, address funder) external view returns (uint256);

    /// @notice All data of a round; status None if it does not exist.
    function round(uint256 roundId) external view returns (RoundView memory);

    /// @notice All proposals of a round in order of submission.
    function proposals(uint256 roundId) external view returns (ProposalView[] memory);

    /// @notice Ballot rule and outcome rule of the round's poll, as the standing proposals determine
    /// them.
    function pollRules(
        uint256 roundId
    ) external view returns (bytes memory rule, bytes memory outcomeRule);

    /// @notice Number of rounds ever created.
    function roundCount() external view returns (uint256);
}
