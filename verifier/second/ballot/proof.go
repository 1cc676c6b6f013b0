package ballot

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/rule"
	"ostraka/second/transcript"
)

// term is a bit or slot with a coefficient modulo r.
type term struct {
	index       int
	coefficient curve.Scalar
}

// coefficients is a rule modulo r.
type coefficients struct {
	slots, rows, quadratic [][]term
	rowConstants           []curve.Scalar
	quadraticConstants     []curve.Scalar
}

func newCoefficients(ballotRule *rule.Rule) *coefficients {
	made := &coefficients{}
	for _, terms := range ballotRule.Slots {
		made.slots = append(made.slots, termsOf(terms))
	}
	for _, row := range ballotRule.Rows {
		made.rows = append(made.rows, termsOf(row.Terms))
		var constant curve.Scalar
		made.rowConstants = append(made.rowConstants, *constant.SetBigInt(row.Constant))
	}
	for _, row := range ballotRule.Quadratic {
		made.quadratic = append(made.quadratic, termsOf(row.Terms))
		var constant curve.Scalar
		made.quadraticConstants = append(made.quadraticConstants, *constant.SetBigInt(row.Constant))
	}
	return made
}

func termsOf(terms []rule.Term) []term {
	made := make([]term, len(terms))
	for index, one := range terms {
		made[index].index = one.Bit
		made[index].coefficient.SetBigInt(one.Coefficient)
	}
	return made
}

func evaluate(terms []term, values []curve.Scalar) curve.Scalar {
	var sum, product curve.Scalar
	for index := range terms {
		product.Mul(&terms[index].coefficient, &values[terms[index].index])
		sum.Add(&sum, &product)
	}
	return sum
}

// Challenge gives the challenge of §8.2.
func (shape *Shape) Challenge(pollContext []byte, ballot *Ballot) curve.Scalar {
	running := transcript.New("ballot", pollContext)
	point := func(label string, points ...curve.Point) {
		var message []byte
		for index := range points {
			message = append(message, curve.EncodePoint(&points[index])...)
		}
		running.Absorb(label, message)
	}
	running.Absorb("voter", ballot.Voter[:])
	point("value", ballot.Sharing[0])
	point("sharing", ballot.Sharing[1:]...)
	if shape.whole {
		point("bits", ballot.Bits)
	}
	point("value-mask", ballot.ValueMask)
	if shape.whole {
		point("bits-mask", ballot.BitsMask)
	}
	point("cross", ballot.Cross)
	point("square", ballot.Square)
	return running.Challenge()
}

// statement is one ballot's proof in the form in which a batch weighs it.
type statement struct {
	ballot    *Ballot
	challenge curve.Scalar
	slots     []curve.Scalar
	products  []curve.Scalar
}

// prepare computes what the equations of §8.4 compare, and checks the rows.
func (shape *Shape) prepare(pollContext []byte, ballot *Ballot) (*statement, error) {
	made := &statement{ballot: ballot, challenge: shape.Challenge(pollContext, ballot)}
	if made.challenge.IsZero() {
		return nil, encoding.OutOfBounds("", "the challenge is zero")
	}
	x := &made.challenge
	for index, row := range shape.linear.rows {
		left := evaluate(row, ballot.Responses)
		var right curve.Scalar
		if right.Mul(&shape.linear.rowConstants[index], x); !left.Equal(&right) {
			return nil, encoding.OutOfBounds("", "rows[%d] does not hold", index)
		}
	}
	for _, terms := range shape.linear.slots {
		made.slots = append(made.slots, evaluate(terms, ballot.Responses))
	}
	for index := range ballot.Responses {
		response := &ballot.Responses[index]
		var product curve.Scalar
		product.Sub(x, response).Mul(&product, response)
		made.products = append(made.products, product)
	}
	var square curve.Scalar
	square.Square(x)
	for index, row := range shape.Rule.Quadratic {
		var value, part curve.Scalar
		value.Mul(&shape.linear.quadraticConstants[index], &square)
		for _, slot := range row.Slots {
			part.Square(&made.slots[slot])
			value.Sub(&value, &part)
		}
		part = evaluate(shape.linear.quadratic[index], ballot.Responses)
		part.Mul(&part, x)
		value.Sub(&value, &part)
		made.products = append(made.products, value)
	}
	return made, nil
}

