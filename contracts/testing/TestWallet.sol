// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title A contract wallet of tests
/// @notice Does what its owner says, and finds every signature good until its owner changes its mind.
contract TestWallet is IERC1271 {
    address public immutable owner = msg.sender;
    bool public fickle;

    error TestWalletNotOwner(address account);

    /// @notice Call any contract.
    function execute(address to, bytes calldata data) external {
        _requireOwner();
        Address.functionCall(to, data);
    }

    /// @notice From here on no signature is good any more.
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
