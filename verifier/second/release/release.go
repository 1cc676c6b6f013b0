// Package release knows the code of Ostraka's contracts, release by release.
//
// Source: docs/protocol.md §13.2, §18.2, §18.3, §18.6, §18.8.
package release

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"math/big"
	"slices"
	"sync"

	"ostraka/second/encoding"
	"ostraka/second/signature"
)

// The program has its own copy of the published list: an audit must not depend on a file beside it.
//
//go:embed releases.json
var published []byte

// Contract is a contract of a release.
type Contract struct {
	Release, Name string
	CodeHash      string           `json:"codeHash"`
	CodeLength    int              `json:"codeLength"`
	Immutables    map[string][]int `json:"immutables"`
	// Address is that of the standard deployment, or "".
	Address string `json:"address"`
}

var contracts = sync.OnceValue(func() []Contract {
	var releases map[string]map[string]Contract
	if err := json.Unmarshal(published, &releases); err != nil {
		panic(err) // The list is a part of this program.
	}
	var known []Contract
	for release, byName := range releases {
		for name, contract := range byName {
			contract.Release, contract.Name = release, name
			known = append(known, contract)
		}
	}
	return known
})

// Found is a contract of a release with the values that its code has in place of immutables.
type Found struct {
	Contract
	values map[string][]byte
}

// Find recognizes the code of a contract, in any release or in a certain one.
func Find(name string, code []byte, within string) (*Found, bool) {
	for _, contract := range contracts() {
		if contract.Name != name || len(code) != contract.CodeLength || within != "" && contract.Release != within {
			continue
		}
		zeroed, values, same := slices.Clone(code), map[string][]byte{}, true
		for immutable, offsets := range contract.Immutables {
			for _, at := range offsets {
				value := code[at : at+32]
				// The compiler writes the same value in all places.
				same = same && (values[immutable] == nil || bytes.Equal(values[immutable], value))
				values[immutable] = value
				copy(zeroed[at:at+32], make([]byte, 32))
			}
		}
		if digest := encoding.Keccak(zeroed); same && encoding.Hex(digest[:]) == contract.CodeHash {
			return &Found{contract, values}, true
		}
	}
	return nil, false
}

// Differing gives the name of an immutable that has another value than is given, or that is not
// given at all; "" where there is none.
func (found *Found) Differing(expected map[string][]byte) string {
	var differing []string
	for name, value := range found.values {
		wanted, given := expected[name]
		if !given || wanted != nil && !bytes.Equal(value, wanted) {
			differing = append(differing, name)
		}
	}
	if len(differing) == 0 {
		return ""
	}
	return slices.Min(differing)
}

// Free is the expected value of an immutable that follows from nothing.
var Free []byte

// DomainImmutables gives the immutables of a contract with an EIP-712 domain (§15).
func DomainImmutables(chainID *big.Int, address encoding.Address) map[string][]byte {
	separator := signature.Domain{ChainID: chainID, Contract: address}.Separator()
	name, version := encoding.Keccak([]byte("Ostraka")), encoding.Keccak([]byte("2"))
	return map[string][]byte{
		"_cachedThis":            encoding.WordOfAddress(address),
		"_cachedChainId":         encoding.WordOf(chainID),
		"_cachedDomainSeparator": separator[:],
		"_hashedName":            name[:],
		"_hashedVersion":         version[:],
		"_name":                  shortString("Ostraka"),
		"_version":               shortString("2"),
	}
}

// shortString is a text of at most 31 bytes in a word, with its length in the last byte.
func shortString(text string) []byte {
	word := make([]byte, 32)
	copy(word, text)
	word[31] = byte(len(text))
	return word
}

// CreatedAddress gives the address that CREATE gives to a contract's small nonce (§18.3).
func CreatedAddress(creator encoding.Address, nonce byte) (address encoding.Address) {
	list := append([]byte{0x80 + 20}, creator[:]...)
	list = append(list, nonce)
	digest := encoding.Keccak([]byte{0xc0 + byte(len(list))}, list)
	copy(address[:], digest[12:])
	return address
}
