package outcome

import (
	"math/big"

	"ostraka/second/encoding"
)

// OfRound gives the encoding of the outcome rule that a round's rule, budget and standing proposals
// make (§17.7).
func OfRound(rule []byte, budget *big.Int, amounts []*big.Int, categories []int) []byte {
	data := append([]byte{}, rule[:1]...)
	switch rule[0] {
	case 1:
		data = append(data, rule[1:]...)
		data = append(data, encoding.U128(budget)...)
	case 4:
		// The budget stands between the minimum support and the categories.
		data = append(data, rule[1:20]...)
		data = append(data, encoding.U128(budget)...)
		data = append(data, rule[20:]...)
	default:
		data = append(data, encoding.U128(budget)...)
		return append(data, encoding.U16(len(amounts))...)
	}
	data = append(data, encoding.U16(len(amounts))...)
	for index, amount := range amounts {
		data = append(data, encoding.U128(amount)...)
		if rule[0] == 4 {
			data = append(data, encoding.U16(categories[index])...)
		}
	}
	return data
}
