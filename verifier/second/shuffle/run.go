package shuffle

import (
	"fmt"

	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// proofSize is the length of a step's proof for each ballot.
const proofSize = 320

// Poll is what runs are checked against.
type Poll struct {
	Context, RootDigest encoding.Word
	Nodes, Threshold    int
}

// Run is a decoded run record (§19.8).
type Run struct {
	Turn  uint32
	Steps []Step
}

// Step is one step of a run. Its proof is decoded only when the state before it is known.
type Step struct {
	Group       []int
	Proof       []byte
	SharingHash encoding.Word
}

// State is a state of the ballots, as far as its hash needs it (§19.4).
type State struct {
	Turn        uint32
	Step        int
	Group       []int
	Before      encoding.Word
	Values      []curve.Point
	SharingHash encoding.Word
}

// Start gives the first state, of the V, A_1, …, A_{t−1} of each leaf.
func Start(turn uint32, threshold int, commitments []curve.Point) State {
	var values, sharing []curve.Point
	for index := 0; index < len(commitments); index += threshold {
		values = append(values, commitments[index])
		sharing = append(sharing, commitments[index+1:index+threshold]...)
	}
	return State{Turn: turn, Values: values, SharingHash: SharingHash(sharing)}
}

// SharingHash gives the hash of the A of all positions in order.
func SharingHash(sharing []curve.Point) encoding.Word {
	return encoding.Tagged("shuffle-sharing", encoded(sharing))
}

// Hash gives stateHash.
func (state *State) Hash(poll *Poll) encoding.Word {
	values := encoding.Tagged("shuffle-values", encoded(state.Values))
	return encoding.Tagged("shuffle-state", poll.Context[:], poll.RootDigest[:],
		encoding.U32(state.Turn), encoding.U8(state.Step), encoding.U8(len(state.Group)),
		bytesOf(state.Group), state.Before[:], encoding.U32(uint32(len(state.Values))),
		values[:], state.SharingHash[:])
}

// DecodeRun reads a run record over so many ballots.
func DecodeRun(data []byte, threshold, ballots int) (Run, error) {
	reader := encoding.NewReader("run", data)
	run := ReadRun(reader, threshold, ballots)
	return run, reader.End()
}

// ReadRun reads a run record that more may follow.
func ReadRun(reader *encoding.Reader, threshold, ballots int) Run {
	run := Run{Turn: reader.U32("turn")}
	steps := reader.U8("steps")
	for number := 0; number < steps && reader.Err() == nil; number++ {
		step := Step{}
		for _, node := range reader.Bytes("group", threshold) {
			step.Group = append(step.Group, int(node))
		}
		step.Proof = reader.Bytes("proof", proofSize*ballots)
		step.SharingHash = reader.Word("sharingHash")
		run.Steps = append(run.Steps, step)
	}
	return run
}

// Check checks groups and proofs of a run (A1 to A3), and gives its states and claims.
func Check(poll *Poll, run *Run, start State) ([]State, []Claim, error) {
	if err := CheckGroups(poll.Nodes, poll.Threshold, run); err != nil {
		return nil, nil, err
	}
	states, claims, err := Follow(poll, run, start)
	if err == nil {
		err = CheckProofs(claims)
	}
	return states, claims, err
}

// CheckGroups checks that every group is one of the committee, and that they cover (A2).
func CheckGroups(nodes, threshold int, run *Run) error {
	var groups [][]int
	for number, step := range run.Steps {
		if !IsGroup(nodes, threshold, step.Group) {
			return encoding.OutOfBounds(fmt.Sprintf("steps[%d].group", number), "not %d nodes in order", threshold)
		}
		groups = append(groups, step.Group)
	}
	if !Covers(nodes, threshold, groups) {
		return encoding.OutOfBounds("groups", "they do not cover")
	}
	return nil
}

// Follow decodes the proofs of a run, and gives its states and claims (A1).
func Follow(poll *Poll, run *Run, start State) ([]State, []Claim, error) {
	states, claims := []State{start}, []Claim(nil)
	for number, step := range run.Steps {
		before := &states[number]
		claim, err := newClaim(poll, before, &step)
		if err != nil {
			return nil, nil, encoding.Within(fmt.Sprintf("steps[%d]", number), err)
		}
		claims = append(claims, claim)
		states = append(states, State{run.Turn, number + 1, step.Group, before.Hash(poll), claim.Outputs, step.SharingHash})
	}
	return states, claims, nil
}

// CheckProofs checks the claims of a run, and names the first that does not hold (A3).
func CheckProofs(claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	generators := generatorsOf(len(claims[0].Inputs))
	if hold(generators, claims) {
		return nil
	}
	for number := range claims {
		if !hold(generators, claims[number:number+1]) {
			return encoding.OutOfBounds(fmt.Sprintf("steps[%d]", number), "the proof of shuffle does not hold")
		}
	}
	panic("a sum of equations fails, and none of its parts")
}

func encoded(points []curve.Point) []byte {
	data := make([]byte, 0, curve.PointSize*len(points))
	for index := range points {
		data = append(data, curve.EncodePoint(&points[index])...)
	}
	return data
}

func bytesOf(group []int) []byte {
	data := make([]byte, len(group))
	for index, node := range group {
		data[index] = byte(node)
	}
	return data
}
