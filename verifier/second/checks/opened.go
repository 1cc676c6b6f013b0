package checks

import (
	"errors"
	"fmt"
	"math/big"

	"ostraka/second/board"
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/poll"
	"ostraka/second/shuffle"
	"ostraka/second/signature"
)

const openedItem = "board.opened"

// shuffledRun is a run whose proofs are canonical.
type shuffledRun struct {
	poll   *shuffle.Poll
	last   *shuffle.State
	claims []shuffle.Claim
}

// unopened says why a poll has no opened ballots, where that is right; nil where section 14 has to
// be checked.
func (audit *Audit) unopened() (*result, error) {
	parameters, err := audit.parameters()
	if err != nil {
		return nil, err
	}
	present := audit.parts.has(board.Opened)
	switch counting := parameters.Int("counting"); {
	case counting == 0 && present:
		return nil, &owned{"A1", failing(openedItem, "the poll's ballots are summed")}
	case counting == 0:
		return &result{detail: "the poll's ballots are summed"}, nil
	case counting != 1:
		return nil, notChecked("needs P1")
	case present:
		return nil, nil
	}
	if err := audit.anchored(); err != nil {
		return nil, err
	}
	if count, least := uint64(audit.chain.Root.Count), parameters.Int("open_minimum"); count < least {
		return &result{detail: fmt.Sprintf("%s, fewer than %d: none is opened", plural(int(count), "ballot"), least)}, nil
	}
	if _, err := audit.accepted(); err != nil {
		return nil, err
	}
	if audit.chain.TalliedAt < audit.chain.ReleasableAt+parameters.Int("shuffle_period") {
		return nil, notChecked("the board lacks the opened ballots")
	}
	return &result{detail: "no ballot was opened", assumes: "no shuffle ended in time"}, nil
}

// whereOpened makes a check that holds where a poll rightly has no opened ballots. What that
// assumes, A1 alone says.
func whereOpened(check func(*Audit) (result, error)) func(*Audit) (result, error) {
	return func(audit *Audit) (result, error) {
		absent, err := audit.unopened()
		if err != nil {
			return result{}, err
		}
		if absent != nil {
			return result{detail: absent.detail}, nil
		}
		return check(audit)
	}
}

func (audit *Audit) opened() (*board.OpenedBallots, error) {
	ballotRule, err := audit.rule()
	if err != nil {
		return nil, err
	}
	committee, err := audit.committee()
	if err != nil {
		return nil, err
	}
	leaves, err := audit.leaves()
	if err != nil {
		return nil, err
	}
	parts := &audit.parts
	return parts.opened.get("A1", func() (*board.OpenedBallots, error) {
		shape := board.OpenedShape{
			Threshold: committee.Threshold, Ballots: len(leaves), Slots: len(ballotRule.Slots),
			SlotBytes: max(1, (ballotRule.MaxSlotValue().BitLen()+7)/8),
		}
		decoded, err := board.DecodeOpened(parts.sections.Contents[board.Opened], shape)
		return decoded, ofSection(err)
	})
}

// ofSection names the section for whatever in it is not canonical.
func ofSection(err error) error {
	var fault *encoding.Fault
	if errors.As(err, &fault) {
		return encoding.Undecodable(openedItem, "%s", fault.Error())
	}
	return err
}

func (audit *Audit) run() (*shuffledRun, error) {
	opened, err := audit.opened()
	if err != nil {
		return nil, err
	}
	if err := audit.anchored(); err != nil {
		return nil, err
	}
	root, err := audit.root()
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
	return audit.parts.run.get("A1", func() (*shuffledRun, error) {
		of := &shuffle.Poll{Context: audit.context(), RootDigest: root.Root.Digest(),
			Nodes: len(committee.Members), Threshold: committee.Threshold}
		var commitments []curve.Point
		for _, one := range ballots {
			commitments = append(commitments, one.Sharing...)
		}
		states, claims, err := shuffle.Follow(of, &opened.Run, shuffle.Start(opened.Run.Turn, of.Threshold, commitments))
		if err != nil {
			return nil, ofSection(err)
		}
		return &shuffledRun{of, &states[len(states)-1], claims}, nil
	})
}

