// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Voting keys
/// @notice An account names the key with which its ballots are signed, so that contract wallets and
/// cold wallets vote too. A census names the block at which keys are read. Ballots are checked by
/// ECDSA only: a wallet whose signature check changes its mind changes no vote. Specified in
/// docs/protocol.md, §6.3.
contract VotingKeys {
    /// @notice Key that signs for each account; zero where the account signs itself.
    mapping(address account => address key) public keyOf;

    /// @notice An account named a voting key; zero takes it back.
    event VotingKeyRegistered(address indexed account, address indexed key);

    /// @notice Name the address of the sender's voting key, or zero to take it back.
    function register(address key) external {
        keyOf[msg.sender] = key;
        emit VotingKeyRegistered(msg.sender, key);
    }
}
