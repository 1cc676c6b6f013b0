package vectors

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"ostraka/second/encoding"
	"ostraka/second/outcome"
	"ostraka/second/question"
	"ostraka/second/rule"
)

func rules(result *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Name, Expect string
			Rule, Digest Data
			Slots        int
			MaxSlotValue string `json:"max_slot_value"`
			SlotsAreBits bool   `json:"slots_are_bits"`
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		decoded, err := rule.Decode(one.Rule)
		if err == nil {
			digest := rule.Digest(one.Rule)
			err = same(
				[]any{Data(decoded.Encode()), Data(digest[:]), len(decoded.Slots), decoded.MaxSlotValue(), decoded.SlotsAreBits()},
				[]any{one.Rule, one.Digest, one.Slots, one.MaxSlotValue, one.SlotsAreBits})
		}
		result.expect(one.Name, one.Expect, err)
	}
	return nil
}

func slacks(result *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Span         int64
			Coefficients []string
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		result.note(fmt.Sprint(one.Span), same(rule.SpanCoefficients(big.NewInt(one.Span)), one.Coefficients))
	}
	return nil
}

// asked reads questions from the bytes that a vector has for them.
func asked(raw json.RawMessage) ([]*question.Question, *rule.Rule, error) {
	value, err := encoding.ParseJSON("questions", raw)
	if err != nil {
		return nil, nil, err
	}
	questions, err := question.Read(value)
	if err != nil {
		return nil, nil, err
	}
	made, err := question.Rule(questions)
	return questions, made, err
}

func questions(result *Outcome, data []byte) error {
	type entry struct {
		Name, Expect       string
		Questions, Written json.RawMessage
		Rule               Data
		Labels             []string
		SlotsTell          []bool `json:"slots_tell"`
	}
	var file struct{ Cases, Refused []entry }
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		read, made, err := asked(one.Questions)
		if err == nil {
			var tell []bool
			for _, asked := range read {
				tell = append(tell, asked.CheckSlots("question") == nil)
			}
			err = same([]any{Data(made.Encode()), question.Labels(read), tell}, []any{one.Rule, one.Labels, one.SlotsTell})
		}
		result.expect(one.Name, one.Expect, err)
		if _, made, err = asked(one.Written); err == nil {
			err = same(Data(made.Encode()), one.Rule)
		}
		result.note(one.Name+": written", err)
	}
	for _, one := range file.Refused {
		_, _, err := asked(one.Questions)
		result.expect(one.Name, one.Expect, err)
	}
	return nil
}

func votes(result *Outcome, data []byte) error {
	var file struct {
		Polls []struct {
			Name      string
			Questions json.RawMessage
			Votes     []struct {
				Vote  json.RawMessage
				Bits  string
				Slots []string
			}
			RefusedVotes []struct {
				Name string
				Vote json.RawMessage
			} `json:"refused_votes"`
			RefusedBits []struct{ Name, Bits string } `json:"refused_bits"`
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, poll := range file.Polls {
		read, made, err := asked(poll.Questions)
		if err != nil {
			return err
		}
		for _, one := range poll.Votes {
			bits, err := bitsOf(read, one.Vote)
			if err == nil {
				err = same([]any{bits, made.SlotValues(bits)}, []any{strings.Fields(one.Bits), one.Slots})
			}
			result.note(poll.Name+": "+string(one.Vote), err)
		}
		for _, one := range poll.RefusedVotes {
			_, err := bitsOf(read, one.Vote)
			result.note(poll.Name+": "+one.Name, refused(err))
		}
		for _, one := range poll.RefusedBits {
			var bits []*big.Int
			for _, text := range strings.Fields(one.Bits) {
				bit, _ := new(big.Int).SetString(text, 10)
				bits = append(bits, bit)
			}
			result.note(poll.Name+": "+one.Name, refused(made.Obeys(bits)))
		}
	}
	return nil
}

func bitsOf(questions []*question.Question, raw json.RawMessage) ([]*big.Int, error) {
	vote, err := encoding.ParseJSON("vote", raw)
	if err != nil {
		return nil, err
	}
	return question.Bits(questions, vote)
}

func refused(err error) error {
	if err == nil {
		return fmt.Errorf("accepted")
	}
	return nil
}

func bigs(texts []string) []*big.Int {
	numbers := make([]*big.Int, len(texts))
	for index, text := range texts {
		numbers[index], _ = new(big.Int).SetString(text, 10)
	}
	return numbers
}

func outcomes(result *Outcome, data []byte) error {
	type entry struct {
		Name, Expect  string
		Rule, Digest  Data
		Slots         int
		Tally, Awards []string
		Order         []int
	}
	var file struct {
		Cases, Refused []entry
		RefusedOrders  []entry `json:"refused_orders"`
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		decoded, err := outcome.Decode(one.Rule)
		if err == nil {
			err = decoded.CheckSlots(one.Slots)
		}
		if err == nil {
			digest, tally := outcome.Digest(one.Rule), bigs(one.Tally)
			err = same([]any{Data(digest[:]), decoded.Order(tally), decoded.Awards(tally)},
				[]any{one.Digest, one.Order, one.Awards})
		}
		result.note(one.Name, err)
	}
	for _, one := range file.Refused {
		decoded, err := outcome.Decode(one.Rule)
		if err == nil {
			err = decoded.CheckSlots(one.Slots)
		}
		result.expect(one.Name, one.Expect, err)
	}
	for _, one := range file.RefusedOrders {
		decoded, err := outcome.Decode(one.Rule)
		if err == nil && same(decoded.Order(bigs(one.Tally)), one.Order) == nil {
			err = fmt.Errorf("the order is accepted")
		}
		result.note(one.Name, err)
	}
	return nil
}
