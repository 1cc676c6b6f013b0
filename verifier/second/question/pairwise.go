package question

import (
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/rule"
)

// checkPairwise refuses what nobody can rank (§5.5.13).
func (question *Question) checkPairwise(item string) error {
	count := len(question.Options)
	if count < 2 {
		return encoding.OutOfBounds(item+".options", "fewer than 2")
	}
	if !between(new(big.Int), question.AtLeast, big.NewInt(int64(count))) {
		return encoding.OutOfBounds(item+".at_least", "not in 0 … the number of options")
	}
	// More options than this take more bits than a rule has.
	if count > 16 {
		return encoding.OutOfBounds(item+".options", "%d take too many bits", count)
	}
	return nil
}

// mostTied gives the most options that can be at the end of a ranking.
func (question *Question) mostTied() int {
	return max(1, len(question.Options)-int(question.AtLeast.Int64()))
}

// pairsBetween gives the ordered pairs of options in the order of their slots.
func pairsBetween(options int) [][2]int {
	var pairs [][2]int
	for better := range options {
		for worse := range options {
			if better != worse {
				pairs = append(pairs, [2]int{better, worse})
			}
		}
	}
	return pairs
}

func (question *Question) buildPairwise(made *builder, vote *answer) {
	count, mostTied := len(question.Options), question.mostTied()
	tied := max(1, count-len(vote.ranked))
	below := make([]int, count)
	for place, option := range vote.ranked {
		below[option] = count - 1 - place
	}
	first := len(made.rule.Slots)
	wins, above := make([][]rule.Term, count), make([][]rule.Term, count)
	row := rule.QuadraticRow{Constant: squaresUpTo(count - 1)}
	for option := range count {
		wins[option] = made.span(big.NewInt(int64(count-1)), big.NewInt(int64(below[option])))
		row.Slots = append(row.Slots, first+option)
		made.slot(wins[option])
	}
	minus := big.NewInt(-1)
	beaten := make([][]rule.Term, count)
	for _, pair := range pairsBetween(count) {
		better, worse := pair[0], pair[1]
		term := []rule.Term{made.bit(below[better] > below[worse])}
		made.slot(term)
		beaten[better] = append(beaten[better], scaled(term, minus)...)
		above[worse] = append(above[worse], term...)
	}
	rest := make([][]rule.Term, count)
	for option := range count {
		equals := 0
		if below[option] == 0 {
			equals = tied - 1
		}
		rest[option] = made.span(big.NewInt(int64(mostTied-1)), big.NewInt(int64(equals)))
	}
	var ends, missing []rule.Term
	if mostTied > 1 {
		for number := 1; number <= mostTied; number++ {
			ends = append(ends, made.bit(tied == number))
		}
		for index, end := range ends[1:] {
			number := int64(index + 2)
			missing = append(missing, scaled([]rule.Term{end}, big.NewInt(number*(number-1)/2))...)
			row.Terms = append(row.Terms, scaled([]rule.Term{end}, squaresUpTo(int(number)-1))...)
		}
	}
	for option := range count {
		made.row(new(big.Int), wins[option], beaten[option])
	}
	for option := range count {
		made.row(big.NewInt(int64(count-1)), wins[option], above[option], rest[option])
	}
	if mostTied > 1 {
		made.row(big.NewInt(1), ends)
		made.row(big.NewInt(int64(count*(count-1)/2)), append(wins, missing)...)
	}
	made.rule.Quadratic = append(made.rule.Quadratic, row)
}

// squaresUpTo gives 0² + 1² + … + last².
func squaresUpTo(last int) *big.Int {
	return big.NewInt(int64(last * (last + 1) * (2*last + 1) / 6))
}
