package vectors

import (
	"fmt"

	"ostraka/second/board"
)

func opened(outcome *Outcome, data []byte) error {
	var file struct {
		Sections []struct {
			Threshold, Ballots, Slots int
			SlotBytes                 int `json:"slot_bytes"`
			Section                   Data
			Turn                      uint32
			Groups                    [][]int
			Signatures                []struct {
				Node      int
				Signature Data
			}
			Openings []struct {
				Slots    []uint64
				Blinding string
			}
			Refused []struct {
				Name, Expect string
				Section      Data
			}
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for number, one := range file.Sections {
		name := fmt.Sprintf("section %d", number)
		shape := board.OpenedShape{Threshold: one.Threshold, Ballots: one.Ballots, Slots: one.Slots, SlotBytes: one.SlotBytes}
		decoded, err := board.DecodeOpened(one.Section, shape)
		outcome.note(name, err)
		if err != nil {
			continue
		}
		outcome.note(name+" turn", same(decoded.Run.Turn, one.Turn))
		for index, step := range decoded.Run.Steps {
			outcome.note(fmt.Sprintf("%s group %d", name, index), same(step.Group, one.Groups[index]))
		}
		for index, signed := range decoded.Attestations {
			at := fmt.Sprintf("%s signature %d", name, index)
			wanted := one.Signatures[index]
			outcome.note(at, same([]any{signed.Node, Data(signed.Signature)}, []any{wanted.Node, wanted.Signature}))
		}
		for index, opening := range decoded.Openings {
			at, wanted := fmt.Sprintf("%s ballot %d", name, index), one.Openings[index]
			for slot := range opening.Values {
				outcome.note(at, same(opening.Values[slot].Uint64(), wanted.Slots[slot]))
			}
			outcome.note(at, same(opening.Blinding.String(), scalarsOf([]string{wanted.Blinding})[0].String()))
		}
		for _, wrong := range one.Refused {
			_, err := board.DecodeOpened(wrong.Section, shape)
			outcome.expect(name+" "+wrong.Name, wrong.Expect, err)
		}
	}
	return nil
}
