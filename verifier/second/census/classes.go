package census

import (
	"math/big"
	"slices"

	"ostraka/second/encoding"
)

// ClassSize is the fewest voters that share a weight (§6.4, §6.6).
const ClassSize = 5

// Class is a group of voters whose weights become one.
type Class struct {
	Value, Lowest, Highest *big.Int
	Voters                 int
	sum                    *big.Int
}

// Classes makes classes of weights by a rule: an integer, "powers_of_two" or "equal" (§6.6).
// Classes come in rising order of weight.
func Classes(weights []*big.Int, rule any) ([]Class, error) {
	if len(weights) < ClassSize {
		return nil, encoding.OutOfBounds("classes", "%d voters, fewer than %d", len(weights), ClassSize)
	}
	sorted := slices.Clone(weights)
	slices.SortFunc(sorted, (*big.Int).Cmp)
	if rule == "equal" {
		return []Class{{big.NewInt(1), sorted[0], sorted[len(sorted)-1], len(sorted), nil}}, nil
	}
	groups := absorbed(initial(sorted, rule == "powers_of_two"))
	if limit, isNumber := rule.(int); isNumber {
		for len(groups) > limit {
			groups = mergedAt(groups, closest(groups))
		}
	}
	for index := range groups {
		group := &groups[index]
		group.Value = new(big.Int).Div(group.sum, big.NewInt(int64(group.Voters)))
		if rule == "powers_of_two" {
			group.Value.Lsh(big.NewInt(1), uint(group.Value.BitLen()-1))
		}
	}
	return groups, nil
}

func initial(sorted []*big.Int, byPower bool) []Class {
	var groups []Class
	for _, weight := range sorted {
		last := len(groups) - 1
		same := last >= 0 && groups[last].Highest.Cmp(weight) == 0
		if last >= 0 && byPower {
			same = groups[last].Highest.BitLen() == weight.BitLen()
		}
		single := Class{Lowest: weight, Highest: weight, Voters: 1, sum: weight}
		if same {
			groups[last] = union(groups[last], single)
		} else {
			groups = append(groups, single)
		}
	}
	return groups
}

func union(lower, higher Class) Class {
	return Class{
		Lowest: lower.Lowest, Highest: higher.Highest, Voters: lower.Voters + higher.Voters,
		sum: new(big.Int).Add(lower.sum, higher.sum),
	}
}

// absorbed lets each small group take in the next lower ones, from the top down.
func absorbed(groups []Class) []Class {
	for index := len(groups) - 1; index > 0; index-- {
		if groups[index].Voters < ClassSize {
			groups = mergedAt(groups, index-1)
		}
	}
	if len(groups) > 1 && groups[0].Voters < ClassSize {
		groups = mergedAt(groups, 0)
	}
	return groups
}

func mergedAt(groups []Class, lower int) []Class {
	groups[lower] = union(groups[lower], groups[lower+1])
	return slices.Delete(groups, lower+1, lower+2)
}

// closest gives the lower of the two neighbours whose union has the smallest ratio of weights.
func closest(groups []Class) int {
	best := 0
	for index := 1; index+1 < len(groups); index++ {
		mine := new(big.Int).Mul(groups[index+1].Highest, groups[best].Lowest)
		if mine.Cmp(new(big.Int).Mul(groups[best+1].Highest, groups[index].Lowest)) < 0 {
			best = index
		}
	}
	return best
}

// valueOf gives the weight of a voter's class.
func valueOf(classes []Class, weight *big.Int) *big.Int {
	for _, class := range classes {
		if weight.Cmp(class.Highest) <= 0 {
			return class.Value
		}
	}
	return nil
}

// Weigh replaces weights by those of their classes; without a rule they stay.
func Weigh(entries []Entry, rule any) ([]Entry, error) {
	if rule == nil {
		return entries, nil
	}
	weights := make([]*big.Int, len(entries))
	for index, entry := range entries {
		weights[index] = entry.Weight
	}
	classes, err := Classes(weights, rule)
	if err != nil {
		return nil, err
	}
	weighed := slices.Clone(entries)
	for index := range weighed {
		weighed[index].Weight = valueOf(classes, weighed[index].Weight)
	}
	return weighed, nil
}
