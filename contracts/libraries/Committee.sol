// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bounds of a committee and its digest
/// @notice docs/protocol.md §3.
library Committee {
    error CommitteeTooLarge(uint256 nodes);
    error CommitteeThresholdTooSmall(uint256 threshold);
    error CommitteeTooManyFaults(uint256 faults, uint256 threshold);
    error CommitteeTooSmall(uint256 nodes, uint256 threshold, uint256 faults);
    error CommitteeCannotShuffle(uint256 nodes, uint256 threshold, uint256 faults);

    uint256 internal constant MAX_NODES = 64;
    uint256 internal constant MAX_SHUFFLING_NODES = 7;

    /// @notice `q`: signatures that anchor a root; reverts if the committee violates a bound.
    function quorum(uint256 n, uint256 t, uint256 f) internal pure returns (uint256 q) {
        if (n > MAX_NODES) revert CommitteeTooLarge(n);
        if (t < 2) revert CommitteeThresholdTooSmall(t);
        if (f > t - 1) revert CommitteeTooManyFaults(f, t);
        if (n < t + 2 * f || n < 3 * f + 1) revert CommitteeTooSmall(n, t, f);
        uint256 byThreshold = t + f;
        uint256 byMajority = (n + f) / 2 + 1;
        q = byThreshold > byMajority ? byThreshold : byMajority;
        if (q > n - f) revert CommitteeTooSmall(n, t, f);
    }

    /// @notice Reverts unless the committee can shuffle ballots (docs/protocol.md §19.1).
    function requireShuffling(uint256 n, uint256 t, uint256 f) internal pure {
        if (n > MAX_SHUFFLING_NODES || n - f < 2 * t - 1) revert CommitteeCannotShuffle(n, t, f);
    }

    /// @notice Digest of a committee.
    function digest(
        address[] calldata nodes,
        string[] calldata urls,
        uint256 t,
        uint256 f,
        uint256 q
    ) internal pure returns (bytes32) {
        bytes32[] memory members = new bytes32[](2 * nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            members[2 * i] = bytes32(uint256(uint160(nodes[i])));
            members[2 * i + 1] = keccak256(bytes(urls[i]));
        }
        return keccak256(abi.encodePacked("ostraka/v2/committee", nodes.length, t, f, q, members));
    }
}
