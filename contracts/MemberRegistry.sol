// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title Members of a community and their voting weights
/// @notice The owner keeps the list; a census taken from it names a past block, so that later changes
/// affect later votes only. Specified in docs/protocol.md, §6.5.
contract MemberRegistry is Ownable2Step {
    /// @notice Voting weight of each account; 0 for accounts that are not members.
    mapping(address account => uint128 weight) public weightOf;

    /// @notice A member's weight changed; 0 means that the account is no longer a member.
    event MemberSet(address indexed account, uint128 weight);

    error MemberRegistryListsDiffer(uint256 accounts, uint256 weights);
    error MemberRegistryInvalidAccount();

    constructor(address owner) Ownable(owner) {}

    /// @notice Set the weights of some accounts; weight 0 removes an account.
    function setMembers(
        address[] calldata accounts,
        uint128[] calldata weights
    ) external onlyOwner {
        if (accounts.length != weights.length)
            revert MemberRegistryListsDiffer(accounts.length, weights.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == address(0)) revert MemberRegistryInvalidAccount();
            weightOf[accounts[i]] = weights[i];
            emit MemberSet(accounts[i], weights[i]);
        }
    }
}
