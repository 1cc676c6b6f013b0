// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../../../contracts/interfaces/IPollRegistry.sol";

/// @notice A registry that says what it is told to, and calls back once while it is called.
contract HostileRegistry {
    /// @notice Whether the call back succeeded, and what it returned.
    event CalledBack(bool ok, bytes result);

    IPollRegistry.DisputeView private _seen;
    address[] private _nodes;
    uint8 private _quorum;
    IPollRegistry.Status private _next;
    address private _target;
    bytes private _data;
    uint256 public rejections;
    uint256 public contests;
    uint64 public until;

    receive() external payable {}

    function show(IPollRegistry.DisputeView calldata seen) external {
        _seen = seen;
    }

    function appoint(address[] calldata nodes, uint8 quorum) external {
        _nodes = nodes;
        _quorum = quorum;
    }

    /// @notice The next call that may change something first sets this status, then calls.
    function arm(IPollRegistry.Status next, address target, bytes calldata data) external {
        (_next, _target, _data) = (next, target, data);
    }

    /// @notice Calls in its own name.
    function act(address target, bytes calldata data) external payable {
        (bool ok, bytes memory result) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    function reject(uint256) external {
        ++rejections;
        _callBack();
    }

    function contest(uint256, bool) external {
        ++contests;
        _callBack();
    }

    function extend(uint256, uint64 until_) external {
        until = until_;
        _callBack();
    }

    function disputed(uint256) external view returns (IPollRegistry.DisputeView memory) {
        return _seen;
    }

    function committee(
        bytes32
    ) external view returns (address[] memory nodes, uint8 t, uint8 f, uint8 q) {
        return (_nodes, 1, 0, _quorum);
    }

    function _callBack() private {
        address target = _target;
        if (target == address(0)) return;
        bytes memory data = _data;
        (_target, _seen.status) = (address(0), _next);
        (bool ok, bytes memory result) = target.call(data);
        emit CalledBack(ok, result);
    }
}

/// @notice An account of disputes that refuses money, or asks for it again while it is paid.
contract HostileRecipient {
    enum Mood {
        Takes,
        Refuses,
        AsksAgain,
        Burns
    }

    Mood public mood;
    uint256 public refused;

    receive() external payable {
        if (mood == Mood.Refuses) revert("no money");
        if (mood == Mood.AsksAgain) {
            (bool ok, ) = msg.sender.call(abi.encodeWithSignature("withdraw()"));
            if (!ok) ++refused;
        }
        if (mood == Mood.Burns) {
            // All gas that it gets.
            assembly ("memory-safe") {
                invalid()
            }
        }
    }

    function set(Mood mood_) external {
        mood = mood_;
    }

    function withdraw(address disputes) external {
        (bool ok, bytes memory result) = disputes.call(abi.encodeWithSignature("withdraw()"));
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }
}
