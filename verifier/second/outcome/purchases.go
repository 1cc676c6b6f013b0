package outcome

import "math/big"

// shop has the voters and the options of equal shares.
type shop struct {
	rule       *EqualShares
	voters     int64
	counts     []int64
	supporters [][]supporter
	// points are those of all voters together, worth is the utility of one, for each option.
	points, worth []*big.Int
	candidates    []int
}

// supporter is a group of voters alike with points for an option. Equal points have one key.
type supporter struct {
	group  int
	points *big.Int
	key    int
}

func (rule *EqualShares) open(ballots [][]*big.Int) *shop {
	made := &shop{rule: rule, voters: int64(len(ballots))}
	groups := together(ballots)
	for _, voters := range groups {
		made.counts = append(made.counts, voters.count)
	}
	keys := map[string]int{}
	for slot, cost := range rule.Costs {
		total, worth := new(big.Int), cost
		if rule.Points {
			worth = big.NewInt(1)
		}
		var own []supporter
		for group, voters := range groups {
			points := voters.slots[slot]
			if points.Sign() < 1 {
				continue
			}
			key, known := keys[points.String()]
			if !known {
				key = len(keys)
				keys[points.String()] = key
			}
			own = append(own, supporter{group, points, key})
			addTimes(total, points, voters.count)
		}
		made.supporters = append(made.supporters, own)
		made.points, made.worth = append(made.points, total), append(made.worth, worth)
		if total.Sign() > 0 && cost.Cmp(rule.Budget) <= 0 {
			made.candidates = append(made.candidates, slot)
		}
	}
	return made
}

func addTimes(sum, value *big.Int, times int64) {
	sum.Add(sum, new(big.Int).Mul(value, big.NewInt(times)))
}

// line is an amount and what it grows by with one more increment of add-one.
type line struct{ value, growth *big.Int }

// minus gives one·a − other·b.
func (one line) minus(a *big.Int, other line, b *big.Int) line {
	value, growth := new(big.Int).Mul(one.value, a), new(big.Int).Mul(one.growth, a)
	value.Sub(value, new(big.Int).Mul(other.value, b))
	return line{value, growth.Sub(growth, new(big.Int).Mul(other.growth, b))}
}

// purchases are what is bought with some shares.
type purchases struct {
	// money is that of the voters of a class, in parts of the smallest unit of which there are
	// `parts`. Class 0 has none. of gives each group's class.
	money []line
	of    []int
	parts *big.Int
	left  *big.Int

	options []int
	steps   []Step
	// holds is for how many increments more the same is bought; nil for ever.
	holds *big.Int
}

// keep lets the outcome hold only while the sign of an amount does: below 0, or at least 0.
func (run *purchases) keep(amount line) {
	limit := new(big.Int)
	switch {
	case amount.value.Sign() < 0 && amount.growth.Sign() > 0:
		limit.Add(amount.value, big.NewInt(1)).Neg(limit)
		limit.Quo(limit, amount.growth)
	case amount.value.Sign() >= 0 && amount.growth.Sign() < 0:
		limit.Quo(amount.value, new(big.Int).Neg(amount.growth))
	default:
		return
	}
	if run.holds == nil || limit.Cmp(run.holds) < 0 {
		run.holds = limit
	}
}

// offer is the price of an option: `due / (points · scale)` for one unit of utility. Those who
// pay less than that for their points pay all they have.
type offer struct {
	due           line
	points, scale *big.Int
	payers        []payer
	poor          []bool
}

// payer is a class of voters who give an option the same points.
type payer struct {
	class  int
	key    int
	points *big.Int
	count  int64
}

// against gives the difference of two prices, in some unit.
func (one *offer) against(other *offer) line {
	own, its := new(big.Int).Mul(one.points, one.scale), new(big.Int).Mul(other.points, other.scale)
	return one.due.minus(its, other.due, own)
}

// buy gives what voters buy after a number of increments.
func (shop *shop) buy(increments *big.Int) *purchases {
	voters := big.NewInt(shop.voters)
	each := new(big.Int).Mul(shop.rule.Increment, voters)
	all := new(big.Int).Mul(each, increments)
	all.Add(all, shop.rule.Budget)
	run := &purchases{
		money: []line{{new(big.Int), new(big.Int)}, {all, each}}, of: make([]int, len(shop.counts)),
		parts: voters, left: new(big.Int).Set(all),
	}
	for group := range run.of {
		run.of[group] = 1
	}
	// A price never falls. So the last known one is a bound, and at first that of rich voters is.
	offers := map[int]*offer{}
	for _, slot := range shop.candidates {
		due := line{shop.rule.Costs[slot], new(big.Int)}
		offers[slot] = &offer{due: due, points: shop.points[slot], scale: shop.worth[slot]}
	}
	for {
		chosen := shop.cheapest(run, offers)
		if chosen < 0 {
			return run
		}
		price := offers[chosen]
		delete(offers, chosen)
		for slot, other := range offers {
			if slot > chosen {
				run.keep(other.against(price))
			} else {
				run.keep(price.against(other))
			}
		}
		shop.pay(run, chosen, price)
	}
}

