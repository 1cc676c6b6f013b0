// Package question has the questions of a poll: their JSON form, the rule they make, and votes.
//
// Source: docs/protocol.md §5.5, §5.7 to §5.9, §17.7. Vectors: questions.json, votes.json.
package question

import (
	"bytes"
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/rule"
)

// maxEntries is the longest list in a question (§5.8).
const maxEntries = 320

// Question is one question. Members that its kind does not have are zero.
type Question struct {
	Kind  string
	Title string
	// Options of all kinds but cross_tabulation and number.
	Options []string
	Abstain bool
	// Costs of the options: of a knapsack, and of an approval with a cap that has a budget.
	Costs []*big.Int
	// AtLeast of approval, points, ranking and pairwise; AtMost of approval.
	AtLeast, AtMost *big.Int
	Caps            []Cap
	// Amount is the budget, the largest score, the credits or the total.
	Amount *big.Int
	// MaxPerOption of points.
	MaxPerOption  *big.Int
	Scores        []*big.Int
	Bounds        []*big.Int
	Rows, Columns []string
	Low, High     *big.Int
	Unit          string
	Groups        []string
	Statistics    []string
}

// Cap bounds some options of an approval or a knapsack (§5.5.4).
type Cap struct {
	Options []int
	// Bound is the most options, or the most that they may cost together.
	Bound   *big.Int
	ByCosts bool
}

// Rule gives the ballot rule that the questions make (§5.7).
func Rule(questions []*Question) (*rule.Rule, error) {
	made := &builder{}
	for _, question := range questions {
		question.build(made, nil)
	}
	if err := made.rule.Check(); err != nil {
		return nil, encoding.OutOfBounds("questions", "%v", err)
	}
	return &made.rule, nil
}

// Labels names the slots (§5.7).
func Labels(questions []*Question) []string {
	var labels []string
	for _, question := range questions {
		prefix := ""
		if len(questions) > 1 {
			prefix = question.Title + ": "
		}
		for _, label := range question.labels() {
			labels = append(labels, prefix+label)
		}
	}
	return labels
}

func (question *Question) labels() []string {
	var labels []string
	switch question.Kind {
	case "cross_tabulation":
		for _, row := range question.Rows {
			for _, column := range question.Columns {
				labels = append(labels, row+" / "+column)
			}
		}
	case "pairwise":
		labels = append(labels, question.Options...)
		for _, pair := range pairsBetween(len(question.Options)) {
			labels = append(labels, question.Options[pair[0]]+" > "+question.Options[pair[1]])
		}
	case "number":
		above := fmt.Sprintf("(%s above %s)", question.Unit, question.Low)
		names := []string{"answers", "sum " + above}
		if question.variance() {
			names = append(names, "sum of squares "+above)
		}
		if len(question.Groups) == 0 {
			return names
		}
		for _, group := range question.Groups {
			for _, name := range names {
				labels = append(labels, group+": "+name)
			}
		}
	default:
		return question.Options
	}
	return labels
}

func (question *Question) variance() bool {
	for _, statistic := range question.Statistics {
		if statistic == "variance" {
			return true
		}
	}
	return false
}

// check refuses a question whose bounds contradict one another (§5.5). The limits of §5.3 are
// checked on the rule.
func (question *Question) check(item string) error {
	k := big.NewInt(int64(len(question.Options)))
	zero, one := new(big.Int), big.NewInt(1)
	refuse := func(member, reason string) error {
		return encoding.OutOfBounds(item+"."+member, "%s", reason)
	}
	if len(question.Options) == 0 && question.Kind != "cross_tabulation" && question.Kind != "number" {
		return refuse("options", "none")
	}
	switch question.Kind {
	case "approval":
		if !between(one, question.AtMost, k) {
			return refuse("at_most", "not in 1 … the number of options")
		}
		if !between(zero, question.AtLeast, question.AtMost) {
			return refuse("at_least", "not in 0 … at_most")
		}
		if err := question.checkCosts(item, question.capped()); err != nil {
			return err
		}
		return question.checkCaps(item)
	case "knapsack":
		if question.Amount.Sign() < 1 {
			return refuse("budget", "below 1")
		}
		if err := question.checkCosts(item, true); err != nil {
			return err
		}
		return question.checkCaps(item)
	case "score":
		if question.Amount.Sign() < 1 {
			return refuse("max_score", "below 1")
		}
	case "points":
		if question.Amount.Sign() < 1 || !between(one, question.MaxPerOption, question.Amount) {
			return refuse("max_per_option", "not in 1 … credits")
		}
		if !between(zero, question.AtLeast, question.Amount) ||
			question.AtLeast.Cmp(new(big.Int).Mul(k, question.MaxPerOption)) > 0 {
			return refuse("at_least", "more than can be given, or negative")
		}
	case "split":
		if question.Amount.Sign() < 1 || len(question.Options) < 2 {
			return refuse("total", "below 1, or fewer than 2 options")
		}
	case "quadratic":
		if question.Amount.Sign() < 1 {
			return refuse("credits", "below 1")
		}
	case "ranking":
		return question.checkRanking(item)
	case "pairwise":
		return question.checkPairwise(item)
	case "histogram":
		if len(question.Options) < 2 || repeats(question.Options) {
			return refuse("options", "fewer than 2, or one twice")
		}
		if question.Bounds != nil && (len(question.Bounds) != len(question.Options)+1 || !increase(question.Bounds)) {
			return refuse("bounds", "not one more than options, strictly increasing")
		}
	case "cross_tabulation":
		if len(question.Rows) < 2 || len(question.Columns) < 2 || repeats(question.Rows) || repeats(question.Columns) {
			return refuse("rows", "rows or columns: fewer than 2, or one twice")
		}
	case "number":
		if question.Low.Cmp(question.High) >= 0 {
			return refuse("high", "not above low")
		}
		if len(question.Groups) == 1 || repeats(question.Groups) {
			return refuse("groups", "only one, or one twice")
		}
		if !knownStatistics(question.Statistics) {
			return refuse("statistics", "unknown")
		}
	}
	return nil
}

