package curve

import (
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"

	"ostraka/second/encoding"
)

// MaxGenerators is the largest number of bits and quadratic rows (§5.3); H comes before them.
const MaxGenerators = 320

// DeriveGenerator derives point(index) of §2.7.
func DeriveGenerator(index uint32) Point {
	var three fp.Element
	three.SetUint64(3)
	for counter := uint32(0); ; counter++ {
		digest := encoding.Tagged("generators", encoding.U32(index), encoding.U32(counter))
		var point Point
		point.X.SetBytes(digest[:])
		var square fp.Element
		square.Square(&point.X).Mul(&square, &point.X).Add(&square, &three)
		if point.Y.Sqrt(&square) == nil {
			continue
		}
		if bytes := point.Y.Bytes(); bytes[31]&1 == 1 {
			point.Y.Neg(&point.Y)
		}
		return point
	}
}

// Generators gives H, G_1, …, G_320, derived once.
var Generators = sync.OnceValue(func() []Point {
	points := make([]Point, MaxGenerators+1)
	var group sync.WaitGroup
	for index := range points {
		group.Go(func() { points[index] = DeriveGenerator(uint32(index)) })
	}
	group.Wait()
	return points
})

// Commit gives com(values; blinding) = Σ values_j G_j + blinding H (§2.9).
func Commit(values []Scalar, blinding Scalar) Point {
	scalars := append([]Scalar{blinding}, values...)
	return Sum(Generators()[:len(scalars)], scalars)
}
