package chain

import (
	"math/big"

	"ostraka/second/encoding"
)

// words reads what a contract returns or emits: words, some of which are offsets.
type words struct {
	what string
	data []byte
	// err is shared by all parts of an answer. The first error stays.
	err *error
}

func wordsOf(what string, data []byte) *words { return &words{what, data, new(error)} }

func (read *words) fail() {
	if *read.err == nil {
		*read.err = unread("%s: not what its contract would answer", read.what)
	}
}

// word gives the word at a position, counted in words.
func (read *words) word(position int) (word encoding.Word) {
	if position < 0 || position > len(read.data)/32-1 {
		read.fail()
		return word
	}
	return encoding.Word(read.data[32*position : 32*position+32])
}

// big gives an unsigned integer of at most some bits.
func (read *words) big(position, bits int) *big.Int {
	word := read.word(position)
	number := new(big.Int).SetBytes(word[:])
	if number.BitLen() > bits {
		read.fail()
		return new(big.Int)
	}
	return number
}

// number gives an unsigned integer of at most 64 bits.
func (read *words) number(position, bits int) uint64 { return read.big(position, bits).Uint64() }

func (read *words) flag(position int) bool { return read.number(position, 1) == 1 }

func (read *words) address(position int) (address encoding.Address) {
	read.big(position, 160).FillBytes(address[:])
	return address
}

// at gives the part of the data to which the offset at a position points.
func (read *words) at(position int) *words {
	offset := read.number(position, 63)
	if offset > uint64(len(read.data)) {
		read.fail()
		offset = uint64(len(read.data))
	}
	return &words{read.what, read.data[offset:], read.err}
}

// count gives the length at the start of a list whose elements take at least some words each.
func (read *words) count(each int) int {
	count := read.number(0, 63)
	if count > uint64(len(read.data)/(32*each)) {
		read.fail()
		return 0
	}
	return int(count)
}

// list gives the words of a list of words.
func (read *words) list() []encoding.Word {
	var list []encoding.Word
	for index := range read.count(1) {
		list = append(list, read.word(1+index))
	}
	return list
}

// bytes gives a string or bytes.
func (read *words) bytes() []byte {
	length := read.number(0, 63)
	if *read.err != nil || length > uint64(len(read.data)-32) {
		read.fail()
		return nil
	}
	return read.data[32 : 32+length]
}

// encodeList encodes a list of integers for a call.
func encodeList(values []*big.Int) []byte {
	data := encoding.WordOfInt(uint64(len(values)))
	for _, value := range values {
		data = append(data, encoding.WordOf(value)...)
	}
	return data
}

// encodeBytes encodes bytes for a call.
func encodeBytes(content []byte) []byte {
	data := append(encoding.WordOfInt(uint64(len(content))), content...)
	return append(data, make([]byte, (32-len(content)%32)%32)...)
}

// argument of a call: a word, or, where it is dynamic, a list or bytes.
type argument struct {
	dynamic bool
	data    []byte
}

// encodeCall encodes arguments: words in place, the others behind them.
func encodeCall(arguments ...argument) []byte {
	head, tail := []byte{}, []byte{}
	for _, one := range arguments {
		if !one.dynamic {
			head = append(head, one.data...)
			continue
		}
		head = append(head, encoding.WordOfInt(uint64(32*len(arguments)+len(tail)))...)
		tail = append(tail, one.data...)
	}
	return append(head, tail...)
}
