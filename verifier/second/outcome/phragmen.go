package outcome

import "math/big"

// Phragmen lets voters earn money alike and buy what their supporters can (§14.10.5).
type Phragmen struct {
	attested
	prices
}

func (rule *Phragmen) check() error {
	if err := rule.prices.check(); err != nil {
		return err
	}
	return rule.attested.check()
}

// Decide buys until the next option does not fit.
func (rule *Phragmen) Decide(ballots [][]*big.Int) ([]int, []Step) {
	voters := together(ballots)
	supporters := make([]int64, len(rule.Costs))
	open := make([]bool, len(rule.Costs))
	// paid is the time of each voter's last purchase, summed over the supporters of an option.
	paid := make([]*big.Rat, len(rule.Costs))
	for slot, cost := range rule.Costs {
		paid[slot] = new(big.Rat)
		for group := range voters {
			if voters[group].slots[slot].Sign() > 0 {
				supporters[slot] += voters[group].count
			}
		}
		open[slot] = supporters[slot] > 0 && cost.Cmp(rule.Budget) <= 0
	}
	purchase := make([]int, len(voters))
	times := []*big.Rat{new(big.Rat)}
	left := new(big.Int).Set(rule.Budget)
	var winners []int
	var steps []Step
	for left.Sign() > 0 {
		next, at := -1, (*big.Rat)(nil)
		for slot := range rule.Costs {
			if !open[slot] {
				continue
			}
			time := new(big.Rat).Add(new(big.Rat).SetInt(rule.Costs[slot]), paid[slot])
			time.Quo(time, new(big.Rat).SetInt64(supporters[slot]))
			if next < 0 || time.Cmp(at) < 0 {
				next, at = slot, time
			}
		}
		if next < 0 {
			break
		}
		step := Step{
			"kind": "stopped", "option": next, "cost": rule.Costs[next].String(),
			"supporters": supporters[next], "time": at.RatString(), "left": left.String(),
		}
		steps = append(steps, step)
		if rule.Costs[next].Cmp(left) > 0 {
			break
		}
		left.Sub(left, rule.Costs[next])
		step["kind"], step["left"] = "funded", left.String()
		winners, open[next] = append(winners, next), false
		// Voters of one option by their last purchase.
		moved := make([][]int64, len(rule.Costs))
		for group := range voters {
			if voters[group].slots[next].Sign() < 1 {
				continue
			}
			for slot := range rule.Costs {
				if open[slot] && voters[group].slots[slot].Sign() > 0 {
					if moved[slot] == nil {
						moved[slot] = make([]int64, len(times))
					}
					moved[slot][purchase[group]] += voters[group].count
				}
			}
			purchase[group] = len(times)
		}
		for slot := range moved {
			for last, count := range moved[slot] {
				earned := new(big.Rat).Sub(at, times[last])
				paid[slot].Add(paid[slot], earned.Mul(earned, new(big.Rat).SetInt64(count)))
			}
		}
		times = append(times, at)
	}
	return won(len(rule.Costs), winners), steps
}
