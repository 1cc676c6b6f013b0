// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {RoundRules} from "./RoundRules.sol";
import {IBudgetTreasury} from "./interfaces/IBudgetTreasury.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {CensusTree} from "./libraries/CensusTree.sol";

/// @title BudgetTreasury
/// @notice No owner, no upgrade.
contract BudgetTreasury is IBudgetTreasury, EIP712, Nonces, ReentrancyGuard {
    using SafeERC20 for IERC20;

    struct ProposalRecord {
        address proposer;
        // The proposer's nonce when proposing; with it the id can be derived again.
        uint64 nonce;
        bool withdrawn;
        uint16 category;
        address recipient;
        // What is asked for; in a proportional round 0, and what was awarded once decided.
        uint128 amount;
    }

    struct RoundRecord {
        address organizer;
        uint64 claimsEndAt;
        uint16 withdrawn;
        // To choose from; 0 where proposals have none.
        uint16 categories;
        uint256 pollId;
        uint256 deposited;
        uint256 committed;
        uint256 paidOut;
        // One bit for each proposal in order of submission.
        uint256 funded;
        uint256 paid;
        bytes32 electorateRoot;
        uint128 electorateWeight;
        uint32 electorateVoters;
        uint8 electorateKind;
        // Block of the decision.
        uint64 decidedIn;
        RoundParameters parameters;
    }

    /// @dev Where a proposal is kept: its round, and its place in the round plus one.
    struct Place {
        uint128 roundId;
        uint128 position;
    }

    bytes32 private constant PROPOSAL_TYPE = keccak256(
        "Proposal(uint256 roundId,address proposer,address recipient,uint256 amount,uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
    );
    bytes32 private constant REVISION_TYPE = keccak256(
        "Revision(bytes32 proposalId,address recipient,uint256 amount,uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
    );
    bytes32 private constant WITHDRAWAL_TYPE = keccak256(
        "Withdrawal(bytes32 proposalId,uint256 nonce,uint64 deadline)"
    );

    uint256 private constant MAX_TEXT_BYTES = 16_384;

    /// @notice Where the rounds' polls are.
    IPollRegistry public immutable registry;
    /// @notice Writes the rules of the rounds' polls.
    RoundRules public immutable rules;
    /// @inheritdoc IBudgetTreasury
    uint256 public roundCount;

    mapping(uint256 roundId => RoundRecord) private _rounds;
    mapping(uint256 roundId => ProposalRecord[]) private _proposals;
    mapping(bytes32 proposalId => Place) private _places;
    mapping(uint256 roundId => mapping(address member => uint256)) private _submitted;
    mapping(uint256 roundId => mapping(address funder => uint256)) private _deposits;
    mapping(uint256 roundId => mapping(address funder => uint256)) private _refunds;

    constructor(IPollRegistry registry_) EIP712("Ostraka", "2") {
        // The polls of rounds set no times for disputes: a registry with disputes would refuse them all,
        // when the money is in.
        if (registry_.disputes() != address(0))
            revert BudgetTreasuryWrongRegistry(address(registry_));
        registry = registry_;
        // Made here, so that nobody chooses what rounds may fix and how rules are written.
        rules = new RoundRules();
    }

    /// @inheritdoc IBudgetTreasury
    function createRound(
        RoundParameters calldata parameters,
        Electorate calldata electorate,
        string calldata title,
        string calldata text
    ) external returns (uint256 roundId) {
        (uint16 categories, bytes32 electorateRoot) = rules.checkRound(
            registry,
            parameters,
            electorate
        );
        _checkTexts(title, text);
        roundId = ++roundCount;
        RoundRecord storage record = _rounds[roundId];
        record.organizer = msg.sender;
        record.categories = categories;
        record.electorateRoot = electorateRoot;
        record.electorateWeight = electorate.totalWeight;
        record.electorateVoters = electorate.voters;
        record.electorateKind = electorate.kind;
        record.parameters = parameters;
        emit RoundCreated(roundId, msg.sender, parameters, electorate, title, text);
    }

    /// @inheritdoc IBudgetTreasury
    function fund(uint256 roundId, uint256 amount) external payable nonReentrant {
        RoundRecord storage record = _rounds[roundId];
        RoundStatus current = _status(record);
        if (
            current != RoundStatus.Announced &&
            current != RoundStatus.Proposing &&
            current != RoundStatus.Ready
        ) revert BudgetTreasuryWrongStatus(roundId, current);
        address token = record.parameters.token;
        uint256 received = amount;
        if (token == address(0)) {
            if (msg.value != amount) revert BudgetTreasuryWrongValue(amount, msg.value);
        } else {
            if (msg.value != 0) revert BudgetTreasuryWrongValue(0, msg.value);
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            // What arrived, not what was sent: some tokens keep a fee.
            received = IERC20(token).balanceOf(address(this)) - before;
        }
        if (received == 0) revert BudgetTreasuryNothingReceived();
        record.deposited += received;
        _deposits[roundId][msg.sender] += received;
        emit RoundFunded(roundId, msg.sender, received);
    }

    /// @inheritdoc IBudgetTreasury
    function propose(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership
    ) external returns (bytes32) {
        return _propose(roundId, msg.sender, _useNonce(msg.sender), item, membership);
    }

    /// @inheritdoc IBudgetTreasury
    function proposeFor(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external returns (bytes32) {
        bytes32 statement = keccak256(
            abi.encode(
                PROPOSAL_TYPE,
                roundId,
                authorization.member,
                item.recipient,
                uint256(item.amount),
                item.category,
                keccak256(bytes(item.title)),
                keccak256(bytes(item.text)),
                item.details,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(statement, membership, authorization);
        return _propose(roundId, authorization.member, authorization.nonce, item, membership);
    }

    /// @inheritdoc IBudgetTreasury
    function revise(bytes32 proposalId, Item calldata item) external {
        _revise(proposalId, msg.sender, item);
    }

    /// @inheritdoc IBudgetTreasury
    function reviseFor(
        bytes32 proposalId,
        Item calldata item,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external {
        bytes32 statement = keccak256(
            abi.encode(
                REVISION_TYPE,
                proposalId,
                item.recipient,
                uint256(item.amount),
                item.category,
                keccak256(bytes(item.title)),
                keccak256(bytes(item.text)),
                item.details,
                authorization.nonce,
                authorization.deadline
            )
        );
        _authorize(statement, membership, authorization);
        _requireMember(_places[proposalId].roundId, authorization.member, membership);
        _revise(proposalId, authorization.member, item);
    }

    /// @inheritdoc IBudgetTreasury
    function withdraw(bytes32 proposalId) external {
        _withdraw(proposalId, msg.sender);
    }

    /// @inheritdoc IBudgetTreasury
    function withdrawFor(
        bytes32 proposalId,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external {
        bytes32 statement = keccak256(
            abi.encode(WITHDRAWAL_TYPE, proposalId, authorization.nonce, authorization.deadline)
        );
        _authorize(statement, membership, authorization);
        _requireMember(_places[proposalId].roundId, authorization.member, membership);
        _withdraw(proposalId, authorization.member);
    }

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
                counting: 0,
                casting: 0,
                identity: 0,
                openMinimum: 0,
                shufflePeriod: 0,
                responseTime: 0,
                maxDisputeDelay: 0,
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
        // Checks tally, rule and order against what the registry knows.
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
        // Fewer than the slots: only the length word shrinks.
        assembly ("memory-safe") {
            mstore(indices, count)
        }
        record.funded = funded;
        record.committed = committed;
        record.claimsEndAt = uint64(block.timestamp + record.parameters.claimPeriod);
        record.decidedIn = uint64(block.number);
        emit RoundDecided(roundId, indices, committed);
    }

    /// @inheritdoc IBudgetTreasury
    function claim(bytes32 proposalId) external nonReentrant {
        (uint256 roundId, uint256 index) = _find(proposalId);
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Decided);
        // A reorganized or private block could otherwise decide and pay in one step.
        if (block.number <= record.decidedIn) revert BudgetTreasuryTooEarly(record.decidedIn);
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
    function refund(uint256 roundId, address funder) external nonReentrant {
        uint256 amount = refundable(roundId, funder);
        if (amount == 0) revert BudgetTreasuryNothingToRefund(funder);
        _refunds[roundId][funder] += amount;
        emit Refunded(roundId, funder, amount);
        _pay(_rounds[roundId].parameters.token, funder, amount);
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
    function proposals(uint256 roundId) external view returns (ProposalView[] memory seen) {
        RoundRecord storage record = _rounds[roundId];
        ProposalRecord[] storage list = _proposals[roundId];
        seen = new ProposalView[](list.length);
        for (uint256 index = 0; index < list.length; ++index) {
            ProposalRecord storage proposal = list[index];
            seen[index] = ProposalView({
                id: _proposalId(roundId, proposal.proposer, proposal.nonce),
                proposer: proposal.proposer,
                recipient: proposal.recipient,
                amount: proposal.amount,
                category: proposal.category,
                withdrawn: proposal.withdrawn,
                funded: record.funded & (1 << index) != 0,
                paid: record.paid & (1 << index) != 0
            });
        }
    }

    /// @inheritdoc IBudgetTreasury
    function refundable(uint256 roundId, address funder) public view returns (uint256) {
        RoundRecord storage record = _rounds[roundId];
        RoundStatus current = _status(record);
        uint256 free = 0;
        if (current == RoundStatus.Void) free = record.deposited;
        else if (current == RoundStatus.Decided) free = record.deposited - record.committed;
        else if (current == RoundStatus.Expired) free = record.deposited - record.paidOut;
        // It only ever grows, and rounds down: all parts together never exceed it.
        if (free == 0) return 0;
        return
            Math.mulDiv(_deposits[roundId][funder], free, record.deposited) -
            _refunds[roundId][funder];
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

    function _propose(
        uint256 roundId,
        address proposer,
        uint256 nonce,
        Item calldata item,
        CensusTree.Membership calldata membership
    ) private returns (bytes32 proposalId) {
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Proposing);
        RoundParameters storage parameters = record.parameters;
        _requireMember(roundId, proposer, membership);
        _checkItem(record, item);
        ProposalRecord[] storage list = _proposals[roundId];
        if (list.length >= parameters.maximumProposals)
            revert BudgetTreasuryTooManyProposals(parameters.maximumProposals);
        if (++_submitted[roundId][proposer] > parameters.proposalsPerMember)
            revert BudgetTreasuryTooManyProposals(parameters.proposalsPerMember);
        proposalId = _proposalId(roundId, proposer, nonce);
        uint256 index = list.length;
        list.push(
            ProposalRecord(
                proposer,
                uint64(nonce),
                false,
                item.category,
                item.recipient,
                item.amount
            )
        );
        _places[proposalId] = Place(uint128(roundId), uint128(index + 1));
        emit ProposalSubmitted(roundId, proposalId, proposer, uint16(index), item);
    }

    function _revise(bytes32 proposalId, address account, Item calldata item) private {
        (uint256 roundId, ProposalRecord storage proposal) = _ownStanding(proposalId, account);
        _checkItem(_rounds[roundId], item);
        proposal.category = item.category;
        proposal.recipient = item.recipient;
        proposal.amount = item.amount;
        emit ProposalRevised(roundId, proposalId, item);
    }

    function _withdraw(bytes32 proposalId, address account) private {
        (uint256 roundId, ProposalRecord storage proposal) = _ownStanding(proposalId, account);
        proposal.withdrawn = true;
        ++_rounds[roundId].withdrawn;
        emit ProposalWithdrawn(roundId, proposalId);
    }

    function _pay(address token, address recipient, uint256 amount) private {
        if (token == address(0)) Address.sendValue(payable(recipient), amount);
        else IERC20(token).safeTransfer(recipient, amount);
    }

    /// @dev Uses up the nonce. By ECDSA with the signing key that the membership names.
    function _authorize(
        bytes32 statement,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) private {
        if (block.timestamp > authorization.deadline)
            revert BudgetTreasurySignatureExpired(authorization.deadline);
        _useCheckedNonce(authorization.member, authorization.nonce);
        address signer = ECDSA.recover(_hashTypedDataV4(statement), authorization.signature);
        if (signer != membership.signingKey)
            revert BudgetTreasuryWrongSigner(signer, membership.signingKey);
    }

    function _requireMember(
        uint256 roundId,
        address account,
        CensusTree.Membership calldata membership
    ) private view {
        bytes32 root = _rounds[roundId].parameters.memberRoot;
        if (!rules.isMember(root, account, membership)) revert BudgetTreasuryNotAMember(account);
    }

    function _ownStanding(
        bytes32 proposalId,
        address account
    ) private view returns (uint256 roundId, ProposalRecord storage proposal) {
        uint256 index;
        (roundId, index) = _find(proposalId);
        _inStatus(roundId, RoundStatus.Proposing);
        proposal = _proposals[roundId][index];
        if (account != proposal.proposer)
            revert BudgetTreasuryNotProposer(account, proposal.proposer);
        if (proposal.withdrawn) revert BudgetTreasuryProposalWithdrawn(proposalId);
    }

    function _find(bytes32 proposalId) private view returns (uint256 roundId, uint256 index) {
        Place storage place = _places[proposalId];
        if (place.position == 0) revert BudgetTreasuryUnknownProposal(proposalId);
        return (place.roundId, place.position - 1);
    }

    function _proposalId(
        uint256 roundId,
        address proposer,
        uint256 nonce
    ) private view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    "ostraka/v2/proposal",
                    abi.encode(block.chainid, address(this), roundId, proposer, nonce)
                )
            );
    }

    function _inStatus(
        uint256 roundId,
        RoundStatus expected
    ) private view returns (RoundRecord storage record) {
        record = _rounds[roundId];
        RoundStatus current = _status(record);
        if (current != expected) revert BudgetTreasuryWrongStatus(roundId, current);
    }

    function _status(RoundRecord storage record) private view returns (RoundStatus) {
        if (record.organizer == address(0)) return RoundStatus.None;
        if (record.claimsEndAt != 0)
            return block.timestamp < record.claimsEndAt ? RoundStatus.Decided : RoundStatus.Expired;
        if (record.pollId != 0) {
            IPollRegistry.Status poll = registry.status(record.pollId);
            if (poll == IPollRegistry.Status.Void) return RoundStatus.Void;
            return poll == IPollRegistry.Status.Tallied ? RoundStatus.Tallied : RoundStatus.Voting;
        }
        if (block.timestamp < record.parameters.proposalsOpenAt) return RoundStatus.Announced;
        if (block.timestamp < record.parameters.proposalsCloseAt) return RoundStatus.Proposing;
        return
            block.timestamp < record.parameters.votingOpensAt
                ? RoundStatus.Ready
                : RoundStatus.Void;
    }

    /// @dev Proposals ask for no amount there, and for at least one unit elsewhere.
    function _isProportional(RoundParameters storage parameters) private view returns (bool) {
        return parameters.maximumAmount == 0;
    }

    function _checkItem(RoundRecord storage record, Item calldata item) private view {
        RoundParameters storage parameters = record.parameters;
        if (item.recipient == address(0) || item.recipient == address(this))
            revert BudgetTreasuryInvalidRecipient(item.recipient);
        if (item.amount < parameters.minimumAmount || item.amount > parameters.maximumAmount)
            revert BudgetTreasuryInvalidAmount(
                item.amount,
                parameters.minimumAmount,
                parameters.maximumAmount
            );
        // Where there are no categories, every proposal has the first.
        if (item.category >= Math.max(record.categories, 1))
            revert BudgetTreasuryInvalidCategory(item.category, record.categories);
        _checkTexts(item.title, item.text);
    }

    function _checkTexts(string calldata title, string calldata text) private view {
        if (!rules.isTitle(title)) revert BudgetTreasuryInvalidTitle(bytes(title).length);
        if (bytes(text).length > MAX_TEXT_BYTES)
            revert BudgetTreasuryTextTooLong(bytes(text).length);
    }
}
