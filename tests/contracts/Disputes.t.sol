// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../contracts/Disputes.sol";
import {IPollRegistry} from "../../contracts/interfaces/IPollRegistry.sol";
import {DisputesDriver} from "./support/DisputesDriver.sol";
import {Test} from "./support/Vm.sol";

/// @notice What holds after any sequence of disputes: docs/protocol.md §11.3.
contract DisputesTest is Test {
    DisputesDriver private driver;

    function setUp() public {
        driver = new DisputesDriver();
    }

    /// @notice The runner calls only the driver.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    function invariant_aTrueRootNeverFalls() external view {
        _never("a true root fell");
        _never("a true root is void");
    }

    function invariant_aTrueRootBecomesFinal() external view {
        _never("a true root is not final");
    }

    function invariant_aFalseRootThatSomebodyWatchesIsNeverFinal() external view {
        _never("a false root that somebody watched is final");
    }

    function invariant_faultsAreShownAndNothingElseIs() external view {
        _never("a fault was not shown, or one that is none");
    }

    function invariant_noTallyBeforeTheWindowEnds() external view {
        _never("a tally came within the window");
        _never("a tally came before an answer");
    }

    function invariant_everyDisputeEnds() external view {
        _never("a dispute has no end");
        _never("a window is beyond its bound");
    }

    function invariant_windowsNeverShrink() external view {
        _never("a window became shorter");
        _never("what an answer shows cannot be disputed");
    }

    function invariant_theWholeWindowIsOpen() external view {
        _never("a challenge in the window was refused");
        _never("no time to answer");
    }

    function invariant_aBondIsPaidOnce() external view {
        _never("a challenge ended twice");
        _never("a bond is locked, or given back early");
    }

    /// @notice A poll has one root at a time, the one that was anchored, and no rejected one again.
    function invariant_onlyOneRoot() external view {
        _never("a rejected round came back");
        for (uint256 pollId = 1; pollId <= driver.pollCount(); ++pollId) {
            IPollRegistry.PollView memory seen = driver.registry().poll(pollId);
            if (seen.anchoredAt == 0) continue;
            requireTrue("root", keccak256(abi.encode(seen.root)) == driver.roots(pollId));
        }
    }

    function invariant_rulesAreFrozen() external view {
        for (uint256 pollId = 1; pollId <= driver.pollCount(); ++pollId) {
            bytes32 context = driver.registry().poll(pollId).pollContext;
            requireTrue("context", context == driver.contexts(pollId));
        }
    }

    function invariant_moneyIsConserved() external view {
        Disputes disputes = driver.disputes();
        requireEqual(
            "wei",
            driver.openBonds() + driver.burned() + disputes.balanceOf(address(driver)),
            address(disputes).balance
        );
    }

    function _never(string memory what) private view {
        if (driver.happened(what)) revert(what);
    }

    /// @notice The driver reaches answers, rejections and tallies: otherwise the invariants above
    /// would hold of nothing.
    function test_driverReachesEveryEnd() external {
        driver.create(5);
        driver.create(5);
        driver.anchor(0, 1);
        driver.challenge(0, true, 1);
        driver.prove(0);
        requireEqual("shown", 1, driver.rejections());
        driver.close(0);
        driver.anchor(0, 3);
        driver.challenge(0, false, 2);
        driver.wait(11);
        driver.expire(1);
        requireEqual("expired", 2, driver.rejections());
        driver.withdraw();
        driver.anchor(0, 0);
        driver.challenge(0, true, 3);
        for (uint256 i = 0; i < 3; ++i) driver.wait(11);
        requireEqual("answered", 1, driver.answers());
        driver.accept(0);
        requireEqual("tallied", 1, driver.tallies());
    }

    /// @notice A false root becomes final where nobody looks, and falls where somebody does.
    function test_onlyWatchedRootsFall() external {
        for (uint8 tree = 1; tree < 4; ++tree) {
            setUp();
            driver.create(5);
            driver.create(5);
            driver.anchor(0, tree);
            driver.anchor(1, tree);
            for (uint256 i = 0; i < 3; ++i) driver.wait(11);
            driver.accept(0);
            driver.accept(1);
            requireEqual("tallied", 1, driver.tallies());
            requireEqual("false", 1, driver.falseTallies());
            requireEqual("fallen", 1, driver.rejections());
        }
    }
}
