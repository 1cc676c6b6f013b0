// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {CensusDisputes} from "../../contracts/CensusDisputes.sol";
import {ICensusDisputes} from "../../contracts/interfaces/ICensusDisputes.sol";
import {CensusTree} from "../../contracts/libraries/CensusTree.sol";
import {Test} from "./support/Vm.sol";

/// @dev Accounts 0x10, 0x20, 0x30 and 0x40 have 10, 20, 30 and 40 votes at any time.
contract FixedVotes {
    function getPastVotes(address account, uint256) external pure returns (uint256) {
        uint160 number = uint160(account);
        bool isVoter = number % 16 == 0 && number != 0 && number <= 0x40;
        return isVoter ? (number / 16) * 10 : 0;
    }

    function getPastTotalSupply(uint256) external pure returns (uint256) {
        return 100;
    }
}

/// @notice Accounts post right censuses and false ones, challenge, answer and close. Somebody answers
/// for every right census, as late as he may, and somebody shows what is false about every other one
/// before it is final.
contract CensusDriver is Test {
    enum Kind {
        Right,
        Weight,
        Key,
        Missing,
        Order,
        Sum,
        Padding
    }

    uint256 private constant BOND = 1 ether;
    uint32 private constant WINDOW = 100;
    uint32 private constant RESPONSE = 40;

    CensusDisputes public immutable disputes = new CensusDisputes(
        BOND,
        1 gwei,
        WINDOW,
        RESPONSE,
        8 * RESPONSE
    );
    IVotes private immutable votes = IVotes(address(new FixedVotes()));

    uint256 public clock = 1_000_000;
    uint256 public burned;
    uint256 public answers;
    uint256 public proofs;
    uint256 public releases;
    string public violation;
    address[3] public people = [address(0xa1), address(0xa2), address(0xa3)];
    mapping(uint256 id => Kind) public kinds;
    // Bonds of challenges that nobody got yet.
    uint256 public escrowed;
    uint256 public standing;

    constructor() {
        vm.warp(clock);
        for (uint256 i = 0; i < 3; ++i) vm.deal(people[i], 1 << 128);
    }

    function post(uint8 kind, uint8 who) public {
        if (disputes.postCount() >= 12) return;
        Kind wanted = Kind(kind % 7);
        vm.prank(people[who % 3]);
        uint256 id = disputes.post{value: BOND}(_source(), _census(wanted));
        kinds[id] = wanted;
        standing += BOND;
    }

    function challenge(uint256 which, uint8 index, uint8 who) public {
        (uint256 id, ICensusDisputes.PostView memory seen) = _pick(which);
        ICensusDisputes.Posted memory posted = _posted(id);
        uint32 place = uint32(index % posted.census.count);
        if (id == 0 || seen.state != ICensusDisputes.State.Standing || seen.isFinal) return;
        if (disputes.challengeOf(id, place).state != ICensusDisputes.ChallengeState.None) return;
        if (clock >= seen.until || clock >= seen.bound - 2 * RESPONSE) return;
        uint256 bond = disputes.challengeBond(id, posted.census.count, block.basefee);
        vm.prank(people[who % 3]);
        disputes.challenge{value: bond}(posted, place);
        escrowed += bond;
    }

    /// @dev Also of false censuses, as far as somebody can.
    function answer(uint256 which, uint8 index) public {
        (uint256 id, ) = _pick(which);
        uint32 place = uint32(index % 4);
        if (id != 0 && kinds[id] != Kind.Sum) _answer(id, place);
    }

    function close(uint256 which, uint8 index) public {
        (uint256 id, ICensusDisputes.PostView memory seen) = _pick(which);
        ICensusDisputes.Challenge memory opened = disputes.challengeOf(id, index % 4);
        bool isPaid =
            opened.state == ICensusDisputes.ChallengeState.None ||
                opened.state == ICensusDisputes.ChallengeState.Closed;
        bool hasFallen = seen.state == ICensusDisputes.State.Fallen;
        if (isPaid || (!hasFallen && !seen.isFinal)) return;
        disputes.closeChallenge(id, index % 4);
        escrowed -= opened.bond;
        if (!hasFallen) burned += opened.bond - opened.bond / 2;
    }

    function release(uint256 which) public {
        (uint256 id, ICensusDisputes.PostView memory seen) = _pick(which);
        if (seen.state != ICensusDisputes.State.Standing || !seen.isFinal) return;
        disputes.releaseBond(id);
        standing -= BOND;
        ++releases;
    }

    function withdraw(uint8 who) public {
        address account = people[who % 3];
        if (disputes.balanceOf(account) == 0) return;
        vm.prank(account);
        disputes.withdraw();
    }

    /// @dev Time passes second by second where something is due.
    function wait(uint8 time) public {
        uint256 until = clock + time;
        while (clock < until) {
            vm.warp(++clock);
            for (uint256 id = 1; id <= disputes.postCount(); ++id) _look(id);
        }
    }

    function _look(uint256 id) private {
        ICensusDisputes.PostView memory seen = disputes.postOf(id);
        if (seen.state != ICensusDisputes.State.Standing) return;
        if (kinds[id] != Kind.Right) {
            if (seen.isFinal) violation = "a false census is final";
            else if (clock + 1 >= seen.until) _prove(id);
            return;
        }
        for (uint32 index = 0; index < 4; ++index) {
            ICensusDisputes.Challenge memory opened = disputes.challengeOf(id, index);
            if (opened.state != ICensusDisputes.ChallengeState.Open) continue;
            if (clock >= opened.deadline) _answer(id, index);
        }
        if (clock > seen.bound && !disputes.postOf(id).isFinal)
            violation = "a right census is not final at its bound";
    }

    function _answer(uint256 id, uint32 index) private {
        if (disputes.challengeOf(id, index).state != ICensusDisputes.ChallengeState.Open) return;
        if (disputes.postOf(id).state != ICensusDisputes.State.Standing) return;
        if (clock > disputes.challengeOf(id, index).deadline) return;
        disputes.answer(_posted(id), _placed(kinds[id], index));
        ++answers;
    }

    function _prove(uint256 id) private {
        ICensusDisputes.Posted memory posted = _posted(id);
        Kind kind = kinds[id];
        vm.prank(people[0]);
        if (kind == Kind.Weight || kind == Kind.Key) {
            disputes.proveEntry(posted, _placed(kind, 1));
        } else if (kind == Kind.Missing) {
            ICensusDisputes.PlacedEntry[] memory around = new ICensusDisputes.PlacedEntry[](2);
            (around[0], around[1]) = (_placed(kind, 1), _placed(kind, 2));
            disputes.proveMissing(posted, address(0x30), around);
        } else if (kind == Kind.Order) {
            disputes.proveOrder(posted, [_placed(kind, 1), _placed(kind, 2)]);
        } else {
            (CensusTree.Sibling[4] memory leaves, CensusTree.Sibling[2] memory nodes) = _tree(kind);
            CensusTree.Sibling[] memory above = new CensusTree.Sibling[](1);
            above[0] = nodes[1];
            if (kind == Kind.Sum) {
                disputes.proveSum(posted, 1, 0, nodes[0].sum, leaves[0], leaves[1], above);
            } else {
                disputes.provePadding(posted, 0, 3, leaves[3], _placed(kind, 3).siblings);
            }
        }
        standing -= BOND;
        burned += BOND - BOND / 2;
        ++proofs;
    }

    function _pick(
        uint256 which
    ) private view returns (uint256 id, ICensusDisputes.PostView memory seen) {
        uint256 count = disputes.postCount();
        if (count == 0) return (0, seen);
        id = 1 + (which % count);
        return (id, disputes.postOf(id));
    }

    function _source() private view returns (ICensusDisputes.Source memory) {
        return ICensusDisputes.Source(votes, 1, 10, ICensusDisputes.WeightRule.Votes);
    }

    function _posted(uint256 id) private view returns (ICensusDisputes.Posted memory) {
        return ICensusDisputes.Posted(id, _source(), _census(kinds[id]));
    }

    function _entry(Kind kind, uint256 index) private pure returns (CensusTree.Entry memory) {
        if (kind == Kind.Order && (index == 1 || index == 2)) index = 3 - index;
        if (kind == Kind.Missing && index == 2) index = 3;
        address account = address(uint160(16 * (index + 1)));
        uint128 weight = uint128(index + 1);
        if (kind == Kind.Weight && index == 1) weight = 77;
        address key = kind == Kind.Key && index == 1 ? address(0xdead) : account;
        return CensusTree.Entry(account, key, weight);
    }

    function _tree(
        Kind kind
    )
        private
        pure
        returns (CensusTree.Sibling[4] memory leaves, CensusTree.Sibling[2] memory nodes)
    {
        for (uint256 i = 0; i < 4; ++i) {
            if (i == 3 && (kind == Kind.Missing || kind == Kind.Padding)) break;
            CensusTree.Entry memory entry = _entry(kind, i);
            leaves[i] = CensusTree.Sibling(CensusTree.ofEntry(entry), entry.weight);
        }
        if (kind == Kind.Padding) leaves[3].sum = 5;
        for (uint256 i = 0; i < 2; ++i) nodes[i] = _parent(leaves[2 * i], leaves[2 * i + 1]);
        if (kind == Kind.Sum) nodes[0].sum += 1000;
    }

    function _parent(
        CensusTree.Sibling memory left,
        CensusTree.Sibling memory right
    ) private pure returns (CensusTree.Sibling memory) {
        bytes32 hash = CensusTree.parent(left.hash, left.sum, right.hash, right.sum);
        return CensusTree.Sibling(hash, left.sum + right.sum);
    }

    function _census(Kind kind) private pure returns (ICensusDisputes.Census memory) {
        (, CensusTree.Sibling[2] memory nodes) = _tree(kind);
        CensusTree.Sibling memory top = _parent(nodes[0], nodes[1]);
        uint32 count = kind == Kind.Missing || kind == Kind.Padding ? 3 : 4;
        return ICensusDisputes.Census(top.hash, top.sum, count);
    }

    function _placed(
        Kind kind,
        uint32 index
    ) private pure returns (ICensusDisputes.PlacedEntry memory) {
        (CensusTree.Sibling[4] memory leaves, CensusTree.Sibling[2] memory nodes) = _tree(kind);
        CensusTree.Sibling[] memory siblings = new CensusTree.Sibling[](2);
        (siblings[0], siblings[1]) = (leaves[index ^ 1], nodes[(index >> 1) ^ 1]);
        return ICensusDisputes.PlacedEntry(_entry(kind, index), index, siblings);
    }
}

