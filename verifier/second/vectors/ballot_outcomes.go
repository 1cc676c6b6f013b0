package vectors

import (
	"encoding/json"
	"fmt"
	"math/big"

	"ostraka/second/outcome"
)

func ballotOutcomes(result *Outcome, data []byte) error {
	var file struct {
		Cases, Refused []struct {
			Name, Expect string
			Rule, Digest Data
			Slots        int
			Ballots      [][]*big.Int
			Awards       []int
			Steps        []any
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		decoded, err := outcome.Decode(one.Rule)
		if err == nil {
			err = decoded.CheckSlots(one.Slots)
		}
		rule, known := decoded.(outcome.OnBallots)
		if err != nil || !known {
			result.note(one.Name, fmt.Errorf("no rule on ballots: %v", err))
			continue
		}
		awards, steps := rule.Decide(one.Ballots)
		digest := outcome.Digest(one.Rule)
		result.note(one.Name, same([]any{Data(digest[:]), awards}, []any{one.Digest, one.Awards}))
		result.note(one.Name+", steps", alike(steps, one.Steps))
	}
	for _, one := range file.Refused {
		decoded, err := outcome.Decode(one.Rule)
		if err == nil {
			err = decoded.CheckSlots(one.Slots)
		}
		result.expect(one.Name, one.Expect, err)
	}
	return nil
}

// alike compares steps as JSON, whose members Go writes in the order of their names.
func alike(steps []outcome.Step, wanted []any) error {
	if len(steps) == 0 && len(wanted) == 0 {
		return nil
	}
	got, err := json.Marshal(steps)
	if err != nil {
		return err
	}
	should, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	return same(string(got), string(should))
}
