package census

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/signature"
)

const invitationSize, redemptionSize = 36, 2 * signature.Size

// Redemptions bind used invitations to the keys of their invitees (§6.7, section 12 of §16).
type Redemptions struct {
	// Invited is the census of all invitations.
	Invited *Census
	records [][]byte
}

// DecodeRedemptions reads section 12 of the board of a census with some entries.
func DecodeRedemptions(data []byte, entries int) (*Redemptions, error) {
	reader := encoding.NewReader("redemptions", data)
	count := reader.U32("count")
	wanted := uint64(count)*invitationSize + uint64(entries)*redemptionSize
	if reader.Err() == nil && uint64(reader.Left()) != wanted {
		return nil, encoding.Undecodable("redemptions",
			"%d bytes do not hold %d invitations and %d redemptions", reader.Left(), count, entries)
	}
	decoded := &Redemptions{Invited: &Census{}}
	for index := uint32(0); index < count && reader.Err() == nil; index++ {
		address := reader.Address("invitation")
		decoded.Invited.Entries = append(decoded.Invited.Entries, Entry{address, address, reader.U128("weight")})
	}
	for index := 0; index < entries && reader.Err() == nil; index++ {
		decoded.records = append(decoded.records, reader.Bytes("redemption", redemptionSize))
	}
	if err := reader.End(); err != nil {
		return nil, err
	}
	return decoded, decoded.Invited.check()
}

// PollElectorate is what redemptions for a poll without a round are signed for (§6.7).
func PollElectorate(domain signature.Domain, nonce, root encoding.Word) encoding.Word {
	return encoding.Tagged("electorate", encoding.WordOf(domain.ChainID),
		encoding.WordOfAddress(domain.Contract), nonce[:], root[:])
}

// RoundElectorate is what redemptions for a round are signed for (§6.7).
func RoundElectorate(domain signature.Domain, round *big.Int, root encoding.Word) encoding.Word {
	return encoding.Tagged("electorate", encoding.WordOf(domain.ChainID),
		encoding.WordOfAddress(domain.Contract), encoding.WordOf(round), root[:])
}

// Check refuses redemptions that do not bind each entry of a census to an invitation of its weight.
func (redemptions *Redemptions) Check(census *Census, domain signature.Domain, electorate encoding.Word) error {
	keys := map[encoding.Address]bool{}
	for index, entry := range census.Entries {
		item := "voter " + encoding.Hex(entry.Account[:])
		invitation := redemptions.Invited.Find(entry.Account)
		if invitation == nil {
			return encoding.OutOfBounds(item, "not invited")
		}
		if invitation.Weight.Cmp(entry.Weight) != 0 {
			return encoding.OutOfBounds(item, "weight %s, %s when invited", entry.Weight, invitation.Weight)
		}
		if keys[entry.Key] {
			return encoding.OutOfBounds(item, "its signing key redeemed another invitation, too")
		}
		keys[entry.Key] = true
		digest := domain.Digest(signature.RedemptionType, electorate[:],
			encoding.WordOfAddress(entry.Account), encoding.WordOfAddress(entry.Key))
		for part, signer := range []encoding.Address{entry.Account, entry.Key} {
			record := redemptions.records[index][part*signature.Size:][:signature.Size]
			signed, err := signature.Recover(digest, record)
			if err != nil || signed != signer {
				return encoding.OutOfBounds(item, "%s", fmt.Sprintf("not signed by %s", encoding.Hex(signer[:])))
			}
		}
	}
	return nil
}
