package vectors

import (
	"fmt"

	"ostraka/second/encoding"
	"ostraka/second/receiptlog"
	"ostraka/second/signature"
)

// signed is a digest, a signature, and the key that is said to have made it.
type signed struct {
	Name, Expect      string
	Digest, Signature Data
	PublicKey         Data `json:"public_key"`
}

// recovered judges a signature by the key that recovery gives.
func (one *signed) recovered() error {
	account, err := signature.Recover(encoding.Word(one.Digest), one.Signature)
	if err != nil {
		return err
	}
	if account != signature.AddressOf(one.PublicKey) {
		return encoding.OutOfBounds("signature", "of another key")
	}
	return nil
}

// alone judges a signature by the equation of check B4.
func (one *signed) alone() error {
	statement, err := signature.NewSigned(encoding.Word(one.Digest), one.PublicKey, one.Signature)
	if err != nil {
		return err
	}
	if signature.Verify([]signature.Signed{statement}) >= 0 {
		return encoding.OutOfBounds("signature", "the equation does not hold")
	}
	return nil
}

func signatures(outcome *Outcome, data []byte) error {
	var file struct {
		Cases   []signed
		Batches []struct {
			Name       string
			Signatures []signed
			Failing    []int
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		outcome.expect(one.Name, one.Expect, one.recovered())
		if (one.alone() == nil) != (one.Expect == "") {
			outcome.note(one.Name+": equation", fmt.Errorf("differs from recovery: %w", one.alone()))
		} else {
			outcome.note(one.Name+": equation", nil)
		}
	}
	for _, batch := range file.Batches {
		var failing []int
		var statements []signature.Signed
		var places []int
		for index := range batch.Signatures {
			one := &batch.Signatures[index]
			if one.alone() != nil {
				failing = append(failing, index)
			}
			statement, err := signature.NewSigned(encoding.Word(one.Digest), one.PublicKey, one.Signature)
			if err == nil {
				statements, places = append(statements, statement), append(places, index)
			}
		}
		outcome.note(batch.Name+": each", same(failing, batch.Failing))
		outcome.note(batch.Name+": together", same(firstBad(statements, places), firstOf(batch.Failing, places)))
	}
	return nil
}

// firstBad gives the place of the first signature that a batch refuses, or −1.
func firstBad(statements []signature.Signed, places []int) int {
	if bad := signature.Verify(statements); bad >= 0 {
		return places[bad]
	}
	return -1
}

// firstOf gives the first failing place among those that could be decoded, or −1.
func firstOf(failing, places []int) int {
	for _, bad := range failing {
		for _, place := range places {
			if bad == place {
				return bad
			}
		}
	}
	return -1
}

func receiptLogs(outcome *Outcome, data []byte) error {
	var file struct {
		PollContext    Data   `json:"poll_context"`
		OpensAt        uint64 `json:"opens_at"`
		FreezesAt      uint64 `json:"freezes_at"`
		Digests, Roots []Data
		Inclusion      []struct {
			Index, Count int
			Proof        []Data
		}
		Consistency []struct {
			From, To int
			Proof    []Data
		}
		Pairs []struct {
			Name                 string
			First, Second        Data
			FirstHash            Data `json:"first_hash"`
			Contradicts, Follows bool
		}
		Firsts []struct {
			Name       string
			Checkpoint Data
			Begins     bool
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	digests := make([]encoding.Word, len(file.Digests))
	for index, digest := range file.Digests {
		digests[index] = encoding.Word(digest)
	}
	for count, wanted := range file.Roots {
		root := receiptlog.Root(digests[:count])
		outcome.note(fmt.Sprintf("root of %d", count), same(Data(root[:]), wanted))
	}
	for _, one := range file.Inclusion {
		proof := receiptlog.Inclusion(digests[:one.Count], one.Index)
		outcome.note(fmt.Sprintf("inclusion of %d in %d", one.Index, one.Count), same(hashes(proof), one.Proof))
	}
	for _, one := range file.Consistency {
		proof := receiptlog.Consistency(digests[:one.To], one.From)
		outcome.note(fmt.Sprintf("consistency of %d and %d", one.From, one.To), same(hashes(proof), one.Proof))
	}
	for _, one := range file.Pairs {
		first, err := receiptlog.DecodeCheckpoint(one.First)
		if err != nil {
			return err
		}
		second, err := receiptlog.DecodeCheckpoint(one.Second)
		if err != nil {
			return err
		}
		hash := first.Hash(file.PollContext)
		outcome.note(one.Name, same(
			[]any{Data(hash[:]), first.Contradicts(second, file.PollContext), second.Follows(first, file.PollContext, file.FreezesAt)},
			[]any{one.FirstHash, one.Contradicts, one.Follows}))
	}
	for _, one := range file.Firsts {
		first, err := receiptlog.DecodeCheckpoint(one.Checkpoint)
		if err != nil {
			return err
		}
		outcome.note(one.Name, same(first.First(file.OpensAt, file.FreezesAt), one.Begins))
	}
	return nil
}

func hashes(words []encoding.Word) []Data {
	list := []Data{}
	for _, word := range words {
		list = append(list, word[:])
	}
	return list
}
