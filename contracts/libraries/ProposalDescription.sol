// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ICensusDisputes} from "../interfaces/ICensusDisputes.sol";

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
        string memory description,
        ICensusDisputes.Source memory source,
        string memory clockMode
    ) internal pure returns (bytes memory) {
        bool countsBlocks = Strings.equal(clockMode, "mode=blocknumber&from=default");
        return
            abi.encodePacked(
                '{"title":"',
                Strings.escapeJSON(_title(description)),
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

    /// @dev The first line, at most 240 bytes of it, cut between characters.
    function _title(string memory description) private pure returns (string memory) {
        bytes memory text = bytes(description);
        uint256 length = 0;
        while (length < text.length && text[length] != "\n" && length < MAX_TITLE_BYTES) ++length;
        // A byte 10xxxxxx continues a character of UTF-8.
        if (length == MAX_TITLE_BYTES)
            while (length > 0 && length < text.length && text[length] & 0xc0 == 0x80) --length;
        bytes memory title = new bytes(length);
        for (uint256 i = 0; i < length; ++i) title[i] = text[i];
        return string(title);
    }
}
