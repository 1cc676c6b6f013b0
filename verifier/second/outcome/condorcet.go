package outcome

import (
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// Methods of §14.9.
const (
	schulze = iota
	rankedPairs
	minimax
	copeland
)

// Condorcet gives the award to the winner of a pairwise ranking (§14.9).
type Condorcet struct {
	Method  int
	Margin  bool
	Options int
}

func readCondorcet(reader *encoding.Reader) *Condorcet {
	rule := &Condorcet{Method: reader.U8("method")}
	if rule.Method > copeland {
		reader.Fail(encoding.Undecodable("outcome.method", "%d is unknown", rule.Method))
	}
	rule.Margin = flag(reader, "strength")
	rule.Options = reader.U16("options")
	return rule
}

func (rule *Condorcet) check() error {
	if rule.Options < 2 {
		return encoding.OutOfBounds("outcome.options", "fewer than 2")
	}
	if rule.Method == copeland && rule.Margin {
		return encoding.OutOfBounds("outcome.strength", "not 0 under Copeland's method")
	}
	return nil
}

// CheckSlots wants those of a pairwise ranking.
func (rule *Condorcet) CheckSlots(slots int) error { return exactly(slots, rule.Options*rule.Options) }

// duel is an option that beats another one.
type duel struct {
	winner, loser, slot int
	// first and second are compared in order; the greater one is stronger.
	first, second *big.Int
}

// compare is positive if the duel is stronger than the other one. None is weaker than any.
func (one *duel) compare(other *duel) int {
	switch {
	case one == nil && other == nil:
		return 0
	case one == nil:
		return -1
	case other == nil:
		return 1
	}
	if compared := one.first.Cmp(other.first); compared != 0 {
		return compared
	}
	return one.second.Cmp(other.second)
}

func weaker(one, other *duel) *duel {
	if one.compare(other) < 0 {
		return one
	}
	return other
}

// slot gives that of a pair: after the options, by the first option, then by the second.
func (rule *Condorcet) slot(one, other int) int {
	if other > one {
		other--
	}
	return rule.Options + one*(rule.Options-1) + other
}

// duels gives who beats whom, by pair; nil where nobody does.
func (rule *Condorcet) duels(tally []*big.Int) [][]*duel {
	table := make([][]*duel, rule.Options)
	for one := range rule.Options {
		table[one] = make([]*duel, rule.Options)
		for other := range rule.Options {
			if one == other {
				continue
			}
			slot := rule.slot(one, other)
			votes, against := tally[slot], tally[rule.slot(other, one)]
			if votes.Cmp(against) <= 0 {
				continue
			}
			found := &duel{winner: one, loser: other, slot: slot, first: votes, second: new(big.Int).Neg(against)}
			if rule.Margin {
				found.first, found.second = new(big.Int).Sub(votes, against), new(big.Int)
			}
			table[one][other] = found
		}
	}
	return table
}

// strongestFirst gives all duels by falling strength; equal ones by slot.
func strongestFirst(table [][]*duel) (order []*duel) {
	for _, row := range table {
		for _, found := range row {
			if found != nil {
				order = append(order, found)
			}
		}
	}
	slices.SortStableFunc(order, func(one, other *duel) int { return other.compare(one) })
	return order
}

// Order gives the slots of all duels; it is empty for minimax and Copeland.
func (rule *Condorcet) Order(tally []*big.Int) (order []int) {
	if rule.Method == schulze || rule.Method == rankedPairs {
		for _, found := range strongestFirst(rule.duels(tally)) {
			order = append(order, found.slot)
		}
	}
	return order
}

// Awards gives 1 to the first option that the method leaves, unless nobody prefers anything.
func (rule *Condorcet) Awards(tally []*big.Int) []*big.Int {
	awards := zeros(len(tally))
	if sumOf(tally[rule.Options:]).Sign() == 0 {
		return awards
	}
	table := rule.duels(tally)
	var out []bool
	switch rule.Method {
	case schulze:
		out = beatenByPaths(table)
	case rankedPairs:
		out = beatenByLocks(table)
	case minimax:
		out = beatenWorse(table)
	default:
		out = beatenMore(table)
	}
	awards[slices.Index(out, false)].SetInt64(1)
	return awards
}

// beatenByPaths marks the options to which some other has a stronger path than they have to it.
func beatenByPaths(table [][]*duel) []bool {
	count := len(table)
	paths := make([][]*duel, count)
	for one := range count {
		paths[one] = slices.Clone(table[one])
	}
	for through := range count {
		for one := range count {
			for other := range count {
				if one == other {
					continue
				}
				found := weaker(paths[one][through], paths[through][other])
				if found.compare(paths[one][other]) > 0 {
					paths[one][other] = found
				}
			}
		}
	}
	out := make([]bool, count)
	for one := range count {
		for other := range count {
			if paths[other][one].compare(paths[one][other]) > 0 {
				out[one] = true
			}
		}
	}
	return out
}

// beatenByLocks marks the losers of duels that are locked: those that close no cycle with locked ones.
func beatenByLocks(table [][]*duel) []bool {
	count := len(table)
	locked := make([][]bool, count)
	for one := range count {
		locked[one] = make([]bool, count)
	}
	var leads func(from, to int) bool
	leads = func(from, to int) bool {
		if from == to {
			return true
		}
		for next, is := range locked[from] {
			if is && leads(next, to) {
				return true
			}
		}
		return false
	}
	out := make([]bool, count)
	for _, found := range strongestFirst(table) {
		if !leads(found.loser, found.winner) {
			locked[found.winner][found.loser] = true
			out[found.loser] = true
		}
	}
	return out
}

// beatenWorse marks the options whose strongest loss is stronger than that of another one.
func beatenWorse(table [][]*duel) []bool {
	count := len(table)
	worst := make([]*duel, count)
	for one := range count {
		for other := range count {
			if table[other][one].compare(worst[one]) > 0 {
				worst[one] = table[other][one]
			}
		}
	}
	out := make([]bool, count)
	for one := range count {
		for other := range count {
			if worst[one].compare(worst[other]) > 0 {
				out[one] = true
			}
		}
	}
	return out
}

// beatenMore marks the options that win less, losses subtracted, than another one.
func beatenMore(table [][]*duel) []bool {
	balance := make([]int, len(table))
	for one := range table {
		for other := range table {
			if table[one][other] != nil {
				balance[one]++
				balance[other]--
			}
		}
	}
	out := make([]bool, len(table))
	for one, own := range balance {
		out[one] = own < slices.Max(balance)
	}
	return out
}
