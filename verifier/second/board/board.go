// Package board reads the one binary format of a poll's bulletin board.
//
// Source: docs/protocol.md §16. Vectors: board.json.
package board

import (
	"fmt"

	"ostraka/second/ballot"
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/poll"
	"ostraka/second/signature"
	"ostraka/second/tally"
	"ostraka/second/tree"
)

const magic = "ostraka/board/v2"

// The sections of a board.
const (
	Poll = iota + 1
	Parameters
	Rule
	OutcomeRule
	Description
	Committee
	PollKeys
	Census
	Leaves
	Root
	Shares
	Redemptions
	Extension
	Opened

	firstNote   = 0x8000
	maxNotes    = 1 << 26
	maxSection  = 1 << 53
	lastNeeded  = Leaves
	headerBytes = 10
)

// Sections holds the contents of a board by tag. Notes has the tags of notes.
type Sections struct {
	Contents map[int][]byte
	Notes    []int
}

// Split cuts a board into its sections.
func Split(data []byte) (*Sections, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, encoding.Undecodable("board", "it does not start with %q", magic)
	}
	reader := encoding.NewReader("board", data[len(magic):])
	sections := &Sections{Contents: map[int][]byte{}}
	before, notes := 0, 0
	for reader.Left() > 0 && reader.Err() == nil {
		tag, length := reader.U16("tag"), reader.U64("length")
		switch {
		case reader.Err() != nil:
		case tag <= before:
			reader.Fail(encoding.Undecodable("board", "section %d out of order", tag))
		case tag > Opened && tag < firstNote:
			reader.Fail(encoding.Undecodable("board", "section %d is unknown", tag))
		case length >= maxSection || length > uint64(reader.Left()):
			reader.Fail(encoding.Undecodable("board", "section %d of %d bytes", tag, length))
		default:
			content := reader.Bytes("section", int(length))
			if tag >= firstNote {
				notes += len(content)
				sections.Notes = append(sections.Notes, tag)
			} else {
				sections.Contents[tag] = content
			}
		}
		before = tag
	}
	for tag := Poll; tag <= lastNeeded; tag++ {
		if _, present := sections.Contents[tag]; !present {
			reader.Fail(encoding.Undecodable("board", "section %d is missing", tag))
		}
	}
	if notes > maxNotes {
		reader.Fail(encoding.Undecodable("board", "notes of %d bytes", notes))
	}
	return sections, reader.Err()
}

// Leaf is a ballot on the board with what its voter signed.
type Leaf struct {
	Ballot                       *ballot.Ballot
	PublicKey, BoxesHash, Signed []byte
}

// leafTail is the length of what follows a ballot: public key, hash of the boxes, signature.
const leafTail = signature.KeySize + 32 + signature.Size

// DecodeLeaves reads section 9.
func DecodeLeaves(data []byte, shape *ballot.Shape) ([]Leaf, error) {
	reader := encoding.NewReader("board.leaves", data)
	count := reader.U32("count")
	size := shape.Size() + leafTail
	if reader.Err() != nil {
		return nil, reader.Err()
	}
	if uint64(reader.Left()) != uint64(count)*uint64(size) {
		return nil, encoding.Undecodable("board.leaves", "%d bytes do not hold %d ballots", reader.Left(), count)
	}
	leaves, faults := make([]Leaf, count), make([]error, count)
	body := data[4:]
	ballot.ForEach(int(count), func(index int) {
		record := body[index*size : (index+1)*size]
		tail := record[shape.Size():]
		decoded, err := shape.Decode(fmt.Sprintf("ballots[%d]", index), record[:shape.Size()])
		leaves[index] = Leaf{decoded, tail[:64], tail[64:96], tail[96:]}
		faults[index] = err
	})
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// Attestation is a node's signature of a root. Nodes count from 1.
type Attestation struct {
	Node      int
	Signature []byte
}

// AnchoredRoot is a root with its settling round and signatures.
type AnchoredRoot struct {
	Round        uint32
	Root         tree.Root
	Attestations []Attestation
}

// DecodeRoot reads section 10.
func DecodeRoot(data []byte) (*AnchoredRoot, error) {
	reader := encoding.NewReader("board.root", data)
	decoded := &AnchoredRoot{Round: reader.U32("round")}
	decoded.Root.Hash = reader.Word("hash")
	copy(decoded.Root.Sum[:], reader.Bytes("sum", curve.PointSize))
	decoded.Root.Count = reader.U32("count")
	count, before := reader.U8("attestations"), 0
	for index := 0; index < count && reader.Err() == nil; index++ {
		node := reader.U8("node")
		checkOrder(reader, "board.root", node, before)
		before = node
		decoded.Attestations = append(decoded.Attestations, Attestation{node, reader.Bytes("signature", signature.Size)})
	}
	return decoded, reader.End()
}

func checkOrder(reader *encoding.Reader, item string, node, before int) {
	if reader.Err() == nil && node <= before {
		reader.Fail(encoding.Undecodable(item, "node %d follows node %d", node, before))
	}
}

// SignedShare is a node's aggregate share with its signature.
type SignedShare struct {
	Node      int
	Share     tally.Share
	Signature []byte
}

// DecodeShares reads section 11 of a poll with some slots.
func DecodeShares(data []byte, slots int) ([]SignedShare, error) {
	reader := encoding.NewReader("board.shares", data)
	count, before := reader.U8("count"), 0
	if reader.Err() == nil && count == 0 {
		return nil, encoding.Undecodable("board.shares", "none")
	}
	var shares []SignedShare
	for index := 0; index < count && reader.Err() == nil; index++ {
		node := reader.U8("node")
		checkOrder(reader, "board.shares", node, before)
		before = node
		share := tally.ReadShare(reader, slots)
		shares = append(shares, SignedShare{node, share, reader.Bytes("signature", signature.Size)})
	}
	return shares, reader.End()
}

// RootDigest gives the digest that nodes sign for a root in a round.
func RootDigest(domain signature.Domain, pollContext encoding.Word, round uint32, root *tree.Root) encoding.Word {
	return domain.Digest(signature.RootType, pollContext[:], encoding.WordOfInt(uint64(round)),
		root.Hash[:], root.Sum[:32], root.Sum[32:], encoding.WordOfInt(uint64(root.Count)))
}

// KeysDigest gives the digest that nodes sign for a list of poll keys.
func KeysDigest(domain signature.Domain, pollContext encoding.Word, nodeKeys []encoding.Word) encoding.Word {
	hash := poll.KeysHash(nodeKeys)
	return domain.Digest(signature.PollKeysType, pollContext[:], hash[:])
}
