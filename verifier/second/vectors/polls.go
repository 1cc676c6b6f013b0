package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"ostraka/second/ballot"
	"ostraka/second/board"
	"ostraka/second/census"
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/poll"
	"ostraka/second/rule"
	"ostraka/second/signature"
	"ostraka/second/tally"
	"ostraka/second/tree"
)

type ballotCase struct {
	Name, Expect string
	Rule         Data
	Questions    json.RawMessage
	Threshold    int
	PollContext  Data `json:"poll_context"`
	Ballot       Data
	Digest       Data
}

func (one *ballotCase) check(made *rule.Rule) error {
	shape := ballot.NewShape(made, one.Threshold)
	decoded, err := shape.Decode("ballot", one.Ballot)
	if err != nil {
		return err
	}
	if _, err := shape.Verify(one.PollContext, []*ballot.Ballot{decoded}, 1); err != nil {
		return err
	}
	return same(Data(decoded.Digest[:]), one.Digest)
}

func ballots(outcome *Outcome, data []byte) error {
	var file struct{ Cases []ballotCase }
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		made, err := rule.Decode(one.Rule)
		if err != nil {
			return err
		}
		outcome.expect(one.Name, one.Expect, one.check(made))
	}
	return nil
}

func questionBallots(outcome *Outcome, data []byte) error {
	var file struct{ Cases []ballotCase }
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		_, made, err := asked(one.Questions)
		if err != nil {
			return err
		}
		outcome.expect(one.Name, one.Expect, one.check(made))
	}
	return nil
}

func boards(outcome *Outcome, data []byte) error {
	var file struct {
		Board struct {
			Poll, Parameters, Committee Data
			CommitteeDigest             Data `json:"committee_digest"`
		}
		PollContext Data `json:"poll_context"`
		Containers  []struct {
			Name, Expect string
			Board        Data
		}
		Counted []struct {
			Name, Expect          string
			Parameters, Committee Data
		}
		Tally           []string
		Blinding        string
		Sum             Data
		AggregateShares []struct {
			Node  int
			Share Data
		} `json:"aggregate_shares"`
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Containers {
		_, err := board.Split(one.Board)
		outcome.expect(one.Name, one.Expect, err)
	}
	for _, one := range file.Counted {
		outcome.expect(one.Name, one.Expect, counted(one.Parameters, one.Committee))
	}
	committee, err := poll.DecodeCommittee(file.Board.Committee)
	if err != nil {
		return err
	}
	digest := committee.Digest()
	outcome.note("committee", same(Data(digest[:]), file.Board.CommitteeDigest))
	identity, err := poll.DecodeIdentity(file.Board.Poll)
	if err == nil {
		err = same(identity.ID, 1)
	}
	outcome.note("poll", err)
	parameters, err := poll.DecodeParameters(file.Board.Parameters)
	if err == nil {
		err = errors.Join(parameters.CheckKind(), parameters.CheckBounds())
	}
	outcome.note("parameters", err)
	var nodes []int
	var shares []tally.Share
	for _, one := range file.AggregateShares {
		reader := encoding.NewReader("share", one.Share)
		nodes, shares = append(nodes, one.Node), append(shares, tally.ReadShare(reader, len(file.Tally)))
		if err := reader.End(); err != nil {
			return err
		}
	}
	combined := tally.Combine(nodes[:committee.Threshold], shares[:committee.Threshold])
	outcome.note("tally", same([]any{combined.Values, combined.Blinding}, []any{file.Tally, file.Blinding}))
	opened := curve.Commit(scalarsOf(file.Tally), scalarsOf([]string{file.Blinding})[0])
	outcome.note("sum", same(Data(curve.EncodePoint(&opened)), file.Sum))
	return nil
}

// counted checks how a poll counts, and whether its committee can count so.
func counted(encoded, nodes Data) error {
	parameters, err := poll.DecodeParameters(encoded)
	if err != nil {
		return err
	}
	committee, err := poll.DecodeCommittee(nodes)
	if err != nil {
		return err
	}
	if err := parameters.CheckKind(); err != nil {
		return err
	}
	if err := parameters.CheckBounds(); err != nil {
		return err
	}
	return parameters.CheckCommittee(committee)
}

func censuses(outcome *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Census, Hash, Root Data
			Sum                string
			Proofs             []struct {
				Index    int
				Siblings Data
			}
		}
		Refused []struct {
			Name, Expect string
			Census       Data
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for index, one := range file.Cases {
		decoded, err := census.Decode(one.Census)
		if err != nil {
			return err
		}
		root, levels := decoded.Root(), decoded.Levels()
		top := decoded.Top()
		outcome.note(fmt.Sprint(index), same([]any{Data(root[:]), Data(top.Hash[:]), top.Sum},
			[]any{one.Root, one.Hash, one.Sum}))
		for _, proof := range one.Proofs {
			var siblings Data
			for height := range levels[:len(levels)-1] {
				sibling := levels[height][proof.Index>>height^1]
				siblings = append(append(siblings, sibling.Hash[:]...), encoding.U128(sibling.Sum)...)
			}
			outcome.note(fmt.Sprintf("%d, proof of %d", index, proof.Index), same(siblings, proof.Siblings))
		}
	}
	for _, one := range file.Refused {
		_, err := census.Decode(one.Census)
		outcome.expect(one.Name, one.Expect, err)
	}
	return nil
}

func merkleSums(outcome *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Leaves []struct {
				Voter, Digest, Value Data
				Weight               string
				CastAt               uint64 `json:"cast_at"`
			}
			Hash, Sum  Data
			RootDigest Data `json:"root_digest"`
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		var leaves []tree.Leaf
		for _, leaf := range one.Leaves {
			value, err := curve.DecodePoint("value", leaf.Value, false)
			if err != nil {
				return err
			}
			leaves = append(leaves, tree.Leaf{Voter: encoding.Address(leaf.Voter), Weight: bigs([]string{leaf.Weight})[0],
				CastAt: leaf.CastAt, Digest: encoding.Word(leaf.Digest), Value: value})
		}
		root := tree.Build(leaves)
		digest := root.Digest()
		outcome.note(fmt.Sprint(len(leaves)), same(
			[]any{Data(root.Hash[:]), Data(root.Sum[:]), Data(digest[:])},
			[]any{one.Hash, one.Sum, one.RootDigest}))
	}
	return nil
}

