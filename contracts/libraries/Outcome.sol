// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BallotOutcome} from "./BallotOutcome.sol";
import {Condorcet} from "./Condorcet.sol";
import {Greedy} from "./Greedy.sol";
import {Majority} from "./Majority.sol";
import {OutcomeOrder} from "./OutcomeOrder.sol";
import {OutcomeReader} from "./OutcomeReader.sol";
import {Plurality} from "./Plurality.sol";
import {Proportional} from "./Proportional.sol";

/// @title From a tally to a decision, in exact integers
/// @notice docs/protocol.md §14.
library Outcome {
    using OutcomeOrder for uint16[];
    using OutcomeReader for bytes;

    error OutcomeUnknownKind(uint256 kind);

    uint256 private constant NONE = 0;
    uint256 private constant GREEDY = 1;
    uint256 private constant MAJORITY = 2;
    uint256 private constant PLURALITY = 3;
    uint256 private constant CATEGORIES = 4;
    uint256 private constant PROPORTIONAL = 5;
    uint256 private constant PARTS = 6;
    uint256 private constant CONDORCET = 7;
    uint256 private constant BALLOTS = 8;
    /// @dev kind, number of parts
    uint256 private constant PARTS_HEAD = 2;
    /// @dev slots, length
    uint256 private constant PART_HEAD = 4;

    /// @dev Positions at which the next part begins: in the rule, the tally and the order.
    struct Cursor {
        uint256 offset;
        uint256 slot;
        uint256 place;
    }

    /// @notice Digest of an outcome rule.
    function digest(bytes calldata rule) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("ostraka/v2/outcome", rule));
    }

    /// @notice Whether the rule decides by opened ballots, so that no tally gives its awards.
    function isOfBallots(bytes calldata rule) internal pure returns (bool) {
        return rule.u8(0) == BALLOTS;
    }

    /// @notice Reverts unless the rule is well formed for this number of slots.
    function validate(bytes calldata rule, uint256 slots) internal pure {
        uint256 kind = rule.u8(0);
        // No part of a list: nodes attest one outcome of a poll, whole.
        if (kind == BALLOTS) {
            BallotOutcome.read(rule, slots);
            return;
        }
        if (kind != PARTS) return _requireSingle(rule, slots);
        uint256 count = rule.u8(1);
        uint256 offset = PARTS_HEAD;
        uint256 total = 0;
        for (uint256 part = 0; part < count; ++part) {
            (uint256 taken, bytes calldata encoded) = _part(rule, offset);
            if (taken == 0) revert OutcomeReader.OutcomeOutOfRange("slots", 0);
            _requireSingle(encoded, taken);
            total += taken;
            offset += PART_HEAD + encoded.length;
        }
        rule.requireLength(offset);
        if (count < 2) revert OutcomeReader.OutcomeOutOfRange("parts", count);
        if (total != slots) revert OutcomeReader.OutcomeSlotsDiffer(total, slots);
    }

    /// @notice Award of each slot; empty under a rule of kind none. Reverts under a rule that decides
    /// by opened ballots.
    /// @param order Slots from best to worst as the rule requires; checked in one pass.
    function awards(
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (uint256[] memory given) {
        uint256 kind = rule.u8(0);
        if (kind == PARTS) return _parts(rule, tally, order);
        if (kind == NONE) {
            order.requireEntries(0);
            return given;
        }
        if (kind == BALLOTS) revert OutcomeUnknownKind(kind);
        return _single(kind, rule, tally, order);
    }

    /// @dev Each part decides about slots of its own, and takes the entries of the order that it
    /// needs.
    function _parts(
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) private pure returns (uint256[] memory given) {
        given = new uint256[](tally.length);
        Cursor memory cursor = Cursor(PARTS_HEAD, 0, 0);
        uint256 count = rule.u8(1);
        for (uint256 part = 0; part < count; ++part) {
            uint256 slot = cursor.slot;
            uint256[] memory own = _next(cursor, rule, tally, order);
            for (uint256 i = 0; i < own.length; ++i) given[slot + i] = own[i];
        }
        order.requireEntries(cursor.place);
    }

    /// @dev Awards of the part at the cursor, which moves to the next part; empty for a part of kind
    /// none.
    function _next(
        Cursor memory cursor,
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) private pure returns (uint256[] memory own) {
        (uint256 slots, bytes calldata encoded) = _part(rule, cursor.offset);
        cursor.offset += PART_HEAD + encoded.length;
        tally = tally[cursor.slot:cursor.slot + slots];
        cursor.slot += slots;
        uint256 kind = encoded.u8(0);
        uint256 place = cursor.place;
        uint256 end = place + _entries(kind, encoded, tally);
        if (end > order.length) revert OutcomeOrder.OutcomeOrderIncomplete(order.length, end);
        cursor.place = end;
        if (kind != NONE) own = _single(kind, encoded, tally, order[place:end]);
    }

    function _single(
        uint256 kind,
        bytes calldata rule,
        uint256[] calldata tally,
        uint16[] calldata order
    ) private pure returns (uint256[] memory) {
        if (kind == PLURALITY) return Plurality.awards(rule, tally, order);
        if (kind == PROPORTIONAL) return Proportional.awards(rule, tally, order);
        if (kind == CONDORCET) return Condorcet.awards(rule, tally, order);
        if (kind == MAJORITY) {
            order.requireEntries(0);
            return Majority.awards(rule, tally);
        }
        return Greedy.awards(Greedy.read(rule, tally.length, kind == CATEGORIES), tally, order);
    }

    /// @dev Number of entries of the order that a rule takes.
    function _entries(
        uint256 kind,
        bytes calldata rule,
        uint256[] calldata tally
    ) private pure returns (uint256) {
        if (kind == NONE || kind == MAJORITY) return 0;
        if (kind == PLURALITY) return Plurality.read(rule, tally.length).contenders;
        if (kind == PROPORTIONAL) return Proportional.read(rule, tally.length).contenders;
        if (kind == CONDORCET) return Condorcet.entries(rule, tally);
        return tally.length;
    }

    /// @dev Reverts unless the rule is well formed and not a list of parts.
    function _requireSingle(bytes calldata rule, uint256 slots) private pure {
        uint256 kind = rule.u8(0);
        if (kind == NONE) rule.requireLength(1);
        else if (kind == GREEDY) Greedy.read(rule, slots, false);
        else if (kind == MAJORITY) Majority.read(rule, slots);
        else if (kind == PLURALITY) Plurality.read(rule, slots);
        else if (kind == CATEGORIES) Greedy.read(rule, slots, true);
        else if (kind == PROPORTIONAL) Proportional.read(rule, slots);
        else if (kind == CONDORCET) Condorcet.read(rule, slots);
        else revert OutcomeUnknownKind(kind);
    }

    function _part(
        bytes calldata rule,
        uint256 offset
    ) private pure returns (uint256 slots, bytes calldata encoded) {
        slots = rule.u16(offset);
        uint256 start = offset + PART_HEAD;
        uint256 end = start + rule.u16(offset + 2);
        if (end > rule.length) revert OutcomeReader.OutcomeMalformed(rule.length);
        encoded = rule[start:end];
    }
}
