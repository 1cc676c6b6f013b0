package checks

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"ostraka/second/board"
	"ostraka/second/census"
	"ostraka/second/encoding"
	"ostraka/second/outcome"
	"ostraka/second/poll"
	"ostraka/second/question"
	"ostraka/second/rule"
	"ostraka/second/signature"
)

func number(value int) string { return strconv.Itoa(value) }

func (audit *Audit) p1() (result, error) {
	identity, err := audit.identity()
	if err != nil {
		return result{}, err
	}
	if identity.ChainID.Cmp(audit.chain.ChainID) != 0 || identity.Registry != audit.claim.Registry ||
		identity.ID.Cmp(audit.claim.PollID) != 0 {
		return result{}, failing("board.poll", "a different chain, registry or poll than requested")
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if err := parameters.CheckKind(); err != nil {
		return result{}, err
	}
	if audit.parts.has(board.Extension) {
		return result{}, failing("board.extension", "the parameters give no reason for it")
	}
	ballotRule, err := audit.rule()
	if err != nil {
		return result{}, err
	}
	context := parameters.Context(identity, ballotRule)
	if context != audit.context() {
		return result{}, failing("board.parameters", "they do not have the poll's context on chain")
	}
	detail := "context " + encoding.Hex(context[:])
	if notes := audit.parts.sections.Notes; len(notes) > 0 {
		detail += fmt.Sprintf("; notes that no check reads: %v", notes)
	}
	return result{detail: detail}, nil
}

func (audit *Audit) p2() (result, error) {
	ballotRule, err := audit.rule()
	if err != nil {
		return result{}, err
	}
	outcomeRule, err := audit.outcome()
	if err != nil {
		return result{}, err
	}
	description, err := audit.description()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	contents := audit.parts.sections.Contents
	for _, one := range []struct {
		name   string
		digest encoding.Word
	}{
		{"rule", rule.Digest(contents[board.Rule])},
		{"outcome_rule", outcome.Digest(contents[board.OutcomeRule])},
		{"description", encoding.Keccak(contents[board.Description])},
	} {
		if one.digest != parameters.Word(one.name) {
			return result{}, failing("board."+one.name, "not what the poll's parameters fix")
		}
	}
	if err := ballotRule.CheckWeight(parameters.Big("total_weight")); err != nil {
		return result{}, err
	}
	if err := outcomeRule.CheckSlots(len(ballotRule.Slots)); err != nil {
		return result{}, err
	}
	if _, onBallots := outcomeRule.(outcome.OnBallots); onBallots && !parameters.Shuffled() {
		return result{}, failing("outcome.kind", "a rule on ballots in a poll that opens none")
	}
	if len(description.Options) != len(ballotRule.Slots) {
		return result{}, failing("description.options", "%d options for %d slots",
			len(description.Options), len(ballotRule.Slots))
	}
	return result{detail: fmt.Sprintf("%s, %s, %s", plural(len(description.Options), "option"),
		plural(ballotRule.Bits, "bit"), plural(len(ballotRule.Rows), "row"))}, nil
}

func (audit *Audit) p3() (result, error) {
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	digest := committee.Digest()
	if digest != encoding.Word(audit.chain.Committee) || digest != parameters.Word("committee") {
		return result{}, failing("board.committee", "not the committee that the poll fixes")
	}
	return result{detail: fmt.Sprintf("%d nodes; fewer than %d learn nothing; %d may fail",
		len(committee.Members), committee.Threshold, committee.Faults)}, nil
}

func (audit *Audit) p4() (result, error) {
	opened := encoding.Word(audit.chain.PollKeys) != encoding.Word{}
	switch {
	case !opened:
		return result{}, notChecked("the poll is not open")
	case len(audit.chain.NodeKeys) == 0:
		return result{}, notChecked("the endpoint shows no event PollOpened")
	}
	// The section that P4 owns comes first: it fails by that, whatever else cannot be read.
	announcements, err := audit.keys()
	if err != nil {
		return result{}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	if len(announcements) != len(committee.Members) {
		return result{}, failing("board.poll_keys", "%d keys of %d nodes", len(announcements), len(committee.Members))
	}
	var words []encoding.Word
	var keys [][]byte
	for _, one := range announcements {
		words, keys = append(words, poll.NodeKey(one.Key)), append(keys, one.Key)
	}
	pinned := make([]encoding.Word, len(audit.chain.NodeKeys))
	for index, word := range audit.chain.NodeKeys {
		pinned[index] = encoding.Word(word)
	}
	if !slices.Equal(words, pinned) || poll.KeysHash(words) != encoding.Word(audit.chain.PollKeys) {
		return result{}, failing("board.poll_keys", "not those pinned on chain")
	}
	if err := poll.CheckKeys(keys); err != nil {
		return result{}, err
	}
	digest := board.KeysDigest(audit.domain(), audit.context(), words)
	for index, one := range announcements {
		item := fmt.Sprintf("poll key of node %d", index+1)
		if err := signedBy(item, digest, one.Signature, committee.Members[index].Address); err != nil {
			return result{}, err
		}
	}
	return result{detail: plural(len(keys), "poll key")}, nil
}

// signedBy refuses a signature that is not an account's.
func signedBy(item string, digest encoding.Word, signed []byte, account encoding.Address) error {
	signer, err := signature.Recover(digest, signed)
	if err != nil {
		return failing(item, "%v", err)
	}
	if signer != account {
		return failing(item, "signed by %s, not by %s", encoding.Hex(signer[:]), encoding.Hex(account[:]))
	}
	return nil
}

func (audit *Audit) p5() (result, error) {
	description, err := audit.description()
	if err != nil {
		return result{}, err
	}
	ballotRule, err := audit.rule()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	value, present := description.Members["questions"]
	if !present {
		if ranking := question.Implied(ballotRule); ranking != nil && parameters.Shuffled() {
			return result{detail: "the description has no questions"}, ranking.CheckSlots("description.questions[0]")
		}
		return result{detail: "the description has no questions"}, nil
	}
	const item = "description.questions"
	questions, err := question.Read(value)
	if err != nil {
		return result{}, failing(item, "%v", err)
	}
	made, err := question.Rule(questions)
	if err != nil {
		return result{}, failing(item, "%v", err)
	}
	if !slices.Equal(made.Encode(), ballotRule.Encode()) {
		return result{}, failing(item, "they make a different ballot rule")
	}
	if !slices.Equal(question.Labels(questions), description.Options) {
		return result{}, failing(item, "the options are not those of the questions")
	}
	kinds := ""
	for index, one := range questions {
		if parameters.Shuffled() {
			if err := one.CheckSlots(fmt.Sprintf("%s[%d]", item, index)); err != nil {
				return result{}, err
			}
		}
		if index > 0 {
			kinds += ", "
		}
		kinds += one.Kind
	}
	return result{detail: kinds}, nil
}

func (audit *Audit) p6() (result, error) {
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if err := parameters.CheckBounds(); err != nil || !parameters.Shuffled() {
		return result{detail: parameters.String()}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	return result{detail: parameters.String()}, parameters.CheckCommittee(committee)
}

func (audit *Audit) c1() (result, error) {
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if list.Root() != parameters.Word("census_root") {
		return result{}, failing("board.census", "it has a different root than the poll fixes")
	}
	return result{detail: plural(len(list.Entries), "voter")}, nil
}

func (audit *Audit) c2() (result, error) {
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if voters := parameters.Int("voters"); voters != uint64(len(list.Entries)) {
		return result{}, failing("board.census", "%d voters, not %d", len(list.Entries), voters)
	}
	total := list.TotalWeight()
	if total.Cmp(parameters.Big("total_weight")) != 0 {
		return result{}, failing("board.census", "total weight %s", total)
	}
	return result{detail: "total weight " + total.String()}, nil
}

func (audit *Audit) c3() (result, error) {
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if parameters.Shuffled() {
		first := list.Entries[0].Weight
		for _, entry := range list.Entries {
			if entry.Weight.Cmp(first) != 0 {
				return result{}, failing(fmt.Sprintf("weights %s and %s", first, entry.Weight), "a shuffled poll has one weight")
			}
		}
	}
	if !parameters.Secret() {
		return result{detail: "the poll is not called secret"}, nil
	}
	holders := map[string]int{}
	var rare []*big.Int
	for _, entry := range list.Entries {
		holders[entry.Weight.String()]++
	}
	for weight, count := range holders {
		if count < census.ClassSize {
			number, _ := new(big.Int).SetString(weight, 10)
			rare = append(rare, number)
		}
	}
	if len(rare) > 0 {
		weight := slices.MinFunc(rare, (*big.Int).Cmp)
		return result{}, failing("weight "+weight.String(), "held by %s; at least %d required",
			plural(holders[weight.String()], "voter"), census.ClassSize)
	}
	return result{detail: "no weight identifies a voter"}, nil
}
