package encoding

import (
	"encoding/binary"
	"math/big"
)

// Reader takes fields from the front of some bytes. The first error stays, and later fields are
// zero, so that a caller asks for the error once, with End.
type Reader struct {
	name string
	data []byte
	err  error
}

// NewReader reads data that errors call by the given name.
func NewReader(name string, data []byte) *Reader { return &Reader{name: name, data: data} }

// Bytes takes a number of bytes.
func (reader *Reader) Bytes(field string, size int) []byte {
	if reader.err == nil && size > len(reader.data) {
		reader.err = Undecodable(reader.name+"."+field, "%d bytes missing", size-len(reader.data))
	}
	if reader.err != nil {
		return make([]byte, min(size, 4096))
	}
	taken := reader.data[:size:size]
	reader.data = reader.data[size:]
	return taken
}

// U8 takes one byte.
func (reader *Reader) U8(field string) int { return int(reader.Bytes(field, 1)[0]) }

// U16 takes two bytes.
func (reader *Reader) U16(field string) int {
	return int(binary.BigEndian.Uint16(reader.Bytes(field, 2)))
}

// U32 takes four bytes.
func (reader *Reader) U32(field string) uint32 {
	return binary.BigEndian.Uint32(reader.Bytes(field, 4))
}

// U64 takes eight bytes.
func (reader *Reader) U64(field string) uint64 {
	return binary.BigEndian.Uint64(reader.Bytes(field, 8))
}

// U128 takes sixteen bytes.
func (reader *Reader) U128(field string) *big.Int {
	return new(big.Int).SetBytes(reader.Bytes(field, 16))
}

// I128 takes sixteen bytes in two's complement.
func (reader *Reader) I128(field string) *big.Int {
	value := reader.U128(field)
	if value.Bit(127) == 1 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return value
}

// Word takes 32 bytes.
func (reader *Reader) Word(field string) (word Word) {
	copy(word[:], reader.Bytes(field, 32))
	return word
}

// Address takes 20 bytes.
func (reader *Reader) Address(field string) (address Address) {
	copy(address[:], reader.Bytes(field, 20))
	return address
}

// Fail records an error of the caller, unless there is one already.
func (reader *Reader) Fail(err error) {
	if reader.err == nil {
		reader.err = err
	}
}

// Left gives the number of bytes that were not taken.
func (reader *Reader) Left() int { return len(reader.data) }

// Err gives the first error so far.
func (reader *Reader) Err() error { return reader.err }

// End gives the first error. Bytes that are left are one (§2.5).
func (reader *Reader) End() error {
	if reader.err == nil && len(reader.data) > 0 {
		reader.err = Undecodable(reader.name, "%d bytes too many", len(reader.data))
	}
	return reader.err
}