contract CensusDisputesInvariants is Test {
    CensusDriver public driver;

    function setUp() public {
        driver = new CensusDriver();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    function invariant_moneyIsConserved() public view {
        CensusDisputes disputes = driver.disputes();
        uint256 due = driver.standing() + driver.escrowed() + driver.burned();
        for (uint256 i = 0; i < 3; ++i) due += disputes.balanceOf(driver.people(i));
        requireEqual("balance", due, address(disputes).balance);
    }

    function invariant_rightCensusesStandAndFalseOnesFall() public view {
        requireEqual(driver.violation(), 0, bytes(driver.violation()).length);
    }
}

/// @notice The driver reaches what the invariants are about.
contract CensusDriverTest is Test {
    function test_everyKindIsDecided() public {
        CensusDriver driver = new CensusDriver();
        CensusDisputes disputes = driver.disputes();
        for (uint8 kind = 0; kind < 7; ++kind) driver.post(kind, kind);
        driver.challenge(0, 2, 1);
        driver.challenge(1, 1, 1);
        for (uint256 i = 0; i < 3; ++i) driver.wait(80);
        requireEqual(driver.violation(), 0, bytes(driver.violation()).length);
        requireEqual("proofs", 6, driver.proofs());
        requireEqual("answers", 1, driver.answers());
        requireTrue("right", disputes.postOf(1).isFinal);
        for (uint256 id = 2; id <= 7; ++id) requireTrue("false", !disputes.postOf(id).isFinal);
        driver.release(0);
        driver.close(0, 2);
        driver.close(1, 1);
        requireEqual("escrowed", 0, driver.escrowed());
        requireEqual("standing", 0, driver.standing());
        requireEqual("burned", 6 * 0.5 ether + 0.5 gwei, driver.burned());
        for (uint8 who = 0; who < 3; ++who) driver.withdraw(who);
        requireEqual("left", driver.burned(), address(disputes).balance);
    }
}
