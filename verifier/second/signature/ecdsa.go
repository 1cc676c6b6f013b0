package signature

import (
	"crypto/rand"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"ostraka/second/encoding"
)

// Size is the length of a signature, r ‖ s ‖ v, in bytes.
const Size = 65

// KeySize is the length of an uncompressed public key without its first byte.
const KeySize = 64

// Key is a public key.
type Key = secp256k1.G1Affine

// parts are the two numbers of a signature and the point of its nonce.
type parts struct {
	r, s  fr.Element
	nonce secp256k1.G1Affine
}

// decode checks the bounds of §15 and finds the point R whose abscissa is r, with y of v's parity.
func decode(signature []byte) (parts, error) {
	var decoded parts
	if len(signature) != Size {
		return decoded, encoding.Undecodable("signature", "%d bytes, not 65", len(signature))
	}
	if v := signature[64]; v != 27 && v != 28 {
		return decoded, encoding.Undecodable("signature", "v is %d, not 27 or 28", v)
	}
	if decoded.r.SetBytesCanonical(signature[:32]) != nil || decoded.r.IsZero() {
		return decoded, encoding.Undecodable("signature", "r is not in 1 … N - 1")
	}
	if decoded.s.SetBytesCanonical(signature[32:64]) != nil || decoded.s.IsZero() || decoded.s.LexicographicallyLargest() {
		return decoded, encoding.Undecodable("signature", "s is not in 1 … N/2")
	}
	point := &decoded.nonce
	point.X.SetBytes(signature[:32])
	var square, seven fp.Element
	seven.SetUint64(7)
	square.Square(&point.X).Mul(&square, &point.X).Add(&square, &seven)
	if point.Y.Sqrt(&square) == nil {
		return decoded, encoding.Undecodable("signature", "r is the abscissa of no point")
	}
	if bytes := point.Y.Bytes(); bytes[31]&1 != signature[64]-27 {
		point.Y.Neg(&point.Y)
	}
	return decoded, nil
}

// Recover gives the account that signed a digest.
func Recover(digest encoding.Word, signature []byte) (encoding.Address, error) {
	decoded, err := decode(signature)
	if err != nil {
		return encoding.Address{}, err
	}
	var inverse, first, second, hash fr.Element
	hash.SetBytes(digest[:])
	inverse.Inverse(&decoded.r)
	first.Mul(&decoded.s, &inverse)
	second.Mul(&hash, &inverse).Neg(&second)
	var key Key
	var sum secp256k1.G1Jac
	sum.JointScalarMultiplicationBase(&decoded.nonce, second.BigInt(new(big.Int)), first.BigInt(new(big.Int)))
	key.FromJacobian(&sum)
	if key.IsInfinity() {
		return encoding.Address{}, encoding.Undecodable("signature", "it gives no key")
	}
	return AddressOf(EncodeKey(&key)), nil
}

// DecodeKey decodes a public key, x ‖ y: a point of the curve other than the identity.
func DecodeKey(data []byte) (Key, error) {
	var key Key
	if key.X.SetBytesCanonical(data[:32]) != nil || key.Y.SetBytesCanonical(data[32:KeySize]) != nil {
		return key, encoding.Undecodable("public key", "a coordinate >= p")
	}
	if key.IsInfinity() || !key.IsOnCurve() {
		return key, encoding.Undecodable("public key", "no point of the curve")
	}
	return key, nil
}

// EncodeKey gives 64 bytes.
func EncodeKey(key *Key) []byte {
	x, y := key.X.Bytes(), key.Y.Bytes()
	return append(x[:], y[:]...)
}

// AddressOf gives the account of a public key of 64 bytes.
func AddressOf(key []byte) (address encoding.Address) {
	hash := encoding.Keccak(key)
	copy(address[:], hash[12:])
	return address
}

// Signed is a digest with the public key that is said to have signed it.
type Signed struct {
	digest encoding.Word
	key    Key
	parts  parts
}

// NewSigned decodes key and signature; Verify checks them.
func NewSigned(digest encoding.Word, key, signature []byte) (Signed, error) {
	decoded, err := decode(signature)
	if err != nil {
		return Signed{}, err
	}
	point, err := DecodeKey(key)
	return Signed{digest, point, decoded}, err
}

// Verify gives the index of the first statement that its key did not sign, or −1.
//
// The equations s R = z G + r Q of all statements fold under fresh weights of 128 bits into one
// multi-scalar multiplication; a fold that fails is bisected.
func Verify(statements []Signed) int {
	if len(statements) == 0 || folds(statements) {
		return -1
	}
	if len(statements) == 1 {
		return 0
	}
	half := len(statements) / 2
	if first := Verify(statements[:half]); first >= 0 {
		return first
	}
	if second := Verify(statements[half:]); second >= 0 {
		return half + second
	}
	return -1
}

func folds(statements []Signed) bool {
	_, base := secp256k1.Generators()
	points, scalars := []Key{base}, make([]fr.Element, 1, 2*len(statements)+1)
	for index := range statements {
		one := &statements[index]
		weight := weight()
		var hash, ofNonce, ofKey fr.Element
		hash.SetBytes(one.digest[:])
		ofNonce.Mul(&weight, &one.parts.s)
		ofKey.Mul(&weight, &one.parts.r).Neg(&ofKey)
		hash.Mul(&hash, &weight)
		scalars[0].Sub(&scalars[0], &hash)
		points, scalars = append(points, one.parts.nonce, one.key), append(scalars, ofNonce, ofKey)
	}
	var sum Key
	if _, err := sum.MultiExp(points, scalars, ecc.MultiExpConfig{}); err != nil {
		panic(err) // Only for slices of different lengths.
	}
	return sum.IsInfinity()
}

func weight() fr.Element {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		panic(err) // Without randomness no batch may be accepted.
	}
	var scalar fr.Element
	scalar.SetBigInt(number)
	return scalar
}
