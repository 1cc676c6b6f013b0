package vectors

import (
	"fmt"

	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/shuffle"
)

type shuffleRun struct {
	Nodes, Threshold, Slots int
	Commitments             Data
	Record                  Data
	Start                   Data
	Steps                   []struct {
		Outputs   Data
		Vector    []string
		Challenge string
		State     Data
	}
	CommitmentsAfter Data `json:"commitments_after"`
	Openings         Data
	BallotsHash      Data `json:"ballots_hash"`
}

func shuffles(outcome *Outcome, data []byte) error {
	var file struct {
		PollContext Data `json:"poll_context"`
		RootDigest  Data `json:"root_digest"`
		Generators  []Data
		Runs        []shuffleRun
		Broken      []struct {
			Name, Expect string
			Run          int
			Record       Data
		}
		Committees []struct {
			Nodes, Threshold, Faults int
			MayShuffle               bool    `json:"may_shuffle"`
			FewestGroups             [][]int `json:"fewest_groups"`
		}
		Covers []struct {
			Nodes, Threshold int
			Groups           [][]int
			Covers           bool
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for index, wanted := range file.Generators {
		point := curve.DeriveGenerator(1<<31 + uint32(index))
		outcome.note(fmt.Sprintf("K_%d", index), same(Data(curve.EncodePoint(&point)), wanted))
	}
	poll := shuffle.Poll{Context: encoding.Word(file.PollContext), RootDigest: encoding.Word(file.RootDigest)}
	for number := range file.Runs {
		one := &file.Runs[number]
		poll.Nodes, poll.Threshold = one.Nodes, one.Threshold
		if err := one.compare(outcome, fmt.Sprintf("run %d", number), &poll); err != nil {
			return err
		}
	}
	for _, one := range file.Broken {
		of := &file.Runs[one.Run]
		poll.Nodes, poll.Threshold = of.Nodes, of.Threshold
		_, _, err := of.check(&poll, one.Record)
		outcome.expect(one.Name, one.Expect, err)
	}
	for _, one := range file.Committees {
		name := fmt.Sprintf("(%d, %d, %d)", one.Nodes, one.Threshold, one.Faults)
		outcome.note(name, same(shuffle.MayShuffle(one.Nodes, one.Threshold, one.Faults), one.MayShuffle))
		if one.MayShuffle {
			fewest := shuffle.FewestGroups(one.Nodes, one.Threshold)
			outcome.note(name+" fewest groups", same(fewest, len(one.FewestGroups)))
			covered := shuffle.Covers(one.Nodes, one.Threshold, one.FewestGroups)
			outcome.note(name+" cover", same(covered, true))
		}
	}
	for _, one := range file.Covers {
		covered := shuffle.Covers(one.Nodes, one.Threshold, one.Groups)
		outcome.note(fmt.Sprint(one.Groups), same(covered, one.Covers))
	}
	return nil
}

func (one *shuffleRun) check(poll *shuffle.Poll, record []byte) ([]shuffle.State, []shuffle.Claim, error) {
	commitments, err := curve.DecodePoints("commitments", one.Commitments, true)
	if err != nil {
		return nil, nil, err
	}
	run, err := shuffle.DecodeRun(record, one.Threshold, len(commitments)/one.Threshold)
	if err != nil {
		return nil, nil, err
	}
	return shuffle.Check(poll, &run, shuffle.Start(run.Turn, one.Threshold, commitments))
}

func (one *shuffleRun) compare(outcome *Outcome, name string, poll *shuffle.Poll) error {
	states, claims, err := one.check(poll, one.Record)
	outcome.note(name, err)
	if err != nil {
		return nil
	}
	start := states[0].Hash(poll)
	outcome.note(name+" start", same(Data(start[:]), one.Start))
	for index, step := range one.Steps {
		at, claim := fmt.Sprintf("%s step %d", name, index+1), &claims[index]
		hash := states[index+1].Hash(poll)
		outcome.note(at+" state", same(Data(hash[:]), step.State))
		outcome.note(at+" vector", same(claim.Vector, scalarsOf(step.Vector)))
		outcome.note(at+" challenge", same([]curve.Scalar{claim.Challenge}, scalarsOf([]string{step.Challenge})))
		var outputs Data
		for number := range claim.Outputs {
			outputs = append(outputs, curve.EncodePoint(&claim.Outputs[number])...)
		}
		outcome.note(at+" outputs", same(outputs, step.Outputs))
	}
	last := states[len(states)-1]
	after, err := curve.DecodePoints("commitments_after", one.CommitmentsAfter, true)
	if err != nil {
		return err
	}
	shared := shuffle.Start(0, one.Threshold, after)
	outcome.note(name+" sharing", same(shared.SharingHash, last.SharingHash))
	openings, err := shuffle.DecodeOpenings(one.Openings, len(last.Values), one.Slots)
	if err != nil {
		return err
	}
	outcome.note(name+" openings", shuffle.CheckOpenings(last.Values, openings))
	hash := shuffle.BallotsHash(openings)
	outcome.note(name+" ballots hash", same(Data(hash[:]), one.BallotsHash))
	return nil
}
