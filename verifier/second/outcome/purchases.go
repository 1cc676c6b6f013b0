package outcome

import (
	"cmp"
	"math"
	"math/big"
	"slices"
)

// shop has the voters and the options of equal shares.
//
// Of a voter's money it keeps approximations with a bound of their error. Comparisons within the
// bound are made with exact numbers: those who did not yet pay all have the share, less the full
// price of every option bought that they support (docs/decisions/0119-fast-equal-shares.md).
type shop struct {
	rule   *EqualShares
	voters int64
	groups []alike
	// counts has the ballots of each group.
	counts     []float64
	supporters [][]supporter
	// given has for each group what it gives to options. Sums of it are exact if it is small.
	given [][]gift
	small bool
	// points are those of all voters together, worth is the utility of one, for each option.
	points, worth []*big.Int
	candidates    []int
	// rounding bounds the relative error of a sum over groups, fineness that of a voter's money
	// relative to the share.
	rounding, fineness float64
}

// supporter is a group with points for an option.
type supporter struct {
	group  int
	points float64
}

// gift are the points of a group for an option.
type gift struct {
	slot   int
	points float64
}

func (rule *EqualShares) open(ballots [][]*big.Int) *shop {
	made := &shop{rule: rule, voters: int64(len(ballots)), groups: together(ballots)}
	made.given = make([][]gift, len(made.groups))
	for _, voters := range made.groups {
		made.counts = append(made.counts, float64(voters.count))
	}
	for slot, cost := range rule.Costs {
		total, worth := new(big.Int), cost
		if rule.Points {
			worth = big.NewInt(1)
		}
		var own []supporter
		for group, voters := range made.groups {
			if points := voters.slots[slot]; points.Sign() > 0 {
				own = append(own, supporter{group, about(points)})
				made.given[group] = append(made.given[group], gift{slot, about(points)})
				addTimes(total, points, voters.count)
			}
		}
		made.supporters = append(made.supporters, own)
		made.points, made.worth = append(made.points, total), append(made.worth, worth)
		if total.Sign() > 0 && cost.Cmp(rule.Budget) <= 0 {
			made.candidates = append(made.candidates, slot)
		}
	}
	sum := new(big.Int)
	for _, points := range made.points {
		sum.Add(sum, points)
	}
	made.small = sum.BitLen() < 53
	made.fineness = float64(len(rule.Costs)+64) * 0x1p-50
	made.rounding = float64(len(rule.Costs)+len(made.groups)+64) * 0x1p-50
	return made
}

func addTimes(sum, value *big.Int, times int64) {
	sum.Add(sum, new(big.Int).Mul(value, big.NewInt(times)))
}

func about(value *big.Int) float64 {
	near, _ := new(big.Float).SetInt(value).Float64()
	return near
}

// ratio is a fraction with a relative error below 2^-51.
func ratio(above, below *big.Int) float64 {
	quotient := new(big.Float).SetPrec(64).SetInt(above)
	near, _ := quotient.Quo(quotient, new(big.Float).SetPrec(64).SetInt(below)).Float64()
	return near
}

// line is an amount and what it grows by with one more increment of add-one.
type line struct{ value, growth *big.Int }

// minus gives one·a − other·b.
func (one line) minus(a *big.Int, other line, b *big.Int) line {
	value, growth := new(big.Int).Mul(one.value, a), new(big.Int).Mul(one.growth, a)
	value.Sub(value, new(big.Int).Mul(other.value, b))
	return line{value, growth.Sub(growth, new(big.Int).Mul(other.growth, b))}
}

func (one line) times(factor *big.Int) line {
	return line{new(big.Int).Mul(one.value, factor), new(big.Int).Mul(one.growth, factor)}
}

func (one line) after(increments *big.Int) line {
	value := new(big.Int).Mul(one.growth, increments)
	return line{value.Add(value, one.value), one.growth}
}

