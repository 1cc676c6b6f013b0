package checks

import (
	"fmt"
	"strings"

	"ostraka/second/board"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/poll"
	"ostraka/second/signature"
	"ostraka/second/tree"
)

// same compares a root on the board with one that the chain shows.
func same(root *tree.Root, shown *evidence.Root) bool {
	return root.Hash == encoding.Word(shown.Hash) && root.Sum == shown.Sum && root.Count == shown.Count
}

// anchored demands that the chain has a root and shows its event.
func (audit *Audit) anchored() error {
	switch {
	case audit.chain.AnchoredAt == 0:
		return notChecked("no root is anchored")
	case audit.chain.Anchored == nil:
		return notChecked("the endpoint shows no event RootAnchored")
	}
	return nil
}

func (audit *Audit) t1() (result, error) {
	if err := audit.anchored(); err != nil {
		return result{}, err
	}
	leaves, err := audit.leaves()
	if err != nil {
		return result{}, err
	}
	weights, err := audit.weights(leaves)
	if err != nil {
		return result{}, err
	}
	if err := audit.need("B2"); err != nil {
		return result{}, err
	}
	root, err := audit.root()
	if err != nil {
		return result{}, err
	}
	listed := make([]tree.Leaf, len(leaves))
	for index, leaf := range leaves {
		listed[index] = tree.Leaf{Voter: leaf.Ballot.Voter, Weight: weights[index], CastAt: leaf.Ballot.CastAt,
			Digest: leaf.Ballot.Digest, Value: leaf.Ballot.Sharing[0]}
	}
	made, other := tree.Build(listed), &root.Root
	for _, one := range []struct {
		member string
		same   bool
	}{
		{"count", made.Count == other.Count},
		{"sum", made.Sum == other.Sum},
		{"hash", made.Hash == other.Hash},
	} {
		if !one.same {
			return result{}, failing("root."+one.member, "not that of the ballots on the board")
		}
	}
	return result{detail: fmt.Sprintf("root %s over %s", encoding.Hex(made.Hash[:]), plural(len(leaves), "ballot"))}, nil
}

func (audit *Audit) t2() (result, error) {
	if err := audit.anchored(); err != nil {
		return result{}, err
	}
	root, err := audit.root()
	if err != nil {
		return result{}, err
	}
	if !same(&root.Root, &audit.chain.Root) || !same(&root.Root, &audit.chain.Anchored.Root) {
		return result{}, failing("board.root", "not the root anchored on chain")
	}
	if root.Round != audit.chain.Anchored.Round {
		return result{}, failing("board.root", "anchored in another round")
	}
	return result{detail: fmt.Sprintf("anchored in round %d", root.Round)}, nil
}

func (audit *Audit) t3() (result, error) {
	if err := audit.anchored(); err != nil {
		return result{}, err
	}
	root, err := audit.root()
	if err != nil {
		return result{}, err
	}
	committee, err := audit.committee()
	if err != nil {
		return result{}, err
	}
	digest := board.RootDigest(audit.domain(), audit.context(), root.Round, &root.Root)
	return quorum(committee, "board.root", digest, root.Attestations)
}

// quorum demands that enough nodes signed a digest. Signatures that do not count are named.
func quorum(committee *poll.Committee, item string, digest encoding.Word, attestations []board.Attestation) (result, error) {
	var good, bad []string
	for _, one := range attestations {
		if reason := attests(committee, digest, one); reason == "" {
			good = append(good, number(one.Node))
		} else {
			bad = append(bad, fmt.Sprintf("node %d: %s", one.Node, reason))
		}
	}
	uncounted := ""
	if len(bad) > 0 {
		uncounted = "; not counted: " + strings.Join(bad, "; ")
	}
	if len(good) < committee.Quorum {
		return result{}, failing(item, "%d good signatures, %d needed%s", len(good), committee.Quorum, uncounted)
	}
	return result{detail: "nodes " + strings.Join(good, ", ") + uncounted}, nil
}

// attests gives the reason why a signature does not count, or "".
func attests(committee *poll.Committee, digest encoding.Word, one board.Attestation) string {
	account, known := committee.Node(one.Node)
	if !known {
		return "not in the committee"
	}
	signer, err := signature.Recover(digest, one.Signature)
	if err != nil {
		return err.Error()
	}
	if signer != account {
		return fmt.Sprintf("signed by %s, not by %s", encoding.Hex(signer[:]), encoding.Hex(account[:]))
	}
	return ""
}

func (audit *Audit) t4() (result, error) {
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if err := audit.anchored(); err != nil {
		return result{}, err
	}
	chain := audit.chain
	begin, rounds := parameters.FreezesAt(), parameters.Int("max_rounds")
	if chain.AnchoredAt < begin {
		return result{}, failing("root", "anchored at %d, before %d", chain.AnchoredAt, begin)
	}
	clock := begin
	if chain.RejectedRounds > 0 {
		clock = chain.RejectedAt
	}
	// The clock runs for the rounds that are left; see the deadline in §10.3.
	deadline := clock
	if chain.RejectedRounds < rounds {
		deadline += (rounds - chain.RejectedRounds) * parameters.Int("round_duration")
	}
	if chain.AnchoredAt < clock || chain.AnchoredAt >= deadline {
		return result{}, failing("root", "anchored at %d, not from %d to %d", chain.AnchoredAt, clock, deadline)
	}
	round := uint64(chain.Anchored.Round)
	if round < chain.RejectedRounds || round >= rounds {
		return result{}, failing("root.round", "round %d, not from %d to %d", round, chain.RejectedRounds, int64(rounds)-1)
	}
	if minimum := parameters.Int("minimum_ballots"); chain.Tally != nil && uint64(chain.Anchored.Root.Count) < minimum {
		return result{}, failing("root.count", "%d ballots were tallied; at least %d required", chain.Anchored.Root.Count, minimum)
	}
	return result{detail: fmt.Sprintf("anchored at %d, in round %d", chain.AnchoredAt, round)}, nil
}
