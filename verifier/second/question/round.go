package question

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
)

// OfRound gives the question that a round asks over its standing proposals (§17.7).
func OfRound(ballot []byte, budget *big.Int, amounts []*big.Int) (*Question, error) {
	reader := encoding.NewReader("ballot", ballot)
	kind := reader.U8("kind")
	number := func(field string) *big.Int { return new(big.Int).SetUint64(reader.U64(field)) }
	options := big.NewInt(int64(len(amounts)))
	made := &Question{Title: "Round"}
	for index := range amounts {
		made.Options = append(made.Options, fmt.Sprintf("proposal %d", index))
	}
	switch kind {
	case 0:
		made.Kind = "single_choice"
	case 1:
		made.Kind = "approval"
		made.AtLeast = lesser(big.NewInt(int64(reader.U16("at_least"))), options)
		made.AtMost = lesser(big.NewInt(int64(reader.U16("at_most"))), options)
	case 2:
		made.Kind, made.Costs, made.Amount = "knapsack", amounts, budget
	case 3:
		made.Kind, made.Amount = "score", number("max_score")
	case 4:
		made.Kind, made.Amount, made.AtLeast = "points", number("credits"), number("at_least")
		made.MaxPerOption = made.Amount
	case 5:
		made.Kind, made.Amount = "quadratic", number("credits")
	case 6:
		made.Kind = "ranking"
		for places := reader.U16("places"); places > 0 && reader.Err() == nil; places-- {
			made.Scores = append(made.Scores, number("scores"))
		}
		made.Scores = made.Scores[:min(len(made.Scores), len(amounts))]
		made.AtLeast = big.NewInt(int64(len(made.Scores)))
	default:
		return nil, encoding.Undecodable("ballot.kind", "%d is unknown", kind)
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return made, made.check("ballot")
}

func lesser(one, other *big.Int) *big.Int {
	if one.Cmp(other) > 0 {
		return other
	}
	return one
}