// state is what voters have before a purchase.
type state struct {
	increments *big.Int
	// share, and the price of a point of each option bought, in parts of the smallest unit of
	// which there are `parts`.
	parts  *big.Int
	share  line
	bought []int
	prices []line
	// money and growth are approximations for a voter of each group, in the smallest unit; gone
	// are the groups that paid all they had.
	money, growth []float64
	gone          []bool
	// moves is how often money was extrapolated, and 1.
	moves float64
	// wrong bounds the error of money.
	wrong float64
	// offers has one for each option not bought and not given up: prices of earlier states,
	// which are lower bounds, since prices never fall.
	offers []*offer
}

func (shop *shop) bound(made *state) *state {
	made.wrong = ratio(made.share.value, made.parts) * shop.fineness * made.moves
	return made
}

// offer is a price for one unit of utility, or a lower bound of it, as it is after some increments.
type offer struct {
	slot       int
	increments *big.Int
	// price and growth are approximations, wrong bounds the error of the price.
	price, growth, wrong float64
	asked                *asking
}

// asking is where a price was asked, and who pays all they have.
type asking struct {
	at    *state
	poor  []int
	terms *terms
}

// terms are an exact price: `due / (points · scale)`.
type terms struct {
	due           line
	points, scale *big.Int
}

// against gives the difference of two prices, in some unit.
func (one *terms) against(other *terms) line {
	own, its := new(big.Int).Mul(one.points, one.scale), new(big.Int).Mul(other.points, other.scale)
	return one.due.minus(its, other.due, own)
}

// purchase is one of a run; the last one of it buys nothing.
type purchase struct {
	before *state
	offer  *offer
	// holds is for how many increments more it is the same; nil for ever.
	holds *big.Int
}

// keep lets the purchase hold only while the sign of an amount does: below 0, or at least 0. It
// surely does for `atLeast` increments.
func (one *purchase) keep(atLeast float64, exact func() line) {
	if math.IsInf(atLeast, 1) || one.holds != nil && atLeast*(1-0x1p-40)-2 > about(one.holds) {
		return
	}
	amount, limit := exact(), new(big.Int)
	switch {
	case amount.value.Sign() < 0 && amount.growth.Sign() > 0:
		limit.Add(amount.value, big.NewInt(1)).Neg(limit)
		limit.Quo(limit, amount.growth)
	case amount.value.Sign() >= 0 && amount.growth.Sign() < 0:
		limit.Quo(amount.value, new(big.Int).Neg(amount.growth))
	default:
		return
	}
	if one.holds == nil || limit.Cmp(one.holds) < 0 {
		one.holds = limit
	}
}

// until is the last number of increments for which the purchase is the same; nil if there is none.
func (one *purchase) until() *big.Int {
	if one.holds == nil {
		return nil
	}
	return new(big.Int).Add(one.before.increments, one.holds)
}

// lasts gives how many increments certainly pass before a gap closes.
func lasts(gap, closing float64) float64 {
	if closing <= 0 {
		return math.Inf(1)
	}
	return gap / closing
}

// buy gives what voters buy with equal shares of the budget.
func (shop *shop) buy() []*purchase {
	voters := big.NewInt(shop.voters)
	start := &state{
		increments: new(big.Int), parts: voters, moves: 1,
		share:  line{shop.rule.Budget, new(big.Int).Mul(shop.rule.Increment, voters)},
		money:  slices.Repeat([]float64{ratio(shop.rule.Budget, voters)}, len(shop.groups)),
		growth: slices.Repeat([]float64{about(shop.rule.Increment)}, len(shop.groups)),
		gone:   make([]bool, len(shop.groups)),
	}
	shop.bound(start)
	// With points from everyone the price is lowest.
	for _, slot := range shop.candidates {
		price := ratio(shop.rule.Costs[slot], new(big.Int).Mul(shop.points[slot], shop.worth[slot]))
		start.offers = append(start.offers, &offer{
			slot: slot, increments: start.increments, price: price, wrong: price * shop.rounding,
			asked: &asking{at: start},
		})
	}
	return shop.run(nil, start)
}

