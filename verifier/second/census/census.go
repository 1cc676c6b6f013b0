// Package census has who may vote: entries, root, sources on chain, classes and invitations.
//
// Source: docs/protocol.md §6. Vectors: census.json, weight_classes.json, redemptions.json.
package census

import (
	"bytes"
	"fmt"
	"math/big"
	"sort"

	"ostraka/second/encoding"
)

// entrySize is the length of an encoded entry, in bytes.
const entrySize = 56

// Entry is one voter.
type Entry struct {
	Account, Key encoding.Address
	Weight       *big.Int
}

// Census is a list of entries whose accounts strictly increase.
type Census struct{ Entries []Entry }

// Decode reads section 8 of a board and checks the bounds of §6.1.
func Decode(data []byte) (*Census, error) {
	reader := encoding.NewReader("census", data)
	count := reader.U32("count")
	if reader.Err() == nil && uint64(reader.Left()) != uint64(count)*entrySize {
		return nil, encoding.Undecodable("census", "%d bytes do not hold %d entries", reader.Left(), count)
	}
	decoded := &Census{}
	for index := uint32(0); index < count && reader.Err() == nil; index++ {
		decoded.Entries = append(decoded.Entries,
			Entry{reader.Address("account"), reader.Address("key"), reader.U128("weight")})
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return decoded, decoded.check()
}

// New makes a census of entries in any order, and checks the bounds of §6.1.
func New(entries []Entry) (*Census, error) {
	sort.Slice(entries, func(one, other int) bool {
		return bytes.Compare(entries[one].Account[:], entries[other].Account[:]) < 0
	})
	made := &Census{entries}
	return made, made.check()
}

func (census *Census) check() error {
	if len(census.Entries) == 0 {
		return encoding.OutOfBounds("census", "no entry")
	}
	for index, entry := range census.Entries {
		item := fmt.Sprintf("census[%d]", index)
		if entry.Account == (encoding.Address{}) || entry.Key == (encoding.Address{}) {
			return encoding.OutOfBounds(item, "account or signing key is zero")
		}
		if index > 0 && bytes.Compare(census.Entries[index-1].Account[:], entry.Account[:]) >= 0 {
			return encoding.OutOfBounds(item, "account does not follow the one before in strict order")
		}
		if entry.Weight.Sign() < 1 || entry.Weight.BitLen() > 128 {
			return encoding.OutOfBounds(item, "weight %s", entry.Weight)
		}
	}
	if census.TotalWeight().BitLen() > 128 {
		return encoding.OutOfBounds("census", "weights of 2^128 or more together")
	}
	return nil
}

// TotalWeight adds up the weights.
func (census *Census) TotalWeight() *big.Int {
	sum := new(big.Int)
	for _, entry := range census.Entries {
		sum.Add(sum, entry.Weight)
	}
	return sum
}

// Find gives the entry of an account, or nil.
func (census *Census) Find(account encoding.Address) *Entry {
	index := sort.Search(len(census.Entries), func(index int) bool {
		return bytes.Compare(census.Entries[index].Account[:], account[:]) >= 0
	})
	if index < len(census.Entries) && census.Entries[index].Account == account {
		return &census.Entries[index]
	}
	return nil
}

// Node is a node of the census tree.
type Node struct {
	Hash encoding.Word
	Sum  *big.Int
}

// Levels gives the nodes of the Merkle sum tree from the leaves upward, padding included (§6.2).
func (census *Census) Levels() [][]Node {
	nodes := make([]Node, len(census.Entries))
	for index, entry := range census.Entries {
		hash := encoding.Tagged("census-leaf", entry.Account[:], entry.Key[:], encoding.U128(entry.Weight))
		nodes[index] = Node{hash, entry.Weight}
	}
	levels := [][]Node{}
	for {
		if len(nodes) > 1 && len(nodes)%2 == 1 {
			nodes = append(nodes, Node{Sum: new(big.Int)})
		}
		levels = append(levels, nodes)
		if len(nodes) == 1 {
			return levels
		}
		above := make([]Node, len(nodes)/2)
		for index := range above {
			above[index] = parent(nodes[2*index], nodes[2*index+1])
		}
		nodes = above
	}
}

func parent(left, right Node) Node {
	hash := encoding.Tagged("census-node",
		left.Hash[:], encoding.U128(left.Sum), right.Hash[:], encoding.U128(right.Sum))
	return Node{hash, new(big.Int).Add(left.Sum, right.Sum)}
}

// Top gives the top node of the tree.
func (census *Census) Top() Node {
	levels := census.Levels()
	return levels[len(levels)-1][0]
}

// Root gives the root of §6.2.
func (census *Census) Root() encoding.Word {
	top := census.Top()
	return RootOf(top.Hash, top.Sum, uint32(len(census.Entries)))
}

// RootOf gives the root that a top node and a count make.
func RootOf(hash encoding.Word, sum *big.Int, count uint32) encoding.Word {
	return encoding.Tagged("census-root", hash[:], encoding.U128(sum), encoding.U32(count))
}
