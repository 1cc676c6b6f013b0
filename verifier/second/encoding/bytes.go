package encoding

import (
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"
)

// Word is 32 bytes: an unsigned integer, a hash, or a left-padded address.
type Word = [32]byte

// Address is the account of a voter, node or contract.
type Address = [20]byte

// Keccak gives keccak-256 of the parts, one after another (§2.6).
func Keccak(parts ...[]byte) Word {
	hash := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		hash.Write(part)
	}
	var digest Word
	hash.Sum(digest[:0])
	return digest
}

// Tagged gives keccak of the tag "ostraka/v2/<name>" and the parts (§2.6).
func Tagged(name string, parts ...[]byte) Word {
	hash := sha3.NewLegacyKeccak256()
	hash.Write([]byte("ostraka/v2/" + name))
	for _, part := range parts {
		hash.Write(part)
	}
	var digest Word
	hash.Sum(digest[:0])
	return digest
}

// U8 to U128 encode unsigned integers, big-endian and of fixed width (§2.2).
func U8(value int) []byte { return []byte{byte(value)} }

// U16 encodes two bytes.
func U16(value int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(value)) }

// U32 encodes four bytes.
func U32(value uint32) []byte { return binary.BigEndian.AppendUint32(nil, value) }

// U64 encodes eight bytes.
func U64(value uint64) []byte { return binary.BigEndian.AppendUint64(nil, value) }

// U128 encodes sixteen bytes of a value in 0 … 2^128 − 1.
func U128(value *big.Int) []byte { return value.FillBytes(make([]byte, 16)) }

// I128 encodes sixteen bytes in two's complement of a value in −2^127 … 2^127 − 1.
func I128(value *big.Int) []byte {
	if value.Sign() >= 0 {
		return value.FillBytes(make([]byte, 16))
	}
	return new(big.Int).Add(value, new(big.Int).Lsh(big.NewInt(1), 128)).FillBytes(make([]byte, 16))
}

// WordOf encodes a value in 0 … 2^256 − 1.
func WordOf(value *big.Int) []byte { return value.FillBytes(make([]byte, 32)) }

// WordOfInt encodes an unsigned integer as a word.
func WordOfInt(value uint64) []byte { return WordOf(new(big.Int).SetUint64(value)) }

// WordOfAddress pads an address to a word.
func WordOfAddress(address Address) []byte { return append(make([]byte, 12), address[:]...) }

// Hex writes bytes as 0x-hex.
func Hex(data []byte) string { return "0x" + hex.EncodeToString(data) }

// Unhex reads 0x-hex in lower or upper case.
func Unhex(text string) ([]byte, error) {
	if !strings.HasPrefix(text, "0x") {
		return nil, Undecodable("", "%q is not 0x-hex", text)
	}
	data, err := hex.DecodeString(text[2:])
	if err != nil {
		return nil, Undecodable("", "%q is not 0x-hex", text)
	}
	return data, nil
}

// LowerHex reads 0x-hex of a certain number of bytes that is written in lower case.
func LowerHex(text string, size int) ([]byte, error) {
	data, err := Unhex(text)
	if err != nil || len(data) != size || text != Hex(data) {
		return nil, Undecodable("", "%q is not 0x-hex of %d bytes in lower case", text, size)
	}
	return data, nil
}
