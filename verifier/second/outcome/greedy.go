package outcome

import (
	"fmt"
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// Greedy funds the options with the most support until money runs out (§14.3, §14.6).
type Greedy struct {
	PerCost, Ends, Leftover bool
	MinimumSupport, Budget  *big.Int
	// CategoryBudgets is nil where the rule knows no categories.
	CategoryBudgets []*big.Int
	Costs           []*big.Int
	Categories      []int
}

func readGreedy(reader *encoding.Reader, byCategory bool) *Greedy {
	rule := &Greedy{PerCost: flag(reader, "order"), Ends: flag(reader, "misfit")}
	if byCategory {
		rule.Leftover = flag(reader, "leftover")
	}
	rule.MinimumSupport, rule.Budget = reader.U128("minimum_support"), reader.U128("budget")
	if byCategory {
		rule.CategoryBudgets = []*big.Int{}
		count := reader.U16("categories")
		for index := 0; index < count && reader.Err() == nil; index++ {
			rule.CategoryBudgets = append(rule.CategoryBudgets, reader.U128("category_budgets"))
		}
	}
	count := reader.U16("options")
	for index := 0; index < count && reader.Err() == nil; index++ {
		rule.Costs = append(rule.Costs, reader.U128("costs"))
		category := 0
		if byCategory {
			category = reader.U16("categories")
		}
		rule.Categories = append(rule.Categories, category)
	}
	return rule
}

func (rule *Greedy) check() error {
	if rule.CategoryBudgets != nil && len(rule.CategoryBudgets) == 0 {
		return encoding.OutOfBounds("outcome.categories", "none")
	}
	for slot, cost := range rule.Costs {
		if cost.Sign() < 1 {
			return encoding.OutOfBounds(fmt.Sprintf("outcome.costs[%d]", slot), "below 1")
		}
		if rule.CategoryBudgets != nil && rule.Categories[slot] >= len(rule.CategoryBudgets) {
			return encoding.OutOfBounds(fmt.Sprintf("outcome.categories[%d]", slot), "there is no such category")
		}
	}
	return nil
}

// CheckSlots wants a cost for each slot.
func (rule *Greedy) CheckSlots(slots int) error { return exactly(slots, len(rule.Costs)) }

// Order is by votes, or by votes per cost.
func (rule *Greedy) Order(tally []*big.Int) []int {
	order := falling(tally)
	if rule.PerCost {
		slices.Sort(order)
		slices.SortStableFunc(order, func(one, other int) int {
			left := new(big.Int).Mul(tally[one], rule.Costs[other])
			return new(big.Int).Mul(tally[other], rule.Costs[one]).Cmp(left)
		})
	}
	return order
}

// Awards gives 1 to each funded slot.
func (rule *Greedy) Awards(tally []*big.Int) []*big.Int {
	awards := zeros(len(tally))
	left := new(big.Int).Set(rule.Budget)
	budgets := []*big.Int{left}
	if rule.CategoryBudgets != nil {
		budgets = nil
		for _, budget := range rule.CategoryBudgets {
			budgets = append(budgets, new(big.Int).Set(budget))
		}
	}
	ended := make([]bool, len(budgets))
	order := rule.Order(tally)
	for _, slot := range order {
		cost, category := rule.Costs[slot], rule.Categories[slot]
		switch {
		case tally[slot].Cmp(rule.MinimumSupport) < 0 || ended[category]:
		case cost.Cmp(left) > 0 || cost.Cmp(budgets[category]) > 0:
			ended[category] = rule.Ends
		default:
			awards[slot].SetInt64(1)
			left.Sub(left, cost)
			if rule.CategoryBudgets != nil {
				budgets[category].Sub(budgets[category], cost)
			}
		}
	}
	if rule.Leftover {
		rule.spendLeftover(tally, order, left, awards)
	}
	return awards
}

// spendLeftover is the second pass: only the whole budget counts.
func (rule *Greedy) spendLeftover(tally []*big.Int, order []int, left *big.Int, awards []*big.Int) {
	for _, slot := range order {
		if awards[slot].Sign() > 0 || tally[slot].Cmp(rule.MinimumSupport) < 0 {
			continue
		}
		if rule.Costs[slot].Cmp(left) <= 0 {
			awards[slot].SetInt64(1)
			left.Sub(left, rule.Costs[slot])
		} else if rule.Ends {
			return
		}
	}
}

// Part is a rule for some consecutive slots.
type Part struct {
	Slots int
	Rule  Rule
}

// Parts decides over consecutive groups of slots (§14.8).
type Parts struct{ Parts []Part }

func readParts(reader *encoding.Reader) *Parts {
	rule := &Parts{}
	count := reader.U8("parts")
	for index := 0; index < count && reader.Err() == nil; index++ {
		item := fmt.Sprintf("parts[%d]", index)
		slots, length := reader.U16(item), reader.U16(item)
		data := reader.Bytes(item, length)
		if reader.Err() != nil {
			break
		}
		if length > 0 && (data[0] == 6 || data[0] == 8) {
			reader.Fail(encoding.Undecodable("outcome."+item, "parts, or a rule on ballots, as a part"))
			break
		}
		decoded, err := Decode(data)
		if err != nil {
			reader.Fail(err)
		}
		rule.Parts = append(rule.Parts, Part{slots, decoded})
	}
	return rule
}

func (rule *Parts) check() error {
	if len(rule.Parts) < 2 {
		return encoding.OutOfBounds("outcome.parts", "fewer than 2")
	}
	for index, part := range rule.Parts {
		item := fmt.Sprintf("outcome.parts[%d]", index)
		if part.Slots < 1 {
			return encoding.OutOfBounds(item, "no slots")
		}
		if err := part.Rule.CheckSlots(part.Slots); err != nil {
			return encoding.OutOfBounds(item, "%v", err)
		}
	}
	return nil
}

// CheckSlots wants the slots of all parts together.
func (rule *Parts) CheckSlots(slots int) error {
	together := 0
	for _, part := range rule.Parts {
		together += part.Slots
	}
	return exactly(slots, together)
}

// Order gives the parts' orders one after another, each from its own first slot.
func (rule *Parts) Order(tally []*big.Int) (order []int) {
	for _, part := range rule.Parts {
		order = append(order, part.Rule.Order(tally[:part.Slots])...)
		tally = tally[part.Slots:]
	}
	return order
}

// Awards gives the parts' awards one after another; a part of the kind none awards 0.
func (rule *Parts) Awards(tally []*big.Int) (awards []*big.Int) {
	for _, part := range rule.Parts {
		given := part.Rule.Awards(tally[:part.Slots])
		if given == nil {
			given = zeros(part.Slots)
		}
		awards, tally = append(awards, given...), tally[part.Slots:]
	}
	return awards
}
