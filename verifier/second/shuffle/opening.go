package shuffle

import (
	"bytes"
	"fmt"
	"slices"

	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// Opening is an opened ballot: its slots and its blinding.
type Opening struct {
	Values   []curve.Scalar
	Blinding curve.Scalar
}

// DecodeOpenings reads k + 1 scalars for each of the ballots.
func DecodeOpenings(data []byte, ballots, slots int) ([]Opening, error) {
	reader := encoding.NewReader("openings", data)
	openings := make([]Opening, ballots)
	for index := range openings {
		for number := 0; number <= slots; number++ {
			word := reader.Word("scalar")
			scalar, err := curve.DecodeScalar("openings", word[:])
			if err != nil {
				reader.Fail(err)
			}
			if number == slots {
				openings[index].Blinding = scalar
			} else {
				openings[index].Values = append(openings[index].Values, scalar)
			}
		}
	}
	return openings, reader.End()
}

// CheckOpenings checks that every opening is that of its position (A5).
func CheckOpenings(values []curve.Point, openings []Opening) error {
	if len(values) != len(openings) {
		return encoding.Undecodable("openings", "%d of them for %d positions", len(openings), len(values))
	}
	for index, opening := range openings {
		point := curve.Commit(opening.Values, opening.Blinding)
		if !point.Equal(&values[index]) {
			return encoding.OutOfBounds(fmt.Sprintf("positions[%d]", index+1), "does not open its commitment")
		}
	}
	return nil
}

// BallotsHash gives the hash of the opened ballots in any order (§19.11).
func BallotsHash(openings []Opening) encoding.Word {
	ballots := make([][]byte, len(openings))
	for index, opening := range openings {
		for number := range opening.Values {
			ballots[index] = append(ballots[index], curve.EncodeScalar(&opening.Values[number])...)
		}
	}
	slices.SortFunc(ballots, bytes.Compare)
	return encoding.Tagged("opened-ballots", encoding.U32(uint32(len(ballots))),
		encoding.U16(len(openings[0].Values)), slices.Concat(ballots...))
}
