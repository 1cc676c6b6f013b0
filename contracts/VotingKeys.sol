// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Voting keys
/// @notice An account names the key that signs its ballots, so that contract wallets and cold wallets
/// can vote too. The key consents by a signature, so that no account can claim another's key. A
/// census names the block at which keys are read. Ballots are checked by ECDSA only: a wallet whose
/// signature check changes its answer changes no vote. Specified in docs/protocol.md, §6.3, §18.
contract VotingKeys is EIP712 {
    bytes32 private constant VOTING_KEY_TYPE = keccak256("VotingKey(address account,address key)");

    /// @notice Key that signs for each account; zero if the account signs itself.
    mapping(address account => address key) public keyOf;

    /// @notice An account named a voting key; zero revokes it.
    event VotingKeyRegistered(address indexed account, address indexed key);

    error VotingKeysWrongSigner(address signer, address key);
    error VotingKeysUnexpectedSignature(uint256 length);

    constructor() EIP712("Ostraka", "2") {}

    /// @notice Set the address of the sender's voting key, or zero to revoke it.
    /// @param signature The key's, of `VotingKey(account, key)` with the sender as account; empty for
    /// zero.
    function register(address key, bytes calldata signature) external {
        if (key == address(0)) {
            if (signature.length != 0) revert VotingKeysUnexpectedSignature(signature.length);
        } else {
            bytes32 statement = keccak256(abi.encode(VOTING_KEY_TYPE, msg.sender, key));
            // OpenZeppelin refuses high s and any length but 65.
            address signer = ECDSA.recover(_hashTypedDataV4(statement), signature);
            if (signer != key) revert VotingKeysWrongSigner(signer, key);
        }
        keyOf[msg.sender] = key;
        emit VotingKeyRegistered(msg.sender, key);
    }
}
