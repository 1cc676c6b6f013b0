package question

import (
	"math/big"
	"slices"
)

func between(low, value, high *big.Int) bool { return low.Cmp(value) <= 0 && value.Cmp(high) <= 0 }

func repeats(names []string) bool {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func increase(values []*big.Int) bool {
	for index := 1; index < len(values); index++ {
		if values[index-1].Cmp(values[index]) >= 0 {
			return false
		}
	}
	return true
}

func sortIntegers(values []*big.Int) { slices.SortFunc(values, (*big.Int).Cmp) }

func sumOf(values []*big.Int) *big.Int {
	sum := new(big.Int)
	for _, value := range values {
		sum.Add(sum, value)
	}
	return sum
}
