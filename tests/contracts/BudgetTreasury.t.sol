// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BudgetTreasury} from "../../contracts/BudgetTreasury.sol";
import {IBudgetTreasury} from "../../contracts/interfaces/IBudgetTreasury.sol";
import {RoundDriver} from "./support/RoundDriver.sol";
import {Test} from "./support/Vm.sol";

/// @notice What holds of the money after any sequence of calls: docs/protocol.md §17.
contract BudgetTreasuryTest is Test {
    RoundDriver private driver;
    BudgetTreasury private treasury;

    function setUp() external {
        driver = new RoundDriver();
        treasury = driver.treasury();
    }

    /// @notice The runner calls only the driver.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    function invariant_nothingForbiddenHappened() external view {
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    function invariant_everyRoundHasItsMoney() external view {
        uint256 held = 0;
        for (uint256 roundId = 1; roundId <= treasury.roundCount(); ++roundId) {
            (uint256 deposited, uint256 paid, uint256 refunded, , , , ) = driver.books(roundId);
            IBudgetTreasury.RoundView memory seen = treasury.round(roundId);
            requireEqual("deposited", deposited, seen.deposited);
            requireEqual("paid out", paid, seen.paidOut);
            requireTrue("committed", paid <= seen.committed && seen.committed <= deposited);
            requireTrue("within the budget", seen.committed <= seen.parameters.budget);
            requireTrue("never more than came in", paid + refunded <= deposited);
            held += deposited - paid - refunded;
        }
        requireEqual("balance", held, address(treasury).balance);
    }

    function invariant_whatIsStillDueIsThere() external view {
        for (uint256 roundId = 1; roundId <= treasury.roundCount(); ++roundId) {
            (uint256 deposited, uint256 paid, uint256 refunded, , , , ) = driver.books(roundId);
            IBudgetTreasury.RoundView memory seen = treasury.round(roundId);
            uint256 due =
                seen.status == IBudgetTreasury.RoundStatus.Decided ? seen.committed - paid : 0;
            due += treasury.refundable(roundId, address(driver));
            requireTrue("due", paid + refunded + due <= deposited);
        }
    }

    /// @notice Where nothing is to be paid any more, payouts and what can be refunded are all that came
    /// in, to the last unit.
    function invariant_everyUnitGoesSomewhere() external view {
        for (uint256 roundId = 1; roundId <= treasury.roundCount(); ++roundId) {
            IBudgetTreasury.RoundStatus status = treasury.round(roundId).status;
            if (status < IBudgetTreasury.RoundStatus.Expired) continue;
            (uint256 deposited, uint256 paid, uint256 refunded, , , bool vetoed, ) = driver.books(
                roundId
            );
            uint256 due =
                treasury.refundable(roundId, address(driver)) +
                    treasury.refundable(roundId, driver.other());
            requireEqual("all of it", deposited, paid + refunded + due);
            bool isVetoed = status == IBudgetTreasury.RoundStatus.Vetoed;
            requireTrue("a veto is final", isVetoed == vetoed);
            if (vetoed) requireEqual("paid in spite of a veto", 0, paid);
        }
    }

    /// @notice Ids name the chain on which the treasury was deployed: after a split with a new id,
    /// what views show can still be claimed.
    function test_idsOfProposalsSurviveAChainSplit() external {
        driver.create(1, 0, 498);
        driver.fund(0, 600, false);
        driver.propose(0, 100, 0, false);
        uint256 roundId = treasury.roundCount();
        bytes32 id = treasury.proposals(roundId)[0].id;
        driver.wait(39);
        driver.wait(1);
        vm.chainId(block.chainid + 1);
        driver.start(0);
        driver.end(0, [4, 3, 2, 1, 1, 1, 1, 1], 1);
        driver.decide(0, 0);
        driver.mine();
        require(treasury.proposals(roundId)[0].id == id, "another id");
        treasury.claim(id);
        require(treasury.proposals(roundId)[0].paid, "not paid");
    }

    /// @notice A refund reads all stretches of a funder, so their number has a limit. Deposits in a row
    /// are one stretch, and whoever reached the limit can still be refunded.
    function test_stretchesOfOneFunderAreLimited() external {
        driver.create(1, 0, 500);
        uint256 roundId = treasury.roundCount();
        address first = address(0xF1);
        address second = address(0xF2);
        vm.deal(first, 3000);
        vm.deal(second, 3000);
        for (uint256 i = 0; i < 1000; ++i) {
            vm.prank(first);
            treasury.fund{value: 1}(roundId, 1);
            vm.prank(second);
            treasury.fund{value: 1}(roundId, 1);
        }
        vm.prank(first);
        try treasury.fund{value: 1}(roundId, 1) {
            revert("beyond the limit");
        } catch (bytes memory reason) {
            require(
                bytes4(reason) == IBudgetTreasury.BudgetTreasuryTooManyDeposits.selector,
                "another reason"
            );
        }
        // The second one's last stretch goes on.
        vm.prank(second);
        treasury.fund{value: 7}(roundId, 7);
        // Nobody starts the vote.
        vm.warp(block.timestamp + 1000);
        uint256 before = gasleft();
        treasury.refund(roundId, first);
        require(before - gasleft() < 8_000_000, "a refund takes too much gas");
        treasury.refund(roundId, second);
        requireEqual("refunded", 3000, first.balance);
        requireEqual("refunded", 3000, second.balance);
    }

    /// @notice The driver vetoes in time and not later, and everything goes back.
    function test_driverVetoes() external {
        driver.create(1, 0, 500);
        driver.fund(0, 333, false);
        driver.fund(0, 334, true);
        driver.fund(0, 7, false);
        driver.propose(0, 100, 0, false);
        driver.wait(39);
        driver.wait(1);
        driver.start(0);
        driver.end(0, [4, 3, 2, 1, 1, 1, 1, 1], 1);
        driver.decide(0, 0);
        uint256 roundId = treasury.roundCount();
        driver.refundOf(roundId, true);
        driver.wait(39);
        driver.veto(0, true);
        driver.claim(0, 0, 0);
        driver.veto(0, false);
        driver.wait(1);
        driver.claim(0, 0, 0);
        driver.refundAll(roundId);
        requireEqual("vetoed", 1, driver.vetoed());
        requireEqual("paid", 0, driver.paid());
        (uint256 deposited, , uint256 refunded, , , , ) = driver.books(roundId);
        requireEqual("refunded", deposited, refunded);
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    /// @notice The driver reaches the end: otherwise the invariants above would hold of nothing.
    function test_driverPaysAndRefunds() external {
        for (uint8 outcome = 0; outcome < 4; ++outcome) {
            driver.create(4, outcome, 498);
            driver.fund(0, 600, false);
            driver.propose(0, 100, 0, false);
            driver.propose(0, 101, 1, true);
            driver.propose(0, 102, 0, true);
            driver.withdraw(0, 2);
            driver.wait(39);
            driver.wait(1);
            driver.start(0);
            driver.end(0, [4, 3, 2, 1, 1, 1, 1, 1], 1);
            driver.decide(0, 0);
            driver.claim(0, 0, 0);
            requireEqual("paid in the block of the decision", 2 * outcome, driver.paid());
            driver.mine();
            driver.claim(0, 0, 1);
            driver.claim(0, 1, 1);
            driver.claim(0, 1, 2);
            driver.claim(0, 1, 0);
            driver.refund(0, false);
        }
        requireEqual("decided", 4, driver.decided());
        requireEqual("paid", 8, driver.paid());
        requireEqual("refunded", 4, driver.refunded());
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }

    /// @notice Without an outcome of its opened ballots a round is void, and everything goes back.
    function test_driverLosesAnOutcome() external {
        driver.create(1, 3, 498);
        driver.fund(0, 333, false);
        driver.fund(0, 334, true);
        driver.propose(0, 100, 0, false);
        driver.wait(39);
        driver.wait(1);
        driver.start(0);
        driver.end(0, [4, 3, 2, 1, 1, 1, 1, 1], 7);
        driver.decide(0, 0);
        uint256 roundId = treasury.roundCount();
        IBudgetTreasury.RoundStatus status = treasury.round(roundId).status;
        requireTrue("void", status == IBudgetTreasury.RoundStatus.Void);
        driver.refundAll(roundId);
        (uint256 deposited, , uint256 refunded, , , , ) = driver.books(roundId);
        requireEqual("refunded", deposited, refunded);
        requireEqual("decided", 0, driver.decided());
        if (bytes(driver.violation()).length != 0) revert(driver.violation());
    }
}
