// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ICensusDisputes} from "../interfaces/ICensusDisputes.sol";
import {Utf8} from "./Utf8.sol";

// JSON is full of double quotes.
// solhint-disable quotes

/// @title Description of a proposal's poll
/// @notice docs/protocol.md §4.4, §6.5, §18.10.
library ProposalDescription {
    uint256 private constant MAX_TITLE_BYTES = 240;

    /// @notice JSON for the poll of a proposal.
    /// @param clockMode Of the token. Where it counts blocks, the description names the source of the
    /// census, which nodes and auditors then read again. Of a timestamp, no contract knows the block.
    function json(
        address governor,
        uint256 proposalId,
        string calldata description,
        ICensusDisputes.Source memory source,
        string memory clockMode
    ) internal pure returns (bytes memory) {
        bool countsBlocks = Strings.equal(clockMode, "mode=blocknumber&from=default");
        return
            abi.encodePacked(
                '{"title":"',
                _title(proposalId, description),
                '","options":["For","Against","Abstain"],"proposal":{"governor":"',
                Strings.toHexString(governor),
                '","id":"',
                Strings.toString(proposalId),
                '"}',
                countsBlocks ? _census(source) : bytes(""),
                "}"
            );
    }

    function _census(ICensusDisputes.Source memory source) private pure returns (bytes memory) {
        bool isEqual = source.weights == ICensusDisputes.WeightRule.Equal;
        return
            abi.encodePacked(
                ',"census":{"kind":"votes","contract":"',
                Strings.toHexString(address(source.token)),
                '","block":',
                Strings.toString(source.timepoint),
                ',"unit":"',
                Strings.toString(source.unit),
                isEqual ? '","classes":"equal"}' : '"}'
            );
    }

    /// @dev The first line, at most 240 bytes of it, cut between characters. Where it is empty or no
    /// text, nodes could not read it, and the number of the proposal takes its place.
    function _title(
        uint256 proposalId,
        string calldata description
    ) private pure returns (string memory) {
        bytes calldata text = bytes(description);
        uint256 length = 0;
        while (length < text.length && length < MAX_TITLE_BYTES && !_endsLine(text[length]))
            ++length;
        // A byte 10xxxxxx continues a character of UTF-8.
        if (length == MAX_TITLE_BYTES)
            while (length > 0 && length < text.length && text[length] & 0xc0 == 0x80) --length;
        bytes calldata line = text[:length];
        return
            length > 0 && Utf8.isLine(line)
                ? Strings.escapeJSON(string(line))
                : string.concat("Proposal ", Strings.toString(proposalId));
    }

    function _endsLine(bytes1 unit) private pure returns (bool) {
        return unit == "\n" || unit == "\r";
    }
}
