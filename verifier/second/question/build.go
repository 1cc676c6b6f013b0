package question

import (
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/rule"
)

// builder numbers bits, slots and rows in the order in which questions name them. With a vote, it
// also sets the bits.
type builder struct {
	rule rule.Rule
	bits []*big.Int
	err  error
}

func (made *builder) refuse(format string, values ...any) {
	if made.err == nil {
		made.err = encoding.OutOfBounds("vote", format, values...)
	}
}

// bit adds one bit.
func (made *builder) bit(set bool) rule.Term {
	value := new(big.Int)
	if set {
		value.SetInt64(1)
	}
	return made.weighted(big.NewInt(1), value)
}

func (made *builder) weighted(coefficient, value *big.Int) rule.Term {
	made.bits = append(made.bits, value)
	made.rule.Bits++
	return rule.Term{Bit: made.rule.Bits - 1, Coefficient: coefficient}
}

// span adds the bits of a span (§5.4) and sets them to a value as clients do (§5.9).
func (made *builder) span(largest, value *big.Int) []rule.Term {
	if value.Sign() < 0 || value.Cmp(largest) > 0 {
		made.refuse("%s is not in 0 … %s", value, largest)
	}
	coefficients := rule.SpanCoefficients(largest)
	bits := make([]*big.Int, len(coefficients))
	left, below := new(big.Int).Set(value), new(big.Int).Set(largest)
	for index := len(coefficients) - 1; index >= 0; index-- {
		bits[index] = new(big.Int)
		if below.Sub(below, coefficients[index]); left.Cmp(below) > 0 {
			bits[index].SetInt64(1)
			left.Sub(left, coefficients[index])
		}
	}
	var terms []rule.Term
	for index, coefficient := range coefficients {
		terms = append(terms, made.weighted(coefficient, bits[index]))
	}
	return terms
}

func (made *builder) slot(terms []rule.Term) int {
	made.rule.Slots = append(made.rule.Slots, terms)
	return len(made.rule.Slots) - 1
}

func (made *builder) row(constant *big.Int, terms ...[]rule.Term) {
	row := rule.Row{Constant: constant}
	for _, some := range terms {
		row.Terms = append(row.Terms, some...)
	}
	made.rule.Rows = append(made.rule.Rows, row)
}

func scaled(terms []rule.Term, factor *big.Int) []rule.Term {
	var product []rule.Term
	for _, term := range terms {
		product = append(product, rule.Term{Bit: term.Bit, Coefficient: new(big.Int).Mul(term.Coefficient, factor)})
	}
	return product
}

// build adds a question (§5.5). Without a vote, nothing is chosen, and what the bits then lack does
// not matter.
func (question *Question) build(made *builder, vote *answer) {
	if vote == nil {
		vote = question.nothing()
	}
	switch question.Kind {
	case "single_choice", "histogram", "cross_tabulation":
		made.oneHot(vote.chosen)
	case "approval":
		question.buildApproval(made, vote)
	case "knapsack":
		options := made.options(vote.chosen)
		slack := made.span(question.Amount, new(big.Int).Sub(question.Amount, cost(vote.chosen, question.Costs)))
		made.row(question.Amount, weigh(options, question.Costs), slack)
		question.buildCaps(made, vote, options)
	case "score":
		made.spans(question.Amount, vote.values)
	case "points":
		slots := made.spans(question.MaxPerOption, vote.values)
		slack := made.span(new(big.Int).Sub(question.Amount, question.AtLeast),
			new(big.Int).Sub(question.Amount, sumOf(vote.values)))
		made.row(question.Amount, append(slots, slack)...)
	case "split":
		made.row(question.Amount, made.spans(question.Amount, vote.values)...)
	case "quadratic":
		question.buildQuadratic(made, vote)
	case "ranking":
		question.buildRanking(made, vote)
	case "number":
		question.buildNumber(made, vote)
	case "pairwise":
		question.buildPairwise(made, vote)
	}
}

// options adds a bit and a slot for each option.
func (made *builder) options(chosen []bool) []rule.Term {
	var terms []rule.Term
	for _, set := range chosen {
		term := made.bit(set)
		made.slot([]rule.Term{term})
		terms = append(terms, term)
	}
	return terms
}

func (made *builder) oneHot(chosen []bool) {
	made.row(big.NewInt(1), made.options(chosen))
}

// spans adds a span and a slot for each value.
func (made *builder) spans(largest *big.Int, values []*big.Int) [][]rule.Term {
	var spans [][]rule.Term
	for _, value := range values {
		terms := made.span(largest, value)
		made.slot(terms)
		spans = append(spans, terms)
	}
	return spans
}

func weigh(terms []rule.Term, coefficients []*big.Int) []rule.Term {
	weighed := make([]rule.Term, len(terms))
	for index, term := range terms {
		weighed[index] = rule.Term{Bit: term.Bit, Coefficient: coefficients[index]}
	}
	return weighed
}

