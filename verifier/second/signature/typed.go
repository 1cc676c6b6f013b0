// Package signature has the statements that are signed (EIP-712), and ECDSA over secp256k1.
//
// Source: docs/protocol.md §13 (B4), §15. Vectors: typed_data.json.
package signature

import (
	"math/big"
	"strings"

	"ostraka/second/encoding"
)

// The types of §15 that a verifier checks.
const (
	PollKeysType   = "PollKeys(bytes32 pollContext,bytes32 pollKeys)"
	BallotType     = "Ballot(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest,bytes32 boxesHash)"
	ReceiptType    = "Receipt(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest)"
	RootType       = "Root(bytes32 pollContext,uint32 round,bytes32 rootHash,uint256 sumX,uint256 sumY,uint32 count)"
	ShareType      = "AggregateShare(bytes32 pollContext,bytes32 rootDigest,uint32 nodeIndex,bytes32 shareHash)"
	ShuffledType   = "Shuffled(bytes32 pollContext,bytes32 rootDigest,uint32 turn,bytes32 stateHash,uint32 count)"
	RedemptionType = "Redemption(bytes32 electorate,address invitation,address signingKey)"
)

const domainType = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

// Domain separates the statements of a contract from those of any other.
type Domain struct {
	ChainID  *big.Int
	Contract encoding.Address
}

// Separator gives the domain's hash.
func (domain Domain) Separator() encoding.Word {
	kind := encoding.Keccak([]byte(domainType))
	name, version := encoding.Keccak([]byte("Ostraka")), encoding.Keccak([]byte("2"))
	return encoding.Keccak(kind[:], name[:], version[:],
		encoding.WordOf(domain.ChainID), encoding.WordOfAddress(domain.Contract))
}

// Digest gives what is signed: a statement whose members are words, or strings as Text gives them.
func (domain Domain) Digest(statement string, words ...[]byte) encoding.Word {
	kind := encoding.Keccak([]byte(statement))
	hash := encoding.Keccak(append([][]byte{kind[:]}, words...)...)
	separator := domain.Separator()
	return encoding.Keccak([]byte{0x19, 0x01}, separator[:], hash[:])
}

// Text gives the word that stands for a string in a statement.
func Text(text string) []byte {
	hash := encoding.Keccak([]byte(text))
	return hash[:]
}

// MemberTypes gives the types of a statement's members in order.
func MemberTypes(statement string) []string {
	inner := statement[strings.Index(statement, "(")+1 : len(statement)-1]
	var types []string
	for _, member := range strings.Split(inner, ",") {
		types = append(types, strings.Fields(member)[0])
	}
	return types
}
