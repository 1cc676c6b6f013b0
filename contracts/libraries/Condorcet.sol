// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutcomeOrder} from "./OutcomeOrder.sol";
import {OutcomeReader} from "./OutcomeReader.sol";

/// @title The winner of a pairwise ranking
/// @notice docs/protocol.md §14.9. Options have the first slots, then each ordered pair has one.
/// @dev Sets of options are bits of a word. Schulze's method and ranked pairs take all defeats from
/// the strongest on, in an order that is checked in the same pass.
library Condorcet {
    using OutcomeReader for bytes;

    uint256 private constant SCHULZE = 0;
    uint256 private constant RANKED_PAIRS = 1;
    uint256 private constant MINIMAX = 2;
    uint256 private constant COPELAND = 3;
    /// @dev kind, method, strength, options
    uint256 private constant LENGTH = 5;

    struct Rule {
        uint256 method;
        bool margin;
        uint256 options;
    }

    /// @dev A defeat; of two, the one with the greater `first` is stronger, then that with the
    /// lesser `second`.
    struct Defeat {
        uint256 winner;
        uint256 loser;
        uint256 first;
        uint256 second;
    }

    /// @dev Sets of options: which each reaches by defeats so far, which reach it, both with itself,
    /// and which cannot win any more.
    struct Reach {
        uint256[] below;
        uint256[] above;
        uint256 beaten;
    }

    /// @notice The rule; reverts unless it is well formed for this number of slots.
    function read(bytes calldata encoded, uint256 slots) internal pure returns (Rule memory rule) {
        encoded.requireLength(LENGTH);
        rule.method = encoded.u8(1);
        rule.margin = encoded.flag(2);
        rule.options = encoded.u16(3);
        if (rule.method > COPELAND) revert OutcomeReader.OutcomeUnknownFlag(1, rule.method);
        if (rule.options < 2) revert OutcomeReader.OutcomeOutOfRange("options", rule.options);
        if (rule.method == COPELAND && rule.margin)
            revert OutcomeReader.OutcomeOutOfRange("strength", 1);
        if (rule.options * rule.options != slots)
            revert OutcomeReader.OutcomeSlotsDiffer(rule.options * rule.options, slots);
    }

    /// @notice Number of entries of the order that the rule takes with this tally.
    function entries(
        bytes calldata encoded,
        uint256[] calldata tally
    ) internal pure returns (uint256 count) {
        Rule memory rule = read(encoded, tally.length);
        if (rule.method == MINIMAX || rule.method == COPELAND) return 0;
        for (uint256 one = 0; one < rule.options; ++one) {
            for (uint256 other = 0; other < one; ++other) {
                if (_votes(tally, rule, one, other) != _votes(tally, rule, other, one)) ++count;
            }
        }
    }

    /// @notice 1 for the winner; for nobody if nobody prefers anything.
    /// @param order The slots of all defeats, the strongest first, or empty (`entries`).
    function awards(
        bytes calldata encoded,
        uint256[] calldata tally,
        uint16[] calldata order
    ) internal pure returns (uint256[] memory given) {
        uint256 expected = entries(encoded, tally);
        if (order.length != expected)
            revert OutcomeOrder.OutcomeOrderIncomplete(order.length, expected);
        Rule memory rule = read(encoded, tally.length);
        given = new uint256[](tally.length);
        if (_isEmpty(tally[rule.options:])) return given;
        if (rule.method == MINIMAX) given[_minimax(tally, rule)] = 1;
        else if (rule.method == COPELAND) given[_copeland(tally, rule)] = 1;
        else given[_byDefeats(tally, rule, order)] = 1;
    }

    function _isEmpty(uint256[] calldata pairs) private pure returns (bool) {
        for (uint256 pair = 0; pair < pairs.length; ++pair) if (pairs[pair] != 0) return false;
        return true;
    }

    /// @dev Schulze's method: an option is beaten once another one reaches it, by defeats at least
    /// as strong as the present one, that it does not reach itself. Ranked pairs: it is beaten once
    /// a defeat of it is locked.
    function _byDefeats(
        uint256[] calldata tally,
        Rule memory rule,
        uint16[] calldata order
    ) private pure returns (uint256) {
        Reach memory reach = Reach(new uint256[](rule.options), new uint256[](rule.options), 0);
        for (uint256 option = 0; option < rule.options; ++option) {
            reach.below[option] = reach.above[option] = 1 << option;
        }
        Defeat memory previous;
        for (uint256 place = 0; place < order.length; ++place) {
            Defeat memory defeat = _defeat(tally, rule, order[place], place);
            bool equal = defeat.first == previous.first && defeat.second == previous.second;
            if (place > 0) {
                bool weaker =
                    defeat.first < previous.first ||
                        (defeat.first == previous.first && defeat.second > previous.second);
                if (!weaker && !(equal && order[place - 1] < order[place]))
                    revert OutcomeOrder.OutcomeOrderWrong(place);
            }
            if (rule.method == RANKED_PAIRS) {
                if ((reach.below[defeat.loser] >> defeat.winner) & 1 == 0) {
                    reach.beaten |= 1 << defeat.loser;
                    _join(reach, defeat);
                }
            } else {
                if (place > 0 && !equal) _settle(reach);
                _join(reach, defeat);
            }
            previous = defeat;
        }
        if (rule.method == SCHULZE) _settle(reach);
        return _lowest(~reach.beaten);
    }

    /// @dev The defeat at a place of the order; reverts unless the slot is that of one.
    function _defeat(
        uint256[] calldata tally,
        Rule memory rule,
        uint256 slot,
        uint256 place
    ) private pure returns (Defeat memory defeat) {
        if (slot < rule.options || slot >= tally.length)
            revert OutcomeOrder.OutcomeOrderWrong(place);
        uint256 pair = slot - rule.options;
        defeat.winner = pair / (rule.options - 1);
        defeat.loser = pair % (rule.options - 1);
        if (defeat.loser >= defeat.winner) ++defeat.loser;
        uint256 votes = tally[slot];
        uint256 against = _votes(tally, rule, defeat.loser, defeat.winner);
        if (votes <= against) revert OutcomeOrder.OutcomeOrderWrong(place);
        (defeat.first, defeat.second) = rule.margin ? (votes - against, 0) : (votes, against);
    }

    /// @dev Whoever reaches the winner now reaches all that the loser reaches.
    function _join(Reach memory reach, Defeat memory defeat) private pure {
        uint256 above = reach.above[defeat.winner];
        uint256 below = reach.below[defeat.loser];
        if (reach.below[defeat.winner] & below == below) return;
        uint256 options = reach.below.length;
        for (uint256 option = 0; option < options; ++option) {
            if ((above >> option) & 1 == 1) reach.below[option] |= below;
            if ((below >> option) & 1 == 1) reach.above[option] |= above;
        }
    }

    function _settle(Reach memory reach) private pure {
        uint256 options = reach.below.length;
        for (uint256 option = 0; option < options; ++option) {
            if (reach.above[option] & ~reach.below[option] != 0) reach.beaten |= 1 << option;
        }
    }

    /// @dev The option whose strongest defeat is weakest, the lowest of several.
    function _minimax(
        uint256[] calldata tally,
        Rule memory rule
    ) private pure returns (uint256 best) {
        Defeat memory least;
        for (uint256 option = 0; option < rule.options; ++option) {
            Defeat memory worst;
            for (uint256 other = 0; other < rule.options; ++other) {
                if (other == option) continue;
                uint256 votes = _votes(tally, rule, other, option);
                uint256 against = _votes(tally, rule, option, other);
                if (votes <= against) continue;
                if (rule.margin) (votes, against) = (votes - against, 0);
                if (votes > worst.first || (votes == worst.first && against < worst.second))
                    (worst.first, worst.second) = (votes, against);
            }
            bool weaker =
                worst.first < least.first ||
                    (worst.first == least.first && worst.second > least.second);
            if (option == 0 || weaker) (best, least) = (option, worst);
        }
    }

    /// @dev The option with most points, the lowest of several: two for each win, one for each tie.
    function _copeland(
        uint256[] calldata tally,
        Rule memory rule
    ) private pure returns (uint256 best) {
        uint256 most = 0;
        for (uint256 option = 0; option < rule.options; ++option) {
            uint256 points = 0;
            for (uint256 other = 0; other < rule.options; ++other) {
                if (other == option) continue;
                uint256 votes = _votes(tally, rule, option, other);
                uint256 against = _votes(tally, rule, other, option);
                if (votes >= against) points += votes == against ? 1 : 2;
            }
            if (points > most) (best, most) = (option, points);
        }
    }

    /// @dev Votes of those who prefer `one` to `other`.
    function _votes(
        uint256[] calldata tally,
        Rule memory rule,
        uint256 one,
        uint256 other
    ) private pure returns (uint256) {
        return tally[rule.options + one * (rule.options - 1) + (other < one ? other : other - 1)];
    }

    function _lowest(uint256 set) private pure returns (uint256 option) {
        while ((set >> option) & 1 == 0) ++option;
    }
}
