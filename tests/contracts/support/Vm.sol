// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The few cheat codes of the test runner that these tests need.
interface Vm {
    function addr(uint256 privateKey) external pure returns (address);
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
    function deal(address account, uint256 balance) external;
    function fee(uint256 baseFee) external;
    function prank(address sender) external;
    function roll(uint256 number) external;
    function sign(
        uint256 privateKey,
        bytes32 digest
    ) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 timestamp) external;
}

/// @notice Checks that name what differs.
abstract contract Test {
    error TestExpected(string what, uint256 expected, uint256 actual);

    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function requireEqual(string memory what, uint256 expected, uint256 actual) internal pure {
        if (expected != actual) revert TestExpected(what, expected, actual);
    }

    function requireTrue(string memory what, bool holds) internal pure {
        requireEqual(what, 1, holds ? 1 : 0);
    }
}