// cheapest gives the option with the lowest price, the lower slot first; −1 if none can be paid.
func (shop *shop) cheapest(run *purchases, offers map[int]*offer) int {
	fresh := map[int]bool{}
	for {
		best := -1
		for slot, one := range offers {
			if best < 0 {
				best = slot
				continue
			}
			compared := one.against(offers[best]).value.Sign()
			if compared < 0 || compared == 0 && slot < best {
				best = slot
			}
		}
		if best < 0 || fresh[best] {
			return best
		}
		if price := shop.price(run, best); price != nil {
			offers[best], fresh[best] = price, true
		} else {
			delete(offers, best)
		}
	}
}

// price asks the supporters of an option; nil if they cannot pay it.
func (shop *shop) price(run *purchases, slot int) *offer {
	counts := map[[2]int]*payer{}
	var payers []payer
	for _, one := range shop.supporters[slot] {
		at := [2]int{run.of[one.group], one.key}
		if counts[at] == nil {
			counts[at] = &payer{class: at[0], key: at[1], points: one.points}
		}
		counts[at].count += shop.counts[one.group]
	}
	for _, one := range counts {
		payers = append(payers, *one)
	}
	have := line{new(big.Int), new(big.Int)}
	for _, one := range payers {
		addTimes(have.value, run.money[one.class].value, one.count)
		addTimes(have.growth, run.money[one.class].growth, one.count)
	}
	due := line{new(big.Int).Mul(shop.rule.Costs[slot], run.parts), new(big.Int)}
	if have.value.Cmp(due.value) < 0 {
		run.keep(have.minus(big.NewInt(1), due, big.NewInt(1)))
		return nil
	}
	points := new(big.Int).Set(shop.points[slot])
	poor := make([]bool, len(payers))
	for again := true; again; {
		again = false
		asked, total := new(big.Int).Set(due.value), new(big.Int).Set(points)
		for index, one := range payers {
			money := run.money[one.class]
			if poor[index] || new(big.Int).Mul(money.value, total).Cmp(new(big.Int).Mul(asked, one.points)) >= 0 {
				continue
			}
			poor[index], again = true, true
			addTimes(due.value, money.value, -one.count)
			addTimes(due.growth, money.growth, -one.count)
			addTimes(points, one.points, -one.count)
		}
	}
	scale := new(big.Int).Mul(run.parts, shop.worth[slot])
	return &offer{due: due, points: points, scale: scale, payers: payers, poor: poor}
}

// pay takes what an option costs from its supporters.
func (shop *shop) pay(run *purchases, slot int, price *offer) {
	for index, one := range price.payers {
		has := run.money[one.class].minus(price.points, price.due, one.points)
		if price.poor[index] != (has.value.Sign() < 0) {
			panic("a supporter is both rich and poor")
		}
		run.keep(has)
	}
	divisor := new(big.Int).GCD(nil, nil, price.due.value, price.points)
	divisor.GCD(nil, nil, divisor, new(big.Int).Abs(price.due.growth))
	point := line{new(big.Int).Quo(price.due.value, divisor), new(big.Int).Quo(price.due.growth, divisor)}
	finer := new(big.Int).Quo(price.points, divisor)

	// New classes of those who paid, then those of the others.
	classes := []line{{new(big.Int), new(big.Int)}}
	after := map[[2]int]int{}
	most := new(big.Int)
	for index, one := range price.payers {
		paid := new(big.Int).Mul(point.value, one.points)
		if price.poor[index] {
			paid.Mul(run.money[one.class].value, finer)
		} else {
			after[[2]int{one.class, one.key}] = len(classes)
			classes = append(classes, run.money[one.class].minus(finer, point, one.points))
		}
		if paid.Cmp(most) > 0 {
			most = paid
		}
	}
	of := make([]int, len(run.of))
	for group := range of {
		of[group] = -1
	}
	supporters, paidAll := int64(0), int64(0)
	for _, one := range shop.supporters[slot] {
		class := after[[2]int{run.of[one.group], one.key}]
		of[one.group] = class
		supporters += shop.counts[one.group]
		if classes[class].value.Sign() == 0 {
			paidAll += shop.counts[one.group]
		}
	}
	kept := map[int]int{0: 0}
	for group, class := range run.of {
		if of[group] >= 0 {
			continue
		}
		if _, known := kept[class]; !known {
			kept[class] = len(classes)
			money := run.money[class]
			value, growth := new(big.Int).Mul(money.value, finer), new(big.Int).Mul(money.growth, finer)
			classes = append(classes, line{value, growth})
		}
		of[group] = kept[class]
	}
	run.money, run.of = classes, of
	run.parts = new(big.Int).Mul(run.parts, finer)
	run.left.Sub(run.left, shop.rule.Costs[slot])
	run.options = append(run.options, slot)
	run.steps = append(run.steps, Step{
		"kind": "bought", "option": slot, "cost": shop.rule.Costs[slot].String(),
		"rho":        fraction(price.due.value, new(big.Int).Mul(price.points, price.scale)),
		"supporters": supporters, "paid_all": paidAll,
		"most": fraction(most, run.parts), "left": run.left.String(),
	})
}

func (shop *shop) unaffordable(run *purchases, slot int) Step {
	supporters, money := int64(0), new(big.Int)
	for _, one := range shop.supporters[slot] {
		supporters += shop.counts[one.group]
		addTimes(money, run.money[run.of[one.group]].value, shop.counts[one.group])
	}
	return Step{
		"kind": "unaffordable", "option": slot, "cost": shop.rule.Costs[slot].String(),
		"supporters": supporters, "money": fraction(money, run.parts),
	}
}
