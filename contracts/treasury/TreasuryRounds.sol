// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {RoundRules} from "../RoundRules.sol";
import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {IDaoUri} from "../interfaces/IDaoUri.sol";
import {IPollRegistry} from "../interfaces/IPollRegistry.sol";

/// @title Rounds of a treasury
/// @notice Creates rounds and reports their status. Specified in docs/protocol.md, §17.
abstract contract TreasuryRounds is IBudgetTreasury, ERC165 {
    struct RoundRecord {
        address organizer;
        uint64 claimsEndAt;
        uint16 withdrawn;
        // Number of categories; 0 if proposals have none.
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
        bool vetoed;
        RoundParameters parameters;
    }

    /// @notice Registry of the rounds' polls.
    IPollRegistry public immutable registry;
    /// @notice Writes the rules of the rounds' polls.
    RoundRules public immutable rules;
    /// @inheritdoc IDaoUri
    string public daoURI;
    /// @inheritdoc IBudgetTreasury
    uint256 public roundCount;

    mapping(uint256 roundId => RoundRecord) internal _rounds;

    constructor(IPollRegistry registry_, string memory daoUri) {
        registry = registry_;
        daoURI = daoUri;
        emit DAOURIUpdate(address(this), daoUri);
        // Created here, so that nobody chooses which rounds are allowed and how rules are written.
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
        rules.checkTexts(title, text);
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

    /// @notice As ERC-165 asks.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == type(IBudgetTreasury).interfaceId ||
            interfaceId == type(IDaoUri).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    function _inStatus(
        uint256 roundId,
        RoundStatus expected
    ) internal view returns (RoundRecord storage record) {
        record = _rounds[roundId];
        RoundStatus current = _status(record);
        if (current != expected) revert BudgetTreasuryWrongStatus(roundId, current);
    }

    function _status(RoundRecord storage record) internal view returns (RoundStatus) {
        if (record.organizer == address(0)) return RoundStatus.None;
        if (record.claimsEndAt != 0) {
            if (record.vetoed) return RoundStatus.Vetoed;
            return block.timestamp < record.claimsEndAt ? RoundStatus.Decided : RoundStatus.Expired;
        }
        if (record.pollId != 0) return rules.pollStatus(registry, record.pollId);
        if (block.timestamp < record.parameters.proposalsOpenAt) return RoundStatus.Announced;
        if (block.timestamp < record.parameters.proposalsCloseAt) return RoundStatus.Proposing;
        return
            block.timestamp < record.parameters.votingOpensAt
                ? RoundStatus.Ready
                : RoundStatus.Void;
    }

    /// @dev Time of the decision plus the payout delay; 0 before the decision.
    function _payoutsOpenAt(RoundRecord storage record) internal view returns (uint64) {
        uint64 end = record.claimsEndAt;
        return end == 0 ? 0 : end - record.parameters.claimPeriod;
    }
}
