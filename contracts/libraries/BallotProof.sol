// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {Generators} from "./Generators.sol";

/// @title Reads a canonical ballot and verifies its proof
/// @notice docs/protocol.md §8.2, §8.4, §8.6. The rule must be valid (§5.3): it is read without
/// checks.
library BallotProof {
    /// @notice What is wrong with a ballot; the first that applies.
    enum Fault {
        None,
        Length,
        Point,
        Scalar,
        Row,
        Equation
    }

    /// @dev What a rule and a committee say of every ballot. Offsets are places in the calldata.
    struct Form {
        // Of the rule.
        uint256 bits;
        uint256 slots;
        uint256 rows;
        uint256 quadraticRows;
        // Whether slots are exactly the bits (§5.6), so that `U` and `A_U` are left out.
        bool isCompact;
        // Number of points.
        uint256 points;
        // Number of coefficients in `A_1 … A_{t−1}`.
        uint256 sharing;
        // Places of the first point and of the first scalar.
        uint256 pointsAt;
        uint256 scalarsAt;
    }

    // Bn254.R; assembly knows only constants of its own contract.
    uint256 private constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant HEAD = 28;
    uint256 private constant POINT = 64;
    uint256 private constant SCALAR = 32;
    uint256 private constant RULE_HEAD = 8;
    uint256 private constant TERM = 18;
    // One term: its number, bit and coefficient.
    uint256 private constant COMPACT_SLOT = 20;

    /// @notice Whether a ballot is canonical and its proof holds.
    /// @param table GeneratorTable.
    /// @param threshold `t` of the committee.
    function fault(
        address table,
        bytes32 pollContext,
        uint256 threshold,
        bytes calldata rule,
        bytes calldata ballot
    ) internal view returns (Fault) {
        Form memory form = _form(rule, threshold, ballot);
        uint256 scalars = form.bits + (form.isCompact ? 2 : 3);
        if (ballot.length != HEAD + POINT * form.points + SCALAR * scalars) return Fault.Length;
        for (uint256 i = 0; i < form.points; ++i) {
            (uint256 x, uint256 y) = _point(form, i);
            if ((x == 0 && y == 0) || !Bn254.isPoint(x, y)) return Fault.Point;
        }
        if (!_areReduced(form.scalarsAt, scalars)) return Fault.Scalar;
        uint256 challenge = _challenge(form, pollContext, ballot);
        if (challenge == 0) return Fault.Equation;
        uint256[3] memory weights = _weights(pollContext, ballot);
        (bool rowsHold, uint256[] memory folded) = _fold(form, rule, challenge, weights);
        if (!rowsHold) return Fault.Row;
        return _holds(table, form, folded, challenge, weights) ? Fault.None : Fault.Equation;
    }

    function digest(bytes calldata ballot) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("ostraka/v2/ballot", ballot));
    }

    /// @notice Voter and cast time of a ballot of the right length.
    function head(bytes calldata ballot) internal pure returns (address voter, uint64 castAt) {
        return (address(bytes20(ballot[:20])), uint64(bytes8(ballot[20:28])));
    }

    /// @notice The voter's commitment `V` of a ballot of the right length.
    function commitment(bytes calldata ballot) internal pure returns (uint256 x, uint256 y) {
        assembly ("memory-safe") {
            x := calldataload(add(ballot.offset, HEAD))
            y := calldataload(add(ballot.offset, add(HEAD, 32)))
        }
    }

    function _form(
        bytes calldata rule,
        uint256 threshold,
        bytes calldata ballot
    ) private pure returns (Form memory form) {
        form.bits = uint16(bytes2(rule[0:2]));
        form.slots = uint16(bytes2(rule[2:4]));
        form.rows = uint16(bytes2(rule[4:6]));
        form.quadraticRows = uint16(bytes2(rule[6:8]));
        form.isCompact = form.bits == form.slots && _areBits(rule, form.slots);
        form.sharing = threshold - 1;
        form.points = form.sharing + (form.isCompact ? 4 : 6);
        uint256 pointsAt;
        assembly ("memory-safe") {
            pointsAt := add(ballot.offset, HEAD)
        }
        form.pointsAt = pointsAt;
        form.scalarsAt = pointsAt + POINT * form.points;
    }

    /// @dev Whether slot `j` is bit `j` with the coefficient 1.
    function _areBits(bytes calldata rule, uint256 slots) private pure returns (bool areBits) {
        areBits = true;
        assembly ("memory-safe") {
            let place := add(rule.offset, RULE_HEAD)
            for {
                let slot := 0
            } and(areBits, lt(slot, slots)) {
                slot := add(slot, 1)
            } {
                // One term, the bit of the slot's number, the coefficient 1.
                let expected := or(or(shl(144, 1), shl(128, slot)), 1)
                areBits := eq(shr(96, calldataload(place)), expected)
                place := add(place, COMPACT_SLOT)
            }
        }
    }

    function _areReduced(uint256 place, uint256 count) private pure returns (bool areReduced) {
        assembly ("memory-safe") {
            areReduced := 1
            // Kept on the stack: the compiler would load a long constant from the code each time.
            let order := R
            for {
                let end := add(place, mul(count, SCALAR))
            } lt(place, end) {
                place := add(place, SCALAR)
            } {
                areReduced := and(areReduced, lt(calldataload(place), order))
            }
        }
    }

    function _point(Form memory form, uint256 index) private pure returns (uint256 x, uint256 y) {
        uint256 place = form.pointsAt + POINT * index;
        assembly ("memory-safe") {
            x := calldataload(place)
            y := calldataload(add(place, 32))
        }
    }

    function _scalar(Form memory form, uint256 index) private pure returns (uint256 scalar) {
        uint256 place = form.scalarsAt + SCALAR * index;
        assembly ("memory-safe") {
            scalar := calldataload(place)
        }
    }

    /// @dev The Fiat–Shamir challenge (§2.8, §8.2). The literals hold labels with the lengths of label
    /// and message before them.
    function _challenge(
        Form memory form,
        bytes32 pollContext,
        bytes calldata ballot
    ) private pure returns (uint256) {
        uint256 sharingEnd = HEAD + POINT * (1 + form.sharing);
        bytes memory start = abi.encodePacked(
            "ostraka/v2/transcript\x00\x00\x00\x07purpose\x00\x00\x00\x06ballot\x00\x00\x00\x04poll\x00\x00\x00\x20",
            pollContext,
            "\x00\x00\x00\x05voter\x00\x00\x00\x14",
            ballot[:20],
            "\x00\x00\x00\x05value\x00\x00\x00\x40",
            ballot[HEAD:HEAD + POINT],
            "\x00\x00\x00\x07sharing",
            uint32(POINT * form.sharing),
            ballot[HEAD + POINT:sharingEnd]
        );
        bytes calldata rest = ballot[sharingEnd:];
        bytes memory end =
            form.isCompact
                ? abi.encodePacked(
                    "\x00\x00\x00\x0avalue-mask\x00\x00\x00\x40",
                    rest[:POINT],
                    "\x00\x00\x00\x05cross\x00\x00\x00\x40",
                    rest[POINT:2 * POINT],
                    "\x00\x00\x00\x06square\x00\x00\x00\x40",
                    rest[2 * POINT:3 * POINT]
                )
                : abi.encodePacked(
                    "\x00\x00\x00\x04bits\x00\x00\x00\x40",
                    rest[:POINT],
                    "\x00\x00\x00\x0avalue-mask\x00\x00\x00\x40",
                    rest[POINT:2 * POINT],
                    "\x00\x00\x00\x09bits-mask\x00\x00\x00\x40",
                    rest[2 * POINT:3 * POINT],
                    "\x00\x00\x00\x05cross\x00\x00\x00\x40",
                    rest[3 * POINT:4 * POINT],
                    "\x00\x00\x00\x06square\x00\x00\x00\x40",
                    rest[4 * POINT:5 * POINT]
                );
        return uint256(keccak256(bytes.concat(start, end))) % R;
    }

    /// @dev Weights of the three equations, from all bytes: whoever writes a ballot cannot choose
    /// them, so equations that do not hold cannot cancel. One of them may be 1.
    function _weights(
        bytes32 pollContext,
        bytes calldata ballot
    ) private pure returns (uint256[3] memory weights) {
        bytes32 seed = keccak256(abi.encodePacked("ostraka/v2/fold", pollContext, ballot));
        weights[0] = 1;
        weights[1] = uint256(seed) % R;
        weights[2] = uint256(keccak256(abi.encodePacked(seed))) % R;
    }

    /// @dev Whether every row holds, and the weighted sum of the right sides of the equations: one
    /// scalar for each generator from `G_1` on.
    function _fold(
        Form memory form,
        bytes calldata rule,
        uint256 challenge,
        uint256[3] memory weights
    ) private pure returns (bool, uint256[] memory folded) {
        folded = new uint256[](form.bits + form.quadraticRows);
        uint256 place;
        assembly ("memory-safe") {
            place := add(rule.offset, RULE_HEAD)
        }
        // Where slots are exactly the bits, their values are the responses, and `_addBits` gives
        // them the weight of the first equation.
        uint256[] memory slots = new uint256[](form.isCompact ? 0 : form.slots);
        uint256 terms;
        for (uint256 slot = 0; slot < slots.length; ++slot) {
            (terms, place) = _u16(place);
            slots[slot] = _combination(place, terms, form.scalarsAt);
            folded[slot] = mulmod(weights[0], slots[slot], R);
            place += TERM * terms;
        }
        if (form.isCompact) place += COMPACT_SLOT * form.slots;
        for (uint256 row = 0; row < form.rows; ++row) {
            uint256 constant_;
            (terms, place) = _u16(place);
            (constant_, place) = _i128(place);
            if (_combination(place, terms, form.scalarsAt) != mulmod(constant_, challenge, R))
                return (false, folded);
            place += TERM * terms;
        }
        for (uint256 row = 0; row < form.quadraticRows; ++row) {
            uint256 value;
            (value, place) = _quadratic(form, place, challenge, slots);
            folded[form.bits + row] = mulmod(weights[2], value, R);
        }
        _addBits(form, folded, challenge, weights);
        return (true, folded);
    }

    /// @dev Adds the terms of the second and of the third equation for every bit.
    function _addBits(
        Form memory form,
        uint256[] memory folded,
        uint256 challenge,
        uint256[3] memory weights
    ) private pure {
        uint256 count = form.bits;
        uint256 scalarsAt = form.scalarsAt;
        uint256 bitsWeight = form.isCompact ? weights[0] : weights[1];
        uint256 crossWeight = weights[2];
        assembly ("memory-safe") {
            let order := R
            let place := add(folded, 0x20)
            for {
                let bit := 0
            } lt(bit, count) {
                bit := add(bit, 1)
            } {
                let f := calldataload(add(scalarsAt, shl(5, bit)))
                let factor := mulmod(crossWeight, add(challenge, sub(order, f)), order)
                factor := addmod(factor, bitsWeight, order)
                mstore(place, addmod(mload(place), mulmod(factor, f, order), order))
                place := add(place, 0x20)
            }
        }
    }

    /// @dev `Q x² − Σ f_v² − x Σ e f` of the quadratic row at `place`, and where the row ends.
    function _quadratic(
        Form memory form,
        uint256 place,
        uint256 challenge,
        uint256[] memory slots
    ) private pure returns (uint256 value, uint256) {
        uint256 members;
        uint256 terms;
        uint256 constant_;
        (members, place) = _u16(place);
        (terms, place) = _u16(place);
        (constant_, place) = _i128(place);
        uint256 negative = 0;
        for (uint256 i = 0; i < members; ++i) {
            uint256 slot;
            (slot, place) = _u16(place);
            uint256 response = form.isCompact ? _scalar(form, slot) : slots[slot];
            negative = addmod(negative, mulmod(response, response, R), R);
        }
        uint256 linear = _combination(place, terms, form.scalarsAt);
        negative = addmod(negative, mulmod(challenge, linear, R), R);
        value = mulmod(constant_, mulmod(challenge, challenge, R), R);
        return (addmod(value, R - negative, R), place + TERM * terms);
    }

    /// @dev Sum of the terms at `place` with the scalars at `scalarsAt`.
    function _combination(
        uint256 place,
        uint256 terms,
        uint256 scalarsAt
    ) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            let order := R
            for {
                let end := add(place, mul(terms, TERM))
            } lt(place, end) {
                place := add(place, TERM)
            } {
                let term := shr(112, calldataload(place))
                let scalar := calldataload(add(scalarsAt, shl(5, shr(128, term))))
                let coefficient := signextend(15, term)
                if slt(coefficient, 0) {
                    coefficient := add(order, coefficient)
                }
                sum := addmod(sum, mulmod(coefficient, scalar, order), order)
            }
        }
    }

    function _u16(uint256 place) private pure returns (uint256 value, uint256) {
        assembly ("memory-safe") {
            value := shr(240, calldataload(place))
        }
        return (value, place + 2);
    }

    /// @dev A signed number, modulo R.
    function _i128(uint256 place) private pure returns (uint256 value, uint256) {
        assembly ("memory-safe") {
            value := sar(128, calldataload(place))
            if slt(value, 0) {
                value := add(R, value)
            }
        }
        return (value, place + 16);
    }

    /// @dev Whether the weighted sum of all equations holds.
    function _holds(
        address table,
        Form memory form,
        uint256[] memory folded,
        uint256 challenge,
        uint256[3] memory weights
    ) private view returns (bool) {
        uint256 bits = form.bits;
        // z_V, z_U, z_C.
        uint256 blinding = mulmod(weights[0], _scalar(form, bits), R);
        uint256 last = bits + 1;
        if (!form.isCompact) {
            blinding = addmod(blinding, mulmod(weights[1], _scalar(form, last), R), R);
            ++last;
        }
        blinding = addmod(blinding, mulmod(weights[2], _scalar(form, last), R), R);

        uint256[2] memory total = Generators.commitment(table, folded, blinding);
        // The left sides, negative. Points: V, A_1 … A_{t−1}, [U], A_V, [A_U], C, D. The first
        // weight is 1, so A_V is only added, to the other side.
        uint256 next = form.sharing + 1;
        _subtract(total, form, 0, challenge);
        if (!form.isCompact) {
            _subtract(total, form, next, mulmod(weights[1], challenge, R));
            ++next;
        }
        (uint256 maskX, uint256 maskY) = _point(form, next);
        ++next;
        if (!form.isCompact) {
            _subtract(total, form, next, weights[1]);
            ++next;
        }
        _subtract(total, form, next, mulmod(weights[2], challenge, R));
        _subtract(total, form, next + 1, weights[2]);
        return total[0] == maskX && total[1] == maskY;
    }

    function _subtract(
        uint256[2] memory total,
        Form memory form,
        uint256 index,
        uint256 scalar
    ) private view {
        (uint256 x, uint256 y) = _point(form, index);
        Bn254.addMultiple(total, x, y, scalar == 0 ? 0 : R - scalar);
    }
}