func (audit *Audit) a1() (result, error) {
	absent, err := audit.unopened()
	if err != nil {
		return result{}, err
	}
	if absent != nil {
		return *absent, nil
	}
	run, err := audit.run()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	count := len(run.last.Values)
	if least := parameters.Int("open_minimum"); uint64(count) < least {
		return result{}, failing(openedItem, "%d ballots were opened, at least %d required", count, least)
	}
	return result{detail: fmt.Sprintf("%s over %s", plural(run.last.Step, "step"), plural(count, "ballot"))}, nil
}

func (audit *Audit) a2() (result, error) {
	opened, err := audit.opened()
	if err != nil {
		return result{}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	if !shuffle.MayShuffle(len(committee.Members), committee.Threshold, committee.Faults) {
		return result{}, notChecked("needs P6")
	}
	return result{detail: plural(len(opened.Run.Steps), "group")},
		shuffle.CheckGroups(len(committee.Members), committee.Threshold, &opened.Run)
}

func (audit *Audit) a3() (result, error) {
	run, err := audit.run()
	if err != nil {
		return result{}, err
	}
	return result{detail: plural(len(run.claims), "proof")}, shuffle.CheckProofs(run.claims)
}

func (audit *Audit) a4() (result, error) {
	run, err := audit.run()
	if err != nil {
		return result{}, err
	}
	opened, err := audit.opened()
	if err != nil {
		return result{}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	return quorum(committee, openedItem, audit.shuffledDigest(run), opened.Attestations)
}

func (audit *Audit) shuffledDigest(run *shuffledRun) encoding.Word {
	hash := run.last.Hash(run.poll)
	return audit.domain().Digest(signature.ShuffledType, run.poll.Context[:], run.poll.RootDigest[:],
		encoding.WordOfInt(uint64(run.last.Turn)), hash[:], encoding.WordOfInt(uint64(len(run.last.Values))))
}

func (audit *Audit) a5() (result, error) {
	run, err := audit.run()
	if err != nil {
		return result{}, err
	}
	opened, err := audit.opened()
	if err != nil {
		return result{}, err
	}
	return result{detail: plural(len(opened.Openings), "ballot")},
		shuffle.CheckOpenings(run.last.Values, opened.Openings)
}

func (audit *Audit) a6() (result, error) {
	opened, err := audit.opened()
	if err != nil {
		return result{}, err
	}
	accepted, err := audit.accepted()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if len(accepted.Values) != len(opened.Openings[0].Values) {
		return result{}, notChecked("needs R1")
	}
	weight, err := commonWeight(parameters)
	if err != nil {
		return result{}, err
	}
	for slot, votes := range accepted.Values {
		total := new(big.Int)
		for index := range opened.Openings {
			total.Add(total, opened.Openings[index].Values[slot].BigInt(new(big.Int)))
		}
		if total.Mul(total, weight).Cmp(votes) != 0 {
			return result{}, failing(fmt.Sprintf("tally[%d]", slot), "%s, but the ballots give %s", votes, total)
		}
	}
	var blinding, factor curve.Scalar
	for index := range opened.Openings {
		blinding.Add(&blinding, &opened.Openings[index].Blinding)
	}
	blinding.Mul(&blinding, factor.SetBigInt(weight))
	if blinding.BigInt(new(big.Int)).Cmp(accepted.Blinding) != 0 {
		return result{}, failing("blinding", "is not that of the ballots' sum")
	}
	return result{detail: "the ballots give the tally"}, nil
}

// commonWeight gives the weight that all voters have.
func commonWeight(parameters *poll.Parameters) (*big.Int, error) {
	voters := parameters.Big("voters")
	if voters.Sign() == 0 {
		return nil, notChecked("needs P6")
	}
	weight, rest := new(big.Int).QuoRem(parameters.Big("total_weight"), voters, new(big.Int))
	if rest.Sign() != 0 {
		return nil, notChecked("needs P6")
	}
	return weight, nil
}
