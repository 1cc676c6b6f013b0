// Package ballot has canonical ballots, the aggregated shares of ballots, and the proof of a ballot.
//
// Source: docs/protocol.md §7.1, §8, §12. Vectors: ballot.json, question_ballots.json.
package ballot

import (
	"fmt"

	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/rule"
)

// Shape fixes the layout of all ballots of a poll.
type Shape struct {
	Rule      *rule.Rule
	Threshold int
	// whole is true where the bits have commitments of their own (§5.6, §8.1).
	whole  bool
	linear *coefficients
}

// NewShape gives the layout for a rule and a secrecy threshold.
func NewShape(ballotRule *rule.Rule, threshold int) *Shape {
	return &Shape{ballotRule, threshold, !ballotRule.SlotsAreBits(), newCoefficients(ballotRule)}
}

// points is the number of points of a ballot.
func (shape *Shape) points() int {
	if shape.whole {
		return shape.Threshold + 5
	}
	return shape.Threshold + 3
}

// scalars is the number of responses of a ballot.
func (shape *Shape) scalars() int {
	if shape.whole {
		return shape.Rule.Bits + 3
	}
	return shape.Rule.Bits + 2
}

// Size is the length of a canonical ballot, in bytes.
func (shape *Shape) Size() int { return 28 + 64*shape.points() + 32*shape.scalars() }

// Ballot is a decoded ballot. Bits, BitsMask and BitsBlinding are of ballots whose slots are not
// exactly the bits.
type Ballot struct {
	Encoded []byte
	Voter   encoding.Address
	CastAt  uint64
	// Sharing is V, A_1, …, A_{t−1}.
	Sharing                     []curve.Point
	Bits                        curve.Point
	ValueMask, BitsMask         curve.Point
	Cross, Square               curve.Point
	Responses                   []curve.Scalar
	ValueBlinding, BitsBlinding curve.Scalar
	CrossBlinding               curve.Scalar
	Digest                      encoding.Word
}

// Decode reads a canonical ballot (§8.6). Errors name the ballot by an item.
func (shape *Shape) Decode(item string, data []byte) (*Ballot, error) {
	if len(data) != shape.Size() {
		return nil, encoding.Undecodable(item, "%d bytes, not %d", len(data), shape.Size())
	}
	reader := encoding.NewReader(item, data)
	decoded := &Ballot{Encoded: data, Voter: reader.Address("voter"), CastAt: reader.U64("cast_at")}
	points, err := curve.DecodePoints(item+".points", reader.Bytes("points", 64*shape.points()), false)
	if err != nil {
		return nil, err
	}
	decoded.Sharing, points = points[:shape.Threshold], points[shape.Threshold:]
	if shape.whole {
		decoded.Bits, decoded.ValueMask, decoded.BitsMask = points[0], points[1], points[2]
		points = points[3:]
	} else {
		decoded.ValueMask, points = points[0], points[1:]
	}
	decoded.Cross, decoded.Square = points[0], points[1]
	scalars := make([]curve.Scalar, shape.scalars())
	for index := range scalars {
		name := fmt.Sprintf("%s.scalars[%d]", item, index)
		if scalars[index], err = curve.DecodeScalar(name, reader.Bytes("scalars", 32)); err != nil {
			return nil, err
		}
	}
	decoded.Responses, scalars = scalars[:shape.Rule.Bits], scalars[shape.Rule.Bits:]
	decoded.ValueBlinding, decoded.CrossBlinding = scalars[0], scalars[len(scalars)-1]
	if shape.whole {
		decoded.BitsBlinding = scalars[1]
	}
	decoded.Digest = encoding.Tagged("ballot", data)
	return decoded, reader.End()
}
