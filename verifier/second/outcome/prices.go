package outcome

import (
	"math"
	"math/big"
	"slices"
)

// affordable reports whether supporters can pay for an option together. If not, a purchase holds
// as long as they cannot.
func (shop *shop) affordable(one *purchase, slot int) bool {
	now, cost := one.before, about(shop.rule.Costs[slot])
	voters, have, growth := 0.0, 0.0, 0.0
	for _, each := range shop.supporters[slot] {
		if !now.gone[each.group] {
			count := shop.counts[each.group]
			voters += count
			have += now.money[each.group] * count
			growth += now.growth[each.group] * count
		}
	}
	unsure := voters*now.wrong + (have+cost)*shop.rounding
	if have-cost > unsure {
		return true
	}
	exact := func() line {
		due := line{new(big.Int).Mul(shop.rule.Costs[slot], now.parts), new(big.Int)}
		return shop.all(now, shop.staying(now, slot)).minus(big.NewInt(1), due, big.NewInt(1))
	}
	if have-cost >= -unsure && exact().value.Sign() >= 0 {
		return true
	}
	one.keep(lasts(cost-have-unsure, growth*(1+shop.rounding)), exact)
	return false
}

// price asks the supporters of an option; nil if they cannot pay it.
func (shop *shop) price(one *purchase, slot int) *offer {
	if !shop.affordable(one, slot) {
		return nil
	}
	now, cost := one.before, about(shop.rule.Costs[slot])
	rich := slices.DeleteFunc(slices.Clone(shop.supporters[slot]), func(each supporter) bool {
		return now.gone[each.group]
	})
	var poor []int
	due, growth, poorVoters := cost, 0.0, 0.0
	for {
		all := 0.0
		for _, each := range rich {
			all += each.points * shop.counts[each.group]
		}
		price := due / all
		wrong := (poorVoters*now.wrong+cost*shop.rounding)/all + math.Abs(price)*shop.rounding
		asked := &asking{at: now, poor: poor}
		found, still := []int(nil), rich[:0]
		for _, each := range rich {
			lack := price*each.points - now.money[each.group]
			isPoor := lack > 0
			if math.Abs(lack) <= now.wrong+wrong*each.points {
				shop.agree(slot, asked)
				isPoor = shop.excess(now, slot, each.group, asked.terms).value.Sign() < 0
			}
			if isPoor {
				found = append(found, each.group)
			} else {
				still = append(still, each)
			}
		}
		if len(found) == 0 {
			worth := about(shop.worth[slot])
			return &offer{
				slot: slot, increments: now.increments, price: price / worth,
				growth: growth / all / worth, wrong: wrong / worth * (1 + shop.rounding), asked: asked,
			}
		}
		rich, poor = still, slices.Concat(poor, found)
		for _, group := range found {
			poorVoters += shop.counts[group]
			due -= now.money[group] * shop.counts[group]
			growth -= now.growth[group] * shop.counts[group]
		}
	}
}

// agree computes the exact terms of a price, unless they are known.
func (shop *shop) agree(slot int, asked *asking) {
	if asked.terms != nil {
		return
	}
	due := line{new(big.Int).Mul(shop.rule.Costs[slot], asked.at.parts), new(big.Int)}
	points := shop.sums(shop.staying(asked.at, slot))[slot]
	points.Sub(points, shop.sums(asked.poor)[slot])
	asked.terms = &terms{
		due:    due.minus(big.NewInt(1), shop.all(asked.at, asked.poor), big.NewInt(1)),
		points: points, scale: new(big.Int).Mul(asked.at.parts, shop.worth[slot]),
	}
}

// terms gives the exact price at the increments of an offer.
func (shop *shop) terms(one *offer) *terms {
	shop.agree(one.slot, one.asked)
	known := *one.asked.terms
	known.due = known.due.after(new(big.Int).Sub(one.increments, one.asked.at.increments))
	return &known
}

// excess is what a voter has more than a price asks, in some unit.
func (shop *shop) excess(now *state, slot, group int, price *terms) line {
	return shop.money(now, group).minus(price.points, price.due, shop.groups[group].slots[slot])
}

// staying are the supporters of an option who did not yet pay all.
func (shop *shop) staying(now *state, slot int) []int {
	var found []int
	for _, each := range shop.supporters[slot] {
		if !now.gone[each.group] {
			found = append(found, each.group)
		}
	}
	return found
}

// money is that of a voter who did not yet pay all, in parts.
func (shop *shop) money(now *state, group int) line {
	has, slots := now.share, shop.groups[group].slots
	for place, slot := range now.bought {
		if slots[slot].Sign() > 0 {
			has = has.minus(big.NewInt(1), now.prices[place], slots[slot])
		}
	}
	return has
}

// all is the money of all voters of groups that did not yet pay all, in parts.
func (shop *shop) all(now *state, groups []int) line {
	voters := int64(0)
	for _, group := range groups {
		voters += shop.groups[group].count
	}
	has := now.share.times(big.NewInt(voters))
	points := shop.sums(groups)
	for place, slot := range now.bought {
		if points[slot].Sign() > 0 {
			has = has.minus(big.NewInt(1), now.prices[place], points[slot])
		}
	}
	return has
}

