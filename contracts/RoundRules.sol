// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBudgetTreasury} from "./interfaces/IBudgetTreasury.sol";
import {IPollRegistry} from "./interfaces/IPollRegistry.sol";
import {BallotOutcome} from "./libraries/BallotOutcome.sol";
import {BallotRule} from "./libraries/BallotRule.sol";
import {ByteWriter} from "./libraries/ByteWriter.sol";
import {CensusTree} from "./libraries/CensusTree.sol";
import {Committee} from "./libraries/Committee.sol";
import {DisputeTimes} from "./libraries/DisputeTimes.sol";
import {Electorates} from "./libraries/Electorates.sol";
import {RoundOutcome} from "./libraries/RoundOutcome.sol";
import {RuleEncoding} from "./libraries/RuleEncoding.sol";
import {Utf8} from "./libraries/Utf8.sol";

/// @title Checks what a round fixes, and writes the rules of its poll from that and the standing
/// proposals
/// @notice Stateless. Specified in docs/protocol.md, §17.
contract RoundRules {
    using ByteWriter for ByteWriter.Writer;
    using Utf8 for bytes;

    bytes32 private constant REDEMPTION_TYPE = keccak256(
        "Redemption(bytes32 electorate,address invitation,address signingKey)"
    );

    bytes32 private constant PROPOSAL_TYPE = keccak256(
        "Proposal(uint256 roundId,address proposer,address recipient,uint256 amount,uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
    );
    bytes32 private constant REVISION_TYPE = keccak256(
        "Revision(bytes32 proposalId,address recipient,uint256 amount,uint16 category,string title,string text,bytes32 details,uint256 nonce,uint64 deadline)"
    );

    uint8 private constant SINGLE_CHOICE = 0;
    uint8 private constant APPROVAL = 1;
    uint8 private constant KNAPSACK = 2;
    uint8 private constant SCORE = 3;
    uint8 private constant POINTS = 4;
    uint8 private constant QUADRATIC = 5;
    uint8 private constant RANKING = 6;

    uint8 private constant CATEGORIES = 4;
    uint8 private constant PROPORTIONAL = 5;
    uint8 private constant BALLOTS = 8;

    /// @dev As PollRules requires of polls that open ballots.
    uint256 private constant MINIMUM_OPENED = 5;
    /// @dev As many titles as fit a poll's description, and one bit of a word for each proposal.
    uint256 private constant MAX_PROPOSALS = 200;
    /// @dev Keeps every row of a knapsack rule below 2^128 (§5.3).
    uint256 private constant MAX_BUDGET = 1 << 112;
    uint256 private constant MAX_TIME = 1 << 40;
    uint256 private constant MAX_TITLE_BYTES = 150;
    uint256 private constant MAX_TEXT_BYTES = 16_384;

    /// @notice Reverts with `BudgetTreasuryInvalidParameter` unless a round at that registry may fix
    /// this. A round whose poll would be impossible is refused now, not after the money was
    /// deposited.
    /// @return categories Number of categories to choose from; 0 if proposals have none.
    /// @return electorateRoot Root that identifies the electorate from now on.
    function checkRound(
        IPollRegistry registry,
        IBudgetTreasury.RoundParameters calldata parameters,
        IBudgetTreasury.Electorate calldata electorate
    ) external view returns (uint16 categories, bytes32 electorateRoot) {
        categories = _checkMoney(parameters);
        _checkTimes(parameters);
        _checkPoll(registry, parameters);
        if (parameters.memberRoot == 0) _refuse("memberRoot");
        electorateRoot = Electorates.rootOf(
            electorate,
            parameters.memberRoot,
            parameters.minimumBallots
        );
        // A ballot of another weight than all others shows whose it is.
        if (
            uint8(parameters.outcome[0]) == BALLOTS &&
            electorate.voters != 0 &&
            electorate.totalWeight % electorate.voters != 0
        ) _refuse("electorate.totalWeight");
    }

    /// @notice Reverts with `BudgetTreasuryInvalidParameter` if a poll over this number of proposals,
    /// or fewer, could be impossible.
    /// @param ballot Kind of ballot and its parameters.
    /// @param outcome Kind of outcome rule and its parameters.
    /// @return categories Number of categories to choose from; 0 if proposals have none.
    /// @return proportional Whether votes divide the budget, so that proposals have no amount.
    function check(
        bytes calldata ballot,
        bytes calldata outcome,
        uint256 proposals,
        uint256 budget
    ) external pure returns (uint16 categories, bool proportional) {
        return _check(ballot, outcome, proposals, budget);
    }

    /// @notice Reverts unless a round or a proposal may have these texts.
    /// @dev Titles must fit a description, where a control character takes six bytes and an invalid
    /// byte three; and a title that cannot be read would prevent audits of the round.
    function checkTexts(string calldata title, string calldata text) external pure {
        _checkTexts(title, text);
    }

    /// @notice Reverts unless the calling treasury's round may have a proposal with this content.
    /// @param categories Number of the round's categories; 0 if proposals have none.
    function checkItem(
        uint128 minimumAmount,
        uint128 maximumAmount,
        uint16 categories,
        IBudgetTreasury.Item calldata item
    ) external view {
        address recipient = item.recipient;
        if (recipient == address(0) || recipient == msg.sender)
            revert IBudgetTreasury.BudgetTreasuryInvalidRecipient(recipient);
        if (item.amount < minimumAmount || item.amount > maximumAmount)
            revert IBudgetTreasury.BudgetTreasuryInvalidAmount(
                item.amount,
                minimumAmount,
                maximumAmount
            );
        // Without categories, every proposal has the first one.
        if (item.category >= Math.max(categories, 1))
            revert IBudgetTreasury.BudgetTreasuryInvalidCategory(item.category, categories);
        _checkTexts(item.title, item.text);
    }

    /// @notice Hash of the statement by which a member proposes, or revises a proposal (§15).
    /// @param subject The round of a new proposal; otherwise the proposal.
    function itemStatement(
        bytes32 subject,
        bool isNew,
        IBudgetTreasury.Item calldata item,
        address member,
        uint256 nonce,
        uint64 deadline
    ) external pure returns (bytes32) {
        bytes memory content = abi.encode(
            item.recipient,
            uint256(item.amount),
            item.category,
            keccak256(bytes(item.title)),
            keccak256(bytes(item.text)),
            item.details,
            nonce,
            deadline
        );
        return
            keccak256(
                isNew
                    ? bytes.concat(abi.encode(PROPOSAL_TYPE, subject, member), content)
                    : bytes.concat(abi.encode(REVISION_TYPE, subject), content)
            );
    }

    /// @notice Reverts with `BudgetTreasuryNotAMember` unless the account is in the census of that
    /// root, with the key and weight that the membership names (§6.2).
    function requireMember(
        bytes32 root,
        address account,
        CensusTree.Membership calldata membership
    ) external pure {
        if (!CensusTree.contains(root, account, membership))
            revert IBudgetTreasury.BudgetTreasuryNotAMember(account);
    }

    /// @notice Hash of the statement that binds an invitation of the calling treasury's round to a
    /// key (§6.7).
    /// @param root Root of the round's invitations.
    /// @param code Address of the invitation's code.
    function redemption(
        uint256 roundId,
        bytes32 root,
        address code,
        address signingKey
    ) external view returns (bytes32) {
        bytes32 electorate = keccak256(
            abi.encodePacked(
                "ostraka/v2/electorate",
                abi.encode(block.chainid, msg.sender, roundId),
                root
            )
        );
        return keccak256(abi.encode(REDEMPTION_TYPE, electorate, code, signingKey));
    }

    /// @notice Census root of the poll of a round with that electorate; reverts with
    /// `BudgetTreasuryElectorateDiffers` if the round may not have that census.
    /// @param root The result of `checkRound`.
    /// @param most Number of invitations.
    /// @param mostWeight Total weight of the invitations.
    function pollCensus(
        uint8 kind,
        bytes32 root,
        uint32 most,
        uint128 mostWeight,
        IBudgetTreasury.Census calldata census
    ) external pure returns (bytes32) {
        return Electorates.pollCensus(kind, root, most, mostWeight, census);
    }

    /// @notice Ballot rule and outcome rule, which `check` accepted.
    /// @param amounts Amount of each standing proposal.
    /// @param categories Category of each standing proposal.
    function write(
        bytes calldata ballot,
        bytes calldata outcome,
        uint128 budget,
        uint256[] calldata amounts,
        uint16[] calldata categories
    ) external pure returns (bytes memory rule, bytes memory outcomeRule) {
        uint256 options = amounts.length;
        rule = _rule(ballot, amounts, budget);
        uint8 kind = uint8(outcome[0]);
        if (kind == PROPORTIONAL) return (rule, abi.encodePacked(kind, budget, uint16(options)));
        // The round fixed the outcome rule without budget and proposals.
        uint256 head = outcome.length;
        if (kind == CATEGORIES) head = RoundOutcome.CATEGORIES_HEAD;
        outcomeRule = bytes.concat(
            outcome[:head],
            bytes16(budget),
            outcome[head:],
            bytes2(uint16(options)),
            _slots(amounts, categories, kind == CATEGORIES)
        );
    }

    /// @notice Status of a round that is not decided, by its poll.
    function pollStatus(
        IPollRegistry registry,
        uint256 pollId
    ) external view returns (IBudgetTreasury.RoundStatus) {
        IPollRegistry.Status poll = registry.status(pollId);
        if (poll == IPollRegistry.Status.Void) return IBudgetTreasury.RoundStatus.Void;
        if (poll != IPollRegistry.Status.Tallied) return IBudgetTreasury.RoundStatus.Voting;
        // No tally will ever give the awards of opened ballots.
        if (registry.isOutcomeLost(pollId)) return IBudgetTreasury.RoundStatus.Void;
        return IBudgetTreasury.RoundStatus.Tallied;
    }

    function _checkTexts(string calldata title, string calldata text) private pure {
        bytes calldata data = bytes(title);
        if (data.length == 0 || data.length > MAX_TITLE_BYTES || !data.isLine())
            revert IBudgetTreasury.BudgetTreasuryInvalidTitle(data.length);
        if (bytes(text).length > MAX_TEXT_BYTES)
            revert IBudgetTreasury.BudgetTreasuryTextTooLong(bytes(text).length);
    }

    /// @dev Number of categories.
    function _checkMoney(
        IBudgetTreasury.RoundParameters calldata parameters
    ) private view returns (uint16 categories) {
        if (parameters.token != address(0) && parameters.token.code.length == 0) _refuse("token");
        if (parameters.budget == 0 || parameters.budget >= MAX_BUDGET) _refuse("budget");
        if (parameters.proposalsPerMember == 0) _refuse("proposalsPerMember");
        if (parameters.maximumProposals == 0 || parameters.maximumProposals > MAX_PROPOSALS)
            _refuse("maximumProposals");
        bool proportional;
        (categories, proportional) = _check(
            parameters.ballot,
            parameters.outcome,
            parameters.maximumProposals,
            parameters.budget
        );
        if ((parameters.minimumAmount == 0) != proportional) _refuse("minimumAmount");
        if (
            parameters.maximumAmount < parameters.minimumAmount ||
            parameters.maximumAmount > (proportional ? 0 : parameters.budget)
        ) _refuse("maximumAmount");
    }

    function _checkTimes(IBudgetTreasury.RoundParameters calldata parameters) private view {
        if (
            parameters.proposalsCloseAt <= parameters.proposalsOpenAt ||
            parameters.proposalsCloseAt <= block.timestamp
        ) _refuse("proposalsCloseAt");
        if (parameters.votingOpensAt <= parameters.proposalsCloseAt) _refuse("votingOpensAt");
        if (
            parameters.votingClosesAt <= parameters.votingOpensAt ||
            parameters.votingClosesAt > MAX_TIME
        ) _refuse("votingClosesAt");
    }

    function _checkPoll(
        IPollRegistry registry,
        IBudgetTreasury.RoundParameters calldata parameters
    ) private view {
        uint256 floor = registry.periodFloor();
        if (parameters.claimPeriod == 0 || parameters.claimPeriod < floor) _refuse("claimPeriod");
        // Nobody can veto in no time.
        if (
            parameters.vetoHolder != address(0) &&
            (parameters.payoutDelay == 0 || parameters.payoutDelay < floor)
        ) _refuse("payoutDelay");
        (address[] memory nodes, uint8 t, uint8 f, ) = registry.committee(parameters.committee);
        if (nodes.length == 0) _refuse("committee");
        if (uint8(parameters.outcome[0]) == BALLOTS) {
            Committee.requireShuffling(nodes.length, t, f);
            if (parameters.minimumBallots < MINIMUM_OPENED) _refuse("minimumBallots");
            // Nodes may shuffle for half of it.
            if (parameters.tallyPeriod < 2) _refuse("tallyPeriod");
            if (!BallotOutcome.leavesTime(parameters.outcome, floor))
                _refuse("outcome.objectionTime");
        }
        if (parameters.roundDuration == 0) _refuse("roundDuration");
        if (
            parameters.maxRounds == 0 ||
            uint256(parameters.roundDuration) * parameters.maxRounds > MAX_TIME
        ) _refuse("maxRounds");
        if (parameters.disputeWindow == 0 || parameters.disputeWindow < floor)
            _refuse("disputeWindow");
        if (parameters.tallyPeriod == 0 || parameters.tallyPeriod < floor) _refuse("tallyPeriod");
        bool disputable = registry.disputes() != address(0);
        uint32 responseTime = parameters.responseTime;
        if (!DisputeTimes.isResponseTime(disputable, responseTime, floor)) _refuse("responseTime");
        if (!DisputeTimes.isDelay(disputable, responseTime, parameters.maxDisputeDelay))
            _refuse("maxDisputeDelay");
        if (parameters.minimumBallots == 0) _refuse("minimumBallots");
    }

    function _check(
        bytes calldata ballot,
        bytes calldata outcome,
        uint256 proposals,
        uint256 budget
    ) private pure returns (uint16 categories, bool proportional) {
        if (_width(ballot, proposals, budget) > BallotRule.MAX_WIDTH) _refuse("maximumProposals");
        (categories, proportional) = RoundOutcome.check(outcome, budget);
        if (proportional && uint8(ballot[0]) == KNAPSACK) _refuse("ballot");
        if (uint8(outcome[0]) == BALLOTS && uint8(ballot[0]) == RANKING) _requireRanks(ballot);
    }

    /// @dev Opened ballots have the places only if no two have one score, and none has 0.
    function _requireRanks(bytes calldata ballot) private pure {
        uint256 places = _u16(ballot, 1);
        for (uint256 place = 0; place < places; ++place) {
            uint256 next = place + 1 < places ? _score(ballot, place + 1) : 0;
            if (_score(ballot, place) <= next) _refuse("ballot.scores");
        }
    }

    function _rule(
        bytes calldata ballot,
        uint256[] calldata amounts,
        uint256 budget
    ) private pure returns (bytes memory) {
        uint256 options = amounts.length;
        uint8 kind = uint8(ballot[0]);
        if (kind == SINGLE_CHOICE) return RuleEncoding.singleChoice(options);
        // If fewer proposals stand than a ballot may choose or must rank, the bound is their number.
        if (kind == APPROVAL)
            return
                RuleEncoding.approval(
                    options,
                    Math.min(_u16(ballot, 1), options),
                    Math.min(_u16(ballot, 3), options)
                );
        if (kind == KNAPSACK) return RuleEncoding.knapsack(amounts, budget);
        if (kind == SCORE) return RuleEncoding.score(options, _u64(ballot, 1));
        if (kind == POINTS) return RuleEncoding.points(options, _u64(ballot, 1), _u64(ballot, 9));
        if (kind == QUADRATIC) return RuleEncoding.quadratic(options, _u64(ballot, 1));
        if (kind != RANKING) _refuse("ballot");
        uint256[] memory scores = new uint256[](Math.min(_u16(ballot, 1), options));
        for (uint256 place = 0; place < scores.length; ++place)
            scores[place] = _score(ballot, place);
        return RuleEncoding.ranking(options, scores);
    }

    /// @dev Bits and quadratic rows of a ballot over this number of proposals; fewer proposals never
    /// take more.
    function _width(
        bytes calldata ballot,
        uint256 proposals,
        uint256 budget
    ) private pure returns (uint256) {
        if (ballot.length == 0) _refuse("ballot");
        uint8 kind = uint8(ballot[0]);
        if (kind == SINGLE_CHOICE) {
            if (ballot.length != 1) _refuse("ballot");
            return proposals;
        }
        if (kind == APPROVAL) {
            if (ballot.length != 5) _refuse("ballot");
            (uint256 least, uint256 most) = (_u16(ballot, 1), _u16(ballot, 3));
            if (most == 0 || least > most) _refuse("ballot.atMost");
            return proposals + RuleEncoding.bitLength(most - least);
        }
        if (kind == KNAPSACK) {
            if (ballot.length != 1) _refuse("ballot");
            return proposals + RuleEncoding.bitLength(budget);
        }
        if (kind == RANKING) return _rankingWidth(ballot, proposals);
        if (kind != SCORE && kind != POINTS && kind != QUADRATIC) _refuse("ballot");
        return _numbersWidth(kind, ballot, proposals);
    }

    /// @dev Of score, points and quadratic. Below 2^64, so that no computation of a rule can wrap.
    function _numbersWidth(
        uint8 kind,
        bytes calldata ballot,
        uint256 proposals
    ) private pure returns (uint256) {
        if (ballot.length != (kind == POINTS ? 17 : 9)) _refuse("ballot");
        uint256 most = _u64(ballot, 1);
        if (most == 0) _refuse(kind == SCORE ? "ballot.maxScore" : "ballot.credits");
        if (kind == SCORE) return proposals * RuleEncoding.bitLength(most);
        if (kind == QUADRATIC)
            return
                proposals * RuleEncoding.bitLength(Math.sqrt(most)) +
                RuleEncoding.bitLength(most) +
                1;
        uint256 least = _u64(ballot, 9);
        if (least > most) _refuse("ballot.atLeast");
        return proposals * RuleEncoding.bitLength(most) + RuleEncoding.bitLength(most - least);
    }

    function _rankingWidth(
        bytes calldata ballot,
        uint256 proposals
    ) private pure returns (uint256) {
        if (ballot.length < 3) _refuse("ballot");
        uint256 places = _u16(ballot, 1);
        if (ballot.length != 3 + 8 * places) _refuse("ballot");
        // With one place it would be a single choice.
        if (places < 2 || places > proposals) _refuse("ballot.places");
        uint256 previous = _score(ballot, 0);
        if (previous == 0) _refuse("ballot.scores");
        for (uint256 place = 1; place < places; ++place) {
            uint256 score = _score(ballot, place);
            if (score > previous) _refuse("ballot.scores");
            previous = score;
        }
        return proposals * places + (places == proposals ? 0 : proposals);
    }

    function _slots(
        uint256[] calldata amounts,
        uint16[] calldata categories,
        bool divided
    ) private pure returns (bytes memory) {
        uint256 size = divided ? 18 : 16;
        ByteWriter.Writer memory writer = ByteWriter.ofSize(size * amounts.length);
        for (uint256 slot = 0; slot < amounts.length; ++slot) {
            writer.put(amounts[slot], 16);
            if (divided) writer.put(categories[slot], 2);
        }
        return writer.data;
    }

    function _score(bytes calldata ballot, uint256 place) private pure returns (uint256) {
        return _u64(ballot, 3 + 8 * place);
    }

    function _u16(bytes calldata data, uint256 offset) private pure returns (uint256) {
        return uint16(bytes2(data[offset:offset + 2]));
    }

    function _u64(bytes calldata data, uint256 offset) private pure returns (uint256) {
        return uint64(bytes8(data[offset:offset + 8]));
    }

    function _refuse(string memory field) private pure {
        revert IBudgetTreasury.BudgetTreasuryInvalidParameter(field);
    }
}