// cost adds up the costs of what is chosen; without costs, each is 1.
func cost(chosen []bool, costs []*big.Int) *big.Int {
	sum := new(big.Int)
	for index, set := range chosen {
		if set && costs == nil {
			sum.Add(sum, big.NewInt(1))
		} else if set {
			sum.Add(sum, costs[index])
		}
	}
	return sum
}

func (question *Question) buildApproval(made *builder, vote *answer) {
	options := made.options(vote.chosen)
	everything := question.AtLeast.Sign() == 0 && question.AtMost.Cmp(big.NewInt(int64(len(options)))) == 0
	if !everything {
		slack := made.span(new(big.Int).Sub(question.AtMost, question.AtLeast),
			new(big.Int).Sub(question.AtMost, cost(vote.chosen, nil)))
		made.row(question.AtMost, options, slack)
	}
	question.buildCaps(made, vote, options)
}

func (question *Question) buildCaps(made *builder, vote *answer, options []rule.Term) {
	for _, limit := range question.Caps {
		var terms []rule.Term
		used := new(big.Int)
		for _, option := range limit.Options {
			coefficient := question.coefficient(limit, option)
			terms = append(terms, rule.Term{Bit: options[option].Bit, Coefficient: coefficient})
			if vote.chosen[option] {
				used.Add(used, coefficient)
			}
		}
		slack := made.span(limit.Bound, new(big.Int).Sub(limit.Bound, used))
		made.row(limit.Bound, terms, slack)
	}
}

func (question *Question) buildQuadratic(made *builder, vote *answer) {
	first := len(made.rule.Slots)
	made.spans(new(big.Int).Sqrt(question.Amount), vote.values)
	left := new(big.Int).Set(question.Amount)
	row := rule.QuadraticRow{Constant: question.Amount}
	for index, value := range vote.values {
		left.Sub(left, new(big.Int).Mul(value, value))
		row.Slots = append(row.Slots, first+index)
	}
	row.Terms = made.span(question.Amount, left)
	made.rule.Quadratic = append(made.rule.Quadratic, row)
}

func (question *Question) buildRanking(made *builder, vote *answer) {
	options, places := len(question.Options), len(question.Scores)
	first := int(question.AtLeast.Int64())
	filled := make([]int, options) // place + 1 of each option, 0 for none
	for place, option := range vote.ranked {
		filled[option] = place + 1
	}
	byPlace, byOption := make([][]rule.Term, places), make([][]rule.Term, options)
	for option := range options {
		var slot []rule.Term
		for place := range places {
			term := made.bit(filled[option] == place+1)
			byPlace[place] = append(byPlace[place], term)
			byOption[option] = append(byOption[option], term)
			if question.Scores[place].Sign() > 0 {
				slot = append(slot, rule.Term{Bit: term.Bit, Coefficient: question.Scores[place]})
			}
		}
		made.slot(slot)
	}
	if places > 1 && first < options {
		for option := range options {
			byOption[option] = append(byOption[option], made.bit(filled[option] == 0))
		}
	}
	var ends []rule.Term
	for place := first; place < places; place++ {
		ends = append(ends, made.bit(len(vote.ranked) == place))
	}
	for place := range places {
		made.row(big.NewInt(1), byPlace[place], ends[:max(0, min(len(ends), place-first+1))])
	}
	if places > 1 {
		for option := range options {
			made.row(big.NewInt(1), byOption[option])
		}
	}
}

func (question *Question) buildNumber(made *builder, vote *answer) {
	groups := max(1, len(question.Groups))
	span := new(big.Int).Sub(question.High, question.Low)
	var members []rule.Term
	var bounds [][]rule.Term
	var squares []rule.QuadraticRow
	for group := range groups {
		mine := group == vote.group
		value, rest, square := new(big.Int), new(big.Int), new(big.Int)
		if mine {
			value = vote.values[0]
			rest.Sub(span, value)
			square.Mul(value, value)
		}
		member := made.bit(mine)
		made.slot([]rule.Term{member})
		members = append(members, member)
		terms := made.span(span, value)
		slot := made.slot(terms)
		if question.variance() {
			of := made.span(new(big.Int).Mul(span, span), square)
			made.slot(of)
			squares = append(squares, rule.QuadraticRow{
				Constant: new(big.Int), Slots: []int{slot}, Terms: scaled(of, big.NewInt(-1)),
			})
		}
		if groups > 1 {
			bound := []rule.Term{{Bit: member.Bit, Coefficient: new(big.Int).Neg(span)}}
			bound = append(bound, terms...)
			bounds = append(bounds, append(bound, made.span(span, rest)...))
		}
	}
	made.row(big.NewInt(1), members)
	for _, bound := range bounds {
		made.row(new(big.Int), bound)
	}
	made.rule.Quadratic = append(made.rule.Quadratic, squares...)
}
