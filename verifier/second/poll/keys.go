package poll

import (
	"crypto/ecdh"
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/signature"
)

const (
	// KeySize is the length of a poll key: an ML-KEM-768 and an X25519 public key (§4.3).
	KeySize     = 1216
	kemSize     = 1184
	kemModulus  = 3329
	kemPolyEnd  = 1152
	announced   = KeySize + signature.Size
	fieldOffset = 19
)

// Announcement is a node's poll key with its signature of the list of all keys.
type Announcement struct{ Key, Signature []byte }

// DecodeKeys reads section 7 of a board.
func DecodeKeys(data []byte) ([]Announcement, error) {
	if len(data)%announced != 0 {
		return nil, encoding.Undecodable("board.poll_keys", "%d bytes, no multiple of %d", len(data), announced)
	}
	var announcements []Announcement
	for ; len(data) > 0; data = data[announced:] {
		announcements = append(announcements, Announcement{data[:KeySize], data[KeySize:announced]})
	}
	return announcements, nil
}

// NodeKey gives the word that stands for a poll key (§4.3).
func NodeKey(key []byte) encoding.Word { return encoding.Tagged("node-key", key) }

// KeysHash gives the hash of a list of node keys (§4.3).
func KeysHash(nodeKeys []encoding.Word) encoding.Word {
	var parts [][]byte
	for index := range nodeKeys {
		parts = append(parts, nodeKeys[index][:])
	}
	return encoding.Tagged("poll-keys", parts...)
}

// CheckKeys refuses a list of poll keys of which §4.3 refuses one, or two that share a half.
func CheckKeys(keys [][]byte) error {
	kems, cleared := map[string]bool{}, map[string]bool{}
	for index, key := range keys {
		item := fmt.Sprintf("poll key of node %d", index+1)
		shared, err := Clear(key)
		if err != nil {
			return encoding.Undecodable(item, "%v", err)
		}
		if kems[string(key[:kemSize])] || cleared[string(shared)] {
			return encoding.Undecodable(item, "shares a half with another node's")
		}
		kems[string(key[:kemSize])], cleared[string(shared)] = true, true
	}
	return nil
}

// Clear checks one poll key and gives its X25519 half times 2^254, which removes small components.
func Clear(key []byte) ([]byte, error) {
	if len(key) != KeySize {
		return nil, encoding.Undecodable("", "%d bytes, not %d", len(key), KeySize)
	}
	for at := 0; at < kemPolyEnd; at += 3 {
		low := int(key[at]) | int(key[at+1]&15)<<8
		high := int(key[at+1]>>4) | int(key[at+2])<<4
		if low >= kemModulus || high >= kemModulus {
			return nil, encoding.Undecodable("", "a coefficient of 3329 or more")
		}
	}
	if !canonical(key[kemSize:]) {
		return nil, encoding.Undecodable("", "u >= 2^255 - 19")
	}
	public, err := ecdh.X25519().NewPublicKey(key[kemSize:])
	if err != nil {
		return nil, encoding.Undecodable("", "no X25519 key")
	}
	scalar := make([]byte, 32)
	scalar[31] = 0x40
	private, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		panic(err) // Only for a scalar of another length.
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, encoding.Undecodable("", "u of small order")
	}
	return shared, nil
}

// canonical says whether 32 little-endian bytes are below 2^255 − 19.
func canonical(bytes []byte) bool {
	reversed := make([]byte, 32)
	for index, value := range bytes {
		reversed[31-index] = value
	}
	bound := new(big.Int).Lsh(big.NewInt(1), 255)
	return new(big.Int).SetBytes(reversed).Cmp(bound.Sub(bound, big.NewInt(fieldOffset))) < 0
}
