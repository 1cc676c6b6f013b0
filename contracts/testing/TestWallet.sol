// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A contract wallet of tests
/// @notice Executes its owner's calls, and accepts every signature until the owner revokes that.
contract TestWallet is IERC1271 {
    address public immutable owner = msg.sender;
    bool public fickle;

    error TestWalletNotOwner(address account);

    /// @notice Call any contract.
    function execute(address to, bytes calldata data) external {
        _requireOwner();
        Address.functionCall(to, data);
    }

    /// @notice Reject every signature from now on.
    function changeMind() external {
        _requireOwner();
        fickle = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return fickle ? bytes4(0xffffffff) : IERC1271.isValidSignature.selector;
    }

    function _requireOwner() private view {
        if (msg.sender != owner) revert TestWalletNotOwner(msg.sender);
    }
}
