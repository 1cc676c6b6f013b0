// Package rule has ballot rules: what the bits of a ballot must fulfil, and which slots they fill.
//
// Source: docs/protocol.md §5.1 to §5.4, §5.6. Vectors: rule.json, slack.json.
package rule

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
)

// MaxWidth is the most bits and quadratic rows of a rule (§5.3).
const MaxWidth = 320

// Term is a bit with its coefficient.
type Term struct {
	Bit         int
	Coefficient *big.Int
}

// Row demands Σ coefficient · bit = Constant.
type Row struct {
	Constant *big.Int
	Terms    []Term
}

// QuadraticRow demands Σ slot² + Σ coefficient · bit = Constant.
type QuadraticRow struct {
	Constant *big.Int
	Slots    []int
	Terms    []Term
}

// Rule is a ballot rule. Bits and slots count from 0.
type Rule struct {
	Bits      int
	Slots     [][]Term
	Rows      []Row
	Quadratic []QuadraticRow
}

// Decode reads the encoding of §5.2 and checks the conditions of §5.3 that concern the rule alone.
func Decode(data []byte) (*Rule, error) {
	reader := encoding.NewReader("rule", data)
	decoded := &Rule{Bits: reader.U16("bits")}
	slots, rows, quadratic := reader.U16("slots"), reader.U16("rows"), reader.U16("quadratic_rows")
	for index := 0; index < slots && reader.Err() == nil; index++ {
		field := fmt.Sprintf("slots[%d]", index)
		decoded.Slots = append(decoded.Slots, readTerms(reader, field, reader.U16(field)))
	}
	for index := 0; index < rows && reader.Err() == nil; index++ {
		field := fmt.Sprintf("rows[%d]", index)
		terms, constant := reader.U16(field), reader.I128(field)
		decoded.Rows = append(decoded.Rows, Row{constant, readTerms(reader, field, terms)})
	}
	for index := 0; index < quadratic && reader.Err() == nil; index++ {
		field := fmt.Sprintf("quadratic_rows[%d]", index)
		count, terms, constant := reader.U16(field), reader.U16(field), reader.I128(field)
		row := QuadraticRow{Constant: constant}
		for number := 0; number < count && reader.Err() == nil; number++ {
			row.Slots = append(row.Slots, reader.U16(field))
		}
		row.Terms = readTerms(reader, field, terms)
		decoded.Quadratic = append(decoded.Quadratic, row)
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return decoded, decoded.Check()
}

func readTerms(reader *encoding.Reader, field string, count int) []Term {
	var terms []Term
	for number := 0; number < count && reader.Err() == nil; number++ {
		bit := reader.U16(field)
		terms = append(terms, Term{bit, reader.I128(field)})
	}
	return terms
}

// Encode gives the encoding of §5.2.
func (rule *Rule) Encode() []byte {
	data := encoding.U16(rule.Bits)
	for _, count := range []int{len(rule.Slots), len(rule.Rows), len(rule.Quadratic)} {
		data = append(data, encoding.U16(count)...)
	}
	for _, terms := range rule.Slots {
		data = appendTerms(append(data, encoding.U16(len(terms))...), terms)
	}
	for _, row := range rule.Rows {
		data = append(data, encoding.U16(len(row.Terms))...)
		data = appendTerms(append(data, encoding.I128(row.Constant)...), row.Terms)
	}
	for _, row := range rule.Quadratic {
		data = append(data, encoding.U16(len(row.Slots))...)
		data = append(data, encoding.U16(len(row.Terms))...)
		data = append(data, encoding.I128(row.Constant)...)
		for _, slot := range row.Slots {
			data = append(data, encoding.U16(slot)...)
		}
		data = appendTerms(data, row.Terms)
	}
	return data
}

func appendTerms(data []byte, terms []Term) []byte {
	for _, term := range terms {
		data = append(data, encoding.U16(term.Bit)...)
		data = append(data, encoding.I128(term.Coefficient)...)
	}
	return data
}

// Digest gives the digest of §5.2.
func Digest(encoded []byte) encoding.Word { return encoding.Tagged("rule", encoded) }

// Check refuses a rule that breaks §5.3.
func (rule *Rule) Check() error {
	if rule.Bits < 1 || len(rule.Slots) < 1 || rule.Width() > MaxWidth {
		return encoding.OutOfBounds("rule", "%d bits, %d slots, %d quadratic rows",
			rule.Bits, len(rule.Slots), len(rule.Quadratic))
	}
	used := make([]bool, rule.Bits)
	for index, terms := range rule.Slots {
		item := fmt.Sprintf("rule.slots[%d]", index)
		if err := rule.checkTerms(item, terms, 1); err != nil {
			return err
		}
		for _, term := range terms {
			if used[term.Bit] {
				return encoding.OutOfBounds(item, "bit %d is in another slot", term.Bit)
			}
			used[term.Bit] = true
		}
	}
	for index, row := range rule.Rows {
		item := fmt.Sprintf("rule.rows[%d]", index)
		if err := rule.checkTerms(item, row.Terms, -1); err != nil {
			return err
		}
		if !encodable(row.Constant) || magnitude(row.Constant, row.Terms).BitLen() > 128 {
			return encoding.OutOfBounds(item, "its numbers come to 2^128 or more")
		}
	}
	for index, row := range rule.Quadratic {
		if err := rule.checkQuadratic(fmt.Sprintf("rule.quadratic_rows[%d]", index), row); err != nil {
			return err
		}
	}
	return nil
}

func (rule *Rule) checkTerms(item string, terms []Term, lowestSign int) error {
	if len(terms) == 0 {
		return encoding.OutOfBounds(item, "no terms")
	}
	return rule.checkEach(item, terms, lowestSign)
}

func (rule *Rule) checkEach(item string, terms []Term, lowestSign int) error {
	before := -1
	for _, term := range terms {
		if term.Bit <= before || term.Bit >= rule.Bits {
			return encoding.OutOfBounds(item, "bit %d is out of order or range", term.Bit)
		}
		if sign := term.Coefficient.Sign(); sign == 0 || sign < lowestSign || !encodable(term.Coefficient) {
			return encoding.OutOfBounds(item, "coefficient %s", term.Coefficient)
		}
		before = term.Bit
	}
	return nil
}

func (rule *Rule) checkQuadratic(item string, row QuadraticRow) error {
	if len(row.Slots) == 0 {
		return encoding.OutOfBounds(item, "no slots")
	}
	sum := magnitude(row.Constant, row.Terms)
	before := -1
	for _, slot := range row.Slots {
		if slot <= before || slot >= len(rule.Slots) {
			return encoding.OutOfBounds(item, "slot %d is out of order or range", slot)
		}
		before = slot
		largest := rule.MaxOf(slot)
		sum.Add(sum, new(big.Int).Mul(largest, largest))
	}
	if err := rule.checkEach(item, row.Terms, -1); err != nil {
		return err
	}
	if !encodable(row.Constant) || sum.BitLen() > 128 {
		return encoding.OutOfBounds(item, "its numbers come to 2^128 or more")
	}
	return nil
}

// encodable says whether a coefficient or constant fits into an i128 (§5.2).
func encodable(value *big.Int) bool {
	if value.Sign() < 0 {
		return new(big.Int).Not(value).BitLen() < 128
	}
	return value.BitLen() < 128
}

func magnitude(constant *big.Int, terms []Term) *big.Int {
	sum := new(big.Int).Abs(constant)
	for _, term := range terms {
		sum.Add(sum, new(big.Int).Abs(term.Coefficient))
	}
	return sum
}

// Width is the number of bits and quadratic rows.
func (rule *Rule) Width() int { return rule.Bits + len(rule.Quadratic) }

// MaxOf gives the largest value of a slot.
func (rule *Rule) MaxOf(slot int) *big.Int {
	sum := new(big.Int)
	for _, term := range rule.Slots[slot] {
		sum.Add(sum, term.Coefficient)
	}
	return sum
}

// MaxSlotValue gives the largest value of any slot (§4.2).
func (rule *Rule) MaxSlotValue() *big.Int {
	largest := new(big.Int)
	for slot := range rule.Slots {
		if value := rule.MaxOf(slot); value.Cmp(largest) > 0 {
			largest = value
		}
	}
	return largest
}

// CheckWeight refuses a total weight with which a tally could reach 2^200 (§5.3).
func (rule *Rule) CheckWeight(total *big.Int) error {
	if new(big.Int).Mul(total, rule.MaxSlotValue()).BitLen() > 200 {
		return encoding.OutOfBounds("board.rule", "total weight times the largest slot value is 2^200 or more")
	}
	return nil
}

// SlotsAreBits says whether slots are exactly the bits (§5.6).
func (rule *Rule) SlotsAreBits() bool {
	if len(rule.Slots) != rule.Bits {
		return false
	}
	for slot, terms := range rule.Slots {
		if len(terms) != 1 || terms[0].Bit != slot || terms[0].Coefficient.Cmp(big.NewInt(1)) != 0 {
			return false
		}
	}
	return true
}

// SlotValues gives the values of the slots under some bits.
func (rule *Rule) SlotValues(bits []*big.Int) []*big.Int {
	values := make([]*big.Int, len(rule.Slots))
	for slot, terms := range rule.Slots {
		values[slot] = sumOf(terms, bits)
	}
	return values
}

func sumOf(terms []Term, bits []*big.Int) *big.Int {
	sum := new(big.Int)
	for _, term := range terms {
		sum.Add(sum, new(big.Int).Mul(term.Coefficient, bits[term.Bit]))
	}
	return sum
}

// Obeys refuses bits that are not 0 or 1, not as many as the rule has, or break a row.
func (rule *Rule) Obeys(bits []*big.Int) error {
	if len(bits) != rule.Bits {
		return encoding.OutOfBounds("bits", "%d bits, not %d", len(bits), rule.Bits)
	}
	for index, bit := range bits {
		if bit.Sign() < 0 || bit.Cmp(big.NewInt(1)) > 0 {
			return encoding.OutOfBounds(fmt.Sprintf("bits[%d]", index), "neither 0 nor 1")
		}
	}
	for index, row := range rule.Rows {
		if sumOf(row.Terms, bits).Cmp(row.Constant) != 0 {
			return encoding.OutOfBounds(fmt.Sprintf("rows[%d]", index), "does not hold")
		}
	}
	values := rule.SlotValues(bits)
	for index, row := range rule.Quadratic {
		sum := sumOf(row.Terms, bits)
		for _, slot := range row.Slots {
			sum.Add(sum, new(big.Int).Mul(values[slot], values[slot]))
		}
		if sum.Cmp(row.Constant) != 0 {
			return encoding.OutOfBounds(fmt.Sprintf("quadratic_rows[%d]", index), "does not hold")
		}
	}
	return nil
}

// SpanCoefficients gives the coefficients whose sums are exactly 0 … span (§5.4).
func SpanCoefficients(span *big.Int) []*big.Int {
	var coefficients []*big.Int
	left := new(big.Int).Set(span)
	for power := big.NewInt(1); left.Sign() > 0; power = new(big.Int).Lsh(power, 1) {
		coefficient := power
		if left.Cmp(power) < 0 {
			coefficient = left
		}
		coefficients = append(coefficients, new(big.Int).Set(coefficient))
		left = new(big.Int).Sub(left, coefficient)
	}
	return coefficients
}
