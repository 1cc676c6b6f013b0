// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {CensusTree} from "../libraries/CensusTree.sol";
import {TreasuryMembers} from "./TreasuryMembers.sol";

/// @title Proposals of a treasury's rounds
/// @notice Members propose, revise and withdraw, by transaction or by signature. Specified in
/// docs/protocol.md, §17.
abstract contract TreasuryProposals is Nonces, TreasuryMembers {
    struct ProposalRecord {
        address proposer;
        // The proposer's nonce when proposing; with it the id can be derived again.
        uint64 nonce;
        bool withdrawn;
        uint16 category;
        address recipient;
        // The requested amount; in a proportional round 0, and the award after the decision.
        uint128 amount;
    }

    /// @dev Location of a proposal: its round, and its place in the round plus one.
    struct Place {
        uint128 roundId;
        uint128 position;
    }

    bytes32 private constant WITHDRAWAL_TYPE = keccak256(
        "Withdrawal(bytes32 proposalId,uint256 nonce,uint64 deadline)"
    );

    /// @dev The chain that ids of proposals name. They stay after a split that gives this chain a new
    /// id, when signatures already name the new one.
    uint256 private immutable _firstChainId = block.chainid;

    mapping(uint256 roundId => ProposalRecord[]) internal _proposals;
    mapping(bytes32 proposalId => Place) private _places;
    mapping(uint256 roundId => mapping(address member => uint256)) private _submitted;

    /// @inheritdoc IBudgetTreasury
    function propose(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership
    ) external returns (bytes32) {
        _requireMember(roundId, msg.sender, membership);
        return _propose(roundId, msg.sender, _useNonce(msg.sender), item);
    }

    /// @inheritdoc IBudgetTreasury
    function proposeFor(
        uint256 roundId,
        Item calldata item,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) external returns (bytes32) {
        bytes32 statement = _statement(bytes32(roundId), true, item, authorization);
        _authorize(roundId, statement, membership, authorization);
        return _propose(roundId, authorization.member, authorization.nonce, item);
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
        bytes32 statement = _statement(proposalId, false, item, authorization);
        _authorize(_places[proposalId].roundId, statement, membership, authorization);
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
        _authorize(_places[proposalId].roundId, statement, membership, authorization);
        _withdraw(proposalId, authorization.member);
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

    function _propose(
        uint256 roundId,
        address proposer,
        uint256 nonce,
        Item calldata item
    ) private returns (bytes32 proposalId) {
        RoundRecord storage record = _inStatus(roundId, RoundStatus.Proposing);
        RoundParameters storage parameters = record.parameters;
        _requireActing(roundId, proposer);
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

    /// @dev Consumes the nonce. Requires a member, and a signature of the member's key.
    function _authorize(
        uint256 roundId,
        bytes32 statement,
        CensusTree.Membership calldata membership,
        Authorization calldata authorization
    ) private {
        if (block.timestamp > authorization.deadline)
            revert BudgetTreasurySignatureExpired(authorization.deadline);
        _useCheckedNonce(authorization.member, authorization.nonce);
        _requireSigned(
            roundId,
            authorization.member,
            membership,
            statement,
            authorization.signature
        );
    }

    function _ownStanding(
        bytes32 proposalId,
        address account
    ) private view returns (uint256 roundId, ProposalRecord storage proposal) {
        uint256 index;
        (roundId, index) = _find(proposalId);
        _inStatus(roundId, RoundStatus.Proposing);
        proposal = _proposals[roundId][index];
        _requireActing(roundId, account);
        if (account != proposal.proposer)
            revert BudgetTreasuryNotProposer(account, proposal.proposer);
        if (proposal.withdrawn) revert BudgetTreasuryProposalWithdrawn(proposalId);
    }

    function _find(bytes32 proposalId) internal view returns (uint256 roundId, uint256 index) {
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
                    _firstChainId,
                    uint256(uint160(address(this))),
                    roundId,
                    uint256(uint160(proposer)),
                    nonce
                )
            );
    }

    function _checkItem(RoundRecord storage record, Item calldata item) private view {
        RoundParameters storage parameters = record.parameters;
        rules.checkItem(
            parameters.minimumAmount,
            parameters.maximumAmount,
            record.categories,
            item
        );
    }

    function _statement(
        bytes32 subject,
        bool isNew,
        Item calldata item,
        Authorization calldata authorization
    ) private view returns (bytes32) {
        return
            rules.itemStatement(
                subject,
                isNew,
                item,
                authorization.member,
                authorization.nonce,
                authorization.deadline
            );
    }
}
