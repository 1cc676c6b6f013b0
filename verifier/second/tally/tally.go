// Package tally has aggregate shares, and the tally that they give.
//
// Source: docs/protocol.md §12.2 to §12.4. Vectors: board.json.
package tally

import (
	"math/big"
	"sync"

	"ostraka/second/ballot"
	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// Share is S_i: a scalar for each slot, and the blinding.
type Share struct {
	Values   []curve.Scalar
	Blinding curve.Scalar
}

// ReadShare reads the scalars of k slots and the blinding.
func ReadShare(reader *encoding.Reader, slots int) Share {
	scalars := make([]curve.Scalar, slots+1)
	for index := range scalars {
		scalar, err := curve.DecodeScalar("share", reader.Bytes("share", 32))
		if err != nil {
			reader.Fail(err)
		}
		scalars[index] = scalar
	}
	return Share{scalars[:slots], scalars[slots]}
}

// Hash gives shareHash of §12.2.
func (share *Share) Hash() encoding.Word {
	var data []byte
	for index := range share.Values {
		data = append(data, curve.EncodeScalar(&share.Values[index])...)
	}
	return encoding.Tagged("aggregate-share", data, curve.EncodeScalar(&share.Blinding))
}

// Sharing gives Σ_b w_b V_b and Σ_b w_b A_{d,b} for d = 1 … t − 1.
func Sharing(ballots []*ballot.Ballot, weights []*big.Int, threshold int) []curve.Point {
	scalars := make([]curve.Scalar, len(ballots))
	for index, weight := range weights {
		scalars[index].SetBigInt(weight)
	}
	sums := make([]curve.Point, threshold)
	var group sync.WaitGroup
	for degree := range sums {
		group.Go(func() {
			points := make([]curve.Point, len(ballots))
			for index := range ballots {
				points[index] = ballots[index].Sharing[degree]
			}
			sums[degree] = curve.Sum(points, scalars)
		})
	}
	group.Wait()
	return sums
}

// Good says whether a node's share opens the sum of its shares (§12.3).
func (share *Share) Good(node int, sharing []curve.Point) bool {
	powers := make([]curve.Scalar, len(sharing))
	var at curve.Scalar
	at.SetUint64(uint64(node))
	powers[0].SetOne()
	for degree := 1; degree < len(powers); degree++ {
		powers[degree].Mul(&powers[degree-1], &at)
	}
	wanted := curve.Sum(sharing, powers)
	given := curve.Commit(share.Values, share.Blinding)
	return given.Equal(&wanted)
}

// Tally is what a poll counted: a value for each slot, and the blinding that opens the sum.
type Tally struct {
	Values   []*big.Int
	Blinding *big.Int
}

// Digest gives keccak256(abi.encode(T)) of §12.4.
func (tally *Tally) Digest() encoding.Word {
	data := append(encoding.WordOfInt(32), encoding.WordOfInt(uint64(len(tally.Values)))...)
	for _, value := range tally.Values {
		data = append(data, encoding.WordOf(value)...)
	}
	return encoding.Keccak(data)
}

// Equal compares values and blinding.
func (tally *Tally) Equal(other *Tally) bool {
	if len(tally.Values) != len(other.Values) || tally.Blinding.Cmp(other.Blinding) != 0 {
		return false
	}
	for index := range tally.Values {
		if tally.Values[index].Cmp(other.Values[index]) != 0 {
			return false
		}
	}
	return true
}

// Combine interpolates shares of different nodes at 0 (§12.3).
func Combine(nodes []int, shares []Share) Tally {
	sums := make([]curve.Scalar, len(shares[0].Values)+1)
	for index := range nodes {
		factor := lagrange(nodes, index)
		var product curve.Scalar
		for slot := range shares[index].Values {
			product.Mul(&factor, &shares[index].Values[slot])
			sums[slot].Add(&sums[slot], &product)
		}
		product.Mul(&factor, &shares[index].Blinding)
		sums[len(sums)-1].Add(&sums[len(sums)-1], &product)
	}
	values := make([]*big.Int, len(sums))
	for index := range sums {
		values[index] = sums[index].BigInt(new(big.Int))
	}
	return Tally{values[:len(values)-1], values[len(values)-1]}
}

// lagrange gives Π_j n_j / (n_j − n_i), the coefficient of node i at 0.
func lagrange(nodes []int, index int) curve.Scalar {
	var product, one, difference, mine curve.Scalar
	product.SetOne()
	mine.SetUint64(uint64(nodes[index]))
	for other, node := range nodes {
		if other == index {
			continue
		}
		one.SetUint64(uint64(node))
		difference.Sub(&one, &mine).Inverse(&difference)
		product.Mul(&product, &one).Mul(&product, &difference)
	}
	return product
}
