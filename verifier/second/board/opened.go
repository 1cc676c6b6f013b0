package board

import (
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/shuffle"
	"ostraka/second/signature"
)

// OpenedShape has the dimensions of section 14: t, N, k, and the bytes of one slot.
type OpenedShape struct {
	Threshold, Ballots, Slots, SlotBytes int
}

// OpenedBallots is section 14: a run, who signed its last state, and what its positions open to.
type OpenedBallots struct {
	Run          shuffle.Run
	Attestations []Attestation
	Openings     []shuffle.Opening
}

// DecodeOpened reads section 14.
func DecodeOpened(data []byte, shape OpenedShape) (*OpenedBallots, error) {
	if shape.Ballots < 1 {
		return nil, encoding.Undecodable("board.opened", "no ballot can be shuffled")
	}
	reader := encoding.NewReader("board.opened", data)
	opened := &OpenedBallots{Run: shuffle.ReadRun(reader, shape.Threshold, shape.Ballots)}
	count, before := reader.U8("signatures"), 0
	for index := 0; index < count && reader.Err() == nil; index++ {
		node := reader.U8("node")
		checkOrder(reader, "board.opened", node, before)
		before = node
		opened.Attestations = append(opened.Attestations, Attestation{node, reader.Bytes("signature", signature.Size)})
	}
	if reader.Err() == nil && reader.Left() != shape.Ballots*(shape.Slots*shape.SlotBytes+32) {
		return nil, encoding.Undecodable("board.opened", "%d bytes do not hold %d opened ballots", reader.Left(), shape.Ballots)
	}
	opened.Openings = make([]shuffle.Opening, shape.Ballots)
	for index := range opened.Openings {
		values := make([]curve.Scalar, shape.Slots)
		for slot := range values {
			values[slot].SetBytes(reader.Bytes("ballots", shape.SlotBytes))
		}
		opened.Openings[index].Values = values
	}
	for index := range opened.Openings {
		word := reader.Word("blindings")
		blinding, err := curve.DecodeScalar("board.opened", word[:])
		if err != nil {
			reader.Fail(err)
		}
		opened.Openings[index].Blinding = blinding
	}
	return opened, reader.End()
}
