package checks

import (
	"fmt"
	"math/big"
	"strings"

	"ostraka/second/board"
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/outcome"
	"ostraka/second/shuffle"
	"ostraka/second/signature"
	"ostraka/second/tally"
)

// good says, of each share on the board, whether it opens the sum of its node's shares.
func (audit *Audit) good(shares []board.SignedShare) ([]bool, error) {
	leaves, err := audit.leaves()
	if err != nil {
		return nil, err
	}
	weights, err := audit.weights(leaves)
	if err != nil {
		return nil, err
	}
	committee, err := audit.committee()
	if err != nil {
		return nil, err
	}
	ballots, err := audit.ballots()
	if err != nil {
		return nil, err
	}
	sharing := tally.Sharing(ballots, weights, committee.Threshold)
	good := make([]bool, len(shares))
	for index := range shares {
		_, known := committee.Node(shares[index].Node)
		good[index] = known && shares[index].Share.Good(shares[index].Node, sharing)
	}
	return good, nil
}

// needBallots says why shares cannot be judged where no ballot was counted.
func (audit *Audit) needBallots() error {
	leaves, err := audit.leaves()
	if err != nil {
		return err
	}
	if len(leaves) == 0 {
		return notChecked("no ballot was counted")
	}
	return nil
}

func (audit *Audit) s1() (result, error) {
	if err := audit.anchored(); err != nil {
		return result{}, err
	}
	// The section that S1 owns comes first: it fails by that, whatever else cannot be read.
	shares, err := audit.shares()
	if err != nil {
		return result{}, err
	}
	if err := audit.needBallots(); err != nil {
		return result{}, err
	}
	if shares == nil {
		return result{}, notChecked("the board has no aggregate share")
	}
	root, err := audit.root()
	if err != nil {
		return result{}, err
	}
	good, err := audit.good(shares)
	if err != nil {
		return result{}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	var nodes []string
	rootDigest, context := root.Root.Digest(), audit.context()
	for index := range shares {
		one := &shares[index]
		account, known := committee.Node(one.Node)
		if !known {
			return result{}, failing(fmt.Sprintf("aggregate share of node %d", one.Node), "not in the committee")
		}
		hash := one.Share.Hash()
		digest := audit.domain().Digest(signature.ShareType, context[:], rootDigest[:],
			encoding.WordOfInt(uint64(one.Node)), hash[:])
		if err := signedBy(fmt.Sprintf("aggregate share of node %d", one.Node), digest, one.Signature, account); err != nil {
			return result{}, err
		}
		if !good[index] {
			return result{}, failing(fmt.Sprintf("node %d", one.Node), "aggregate share does not open the sum of its shares")
		}
		nodes = append(nodes, number(one.Node))
	}
	return result{detail: "nodes " + strings.Join(nodes, ", ")}, nil
}

// accepted gives the tally on chain.
func (audit *Audit) accepted() (*tally.Tally, error) {
	if audit.chain.Tally == nil {
		if audit.chain.Status == "tallied" {
			return nil, notChecked("the endpoint shows no event TallyAccepted")
		}
		return nil, notChecked("there is no tally")
	}
	return &tally.Tally{Values: audit.chain.Tally.Values, Blinding: audit.chain.Tally.Blinding}, nil
}

func (audit *Audit) s2() (result, error) {
	accepted, err := audit.accepted()
	if err != nil {
		return result{}, err
	}
	shares, err := audit.shares()
	if err != nil {
		return result{}, err
	}
	if err := audit.needBallots(); err != nil {
		return result{}, err
	}
	good, err := audit.good(shares)
	if err != nil {
		return result{}, err
	}
	if shares == nil {
		return result{}, failing("board.shares", "none, though the chain has a tally")
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	var nodes []int
	var opened []tally.Share
	for index := range shares {
		if good[index] {
			nodes, opened = append(nodes, shares[index].Node), append(opened, shares[index].Share)
		}
	}
	threshold := committee.Threshold
	if len(nodes) < threshold {
		return result{}, failing("shares", "%d good ones, %d needed", len(nodes), threshold)
	}
	combined := tally.Combine(nodes[:threshold], opened[:threshold])
	if !combined.Equal(accepted) {
		return result{}, failing("tally", "the aggregate shares give a different one")
	}
	return result{detail: fmt.Sprintf("%d good shares, %d needed", len(nodes), threshold)}, nil
}

func (audit *Audit) r1() (result, error) {
	accepted, err := audit.accepted()
	if err != nil {
		return result{}, err
	}
	ballotRule, err := audit.rule()
	if err != nil {
		return result{}, err
	}
	if _, err := audit.parameters(); err != nil {
		return result{}, err
	}
	if len(accepted.Values) != len(ballotRule.Slots) {
		return result{}, failing("tally", "%d values for %d slots", len(accepted.Values), len(ballotRule.Slots))
	}
	if accepted.Digest() != encoding.Word(audit.chain.TallyDigest) {
		return result{}, failing("tally digest", "of a different tally")
	}
	if err := audit.need("R2"); err != nil {
		return result{}, err
	}
	if accepted.Blinding.BitLen() > 256 {
		return result{}, failing("tally", "a blinding of more than a word")
	}
	blinding, err := curve.DecodeScalar("tally", encoding.WordOf(accepted.Blinding))
	if err != nil {
		return result{}, err
	}
	values := make([]curve.Scalar, len(accepted.Values))
	for index, value := range accepted.Values {
		values[index].SetBigInt(value)
	}
	if opened := curve.Commit(values, blinding); evidence.Sum(curve.EncodePoint(&opened)) != audit.chain.Root.Sum {
		return result{}, failing("tally", "does not open the anchored sum")
	}
	return result{detail: "opens the anchored sum"}, nil
}

func (audit *Audit) r2() (result, error) {
	accepted, err := audit.accepted()
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
	most := new(big.Int).Mul(parameters.Big("total_weight"), ballotRule.MaxSlotValue())
	for slot, value := range accepted.Values {
		if value.Sign() < 0 || value.Cmp(most) > 0 {
			return result{}, failing(fmt.Sprintf("tally[%d]", slot), "%s votes, at most %s possible", value, most)
		}
	}
	return result{detail: fmt.Sprintf("at most %s possible", most)}, nil
}

func (audit *Audit) r3() (result, error) {
	accepted, err := audit.accepted()
	if err != nil {
		return result{}, err
	}
	at, begin, end := audit.chain.TalliedAt, audit.chain.ReleasableAt, audit.chain.TallyDeadline
	if at < begin || at >= end {
		return result{}, failing("tally", "accepted at %d, not in %d … %d", at, begin, end-1)
	}
	return result{detail: fmt.Sprintf("%s accepted at %d", plural(len(accepted.Values), "result"), at)}, nil
}

func (audit *Audit) o1() (result, error) {
	outcomeRule, err := audit.outcome()
	if err != nil {
		return result{}, err
	}
	accepted, err := audit.accepted()
	if err != nil {
		return result{}, err
	}
	if _, none := outcomeRule.(outcome.None); none {
		return result{detail: "the tally is the result"}, nil
	}
	if _, onBallots := outcomeRule.(outcome.OnBallots); onBallots {
		return audit.attested()
	}
	awards, err := awardsOf(outcomeRule, accepted, "R1")
	if err != nil {
		return result{}, err
	}
	given := audit.chain.Awards
	if given.Err != nil {
		return result{}, given.Err
	}
	if !equal(awards, given.Value) {
		return result{}, failing("outcome", "the contract has a different one")
	}
	return result{detail: awarded(awards)}, nil
}

// The contract's states of an outcome that nodes attest.
const (
	outcomeObjectable = 2
	outcomeFinal      = 3
	outcomeVetoed     = 4
	outcomeMissed     = 5
)

// attested compares the outcome of the opened ballots with what nodes attested.
func (audit *Audit) attested() (result, error) {
	given := audit.chain.Outcome
	if given.Err != nil {
		return result{}, given.Err
	}
	if !given.Present {
		return result{}, notChecked("the chain shows no outcome that nodes attested")
	}
	state := given.Value.State
	if !audit.parts.has(board.Opened) && state == outcomeMissed {
		return result{detail: "no ballot was opened, and nobody attested an outcome"}, nil
	}
	awards, err := audit.recomputed("P2")
	if err != nil {
		return result{}, err
	}
	said := awarded(awards)
	switch state {
	case outcomeObjectable, outcomeFinal, outcomeVetoed:
	case outcomeMissed:
		return result{detail: said + ", but nobody attested it in time"}, nil
	default:
		return result{}, notChecked("nodes have not attested the outcome yet")
	}
	opened, err := audit.opened()
	if err != nil {
		return result{}, err
	}
	if shuffle.BallotsHash(opened.Openings) != encoding.Word(given.Value.BallotsHash) {
		return result{}, failing("outcome", "nodes attested that of other ballots")
	}
	if !equal(awards, given.Value.Awards) {
		return result{}, failing("outcome", "nodes attested a different one")
	}
	if state == outcomeVetoed {
		said += ", but vetoed"
	}
	return result{detail: said}, nil
}

// recomputed gives the awards of the tally, or of the opened ballots where they decide.
func (audit *Audit) recomputed(compares string) ([]*big.Int, error) {
	outcomeRule, err := audit.outcome()
	if err != nil {
		return nil, err
	}
	accepted, err := audit.accepted()
	if err != nil {
		return nil, err
	}
	rule, onBallots := outcomeRule.(outcome.OnBallots)
	if !onBallots {
		return awardsOf(outcomeRule, accepted, compares)
	}
	absent, err := audit.unopened()
	if err != nil {
		return nil, err
	}
	if absent != nil {
		return nil, notChecked("no ballot is opened")
	}
	opened, err := audit.opened()
	if err != nil {
		return nil, err
	}
	ballots := make([][]*big.Int, len(opened.Openings))
	for index := range opened.Openings {
		for slot := range opened.Openings[index].Values {
			value := opened.Openings[index].Values[slot].BigInt(new(big.Int))
			ballots[index] = append(ballots[index], value)
		}
	}
	if len(ballots) == 0 || rule.CheckSlots(len(ballots[0])) != nil {
		return nil, notChecked("needs %s", compares)
	}
	decided, _ := rule.Decide(ballots)
	awards := make([]*big.Int, len(decided))
	for slot, award := range decided {
		awards[slot] = big.NewInt(int64(award))
	}
	return awards, nil
}

func awarded(awards []*big.Int) string {
	count := 0
	for _, award := range awards {
		if award.Sign() > 0 {
			count++
		}
	}
	return fmt.Sprintf("%d of %s awarded", count, plural(len(awards), "option"))
}

// awardsOf gives the awards of a tally. If the rule is for another number of slots, the check that
// compares the tally with the rules is named.
func awardsOf(outcomeRule outcome.Rule, accepted *tally.Tally, compares string) ([]*big.Int, error) {
	if outcomeRule.CheckSlots(len(accepted.Values)) != nil {
		return nil, notChecked("needs %s", compares)
	}
	return outcomeRule.Awards(accepted.Values), nil
}

func equal(one, other []*big.Int) bool {
	if len(one) != len(other) {
		return false
	}
	for index := range one {
		if one[index].Cmp(other[index]) != 0 {
			return false
		}
	}
	return true
}
