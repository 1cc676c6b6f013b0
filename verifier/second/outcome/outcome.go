// Package outcome has the rules that make awards of a tally.
//
// Source: docs/protocol.md §14. Vectors: outcome.json.
package outcome

import (
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// Rule makes awards of a tally. Slots count from 0.
type Rule interface {
	// CheckSlots refuses a number of slots for which the rule is not made.
	CheckSlots(slots int) error
	// Order gives the hint that the contract accepts for a tally.
	Order(tally []*big.Int) []int
	// Awards gives one integer for each slot; the list is empty under the rule none.
	Awards(tally []*big.Int) []*big.Int
}

// Digest gives the digest of §14.1.
func Digest(encoded []byte) encoding.Word { return encoding.Tagged("outcome", encoded) }

// Decode reads an encoded rule and checks its bounds.
func Decode(data []byte) (Rule, error) {
	reader := encoding.NewReader("outcome", data)
	kind := reader.U8("kind")
	if reader.Err() != nil {
		return nil, reader.Err()
	}
	var decoded decodedRule
	switch kind {
	case 0:
		decoded = None{}
	case 1, 4:
		decoded = readGreedy(reader, kind == 4)
	case 2:
		decoded = readMajority(reader)
	case 3:
		decoded = &Plurality{reader.U16("seats"), reader.U128("minimum_support"), reader.U16("contenders")}
	case 5:
		decoded = &Proportional{reader.U128("amount"), reader.U16("contenders")}
	case 6:
		decoded = readParts(reader)
	case 7:
		decoded = readCondorcet(reader)
	case 8:
		decoded = readBallots(reader)
	default:
		return nil, encoding.Undecodable("outcome.kind", "%d is unknown", kind)
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return decoded, decoded.check()
}

// None gives no awards (§14.2).
type None struct{}

func (None) check() error { return nil }

// CheckSlots accepts any number.
func (None) CheckSlots(int) error { return nil }

// Order is empty.
func (None) Order([]*big.Int) []int { return nil }

// Awards is empty.
func (None) Awards([]*big.Int) []*big.Int { return nil }

// Majority decides between yes and no (§14.4).
type Majority struct {
	Abstention, Strict     bool
	Quorum                 *big.Int
	Numerator, Denominator uint64
}

func readMajority(reader *encoding.Reader) *Majority {
	return &Majority{
		flag(reader, "abstention"), flag(reader, "strict"), reader.U128("quorum"),
		reader.U64("numerator"), reader.U64("denominator"),
	}
}

// flag reads a byte that is 0 or 1.
func flag(reader *encoding.Reader, field string) bool {
	value := reader.U8(field)
	if value > 1 {
		reader.Fail(encoding.Undecodable("outcome."+field, "%d, neither 0 nor 1", value))
	}
	return value == 1
}

func (rule *Majority) check() error {
	if rule.Numerator < 1 || rule.Numerator > rule.Denominator ||
		rule.Strict && rule.Numerator == rule.Denominator {
		return encoding.OutOfBounds("outcome.numerator", "%d of %d", rule.Numerator, rule.Denominator)
	}
	return nil
}

// CheckSlots wants yes and no, and with abstention a third slot.
func (rule *Majority) CheckSlots(slots int) error {
	wanted := 2
	if rule.Abstention {
		wanted = 3
	}
	return exactly(slots, wanted)
}

func exactly(slots, wanted int) error {
	if slots != wanted {
		return encoding.OutOfBounds("outcome", "for %d slots, not %d", wanted, slots)
	}
	return nil
}

// Order is empty.
func (rule *Majority) Order([]*big.Int) []int { return nil }

// Awards gives 1 to yes or to no, or nothing without a quorum.
func (rule *Majority) Awards(tally []*big.Int) []*big.Int {
	awards := zeros(len(tally))
	decided := new(big.Int).Add(tally[0], tally[1])
	if sumOf(tally).Cmp(rule.Quorum) < 0 || decided.Sign() == 0 {
		return awards
	}
	yes := new(big.Int).Mul(tally[0], new(big.Int).SetUint64(rule.Denominator))
	compared := yes.Cmp(decided.Mul(decided, new(big.Int).SetUint64(rule.Numerator)))
	if compared > 0 || compared == 0 && !rule.Strict {
		awards[0].SetInt64(1)
	} else {
		awards[1].SetInt64(1)
	}
	return awards
}

// Plurality seats the contenders with the most votes (§14.5).
type Plurality struct {
	Seats          int
	MinimumSupport *big.Int
	Contenders     int
}

func (rule *Plurality) check() error {
	if rule.Seats < 1 || rule.Seats > rule.Contenders {
		return encoding.OutOfBounds("outcome.seats", "%d of %d contenders", rule.Seats, rule.Contenders)
	}
	return nil
}

// CheckSlots wants a slot for each contender.
func (rule *Plurality) CheckSlots(slots int) error { return atLeast(slots, rule.Contenders) }

func atLeast(slots, contenders int) error {
	if contenders > slots {
		return encoding.OutOfBounds("outcome.contenders", "%d of %d slots", contenders, slots)
	}
	return nil
}

// Order is that of the contenders' votes.
func (rule *Plurality) Order(tally []*big.Int) []int { return falling(tally[:rule.Contenders]) }

// Awards gives 1 to those who are seated.
func (rule *Plurality) Awards(tally []*big.Int) []*big.Int {
	awards := zeros(len(tally))
	for _, slot := range rule.Order(tally)[:rule.Seats] {
		if tally[slot].Cmp(rule.MinimumSupport) >= 0 {
			awards[slot].SetInt64(1)
		}
	}
	return awards
}

// Proportional divides an amount by votes (§14.7).
type Proportional struct {
	Amount     *big.Int
	Contenders int
}

func (rule *Proportional) check() error {
	if rule.Amount.Sign() < 1 || rule.Contenders < 1 {
		return encoding.OutOfBounds("outcome.amount", "nothing to divide, or among nobody")
	}
	return nil
}

// CheckSlots wants a slot for each contender.
func (rule *Proportional) CheckSlots(slots int) error { return atLeast(slots, rule.Contenders) }

func (rule *Proportional) divide(tally []*big.Int) (shares, remainders []*big.Int, votes *big.Int) {
	votes = sumOf(tally[:rule.Contenders])
	for _, of := range tally[:rule.Contenders] {
		share, remainder := new(big.Int), new(big.Int)
		if votes.Sign() > 0 {
			share.DivMod(new(big.Int).Mul(rule.Amount, of), votes, remainder)
		}
		shares, remainders = append(shares, share), append(remainders, remainder)
	}
	return shares, remainders, votes
}

// Order is that of falling remainders.
func (rule *Proportional) Order(tally []*big.Int) []int {
	_, remainders, _ := rule.divide(tally)
	return falling(remainders)
}

// Awards divides the whole amount, or nothing where nobody voted.
func (rule *Proportional) Awards(tally []*big.Int) []*big.Int {
	shares, remainders, votes := rule.divide(tally)
	awards := zeros(len(tally))
	copy(awards, shares)
	if votes.Sign() == 0 {
		return awards
	}
	left := new(big.Int).Sub(rule.Amount, sumOf(shares))
	for _, slot := range falling(remainders)[:left.Int64()] {
		awards[slot].Add(awards[slot], big.NewInt(1))
	}
	return awards
}

// falling gives indices by falling value; equal ones in their order.
func falling(values []*big.Int) []int {
	order := make([]int, len(values))
	for index := range order {
		order[index] = index
	}
	slices.SortStableFunc(order, func(one, other int) int { return values[other].Cmp(values[one]) })
	return order
}

func zeros(count int) []*big.Int {
	values := make([]*big.Int, count)
	for index := range values {
		values[index] = new(big.Int)
	}
	return values
}

func sumOf(values []*big.Int) *big.Int {
	sum := new(big.Int)
	for _, value := range values {
		sum.Add(sum, value)
	}
	return sum
}