func knownStatistics(statistics []string) bool {
	switch fmt.Sprint(statistics) {
	case "[mean]", "[variance]", "[mean variance]":
		return len(statistics) <= 2
	}
	return false
}

func (question *Question) checkRanking(item string) error {
	places := big.NewInt(int64(len(question.Scores)))
	if len(question.Scores) > len(question.Options) || len(question.Scores) == 0 {
		return encoding.OutOfBounds(item+".scores", "no place, or more places than options")
	}
	for place, score := range question.Scores {
		if score.Sign() < 0 || place > 0 && score.Cmp(question.Scores[place-1]) > 0 {
			return encoding.OutOfBounds(item+".scores", "negative or increasing")
		}
	}
	if question.Scores[0].Sign() < 1 {
		return encoding.OutOfBounds(item+".scores", "the first is below 1")
	}
	if !between(new(big.Int), question.AtLeast, places) {
		return encoding.OutOfBounds(item+".at_least", "not in 0 … the number of places")
	}
	return nil
}

// CheckSlots refuses a question whose slots do not tell its answers apart (§19.1).
func (question *Question) CheckSlots(item string) error {
	if question.Kind != "ranking" {
		return nil
	}
	for place, score := range question.Scores {
		if place > 0 && score.Cmp(question.Scores[place-1]) == 0 {
			return encoding.OutOfBounds(item, "places with equal scores")
		}
	}
	last := question.Scores[len(question.Scores)-1]
	if last.Sign() == 0 && question.AtLeast.Cmp(big.NewInt(int64(len(question.Options)))) < 0 {
		return encoding.OutOfBounds(item, "a place scores 0, like no place")
	}
	return nil
}

// Implied gives the ranking that makes a rule, for polls without questions (§4.4), or nil.
func Implied(made *rule.Rule) *Question {
	places := max(1, len(made.Rows)-len(made.Slots))
	ranking := &Question{Kind: "ranking", Title: "Implied", AtLeast: big.NewInt(int64(places))}
	for index := range made.Slots {
		ranking.Options = append(ranking.Options, fmt.Sprintf("option %d", index))
	}
	for place := range places {
		score := new(big.Int)
		if place < len(made.Slots[0]) {
			score = made.Slots[0][place].Coefficient
		}
		ranking.Scores = append(ranking.Scores, score)
	}
	if ranking.check("implied") != nil {
		return nil
	}
	implied, err := Rule([]*Question{ranking})
	if err != nil || !bytes.Equal(implied.Encode(), made.Encode()) {
		return nil
	}
	return ranking
}

func (question *Question) capped() bool {
	for _, limit := range question.Caps {
		if limit.ByCosts {
			return true
		}
	}
	return false
}

func (question *Question) checkCosts(item string, wanted bool) error {
	if !wanted {
		if question.Costs != nil {
			return encoding.OutOfBounds(item+".costs", "no cap counts them")
		}
		return nil
	}
	if len(question.Costs) != len(question.Options) {
		return encoding.OutOfBounds(item+".costs", "%d costs of %d options", len(question.Costs), len(question.Options))
	}
	for _, cost := range question.Costs {
		if cost.Sign() < 1 {
			return encoding.OutOfBounds(item+".costs", "a cost below 1")
		}
	}
	return nil
}

// checkCaps refuses caps that never bind, and caps that leave fewer than AtLeast options (§5.5.4).
func (question *Question) checkCaps(item string) error {
	shutTogether, counted := 0, map[int]bool{}
	for index, limit := range question.Caps {
		name := fmt.Sprintf("%s.caps[%d]", item, index)
		before, sum := -1, new(big.Int)
		for _, option := range limit.Options {
			if option <= before || option >= len(question.Options) {
				return encoding.OutOfBounds(name, "option %d is out of order or range", option)
			}
			before = option
			sum.Add(sum, question.coefficient(limit, option))
		}
		if limit.Bound.Sign() < 1 || limit.Bound.Cmp(sum) >= 0 {
			return encoding.OutOfBounds(name, "%s, though all its options come to %s", limit.Bound, sum)
		}
		shut := len(limit.Options) - question.through(limit)
		shares := false
		for _, option := range limit.Options {
			shares = shares || counted[option]
		}
		if !shares {
			shutTogether += shut
			for _, option := range limit.Options {
				counted[option] = true
			}
		}
		if question.AtLeast == nil {
			continue
		}
		for _, out := range []int{shut, shutTogether} {
			if big.NewInt(int64(len(question.Options)-out)).Cmp(question.AtLeast) < 0 {
				return encoding.OutOfBounds(name, "too few options are left")
			}
		}
	}
	return nil
}

func (question *Question) coefficient(limit Cap, option int) *big.Int {
	if limit.ByCosts {
		return question.Costs[option]
	}
	return big.NewInt(1)
}

// through gives the most options that a cap lets through.
func (question *Question) through(limit Cap) int {
	prices := make([]*big.Int, len(limit.Options))
	for index, option := range limit.Options {
		prices[index] = question.coefficient(limit, option)
	}
	sortIntegers(prices)
	left := new(big.Int).Set(limit.Bound)
	for index, price := range prices {
		if left.Sub(left, price).Sign() < 0 {
			return index
		}
	}
	return len(prices)
}
