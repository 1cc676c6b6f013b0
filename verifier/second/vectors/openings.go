package vectors

import (
	"encoding/json"
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/opening"
	"ostraka/second/outcome"
	"ostraka/second/poll"
	"ostraka/second/question"
	"ostraka/second/rule"
)

func openings(result *Outcome, data []byte) error {
	type entry struct {
		Name, Check string
		Poll        struct {
			ChainID           string `json:"chain_id"`
			Registry          Data
			Poll              string
			PollContext       Data `json:"poll_context"`
			Description, Rule Data
			Threshold         int
		}
		Opening json.RawMessage
		Digest  Data
	}
	var file struct{ Cases, Refused []entry }
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range append(file.Cases, file.Refused...) {
		made, err := rule.Decode(one.Poll.Rule)
		if err != nil {
			return err
		}
		if _, err := poll.DecodeDescription(one.Poll.Description); err != nil {
			return err
		}
		numbers := bigs([]string{one.Poll.ChainID, one.Poll.Poll})
		of := &opening.Poll{
			Identity: poll.Identity{ChainID: numbers[0], Registry: encoding.Address(one.Poll.Registry), ID: numbers[1]},
			Context:  encoding.Word(one.Poll.PollContext), Rule: made, Threshold: one.Poll.Threshold,
		}
		value, err := encoding.ParseJSON("opening", one.Opening)
		if err != nil {
			return err
		}
		failed, reason := opening.Check(of, value.(encoding.Object), encoding.Word(one.Digest))
		if failed == one.Check {
			reason = nil
		} else {
			reason = fmt.Errorf("%q fails, not %q: %w", failed, one.Check, reason)
		}
		result.note(one.Name, reason)
	}
	return nil
}

func constructors(result *Outcome, data []byte) error {
	var file struct {
		SingleChoice []struct {
			Options int
			Rule    Data
		} `json:"single_choice"`
		Approval []struct {
			Options int
			AtLeast int64 `json:"at_least"`
			AtMost  int64 `json:"at_most"`
			Rule    Data
		}
		Knapsack []struct {
			Costs  []string
			Budget string
			Rule   Data
		}
		Greedy []struct {
			Costs          []string
			Budget         string
			Order, Misfit  byte
			MinimumSupport string `json:"minimum_support"`
			Rule           Data
		}
		Rounds []struct {
			Ballot, Outcome Data
			Budget          string
			Amounts         []string
			Categories      []int
			Rule            Data
			Implied         json.RawMessage
			OutcomeRule     Data `json:"outcome_rule"`
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	compare := func(name string, asked *question.Question, wanted Data) {
		made, err := question.Rule([]*question.Question{asked})
		if err == nil {
			err = same(Data(made.Encode()), wanted)
		}
		result.note(name, err)
	}
	for _, one := range file.SingleChoice {
		compare("single choice", &question.Question{Kind: "single_choice", Options: make([]string, one.Options)}, one.Rule)
	}
	for _, one := range file.Approval {
		compare("approval", &question.Question{Kind: "approval", Options: make([]string, one.Options),
			AtLeast: big.NewInt(one.AtLeast), AtMost: big.NewInt(one.AtMost)}, one.Rule)
	}
	for _, one := range file.Knapsack {
		compare("knapsack", &question.Question{Kind: "knapsack", Options: make([]string, len(one.Costs)),
			Costs: bigs(one.Costs), Amount: bigs([]string{one.Budget})[0]}, one.Rule)
	}
	for _, one := range file.Greedy {
		head := append([]byte{1, one.Order, one.Misfit}, encoding.U128(bigs([]string{one.MinimumSupport})[0])...)
		made := outcome.OfRound(head, bigs([]string{one.Budget})[0], bigs(one.Costs), nil)
		result.note("greedy", same(Data(made), one.Rule))
	}
	for index, one := range file.Rounds {
		name := fmt.Sprintf("round %d", index)
		budget, amounts := bigs([]string{one.Budget})[0], bigs(one.Amounts)
		asked, err := question.OfRound(one.Ballot, budget, amounts)
		if err != nil {
			return err
		}
		compare(name, asked, one.Rule)
		result.note(name+": outcome", same(Data(outcome.OfRound(one.Outcome, budget, amounts, one.Categories)), one.OutcomeRule))
		result.note(name+": implied question", impliedMakes(one.Implied, one.Rule))
	}
	return nil
}

// impliedMakes says whether the question that clients infer makes the rule. Which of several such
// questions they show is no matter of an audit.
func impliedMakes(implied json.RawMessage, wanted Data) error {
	_, made, err := asked(json.RawMessage("[" + string(implied) + "]"))
	if err != nil {
		return err
	}
	return same(Data(made.Encode()), wanted)
}
