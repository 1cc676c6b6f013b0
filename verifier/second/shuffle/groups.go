// Package shuffle checks runs that shuffle the ballots of a poll, and what they open.
//
// Source: docs/protocol.md §19. Vectors: shuffle.json.
package shuffle

import "slices"

// maxNodes is the largest committee that may shuffle.
const maxNodes = 7

// MayShuffle says whether a committee may shuffle (§19.1).
func MayShuffle(nodes, threshold, faults int) bool {
	return nodes <= maxNodes && nodes-faults >= 2*threshold-1
}

// IsGroup says whether these are t nodes in strictly increasing order (§19.3).
func IsGroup(nodes, threshold int, group []int) bool {
	if len(group) != threshold {
		return false
	}
	for index, node := range group {
		if node < 1 || node > nodes || index > 0 && node <= group[index-1] {
			return false
		}
	}
	return true
}

// Covers says whether every set of t − 1 nodes is disjoint from one of the groups (§19.3).
func Covers(nodes, threshold int, groups [][]int) bool {
	for _, bad := range subsets(nodes, threshold-1) {
		if !hidden(bad, groups) {
			return false
		}
	}
	return true
}

// FewestGroups gives the least number of groups that cover; −1 if none do.
func FewestGroups(nodes, threshold int) int {
	groups := subsets(nodes, threshold)
	if !Covers(nodes, threshold, groups) {
		return -1
	}
	var reach func(chosen [][]int, more int) bool
	reach = func(chosen [][]int, more int) bool {
		var missing []int
		for _, bad := range subsets(nodes, threshold-1) {
			if !hidden(bad, chosen) {
				missing = bad
				break
			}
		}
		if missing == nil {
			return true
		}
		if more == 0 {
			return false
		}
		return slices.ContainsFunc(groups, func(group []int) bool {
			return apart(group, missing) && reach(append(slices.Clone(chosen), group), more-1)
		})
	}
	for count := 1; ; count++ {
		if reach(nil, count) {
			return count
		}
	}
}

// hidden says whether one of the groups has none of these nodes.
func hidden(bad []int, groups [][]int) bool {
	return slices.ContainsFunc(groups, func(group []int) bool { return apart(group, bad) })
}

func apart(group, others []int) bool {
	return !slices.ContainsFunc(group, func(node int) bool { return slices.Contains(others, node) })
}

// subsets gives all sets of a size of the nodes, in lexical order.
func subsets(nodes, size int) [][]int {
	var found [][]int
	var extend func(chosen []int, next int)
	extend = func(chosen []int, next int) {
		if len(chosen) == size {
			found = append(found, slices.Clone(chosen))
			return
		}
		for node := next; node <= nodes; node++ {
			extend(append(chosen, node), node+1)
		}
	}
	extend(nil, 1)
	return found
}
