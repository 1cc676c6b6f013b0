// Package tree has the Merkle sum tree over the ballots of a poll.
//
// Source: docs/protocol.md §10.4. Vectors: merkle_sum.json.
package tree

import (
	"math/big"

	bn254 "github.com/consensys/gnark-crypto/ecc/bn254"

	"ostraka/second/ballot"
	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// Leaf is a counted ballot with its voter's weight in the census.
type Leaf struct {
	Voter  encoding.Address
	Weight *big.Int
	CastAt uint64
	Digest encoding.Word
	Value  curve.Point
}

// Root is the root of a sum tree. The sum is encoded: what is not that of any ballots need be no
// point.
type Root struct {
	Hash  encoding.Word
	Sum   [curve.PointSize]byte
	Count uint32
}

// Digest gives rootDigest.
func (root *Root) Digest() encoding.Word {
	return encoding.Tagged("root", root.Hash[:], root.Sum[:], encoding.U32(root.Count))
}

var single = big.NewInt(1)

// Build gives the root over leaves whose voters strictly increase.
func Build(leaves []Leaf) Root {
	if len(leaves) == 0 {
		return Root{}
	}
	sums := make([]bn254.G1Jac, len(leaves))
	ballot.ForEach(len(leaves), func(index int) {
		sums[index].FromAffine(&leaves[index].Value)
		if leaves[index].Weight.Cmp(single) != 0 {
			sums[index].ScalarMultiplication(&sums[index], leaves[index].Weight)
		}
	})
	points := bn254.BatchJacobianToAffineG1(sums)
	hashes := make([]encoding.Word, len(leaves))
	ballot.ForEach(len(leaves), func(index int) {
		leaf := &leaves[index]
		hashes[index] = encoding.Tagged("leaf", leaf.Voter[:], encoding.U128(leaf.Weight),
			encoding.U64(leaf.CastAt), leaf.Digest[:], curve.EncodePoint(&points[index]))
	})
	for len(hashes) > 1 {
		if len(hashes)%2 == 1 {
			hashes, points = append(hashes, encoding.Word{}), append(points, curve.Point{})
		}
		hashes, points = above(hashes, points)
	}
	return Root{hashes[0], [curve.PointSize]byte(curve.EncodePoint(&points[0])), uint32(len(leaves))}
}

func above(hashes []encoding.Word, points []curve.Point) ([]encoding.Word, []curve.Point) {
	sums, parents := make([]bn254.G1Jac, len(hashes)/2), make([]encoding.Word, len(hashes)/2)
	ballot.ForEach(len(sums), func(index int) {
		left, right := 2*index, 2*index+1
		parents[index] = encoding.Tagged("node", hashes[left][:], curve.EncodePoint(&points[left]),
			hashes[right][:], curve.EncodePoint(&points[right]))
		sums[index].FromAffine(&points[left])
		sums[index].AddMixed(&points[right])
	})
	return parents, bn254.BatchJacobianToAffineG1(sums)
}