// sums gives the points of groups for each option.
func (shop *shop) sums(groups []int) []*big.Int {
	near := make([]float64, len(shop.rule.Costs))
	exact := make([]*big.Int, len(near))
	for slot := range exact {
		exact[slot] = new(big.Int)
	}
	for _, group := range groups {
		for _, one := range shop.given[group] {
			if shop.small {
				near[one.slot] += one.points * shop.counts[group]
			} else {
				addTimes(exact[one.slot], shop.groups[group].slots[one.slot], shop.groups[group].count)
			}
		}
	}
	for slot := range exact {
		exact[slot].Add(exact[slot], big.NewInt(int64(near[slot])))
	}
	return exact
}

// pay takes what an option costs from its supporters.
func (shop *shop) pay(one *purchase, offers []*offer) *state {
	now, slot := one.before, one.offer.slot
	price := shop.terms(one.offer)
	divisor := new(big.Int).GCD(nil, nil, price.due.value, price.points)
	divisor.GCD(nil, nil, divisor, new(big.Int).Abs(price.due.growth))
	finer := new(big.Int).Quo(price.points, divisor)
	point := line{new(big.Int).Quo(price.due.value, divisor), new(big.Int).Quo(price.due.growth, divisor)}
	after := &state{
		increments: now.increments, parts: new(big.Int).Mul(now.parts, finer), share: now.share.times(finer),
		bought: append(slices.Clone(now.bought), slot), money: slices.Clone(now.money),
		growth: slices.Clone(now.growth), gone: slices.Clone(now.gone), moves: now.moves, offers: offers,
	}
	for _, paid := range now.prices {
		after.prices = append(after.prices, paid.times(finer))
	}
	after.prices = append(after.prices, point)
	for _, group := range one.offer.asked.poor {
		after.money[group], after.growth[group], after.gone[group] = 0, 0, true
	}
	each, falls := ratio(point.value, after.parts), ratio(point.growth, after.parts)
	for _, own := range shop.supporters[slot] {
		group := own.group
		switch {
		case !after.gone[group]:
			after.money[group] -= each * own.points
			after.growth[group] -= falls * own.points
		case !now.gone[group]:
			// With more money prices fall. So the rich stay rich, and only this may change.
			gap := each*own.points*(1-shop.rounding) - now.money[group] - now.wrong
			closing := (now.growth[group] - falls*own.points) * (1 + shop.rounding)
			one.keep(lasts(gap, closing), func() line { return shop.excess(now, slot, group, price) })
		}
	}
	return shop.bound(after)
}

// report gives the steps of a run that holds for a number of increments.
func (shop *shop) report(made []*purchase, increments *big.Int) (options []int, steps []Step) {
	left := new(big.Int).Mul(shop.rule.Increment, big.NewInt(shop.voters))
	left.Mul(left, increments).Add(left, shop.rule.Budget)
	now := shop.move(made[0].before, increments)
	for place, one := range made[:len(made)-1] {
		slot, after := one.offer.slot, shop.move(made[place+1].before, increments)
		left.Sub(left, shop.rule.Costs[slot])
		options = append(options, slot)
		price := after.prices[len(after.prices)-1].value
		voters, paidAll := int64(0), int64(0)
		for _, own := range shop.supporters[slot] {
			count := shop.groups[own.group].count
			voters += count
			if after.gone[own.group] || after.money[own.group] <= after.wrong &&
				shop.money(after, own.group).value.Sign() == 0 {
				paidAll += count
			}
		}
		steps = append(steps, Step{
			"kind": "bought", "option": slot, "cost": shop.rule.Costs[slot].String(),
			"rho":        fraction(price, new(big.Int).Mul(after.parts, shop.worth[slot])),
			"supporters": voters, "paid_all": paidAll,
			"most": fraction(shop.most(one, now, after, price), after.parts), "left": left.String(),
		})
		now = after
	}
	for slot, cost := range shop.rule.Costs {
		if !slices.Contains(options, slot) {
			voters := int64(0)
			for _, own := range shop.supporters[slot] {
				voters += shop.groups[own.group].count
			}
			money := shop.all(now, shop.staying(now, slot)).value
			steps = append(steps, Step{
				"kind": "unaffordable", "option": slot, "cost": cost.String(),
				"supporters": voters, "money": fraction(money, now.parts),
			})
		}
	}
	return options, steps
}

// most is the largest payment of one voter, in parts after the purchase.
func (shop *shop) most(one *purchase, now, after *state, price *big.Int) *big.Int {
	slot, most := one.offer.slot, new(big.Int)
	for _, group := range shop.staying(after, slot) {
		paid := new(big.Int).Mul(price, shop.groups[group].slots[slot])
		if paid.Cmp(most) > 0 {
			most = paid
		}
	}
	richest := 0.0
	for _, group := range one.offer.asked.poor {
		richest = max(richest, now.money[group])
	}
	finer := new(big.Int).Quo(after.parts, now.parts)
	for _, group := range one.offer.asked.poor {
		if now.money[group] < richest-2*now.wrong {
			continue
		}
		paid := new(big.Int).Mul(shop.money(now, group).value, finer)
		if paid.Cmp(most) > 0 {
			most = paid
		}
	}
	return most
}