// buyAfter gives what is bought after more increments than in another run.
func (shop *shop) buyAfter(made []*purchase, increments *big.Int) []*purchase {
	for place, one := range made {
		if until := one.until(); until != nil && until.Cmp(increments) < 0 {
			return shop.run(slices.Clone(made[:place]), shop.move(one.before, increments))
		}
	}
	return made
}

// holdUntil is the last number of increments for which all purchases are the same; nil if for ever.
func holdUntil(made []*purchase) *big.Int {
	var least *big.Int
	for _, one := range made {
		if until := one.until(); until != nil && (least == nil || until.Cmp(least) < 0) {
			least = until
		}
	}
	return least
}

// move gives a state with other shares, if the purchases before are the same.
func (shop *shop) move(from *state, increments *big.Int) *state {
	more := new(big.Int).Sub(increments, from.increments)
	far := about(more)
	to := *from
	to.increments, to.share, to.moves = increments, from.share.after(more), from.moves+1
	to.prices, to.money, to.offers = nil, slices.Clone(from.money), nil
	for _, price := range from.prices {
		to.prices = append(to.prices, price.after(more))
	}
	for group, growth := range from.growth {
		to.money[group] += growth * far
	}
	for _, one := range from.offers {
		moved := *one
		change := one.growth * far
		moved.wrong += (math.Abs(change) + math.Abs(one.price)) * shop.rounding
		moved.price += change
		moved.increments = increments
		to.offers = append(to.offers, &moved)
	}
	return shop.bound(&to)
}

// run goes on buying until no supporters can pay for an option.
func (shop *shop) run(made []*purchase, now *state) []*purchase {
	for {
		one := &purchase{before: now}
		made = append(made, one)
		offers := shop.renew(one)
		if len(offers) == 0 {
			return made
		}
		one.offer = slices.MinFunc(offers, shop.compare)
		others := slices.DeleteFunc(offers, func(other *offer) bool { return other == one.offer })
		shop.stayDearer(one, others)
		now = shop.pay(one, others)
	}
}

// renew asks for prices until the lowest one is certain. It gives it, and prices or bounds of others.
func (shop *shop) renew(one *purchase) []*offer {
	known := one.before.offers
	slices.SortFunc(known, shop.compare)
	var offers []*offer
	var best *offer
	for place, old := range known {
		if best != nil && shop.compare(old, best) > 0 {
			return append(offers, known[place:]...)
		}
		price := shop.price(one, old.slot)
		if price == nil {
			continue
		}
		known[place] = price
		offers = append(offers, price)
		if best == nil || shop.compare(price, best) < 0 {
			best = price
		}
	}
	return offers
}

// compare orders by price, and equal ones by slot.
func (shop *shop) compare(one, other *offer) int {
	if math.Abs(one.price-other.price) > one.wrong+other.wrong {
		return cmp.Compare(one.price, other.price)
	}
	if one == other {
		return 0
	}
	exact := shop.terms(one).against(shop.terms(other)).value.Sign()
	return cmp.Or(exact, cmp.Compare(one.slot, other.slot))
}

// stayDearer keeps a purchase while no other option is cheaper.
func (shop *shop) stayDearer(one *purchase, others []*offer) {
	chosen := one.offer
	atLeast := map[*offer]float64{}
	for _, other := range others {
		atLeast[other] = lasts(
			other.price-chosen.price-other.wrong-chosen.wrong,
			chosen.growth*(1-shop.rounding)-other.growth*(1+shop.rounding),
		)
	}
	// After the least one, few need exact numbers.
	others = slices.SortedFunc(slices.Values(others), func(left, right *offer) int {
		return cmp.Compare(atLeast[left], atLeast[right])
	})
	for _, other := range others {
		one.keep(atLeast[other], func() line {
			own, its := shop.terms(chosen), shop.terms(other)
			if other.slot > chosen.slot {
				return its.against(own)
			}
			return own.against(its)
		})
	}
}
