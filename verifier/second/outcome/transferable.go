package outcome

import (
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// vote is a whole vote, in units of five decimal places.
const vote = 100_000

// TransferableVote elects by Scottish rules (§14.10.4).
type TransferableVote struct {
	attested
	Seats, Options int
}

func (rule *TransferableVote) check() error {
	if rule.Seats < 1 || rule.Seats > rule.Options {
		return encoding.OutOfBounds("outcome.seats", "%d of %d options", rule.Seats, rule.Options)
	}
	return rule.attested.check()
}

// CheckSlots wants one for each option.
func (rule *TransferableVote) CheckSlots(slots int) error { return exactly(slots, rule.Options) }

// papers are ballots with one ranking and one value; those before `at` do not count any more.
type papers struct {
	ranking      []int
	at           int
	count, value int64
}

type stages struct {
	rule      *TransferableVote
	held      [][]papers
	votes     []int64
	exhausted int64
	quota     int64
	// out is 0 for a continuing option, 1 for an elected and 2 for an eliminated one.
	out     []int
	elected []int
	before  [][]int64
	steps   []Step
}

// Decide runs the stages.
func (rule *TransferableVote) Decide(ballots [][]*big.Int) ([]int, []Step) {
	count := &stages{
		rule: rule, held: make([][]papers, rule.Options), votes: make([]int64, rule.Options),
		out: make([]int, rule.Options),
	}
	valid := int64(0)
	for _, voters := range together(ballots) {
		if ranking := voters.ranking(); len(ranking) > 0 {
			valid += voters.count
			count.receive(papers{ranking, 0, voters.count, vote})
		}
	}
	if valid == 0 {
		return won(rule.Options, nil), nil
	}
	count.quota = (valid/int64(rule.Seats+1) + 1) * vote
	for count.stage() {
	}
	return won(rule.Options, count.elected), count.steps
}

func (count *stages) receive(moved papers) {
	slot := moved.ranking[moved.at]
	count.held[slot] = append(count.held[slot], moved)
	count.votes[slot] += moved.count * moved.value
}

// stage reports whether another one follows.
func (count *stages) stage() bool {
	votes := slices.Clone(count.votes)
	count.before = append(count.before, votes)
	step := count.step(votes)
	step["elected"] = count.elect()
	continuing := count.with(0)
	if len(continuing) == 0 || len(count.elected) == count.rule.Seats {
		return false
	}
	var surplus []int
	for _, slot := range count.elected {
		if votes[slot] > count.quota {
			surplus = append(surplus, slot)
		}
	}
	if len(surplus) > 0 {
		slot := count.choose(step, surplus, 1)
		over := votes[slot] - count.quota
		step["surplus"] = slot
		// Papers and votes are at most 2^32 and 2^49, but the product needs more than 64 bits.
		count.transfer(step, slot, over, func(value int64) int64 {
			product := new(big.Int).Mul(big.NewInt(over), big.NewInt(value))
			return product.Div(product, big.NewInt(votes[slot])).Int64()
		})
		count.votes[slot] = count.quota
		return true
	}
	slot := count.choose(step, continuing, -1)
	step["eliminated"] = slot
	count.out[slot] = 2
	count.transfer(step, slot, votes[slot], func(value int64) int64 { return value })
	count.votes[slot] = 0
	return true
}

func (count *stages) step(votes []int64) Step {
	shown, zeros := make([]any, len(votes)), make([]string, len(votes))
	for slot := range votes {
		zeros[slot] = "0"
		if count.out[slot] != 2 {
			shown[slot] = decimal(votes[slot])
		}
	}
	step := Step{
		"kind": "count", "votes": shown, "exhausted": decimal(count.exhausted),
		"quota": decimal(count.quota), "eliminated": nil, "surplus": nil, "tied": []int{},
		"looked_back": nil, "transfers": zeros, "transferred_exhausted": "0",
	}
	count.steps = append(count.steps, step)
	return step
}

func (count *stages) with(state int) []int {
	var found []int
	for slot, out := range count.out {
		if out == state {
			found = append(found, slot)
		}
	}
	return found
}

func (count *stages) elect() []int {
	continuing := count.with(0)
	all := len(continuing) <= count.rule.Seats-len(count.elected)
	elected := []int{}
	for _, slot := range continuing {
		if all || count.votes[slot] >= count.quota {
			elected = append(elected, slot)
			count.out[slot] = 1
		}
	}
	slices.SortStableFunc(elected, func(one, other int) int {
		return int(min(1, max(-1, count.votes[other]-count.votes[one])))
	})
	count.elected = append(count.elected, elected...)
	return elected
}

// choose gives the option with most votes (sign 1) or fewest (sign −1), by this stage, then by
// those before, then the first or the last slot.
func (count *stages) choose(step Step, among []int, sign int64) int {
	among = slices.Clone(among)
	slices.Sort(among)
	for stage := len(count.before) - 1; stage >= 0 && len(among) > 1; stage-- {
		votes := count.before[stage]
		best := among[0]
		for _, slot := range among {
			if sign*votes[slot] > sign*votes[best] {
				best = slot
			}
		}
		among = slices.DeleteFunc(among, func(slot int) bool { return votes[slot] != votes[best] })
		if stage == len(count.before)-1 && len(among) > 1 {
			step["tied"] = slices.Clone(among)
		} else if stage < len(count.before)-1 && len(among) == 1 {
			step["looked_back"] = stage
		}
	}
	if sign > 0 {
		return among[0]
	}
	return among[len(among)-1]
}

// transfer moves all papers of an option at a new value, and exhausts the rest of `votes`.
func (count *stages) transfer(step Step, source int, votes int64, revalue func(int64) int64) {
	before := slices.Clone(count.votes)
	held := count.held[source]
	count.held[source] = nil
	for _, one := range held {
		for at := one.at + 1; at < len(one.ranking); at++ {
			if count.out[one.ranking[at]] == 0 {
				count.receive(papers{one.ranking, at, one.count, revalue(one.value)})
				break
			}
		}
	}
	for slot := range before {
		votes -= count.votes[slot] - before[slot]
		step["transfers"].([]string)[slot] = decimal(count.votes[slot] - before[slot])
	}
	count.exhausted += votes
	step["transferred_exhausted"] = decimal(votes)
}

func decimal(units int64) string { return fraction(big.NewInt(units), big.NewInt(vote)) }