// batch is a weighted sum of equations: the scalars of the generators, and points with theirs.
type batch struct {
	generators []curve.Scalar
	points     []curve.Point
	scalars    []curve.Scalar
}

// equation adds weight · (x · commitment + mask − com(values; blinding)).
func (sum *batch) equation(x *curve.Scalar, commitment, mask *curve.Point, values []curve.Scalar, blinding *curve.Scalar) {
	weight := curve.Weight()
	var scaled curve.Scalar
	scaled.Mul(&weight, x)
	sum.points = append(sum.points, *commitment, *mask)
	sum.scalars = append(sum.scalars, scaled, weight)
	subtract := func(index int, value *curve.Scalar) {
		scaled.Mul(&weight, value)
		sum.generators[index].Sub(&sum.generators[index], &scaled)
	}
	subtract(0, blinding)
	for index := range values {
		subtract(index+1, &values[index])
	}
}

func (shape *Shape) holds(statements []*statement) bool {
	workers := min(runtime.GOMAXPROCS(0), len(statements))
	batches := make([]*batch, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			sum := &batch{generators: make([]curve.Scalar, shape.Rule.Width()+1)}
			for index := worker; index < len(statements); index += workers {
				one := statements[index]
				ballot, x := one.ballot, &one.challenge
				sum.equation(x, &ballot.Sharing[0], &ballot.ValueMask, one.slots, &ballot.ValueBlinding)
				if shape.whole {
					sum.equation(x, &ballot.Bits, &ballot.BitsMask, ballot.Responses, &ballot.BitsBlinding)
				}
				sum.equation(x, &ballot.Cross, &ballot.Square, one.products, &ballot.CrossBlinding)
			}
			batches[worker] = sum
		})
	}
	group.Wait()
	points := append([]curve.Point{}, curve.Generators()[:shape.Rule.Width()+1]...)
	scalars := make([]curve.Scalar, len(points))
	for _, sum := range batches {
		for index := range sum.generators {
			scalars[index].Add(&scalars[index], &sum.generators[index])
		}
		points, scalars = append(points, sum.points...), append(scalars, sum.scalars...)
	}
	total := curve.Sum(points, scalars)
	return total.IsInfinity()
}

// Verify checks the proofs of ballots (§8.4, §8.5). It gives the indices of the first that fail, of
// which there are at most so many, and why the first one fails.
//
// A batch that fails is bisected.
func (shape *Shape) Verify(pollContext []byte, ballots []*Ballot, most int) ([]int, error) {
	statements, faults := make([]*statement, len(ballots)), make([]error, len(ballots))
	ForEach(len(ballots), func(index int) {
		statements[index], faults[index] = shape.prepare(pollContext, ballots[index])
	})
	var failing, sound []int
	var prepared []*statement
	for index, fault := range faults {
		if fault != nil {
			failing = append(failing, index)
		} else {
			sound, prepared = append(sound, index), append(prepared, statements[index])
		}
	}
	for _, index := range shape.bisect(prepared, most) {
		failing = append(failing, sound[index])
	}
	if len(failing) == 0 {
		return nil, nil
	}
	slices.Sort(failing)
	reason := faults[failing[0]]
	if reason == nil {
		reason = encoding.OutOfBounds("", "an equation fails")
	}
	return failing[:min(most, len(failing))], reason
}

// bisect gives the indices of the first statements that do not hold.
func (shape *Shape) bisect(statements []*statement, most int) []int {
	if len(statements) == 0 || most == 0 || shape.holds(statements) {
		return nil
	}
	if len(statements) == 1 {
		return []int{0}
	}
	half := len(statements) / 2
	failing := shape.bisect(statements[:half], most)
	for _, index := range shape.bisect(statements[half:], most-len(failing)) {
		failing = append(failing, half+index)
	}
	return failing
}

// ForEach calls a function for each index on all cores.
func ForEach(count int, call func(index int)) {
	workers := min(runtime.GOMAXPROCS(0), count)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for index := worker; index < count; index += workers {
				call(index)
			}
		})
	}
	group.Wait()
}

// Name names a ballot in findings.
func (ballot *Ballot) Name() string {
	return fmt.Sprintf("ballot %s… of voter %s", encoding.Hex(ballot.Digest[:8]), encoding.Hex(ballot.Voter[:]))
}
