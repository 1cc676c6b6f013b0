package checks

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"

	"ostraka/second/ballot"
	"ostraka/second/board"
	"ostraka/second/encoding"
	"ostraka/second/signature"
)

func (audit *Audit) ballots() ([]*ballot.Ballot, error) {
	leaves, err := audit.leaves()
	ballots := make([]*ballot.Ballot, len(leaves))
	for index, leaf := range leaves {
		ballots[index] = leaf.Ballot
	}
	return ballots, err
}

func (audit *Audit) b1() (result, error) {
	shape, err := audit.shape()
	if err != nil {
		return result{}, err
	}
	leaves, err := audit.leaves()
	return result{detail: fmt.Sprintf("%s of %d bytes", plural(len(leaves), "ballot"), shape.Size())}, err
}

func (audit *Audit) b2() (result, error) {
	ballots, err := audit.ballots()
	if err != nil {
		return result{}, err
	}
	for index := 1; index < len(ballots); index++ {
		if bytes.Compare(ballots[index-1].Voter[:], ballots[index].Voter[:]) >= 0 {
			return result{}, failing(ballots[index].Name(), "its voter does not follow in strict order")
		}
	}
	return result{detail: "one ballot a voter"}, nil
}

func (audit *Audit) b3() (result, error) {
	ballots, err := audit.ballots()
	if err != nil {
		return result{}, err
	}
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	for _, one := range ballots {
		if list.Find(one.Voter) == nil {
			return result{}, failing(one.Name(), "its voter is not in the census")
		}
	}
	return result{detail: plural(len(ballots), "voter")}, nil
}

func (audit *Audit) b4() (result, error) {
	leaves, err := audit.leaves()
	if err != nil {
		return result{}, err
	}
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	if err := audit.need("B3"); err != nil {
		return result{}, err
	}
	domain, context := audit.domain(), audit.context()
	statements, faults := make([]signature.Signed, len(leaves)), make([]error, len(leaves))
	ballot.ForEach(len(leaves), func(index int) {
		leaf := &leaves[index]
		if signature.AddressOf(leaf.PublicKey) != list.Find(leaf.Ballot.Voter).Key {
			faults[index] = failing("", "its public key is not that of the census")
			return
		}
		digest := domain.Digest(signature.BallotType, context[:], encoding.WordOfAddress(leaf.Ballot.Voter),
			encoding.WordOfInt(leaf.Ballot.CastAt), leaf.Ballot.Digest[:], leaf.BoxesHash)
		statements[index], faults[index] = signature.NewSigned(digest, leaf.PublicKey, leaf.Signed)
	})
	sound := len(leaves)
	for index := len(leaves) - 1; index >= 0; index-- {
		if faults[index] != nil {
			sound = index
		}
	}
	bad, reason := signature.Verify(statements[:sound]), "not signed by its public key"
	if bad < 0 && sound < len(leaves) {
		bad, reason = sound, faults[sound].Error()
	}
	if bad >= 0 {
		return result{}, failing(fmt.Sprintf("leaf %d, %s", bad, leaves[bad].Ballot.Name()), "%s", reason)
	}
	return result{detail: plural(len(leaves), "signature")}, nil
}

func (audit *Audit) b5() (result, error) {
	ballots, err := audit.ballots()
	if err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	opens, closes := parameters.Int("opens_at"), parameters.Int("closes_at")
	for _, one := range ballots {
		if one.CastAt < opens || one.CastAt >= closes {
			return result{}, failing(one.Name(), "cast at %d", one.CastAt)
		}
	}
	return result{detail: fmt.Sprintf("from %d to %d", opens, closes)}, nil
}

// mostNamed is the number of ballots that B6 names, at most.
const mostNamed = 20

func (audit *Audit) b6() (result, error) {
	ballots, err := audit.ballots()
	if err != nil {
		return result{}, err
	}
	shape, err := audit.shape()
	if err != nil {
		return result{}, err
	}
	context := audit.context()
	// The one after the last that is named says whether there are others.
	if bad, err := shape.Verify(context[:], ballots, mostNamed+1); err != nil {
		var names []string
		for _, index := range bad[:min(len(bad), mostNamed)] {
			names = append(names, ballots[index].Name())
		}
		named := strings.Join(names, ", ")
		if len(bad) > mostNamed {
			named += " and others"
		}
		return result{}, failing(named, "%v", err)
	}
	return result{detail: plural(len(ballots), "proof")}, nil
}

// weights gives the ballots' weights in the census; each voter must be there.
func (audit *Audit) weights(leaves []board.Leaf) ([]*big.Int, error) {
	list, err := audit.census()
	if err != nil {
		return nil, err
	}
	if err := audit.need("B3"); err != nil {
		return nil, err
	}
	weights := make([]*big.Int, len(leaves))
	for index, leaf := range leaves {
		weights[index] = list.Find(leaf.Ballot.Voter).Weight
	}
	return weights, nil
}