func pollKeys(outcome *Outcome, data []byte) error {
	var file struct {
		Keys []struct {
			PublicKey Data `json:"public_key"`
			NodeKey   Data `json:"node_key"`
			Cleared   Data
		}
		PollKeys Data `json:"poll_keys"`
		Refused  []struct {
			Name, Expect string
			PublicKey    Data `json:"public_key"`
		}
		RefusedLists []struct {
			Name, Expect string
			PublicKeys   []Data `json:"public_keys"`
		} `json:"refused_lists"`
	}
	if err := read(data, &file); err != nil {
		return err
	}
	var words []encoding.Word
	var keys [][]byte
	for index, one := range file.Keys {
		word := poll.NodeKey(one.PublicKey)
		words, keys = append(words, word), append(keys, one.PublicKey)
		cleared, err := poll.Clear(one.PublicKey)
		if err == nil {
			err = same([]any{Data(word[:]), Data(cleared)}, []any{one.NodeKey, one.Cleared})
		}
		outcome.note(fmt.Sprint(index), err)
	}
	hash := poll.KeysHash(words)
	outcome.note("poll keys", errors.Join(poll.CheckKeys(keys), same(Data(hash[:]), file.PollKeys)))
	for _, one := range file.Refused {
		outcome.expect(one.Name, one.Expect, poll.CheckKeys([][]byte{one.PublicKey}))
	}
	for _, one := range file.RefusedLists {
		var list [][]byte
		for _, key := range one.PublicKeys {
			list = append(list, key)
		}
		outcome.expect(one.Name, one.Expect, poll.CheckKeys(list))
	}
	return nil
}

func weightClasses(outcome *Outcome, data []byte) error {
	type class struct {
		Value, Lowest, Highest string
		Voters                 int
	}
	type entry struct {
		Name, Expect string
		Weights      []string
		Rule         any
		Classes      []class
	}
	type source struct {
		Name, Expect string
		Source       json.RawMessage
	}
	var file struct {
		Cases, Refused []entry
		Sources        []source
		RefusedSources []source `json:"refused_sources"`
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range append(file.Cases, file.Refused...) {
		if number, isNumber := one.Rule.(float64); isNumber {
			one.Rule = int(number)
		}
		made, err := census.Classes(bigs(one.Weights), one.Rule)
		if err == nil {
			var got []class
			for _, group := range made {
				got = append(got, class{group.Value.String(), group.Lowest.String(), group.Highest.String(), group.Voters})
			}
			err = same(got, one.Classes)
		}
		outcome.expect(one.Name, one.Expect, err)
	}
	for _, one := range append(file.Sources, file.RefusedSources...) {
		value, err := encoding.ParseJSON("source", one.Source)
		if err == nil {
			_, err = census.ReadSource(value)
		}
		outcome.expect(one.Name, one.Expect, err)
	}
	return nil
}

func redemptions(outcome *Outcome, data []byte) error {
	var file struct {
		ChainID         int64 `json:"chain_id"`
		Contract        Data
		Round           int64
		Nonce, Root     Data
		RoundElectorate Data `json:"round_electorate"`
		PollElectorate  Data `json:"poll_electorate"`
		Cases           []struct {
			Name, Expect        string
			Census, Redemptions Data
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	domain := signature.Domain{ChainID: big.NewInt(file.ChainID), Contract: encoding.Address(file.Contract)}
	ofRound := census.RoundElectorate(domain, big.NewInt(file.Round), encoding.Word(file.Root))
	ofPoll := census.PollElectorate(domain, encoding.Word(file.Nonce), encoding.Word(file.Root))
	outcome.note("round", same(Data(ofRound[:]), file.RoundElectorate))
	outcome.note("poll", same(Data(ofPoll[:]), file.PollElectorate))
	for _, one := range file.Cases {
		list, err := census.Decode(one.Census)
		if err != nil {
			return err
		}
		decoded, err := census.DecodeRedemptions(one.Redemptions, len(list.Entries))
		if err == nil {
			if root := decoded.Invited.Root(); !bytes.Equal(root[:], file.Root) {
				err = encoding.OutOfBounds("redemptions", "other invitations")
			} else {
				err = decoded.Check(list, domain, ofRound)
			}
		}
		outcome.expect(one.Name, one.Expect, err)
	}
	return nil
}
