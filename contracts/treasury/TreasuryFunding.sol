// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {TreasuryRounds} from "./TreasuryRounds.sol";

/// @title Money of a treasury's rounds
/// @notice Accepts deposits, and returns to every funder the part that is not paid out. Specified in
/// docs/protocol.md, §17.
abstract contract TreasuryFunding is ReentrancyGuard, TreasuryRounds {
    using SafeERC20 for IERC20;

    /// @dev Deposits of a funder without others in between: those from `start` up to `end`, when all
    /// deposits of the round are laid end to end.
    struct Stretch {
        uint128 start;
        uint128 end;
    }

    /// @dev A refund reads them all, and has to fit into a block.
    uint256 private constant MAX_STRETCHES = 1000;

    mapping(uint256 roundId => mapping(address funder => Stretch[])) private _stretches;
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
        _deposit(record, _stretches[roundId][msg.sender], received);
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
        bool isFinal =
            current == RoundStatus.Void ||
                current == RoundStatus.Expired ||
                current == RoundStatus.Vetoed;
        if (!isFinal && current != RoundStatus.Decided) return 0;
        uint256 deposited = record.deposited;
        uint256 free = deposited - (isFinal ? record.paidOut : record.committed);
        Stretch[] storage list = _stretches[roundId][funder];
        uint256 share = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            (uint256 start, uint256 end) = (list[i].start, list[i].end);
            // In the end, stretches cover all deposits without gaps: their shares add up to the last
            // unit. Until then a share rounds down, which is never more than it is in the end.
            share +=
                isFinal
                    ? (end * free) / deposited - (start * free) / deposited
                    : ((end - start) * free) / deposited;
        }
        return share - _refunds[roundId][funder];
    }

    function _deposit(
        RoundRecord storage record,
        Stretch[] storage list,
        uint256 received
    ) private {
        uint256 start = record.deposited;
        uint256 end = start + received;
        // Products of two amounts fit into a word.
        if (end > type(uint128).max) revert BudgetTreasuryTooMuchDeposited(end, type(uint128).max);
        record.deposited = end;
        uint256 count = list.length;
        if (count != 0 && list[count - 1].end == start) {
            list[count - 1].end = uint128(end);
        } else {
            if (count == MAX_STRETCHES) revert BudgetTreasuryTooManyDeposits(MAX_STRETCHES);
            list.push(Stretch(uint128(start), uint128(end)));
        }
    }

    function _pay(address token, address recipient, uint256 amount) internal {
        if (token == address(0)) Address.sendValue(payable(recipient), amount);
        else IERC20(token).safeTransfer(recipient, amount);
    }
}
