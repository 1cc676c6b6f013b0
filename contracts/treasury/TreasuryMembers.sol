// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IBudgetTreasury} from "../interfaces/IBudgetTreasury.sol";
import {CensusTree} from "../libraries/CensusTree.sol";
import {TreasuryRounds} from "./TreasuryRounds.sol";

/// @title Members of a treasury's rounds, and the keys that sign for invitations
/// @notice A member who redeemed an invitation acts by the registered key only. Specified in
/// docs/protocol.md, §17.2.
abstract contract TreasuryMembers is EIP712, TreasuryRounds {
    mapping(uint256 roundId => mapping(address invitation => MemberKey)) private _memberKeys;

    /// @inheritdoc IBudgetTreasury
    function registerMember(
        uint256 roundId,
        address invitation,
        address signingKey,
        CensusTree.Membership calldata membership,
        bytes calldata signature
    ) external {
        MemberKey storage current = _memberKeys[roundId][invitation];
        address code = current.code;
        if (code == address(0)) {
            _requireMember(roundId, invitation, membership);
            // Only invitations sign for themselves in the tree and may hand this over.
            code = membership.signingKey;
            if (code != invitation) revert BudgetTreasuryNotAMember(invitation);
        } else if (current.signingKey != address(0))
            revert BudgetTreasuryMemberRegistered(invitation);
        // The statement names the key, so that nobody who sees it can register another one.
        _requireSigner(
            rules.redemption(roundId, _rounds[roundId].parameters.memberRoot, code, signingKey),
            signature,
            code
        );
        (current.code, current.signingKey) = (code, signingKey);
        emit MemberRegistered(roundId, invitation, signingKey);
    }

    /// @inheritdoc IBudgetTreasury
    function replaceMember(uint256 roundId, address invitation, address code) external {
        address organizer = _rounds[roundId].organizer;
        if (msg.sender != organizer) revert BudgetTreasuryNotOrganizer(msg.sender, organizer);
        MemberKey storage current = _memberKeys[roundId][invitation];
        address former = current.signingKey;
        // Members with an account of their own never registered: nobody takes their place.
        if (current.code == address(0)) revert BudgetTreasuryNotAMember(invitation);
        // Its statements could be used again.
        if (code == address(0) || code == current.code || code == invitation)
            revert BudgetTreasuryInvalidCode(code);
        (current.code, current.signingKey) = (code, address(0));
        emit MemberReplaced(roundId, invitation, former, code);
    }

    /// @inheritdoc IBudgetTreasury
    function memberKey(
        uint256 roundId,
        address invitation
    ) external view returns (MemberKey memory) {
        return _memberKeys[roundId][invitation];
    }

    /// @dev Refuses a transaction by the key of an invitation's code, which does not act for the
    /// invitation any more once another key is registered.
    function _requireActing(uint256 roundId, address account) internal view {
        if (account == msg.sender && _memberKeys[roundId][account].code != address(0))
            revert BudgetTreasuryNotAMember(account);
    }

    /// @dev Requires a member, and a signature of the member's key.
    function _requireSigned(
        uint256 roundId,
        address member,
        CensusTree.Membership calldata membership,
        bytes32 statement,
        bytes calldata signature
    ) internal view {
        _requireMember(roundId, member, membership);
        MemberKey storage current = _memberKeys[roundId][member];
        _requireSigner(
            statement,
            signature,
            current.code == address(0) ? membership.signingKey : current.signingKey
        );
    }

    function _requireMember(
        uint256 roundId,
        address account,
        CensusTree.Membership calldata membership
    ) internal view {
        rules.requireMember(_rounds[roundId].parameters.memberRoot, account, membership);
    }

    /// @dev Requires an ECDSA signature; no signature is of the address 0.
    function _requireSigner(
        bytes32 statement,
        bytes calldata signature,
        address expected
    ) private view {
        address signer = ECDSA.recoverCalldata(_hashTypedDataV4(statement), signature);
        if (signer != expected) revert BudgetTreasuryWrongSigner(signer, expected);
    }
}
