package outcome

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"ostraka/second/encoding"
)

// OnBallots is a rule that needs the opened ballots (§14.10). Its awards of a tally are empty.
type OnBallots interface {
	Rule
	// Decide gives the awards of some ballots, 0 or 1 for each slot, and the steps to them.
	Decide(ballots [][]*big.Int) (awards []int, steps []Step)
}

// Step is an object of §14.10.6.
type Step map[string]any

// attested is what every rule on ballots has.
type attested struct {
	ObjectionTime uint32
	VetoHolder    encoding.Address
}

func (rule *attested) check() error {
	if rule.ObjectionTime < 1 {
		return encoding.OutOfBounds("outcome.objection_time", "0")
	}
	return nil
}

// Order is empty.
func (rule *attested) Order([]*big.Int) []int { return nil }

// Awards is empty: a tally does not decide.
func (rule *attested) Awards([]*big.Int) []*big.Int { return nil }

type decodedRule interface {
	Rule
	check() error
}

func readBallots(reader *encoding.Reader) decodedRule {
	method := reader.U8("method")
	common := attested{reader.U32("objection_time"), reader.Address("veto_holder")}
	switch method {
	case 0:
		return readEqualShares(reader, common)
	case 1:
		return &InstantRunoff{common, reader.U16("options")}
	case 2:
		return &TransferableVote{common, reader.U16("seats"), reader.U16("options")}
	case 3:
		return &Phragmen{common, readPrices(reader)}
	}
	reader.Fail(encoding.Undecodable("outcome.method", "%d is unknown", method))
	return &InstantRunoff{common, 1}
}

// prices are a budget and the cost of each option.
type prices struct {
	Budget *big.Int
	Costs  []*big.Int
}

func readPrices(reader *encoding.Reader) prices {
	read := prices{Budget: reader.U128("budget")}
	for range reader.U16("slots") {
		if reader.Err() != nil {
			break
		}
		read.Costs = append(read.Costs, reader.U128("costs"))
	}
	return read
}

func (money *prices) check() error {
	for slot, cost := range money.Costs {
		if cost.Sign() < 1 {
			return encoding.OutOfBounds(fmt.Sprintf("outcome.costs[%d]", slot), "0")
		}
	}
	return nil
}

// CheckSlots wants a cost for each.
func (money *prices) CheckSlots(slots int) error { return exactly(slots, len(money.Costs)) }

// sum gives what some options cost together.
func (money *prices) sum(options []int) *big.Int {
	total := new(big.Int)
	for _, slot := range options {
		total.Add(total, money.Costs[slot])
	}
	return total
}

// alike are voters with equal ballots.
type alike struct {
	slots []*big.Int
	count int64
}

// together counts equal ballots, in an order that does not depend on theirs.
func together(ballots [][]*big.Int) []alike {
	counts := map[string]*alike{}
	for _, slots := range ballots {
		var key strings.Builder
		for _, value := range slots {
			key.WriteString(value.Text(62))
			key.WriteByte(',')
		}
		known := counts[key.String()]
		if known == nil {
			known = &alike{slots: slots}
			counts[key.String()] = known
		}
		known.count++
	}
	var found []alike
	for _, one := range counts {
		found = append(found, *one)
	}
	slices.SortFunc(found, func(one, other alike) int {
		return slices.CompareFunc(one.slots, other.slots, (*big.Int).Cmp)
	})
	return found
}

// ranking gives the slots above 0, the highest one first, and of equal ones the lower slot.
func (voters *alike) ranking() []int {
	var ranked []int
	for slot, value := range voters.slots {
		if value.Sign() > 0 {
			ranked = append(ranked, slot)
		}
	}
	slices.SortStableFunc(ranked, func(one, other int) int {
		return voters.slots[other].Cmp(voters.slots[one])
	})
	return ranked
}

// won marks the winners.
func won(slots int, winners []int) []int {
	awards := make([]int, slots)
	for _, slot := range winners {
		awards[slot] = 1
	}
	return awards
}

func fraction(numerator, denominator *big.Int) string {
	return new(big.Rat).SetFrac(numerator, denominator).RatString()
}
