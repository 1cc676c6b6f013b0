package outcome

import (
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// EqualShares funds what voters buy with equal shares of the budget (§14.10.2).
type EqualShares struct {
	attested
	prices
	// Points says that a point is worth 1, and not the cost of its option.
	Points               bool
	AddsOne, Utilitarian bool
	Increment            *big.Int
}

func readEqualShares(reader *encoding.Reader, common attested) *EqualShares {
	rule := &EqualShares{attested: common, Points: flag(reader, "utility")}
	completion := reader.U8("completion")
	if completion > 3 {
		reader.Fail(encoding.Undecodable("outcome.completion", "%d is unknown", completion))
	}
	rule.AddsOne, rule.Utilitarian = completion >= 2, completion%2 == 1
	rule.Increment = reader.U128("increment")
	rule.prices = readPrices(reader)
	return rule
}

func (rule *EqualShares) check() error {
	if rule.AddsOne != (rule.Increment.Sign() > 0) {
		return encoding.OutOfBounds("outcome.increment", "%s does not fit the completion", rule.Increment)
	}
	if err := rule.prices.check(); err != nil {
		return err
	}
	return rule.attested.check()
}

// Decide buys with shares, raises them, and completes what was bought.
func (rule *EqualShares) Decide(ballots [][]*big.Int) ([]int, []Step) {
	if len(ballots) == 0 {
		return won(len(rule.Costs), nil), nil
	}
	shop := rule.open(ballots)
	increments, bought := shop.raise()
	first := new(big.Rat).SetFrac(rule.Budget, big.NewInt(shop.voters))
	raised := new(big.Rat).SetInt(new(big.Int).Mul(increments, rule.Increment))
	steps := []Step{{
		"kind": "shares", "voters": shop.voters, "first": first.RatString(),
		"increments": increments.String(), "share": raised.Add(raised, first).RatString(),
	}}
	winners, reported := shop.report(bought, increments)
	steps = append(steps, reported...)
	if rule.Utilitarian {
		added, visits := shop.complete(winners)
		winners, steps = append(winners, added...), append(steps, visits...)
	}
	return won(len(rule.Costs), winners), steps
}

// raise gives the number of increments of add-one, and what is bought with the raised shares.
func (shop *shop) raise() (*big.Int, []*purchase) {
	increments, made := new(big.Int), shop.buy()
	bought := func() []int { return made[len(made)-1].before.bought }
	for shop.rule.AddsOne && len(bought()) < len(shop.candidates) {
		// The same is bought until then. It ends, because unlimited shares buy everything.
		last := holdUntil(made)
		next := new(big.Int).Add(last, big.NewInt(1))
		further := shop.buyAfter(made, next)
		if shop.rule.sum(further[len(further)-1].before.bought).Cmp(shop.rule.Budget) > 0 {
			return last, made
		}
		increments, made = next, further
	}
	return increments, made
}

// complete visits the candidates that were not bought by utility for each unit of cost.
func (shop *shop) complete(bought []int) (added []int, steps []Step) {
	left := new(big.Int).Sub(shop.rule.Budget, shop.rule.sum(bought))
	var visited []int
	for _, slot := range shop.candidates {
		if !slices.Contains(bought, slot) {
			visited = append(visited, slot)
		}
	}
	utility := func(slot int) *big.Int { return new(big.Int).Mul(shop.points[slot], shop.worth[slot]) }
	slices.SortStableFunc(visited, func(one, other int) int {
		own := new(big.Int).Mul(utility(one), shop.rule.Costs[other])
		return new(big.Int).Mul(utility(other), shop.rule.Costs[one]).Cmp(own)
	})
	for _, slot := range visited {
		step := Step{
			"kind": "skipped", "option": slot, "cost": shop.rule.Costs[slot].String(),
			"utility": utility(slot).String(),
		}
		if shop.rule.Costs[slot].Cmp(left) <= 0 {
			left.Sub(left, shop.rule.Costs[slot])
			added, step["kind"] = append(added, slot), "completed"
		}
		step["left"] = left.String()
		steps = append(steps, step)
	}
	return added, steps
}
