package outcome

import (
	"math/big"
	"strconv"

	"ostraka/second/encoding"
)

// InstantRunoff eliminates the option with the fewest ballots until one has more than half
// (§14.10.3).
type InstantRunoff struct {
	attested
	Options int
}

func (rule *InstantRunoff) check() error {
	if rule.Options < 1 {
		return encoding.OutOfBounds("outcome.options", "0")
	}
	return rule.attested.check()
}

// CheckSlots wants one for each option.
func (rule *InstantRunoff) CheckSlots(slots int) error { return exactly(slots, rule.Options) }

// Decide eliminates until somebody wins.
func (rule *InstantRunoff) Decide(ballots [][]*big.Int) ([]int, []Step) {
	voters := together(ballots)
	rankings := make([][]int, len(voters))
	for group := range voters {
		rankings[group] = voters[group].ranking()
	}
	gone := make([]bool, rule.Options)
	// The last entry counts the ballots that have no option left.
	count := func() []int64 {
		votes := make([]int64, rule.Options+1)
		for group, ranking := range rankings {
			counts := rule.Options
			for _, slot := range ranking {
				if !gone[slot] {
					counts = slot
					break
				}
			}
			votes[counts] += voters[group].count
		}
		return votes
	}
	var steps []Step
	votes := count()
	for {
		exhausted := votes[rule.Options]
		step := Step{
			"kind": "count", "votes": make([]any, rule.Options), "exhausted": whole(exhausted),
			"quota": nil, "elected": []int{}, "eliminated": nil, "surplus": nil, "tied": []int{},
			"looked_back": nil, "transfers": make([]string, rule.Options), "transferred_exhausted": "0",
		}
		steps = append(steps, step)
		first, total := 0, int64(0)
		fewest := []int{}
		for slot := range rule.Options {
			step["transfers"].([]string)[slot] = "0"
			total += votes[slot]
			if votes[slot] > votes[first] {
				first = slot
			}
			if gone[slot] {
				continue
			}
			step["votes"].([]any)[slot] = whole(votes[slot])
			if len(fewest) == 0 || votes[slot] < votes[fewest[0]] {
				fewest = nil
			}
			if len(fewest) == 0 || votes[slot] == votes[fewest[0]] {
				fewest = append(fewest, slot)
			}
		}
		if votes[first] == 0 {
			return won(rule.Options, nil), steps
		}
		if 2*votes[first] > total {
			step["elected"] = []int{first}
			return won(rule.Options, []int{first}), steps
		}
		loser := fewest[len(fewest)-1]
		step["eliminated"] = loser
		if len(fewest) > 1 {
			step["tied"] = fewest
		}
		gone[loser] = true
		next := count()
		for slot := range rule.Options {
			if slot != loser {
				step["transfers"].([]string)[slot] = whole(next[slot] - votes[slot])
			}
		}
		step["transferred_exhausted"] = whole(next[rule.Options] - exhausted)
		votes = next
	}
}

func whole(number int64) string { return strconv.FormatInt(number, 10) }
