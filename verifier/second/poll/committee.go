package poll

import (
	"fmt"
	"unicode/utf8"

	"ostraka/second/encoding"
)

// Member is a node of a committee.
type Member struct {
	Address encoding.Address
	URL     string
}

// Committee is an ordered list of nodes, which count from 1, with its bounds (§3).
type Committee struct {
	Members                   []Member
	Threshold, Faults, Quorum int
}

// DecodeCommittee reads section 6 of a board and checks the bounds of §3.1 and §3.2.
func DecodeCommittee(data []byte) (*Committee, error) {
	reader := encoding.NewReader("committee", data)
	count := reader.U8("n")
	committee := &Committee{nil, reader.U8("t"), reader.U8("f"), reader.U8("q")}
	for index := 0; index < count && reader.Err() == nil; index++ {
		field := fmt.Sprintf("members[%d]", index)
		address := reader.Address(field)
		url := reader.Bytes(field, reader.U16(field))
		if reader.Err() == nil && !utf8.Valid(url) {
			reader.Fail(encoding.Undecodable("committee."+field, "its URL is not UTF-8"))
		}
		committee.Members = append(committee.Members, Member{address, string(url)})
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return committee, committee.check()
}

func (committee *Committee) check() error {
	n, t, f, q := len(committee.Members), committee.Threshold, committee.Faults, committee.Quorum
	if t < 2 || f > t-1 || n < t+2*f || n < 3*f+1 || n > 64 || q != max(t+f, (n+f)/2+1) || q > n-f {
		return encoding.OutOfBounds("committee", "n = %d, t = %d, f = %d, q = %d", n, t, f, q)
	}
	seen := map[encoding.Address]bool{{}: true}
	for index, member := range committee.Members {
		item := fmt.Sprintf("committee.members[%d]", index)
		if seen[member.Address] {
			return encoding.OutOfBounds(item, "its address is zero, or another member's")
		}
		seen[member.Address] = true
		if len(member.URL) < 1 || len(member.URL) > 256 {
			return encoding.OutOfBounds(item, "a URL of %d bytes", len(member.URL))
		}
	}
	return nil
}

// Digest gives the digest of §3.3.
func (committee *Committee) Digest() encoding.Word {
	var parts [][]byte
	for _, number := range []int{len(committee.Members), committee.Threshold, committee.Faults, committee.Quorum} {
		parts = append(parts, encoding.WordOfInt(uint64(number)))
	}
	for _, member := range committee.Members {
		url := encoding.Keccak([]byte(member.URL))
		parts = append(parts, encoding.WordOfAddress(member.Address), url[:])
	}
	return encoding.Tagged("committee", parts...)
}

// Node gives the address of a node that counts from 1, and whether there is one.
func (committee *Committee) Node(number int) (encoding.Address, bool) {
	if number < 1 || number > len(committee.Members) {
		return encoding.Address{}, false
	}
	return committee.Members[number-1].Address, true
}
