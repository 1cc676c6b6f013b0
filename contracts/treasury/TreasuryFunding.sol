// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {TreasuryRounds} from "./TreasuryRounds.sol";

/// @title Money of a treasury's rounds
/// @notice Accepts deposits, and returns to every funder the part that is not paid out. Specified in
/// docs/protocol.md, §17.
abstract contract TreasuryFunding is ReentrancyGuard, TreasuryRounds {
    using SafeERC20 for IERC20;

    mapping(uint256 roundId => mapping(address funder => uint256)) private _deposits;
    mapping(uint256 roundId => mapping(address funder => uint256)) private _refunds;

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
            // The amount that arrived, not the amount sent: some tokens keep a fee.
            received = IERC20(token).balanceOf(address(this)) - before;
        }
        if (received == 0) revert BudgetTreasuryNothingReceived();
        record.deposited += received;
        _deposits[roundId][msg.sender] += received;
        emit RoundFunded(roundId, msg.sender, received);
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

    function _pay(address token, address recipient, uint256 amount) internal {
        if (token == address(0)) Address.sendValue(payable(recipient), amount);
        else IERC20(token).safeTransfer(recipient, amount);
    }
}
