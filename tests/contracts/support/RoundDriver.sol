// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BudgetTreasury} from "../../../contracts/BudgetTreasury.sol";
import {IBudgetTreasury} from "../../../contracts/interfaces/IBudgetTreasury.sol";
import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";
import {CensusTree} from "../../../contracts/libraries/CensusTree.sol";
import {Recipient} from "./Money.sol";
import {PretendRegistry} from "./PretendRegistry.sol";
import {Test} from "./Vm.sol";

/// @notice Drives rounds of all kinds by anyone's calls at any time, with recipients that refuse or
/// burn their gas, and keeps books of its own.
contract RoundDriver is Test {
    struct Books {
        uint256 deposited;
        uint256 paid;
        uint256 refunded;
        bool proportional;
        bool divided;
        bool vetoed;
        bool opened;
    }

    PretendRegistry public immutable registry = new PretendRegistry();
    BudgetTreasury public immutable treasury;
    Recipient private immutable moody = new Recipient();

    uint256 private clock = 1_000_000;
    uint256 private height = 1_000;
    mapping(uint256 roundId => uint256) private decidedAt;
    mapping(uint256 roundId => Books) public books;
    mapping(uint256 roundId => uint256[]) private tallies;
    mapping(uint256 roundId => mapping(uint256 index => uint256)) private paidTo;
    uint256 public decided;
    uint256 public paid;
    uint256 public refunded;
    uint256 public vetoed;
    string public violation;

    constructor() payable {
        treasury = new BudgetTreasury(IPollRegistry(address(registry)), "");
        vm.warp(clock);
        vm.roll(height);
        create(0, 0, 500);
    }

    receive() external payable {}

    /// @notice The second funder.
    function other() external view returns (address) {
        return address(moody);
    }

    /// @dev At most three rounds run at a time, so that some come to their end.
    function create(uint8 ballotKind, uint8 outcomeKind, uint16 budget) public {
        uint256 count = treasury.roundCount();
        if (count > 2 && _status(count - 2) < IBudgetTreasury.RoundStatus.Decided) return;
        IBudgetTreasury.RoundParameters memory parameters;
        parameters.budget = 1 + uint128(budget % 1000);
        parameters.minimumAmount = 1;
        parameters.maximumAmount = parameters.budget;
        parameters.proposalsPerMember = 8;
        parameters.maximumProposals = 8;
        parameters.memberRoot = _root();
        parameters.proposalsOpenAt = uint64(clock);
        parameters.proposalsCloseAt = uint64(clock + 40);
        parameters.votingOpensAt = uint64(clock + 80);
        parameters.votingClosesAt = uint64(clock + 90);
        parameters.claimPeriod = 60;
        // Some wait and have a veto holder, some only wait, some do neither.
        parameters.payoutDelay = 20 * uint32(budget % 3);
        if (budget % 3 == 2) parameters.vetoHolder = address(this);
        parameters.committee = bytes32(uint256(1));
        parameters.roundDuration = 1;
        parameters.maxRounds = 1;
        parameters.disputeWindow = 1;
        parameters.tallyPeriod = 1;
        parameters.minimumBallots = 1;
        parameters.ballot = _ballot(ballotKind % 7);
        parameters.outcome = _outcome(outcomeKind % 4, parameters.budget);
        bool proportional = outcomeKind % 4 == 2;
        bool opened = outcomeKind % 4 == 3;
        if (opened) {
            (parameters.minimumBallots, parameters.tallyPeriod) = (5, 2);
            // Opened ballots have places only where every place has a score of its own.
            if (ballotKind % 7 == 6) parameters.ballot = _ranking(3);
        }
        if (proportional) {
            (parameters.minimumAmount, parameters.maximumAmount) = (0, 0);
            if (ballotKind % 7 == 2) parameters.ballot = hex"00";
        }
        uint256 roundId = treasury.createRound(parameters, _electorate(opened), "Spring", "");
        books[roundId].proportional = proportional;
        books[roundId].divided = outcomeKind % 4 == 1;
        books[roundId].opened = opened;
    }

    function fund(uint256 which, uint16 amount, bool asOther) external {
        uint256 roundId = _pick(which);
        address funder = asOther ? address(moody) : address(this);
        vm.deal(funder, funder.balance + amount);
        vm.prank(funder);
        try treasury.fund{value: amount}(roundId, amount) {
            books[roundId].deposited += amount;
        } catch {}
    }

    function propose(uint256 which, uint16 amount, uint8 category, bool toMoody) external {
        uint256 roundId = _pick(which);
        IBudgetTreasury.Item memory item = IBudgetTreasury.Item({
            recipient: toMoody ? address(moody) : address(0x1000 + uint160(amount)),
            amount: books[roundId].proportional ? 0 : amount % 700,
            category: books[roundId].divided ? category % 4 : 0,
            title: "Bench",
            text: "",
            details: keccak256("{}")
        });
        CensusTree.Membership memory membership;
        membership.signingKey = address(this);
        (membership.weight, membership.totalWeight, membership.count) = (1, 1, 1);
        membership.rootHash = _leaf();
        try treasury.propose(roundId, item, membership) {} catch {}
    }

    function withdraw(uint256 which, uint8 index) external {
        bytes32 id = _proposal(_pick(which), index);
        if (id != 0) try treasury.withdraw(id) {} catch {}
    }

    function start(uint256 which) external {
        // The round's electorate, as it was fixed: no other census starts a vote.
        uint256 roundId = _pick(which);
        IBudgetTreasury.Electorate memory fixed_ = _electorate(books[roundId].opened);
        IBudgetTreasury.Census memory census = IBudgetTreasury.Census(
            fixed_.censusHash,
            fixed_.voters,
            fixed_.totalWeight + 1
        );
        try treasury.startVoting(roundId, census, "{}") {
            violation = "another electorate was accepted";
        } catch {}
        --census.totalWeight;
        try treasury.startVoting(roundId, census, "{}") {} catch {}
    }

    function end(uint256 which, uint8[8] calldata votes, uint8 fate) external {
        uint256 roundId = _pick(which);
        if (_status(roundId) != IBudgetTreasury.RoundStatus.Voting) return;
        uint256 pollId = treasury.round(roundId).pollId;
        if (fate % 8 == 0) return registry.void(pollId);
        uint256[] memory tally = new uint256[](registry.slotsOf(pollId));
        for (uint256 i = 0; i < tally.length; ++i) tally[i] = votes[i] % 5;
        registry.end(pollId, tally);
        tallies[roundId] = tally;
        if (!books[roundId].opened) return;
        if (fate % 8 == 7) registry.lose(pollId);
        registry.attest(pollId, _attested(roundId, tally));
    }

    /// @dev Only the right order decides; a swapped one must not.
    function decide(uint256 which, uint8 swap) external {
        uint256 roundId = _pick(which);
        if (_status(roundId) != IBudgetTreasury.RoundStatus.Tallied) return;
        uint256[] memory tally = tallies[roundId];
        uint16[] memory order = _order(roundId, tally);
        if (books[roundId].opened) order = new uint16[](0);
        if (order.length > 1) {
            uint256 place = swap % (order.length - 1);
            (order[place], order[place + 1]) = (order[place + 1], order[place]);
            try treasury.decide(roundId, tally, order) {
                violation = "a wrong order was accepted";
            } catch {}
            (order[place], order[place + 1]) = (order[place + 1], order[place]);
        }
        treasury.decide(roundId, tally, order);
        decidedAt[roundId] = height;
        ++decided;
        IBudgetTreasury.RoundView memory seen = treasury.round(roundId);
        uint256 votes = 0;
        for (uint256 i = 0; i < tally.length; ++i) votes += tally[i];
        if (!books[roundId].proportional) return;
        if (seen.committed != (votes == 0 ? 0 : seen.parameters.budget))
            violation = "parts do not sum to the budget";
    }

    function veto(uint256 which, bool asOther) external {
        uint256 roundId = _pick(which);
        IBudgetTreasury.RoundView memory seen = treasury.round(roundId);
        if (asOther) vm.prank(address(moody));
        bool due =
            seen.status == IBudgetTreasury.RoundStatus.Decided &&
                seen.parameters.vetoHolder == address(this) &&
                clock < seen.payoutsOpenAt &&
                !asOther;
        try treasury.veto(roundId) {
            if (!due) violation = "a veto out of turn was accepted";
            if (books[roundId].paid != 0) violation = "vetoed after a payout";
            books[roundId].vetoed = true;
            ++vetoed;
        } catch {
            if (due) violation = "a veto in time was refused";
        }
    }

    function claim(uint256 which, uint8 index, uint8 mood) external {
        uint256 roundId = _pick(which);
        bytes32 id = _proposal(roundId, index);
        if (id == 0) return;
        index %= uint8(treasury.proposals(roundId).length);
        IBudgetTreasury.ProposalView memory proposal = treasury.proposals(roundId)[index];
        bool unkind = mood % 3 != 0 && proposal.recipient == address(moody);
        moody.set(Recipient.Mood(mood % 3), treasury, "");
        uint256 before = proposal.recipient.balance;
        try treasury.claim{gas: 500_000}(id) {
            if (!proposal.funded) violation = "an unfunded proposal was paid";
            if (decidedAt[roundId] == height) violation = "decided and paid in one block";
            if (clock < treasury.round(roundId).payoutsOpenAt) violation = "paid before the delay";
            if (books[roundId].vetoed) violation = "paid after a veto";
            if (unkind) violation = "a recipient that refuses was paid";
            if (paidTo[roundId][index] != 0) violation = "paid twice";
            paidTo[roundId][index] = proposal.recipient.balance - before;
            if (paidTo[roundId][index] != proposal.amount) violation = "paid another amount";
            books[roundId].paid += proposal.amount;
            ++paid;
        } catch {
            bool due =
                _status(roundId) == IBudgetTreasury.RoundStatus.Decided &&
                    decidedAt[roundId] != height &&
                    clock >= treasury.round(roundId).payoutsOpenAt &&
                    proposal.funded &&
                    !proposal.paid;
            if (due && !unkind) violation = "a funded proposal was not paid";
        }
    }

    function refund(uint256 which, bool asOther) external {
        refundOf(_pick(which), asOther);
    }

    function refundOf(uint256 roundId, bool asOther) public {
        moody.set(Recipient.Mood.Accept, treasury, "");
        address funder = asOther ? address(moody) : address(this);
        uint256 due = treasury.refundable(roundId, funder);
        try treasury.refund(roundId, funder) {
            books[roundId].refunded += due;
            ++refunded;
        } catch {
            if (due != 0) violation = "a refund failed";
        }
    }

    function wait(uint8 time) external {
        clock += time % 40;
        vm.warp(clock);
        mine();
    }

    /// @dev Everybody who gave money, one after the other.
    function refundAll(uint256 roundId) external {
        refundOf(roundId, false);
        refundOf(roundId, true);
    }

    /// @dev The next block, at the same second: chains with fast blocks have such.
    function mine() public {
        ++height;
        vm.roll(height);
    }

    function _ballot(uint256 kind) private pure returns (bytes memory) {
        if (kind == 1) return abi.encodePacked(uint8(1), uint16(1), uint16(3));
        if (kind == 3) return abi.encodePacked(uint8(3), uint64(5));
        if (kind == 4) return abi.encodePacked(uint8(4), uint64(100), uint64(100));
        if (kind == 5) return abi.encodePacked(uint8(5), uint64(100));
        if (kind == 6) return _ranking(2);
        return abi.encodePacked(uint8(kind));
    }

    /// @dev Three places, each with a score one less than that before.
    function _ranking(uint64 best) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(6), uint16(3), best, best - 1, best - 2);
    }

    function _outcome(uint256 kind, uint128 budget) private pure returns (bytes memory) {
        if (kind == 2) return hex"05";
        if (kind == 3)
            return
                bytes.concat(
                    abi.encodePacked(uint8(8), uint8(0), uint32(1), address(0)),
                    hex"0001",
                    bytes16(0)
                );
        if (kind == 0) return abi.encodePacked(uint8(1), uint8(0), uint8(0), uint128(1));
        return
            abi.encodePacked(
                uint8(4),
                uint8(0),
                uint8(1),
                uint8(1),
                uint128(1),
                uint16(3),
                budget / 2,
                budget / 4,
                uint128(0)
            );
    }

    /// @dev What nodes attest: whatever has votes and still fits.
    function _attested(
        uint256 roundId,
        uint256[] memory tally
    ) private view returns (uint256[] memory given) {
        given = new uint256[](tally.length);
        uint256 left = treasury.round(roundId).parameters.budget;
        IBudgetTreasury.ProposalView[] memory list = treasury.proposals(roundId);
        uint256 slot = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].withdrawn) continue;
            if (tally[slot] > 1 && list[i].amount <= left) {
                given[slot] = 1;
                left -= list[i].amount;
            }
            ++slot;
        }
    }

    /// @dev By votes, or by what is left when the budget is divided.
    function _order(
        uint256 roundId,
        uint256[] memory tally
    ) private view returns (uint16[] memory order) {
        uint256[] memory keys = new uint256[](tally.length);
        uint256 votes = 0;
        for (uint256 i = 0; i < tally.length; ++i) votes += tally[i];
        uint256 budget = treasury.round(roundId).parameters.budget;
        for (uint256 i = 0; i < tally.length; ++i) {
            keys[i] = tally[i];
            if (books[roundId].proportional) keys[i] = votes == 0 ? 0 : (budget * tally[i]) % votes;
        }
        order = new uint16[](tally.length);
        for (uint256 i = 0; i < order.length; ++i) {
            // How many come before it is its place.
            uint256 place = 0;
            for (uint256 j = 0; j < order.length; ++j) {
                if (keys[j] > keys[i] || (keys[j] == keys[i] && j < i)) ++place;
            }
            order[place] = uint16(i);
        }
    }

    function _proposal(uint256 roundId, uint256 index) private view returns (bytes32) {
        IBudgetTreasury.ProposalView[] memory list = treasury.proposals(roundId);
        return list.length == 0 ? bytes32(0) : list[index % list.length].id;
    }

    function _pick(uint256 which) private view returns (uint256) {
        uint256 count = treasury.roundCount();
        return count - ((which % 3) % count);
    }

    function _status(uint256 roundId) private view returns (IBudgetTreasury.RoundStatus) {
        return treasury.round(roundId).status;
    }

    /// @dev The members vote; where ballots are opened, a census of enough voters.
    function _electorate(bool opened) private view returns (IBudgetTreasury.Electorate memory) {
        if (opened) return IBudgetTreasury.Electorate(1, _leaf(), 5, 5, "");
        return IBudgetTreasury.Electorate(0, _leaf(), 1, 1, "");
    }

    /// @dev The driver is the only member.
    function _root() private view returns (bytes32) {
        return
            keccak256(abi.encodePacked("ostraka/v2/census-root", _leaf(), uint128(1), uint32(1)));
    }

    function _leaf() private view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked("ostraka/v2/census-leaf", address(this), address(this), uint128(1))
            );
    }
}
