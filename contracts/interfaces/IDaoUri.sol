// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Where a DAO describes itself
/// @notice The interface of ERC-4824; its id is that of `daoURI` alone.
interface IDaoUri {
    /// @notice The DAO at that address has that URI from now on.
    event DAOURIUpdate(address daoAddress, string daoURI);

    /// @notice URI of a JSON-LD document about the DAO; empty if it has none.
    function daoURI() external view returns (string memory);
}
