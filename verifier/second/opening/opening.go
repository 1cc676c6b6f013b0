// Package opening checks a ballot that was challenged instead of cast.
//
// Source: docs/protocol.md §8.9. Vectors: openings.json.
package opening

import (
	"math/big"

	"ostraka/second/ballot"
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/poll"
	"ostraka/second/rule"
)

// Poll is the poll as the chain has it.
type Poll struct {
	Identity  poll.Identity
	Context   encoding.Word
	Rule      *rule.Rule
	Threshold int
}

// Check gives the number of the first check that an opening fails, with the reason, or "".
func Check(poll *Poll, opening encoding.Object, noted encoding.Word) (string, error) {
	shape := ballot.NewShape(poll.Rule, poll.Threshold)
	encoded, err := bytesOf(opening, "ballot", -1)
	if err != nil {
		return "V2", err
	}
	if encoding.Tagged("ballot", encoded) != noted {
		return "V1", encoding.OutOfBounds("ballot", "not the one that was noted")
	}
	if err := checkPoll(poll, opening); err != nil {
		return "V2", err
	}
	decoded, err := shape.Decode("ballot", encoded)
	if err != nil {
		return "V2", err
	}
	if _, err := shape.Verify(poll.Context[:], []*ballot.Ballot{decoded}, 1); err != nil {
		return "V3", err
	}
	if err := checkBits(poll, opening, decoded); err != nil {
		return "V4", err
	}
	return "", nil
}

func checkPoll(poll *Poll, opening encoding.Object) error {
	wanted := map[string]string{
		"format":       "ostraka/opening/v2",
		"chain_id":     poll.Identity.ChainID.String(),
		"registry":     encoding.Hex(poll.Identity.Registry[:]),
		"poll":         poll.Identity.ID.String(),
		"poll_context": encoding.Hex(poll.Context[:]),
	}
	for name, value := range wanted {
		if opening[name] != value {
			return encoding.OutOfBounds("opening."+name, "not the poll's")
		}
	}
	if len(opening) != len(wanted)+3 {
		return encoding.Undecodable("opening", "%d members", len(opening))
	}
	return nil
}

func checkBits(poll *Poll, opening encoding.Object, decoded *ballot.Ballot) error {
	text, isText := opening["bits"].(string)
	if !isText {
		return encoding.Undecodable("opening.bits", "not a text")
	}
	var bits []*big.Int
	for _, character := range text {
		bits = append(bits, big.NewInt(int64(character-'0')))
	}
	if err := poll.Rule.Obeys(bits); err != nil {
		return err
	}
	blinding, err := bytesOf(opening, "blinding", 32)
	if err != nil {
		return err
	}
	scalar, err := curve.DecodeScalar("opening.blinding", blinding)
	if err != nil {
		return err
	}
	var values []curve.Scalar
	for _, value := range poll.Rule.SlotValues(bits) {
		var slot curve.Scalar
		values = append(values, *slot.SetBigInt(value))
	}
	if made := curve.Commit(values, scalar); !made.Equal(&decoded.Sharing[0]) {
		return encoding.OutOfBounds("opening", "V commits to something else")
	}
	return nil
}

func bytesOf(opening encoding.Object, name string, size int) ([]byte, error) {
	text, _ := opening[name].(string)
	data, err := encoding.Unhex(text)
	if err != nil || size >= 0 && len(data) != size {
		return nil, encoding.Undecodable("opening."+name, "not bytes of the right number")
	}
	return data, nil
}
