// Package curve has the points and scalars of BN254, and the generators of commitments.
//
// Source: docs/protocol.md §2.1, §2.3, §2.4, §2.7, §2.9. Vectors: curve.json, generators.json.
package curve

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	bn254 "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"ostraka/second/encoding"
)

// PointSize is the length of an encoded point, in bytes.
const PointSize = 64

// Point is a point of the group. Its zero value is the identity.
type Point = bn254.G1Affine

// Scalar is an integer modulo r.
type Scalar = fr.Element

// DecodePoint decodes 64 bytes, x and y (§2.3). The identity is refused unless it is allowed.
func DecodePoint(item string, data []byte, identity bool) (Point, error) {
	var point Point
	if err := point.X.SetBytesCanonical(data[:32]); err != nil {
		return point, encoding.Undecodable(item, "x >= p")
	}
	if err := point.Y.SetBytesCanonical(data[32:PointSize]); err != nil {
		return point, encoding.Undecodable(item, "y >= p")
	}
	if point.X.IsZero() && point.Y.IsZero() {
		if !identity {
			return point, encoding.Undecodable(item, "identity not allowed")
		}
		return point, nil
	}
	if !point.IsOnCurve() {
		return point, encoding.Undecodable(item, "off the curve")
	}
	return point, nil
}

// DecodePoints decodes points one after another.
func DecodePoints(item string, data []byte, identity bool) ([]Point, error) {
	if len(data)%PointSize != 0 {
		return nil, encoding.Undecodable(item, "length %d is not a multiple of 64", len(data))
	}
	points := make([]Point, len(data)/PointSize)
	for index := range points {
		var err error
		name := fmt.Sprintf("%s[%d]", item, index)
		if points[index], err = DecodePoint(name, data[PointSize*index:], identity); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// EncodePoint gives 64 bytes; the identity is zeros.
func EncodePoint(point *Point) []byte {
	x, y := point.X.Bytes(), point.Y.Bytes()
	return append(x[:], y[:]...)
}

// DecodeScalar decodes one word below r (§2.4).
func DecodeScalar(item string, data []byte) (Scalar, error) {
	var scalar Scalar
	if err := scalar.SetBytesCanonical(data[:32]); err != nil {
		return scalar, encoding.Undecodable(item, "scalar >= r")
	}
	return scalar, nil
}

// EncodeScalar gives one word.
func EncodeScalar(scalar *Scalar) []byte {
	word := scalar.Bytes()
	return word[:]
}

// Sum gives the multi-scalar multiplication Σ scalars · points, on all cores.
func Sum(points []Point, scalars []Scalar) Point {
	var sum Point
	if len(points) <= few {
		return sumOfFew(points, scalars)
	}
	if _, err := sum.MultiExp(points, scalars, ecc.MultiExpConfig{}); err != nil {
		panic(err) // Only for slices of different lengths.
	}
	return sum
}

// few points are added up one by one: tables for a multi-scalar multiplication would cost more.
const few = 8

func sumOfFew(points []Point, scalars []Scalar) Point {
	var sum, product bn254.G1Jac
	for index := range points {
		product.FromAffine(&points[index])
		product.ScalarMultiplication(&product, scalars[index].BigInt(new(big.Int)))
		sum.AddAssign(&product)
	}
	var affine Point
	return *affine.FromJacobian(&sum)
}

// Weight gives a fresh random scalar of 128 bits for a batch (§8.5).
func Weight() Scalar {
	var bytes [32]byte
	if _, err := rand.Read(bytes[16:]); err != nil {
		panic(err) // Without randomness no batch may be accepted.
	}
	var scalar Scalar
	scalar.SetBytes(bytes[:])
	return scalar
}
