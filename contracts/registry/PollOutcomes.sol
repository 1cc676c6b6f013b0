// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPollRegistry} from "../interfaces/IPollRegistry.sol";
import {PollStates} from "./PollStates.sol";

/// @title Outcomes of opened ballots, by the word of nodes
/// @notice docs/protocol.md §18.11. Whoever audits a poll recomputes its outcome; no contract can.
abstract contract PollOutcomes is PollStates {
    uint256 private constant WORD_BITS = 256;

    struct OutcomeRecord {
        address vetoHolder;
        // 0 before an outcome was attested. Below 2^40 for 34,000 years.
        uint40 attestedAt;
        uint32 objectionTime;
        bool vetoed;
        bytes32 ballotsHash;
        // Bit `slot % 256` of word `slot / 256`: the slot's award.
        mapping(uint256 index => uint256) words;
    }

    mapping(uint256 pollId => OutcomeRecord) private _outcomes;

    /// @inheritdoc IPollRegistry
    function vetoOutcome(uint256 pollId) external {
        _inOutcomeState(pollId, OutcomeState.Objectable);
        OutcomeRecord storage attested = _outcomes[pollId];
        address holder = attested.vetoHolder;
        if (msg.sender != holder) revert PollRegistryNotVetoHolder(msg.sender, holder);
        attested.vetoed = true;
        emit OutcomeVetoed(pollId, holder);
    }

    /// @inheritdoc IPollRegistry
    function outcome(uint256 pollId) external view returns (OutcomeView memory seen) {
        PollRecord storage record = _polls[pollId];
        OutcomeRecord storage attested = _outcomes[pollId];
        seen.state = _outcomeState(pollId);
        if (seen.state == OutcomeState.None) return seen;
        seen.attestBy = uint64(_attestBy(record));
        if (attested.attestedAt == 0) return seen;
        seen.attestedAt = attested.attestedAt;
        seen.objectionEndsAt = _objectionEndsAt(attested);
        seen.vetoHolder = attested.vetoHolder;
        seen.ballotsHash = attested.ballotsHash;
        seen.awards = _awards(attested, record.slots);
    }

    /// @inheritdoc IPollRegistry
    function isOutcomeLost(uint256 pollId) external view returns (bool) {
        return _outcomeState(pollId) > OutcomeState.Final;
    }

    function _inOutcomeState(
        uint256 pollId,
        OutcomeState expected
    ) internal view returns (PollRecord storage) {
        OutcomeState actual = _outcomeState(pollId);
        if (actual != expected) revert PollRegistryWrongOutcomeState(pollId, actual);
        return _polls[pollId];
    }

    function _storeOutcome(
        uint256 pollId,
        bytes32 ballotsHash,
        uint256[] calldata given,
        uint32 objectionTime,
        address vetoHolder
    ) internal returns (uint64 objectionEndsAt) {
        OutcomeRecord storage attested = _outcomes[pollId];
        attested.vetoHolder = vetoHolder;
        attested.attestedAt = uint40(block.timestamp);
        attested.objectionTime = objectionTime;
        attested.ballotsHash = ballotsHash;
        uint256 word = 0;
        for (uint256 slot = 0; slot < given.length; ++slot) {
            word |= given[slot] << (slot % WORD_BITS);
            if (slot % WORD_BITS != WORD_BITS - 1 && slot + 1 != given.length) continue;
            attested.words[slot / WORD_BITS] = word;
            word = 0;
        }
        return _objectionEndsAt(attested);
    }

    /// @dev Awards that nobody may veto any more.
    function _finalAwards(
        uint256 pollId,
        PollRecord storage record
    ) internal view returns (uint256[] memory) {
        _inOutcomeState(pollId, OutcomeState.Final);
        return _awards(_outcomes[pollId], record.slots);
    }

    function _awards(
        OutcomeRecord storage attested,
        uint256 slots
    ) private view returns (uint256[] memory given) {
        given = new uint256[](slots);
        uint256 word = 0;
        for (uint256 slot = 0; slot < slots; ++slot) {
            if (slot % WORD_BITS == 0) word = attested.words[slot / WORD_BITS];
            given[slot] = (word >> (slot % WORD_BITS)) & 1;
        }
    }

    function _outcomeState(uint256 pollId) private view returns (OutcomeState) {
        PollRecord storage record = _polls[pollId];
        if (!record.byBallots || record.tallyDigest == 0) return OutcomeState.None;
        OutcomeRecord storage attested = _outcomes[pollId];
        if (attested.attestedAt == 0)
            return block.timestamp < _attestBy(record) ? OutcomeState.Awaited : OutcomeState.Missed;
        if (attested.vetoed) return OutcomeState.Vetoed;
        return
            block.timestamp < _objectionEndsAt(attested)
                ? OutcomeState.Objectable
                : OutcomeState.Final;
    }

    function _objectionEndsAt(OutcomeRecord storage attested) private view returns (uint64) {
        return uint64(attested.attestedAt) + attested.objectionTime;
    }

    /// @dev A tally may be accepted at the last moment of its period: one more period to attest.
    function _attestBy(PollRecord storage record) private view returns (uint256) {
        return _releasableAt(record) + 2 * uint256(record.tallyPeriod);
    }
}
