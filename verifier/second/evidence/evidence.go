// Package evidence has what an audit takes from the chain, and its JSON form.
//
// The JSON form is for audits without a chain: bytes are 0x-hex, integers are JSON integers of any
// size, what does not exist is null, and what could not be read is {"error": reason}; see Read.
//
// Source: docs/protocol.md §13, §18.
package evidence

import (
	"encoding/json"
	"errors"
	"math/big"

	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// Bytes is bytes that JSON writes as 0x-hex.
type Bytes []byte

// UnmarshalJSON reads 0x-hex.
func (data *Bytes) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	read, err := encoding.Unhex(text)
	*data = read
	return err
}

// Word is 32 bytes that JSON writes as 0x-hex.
type Word encoding.Word

// UnmarshalJSON reads 0x-hex.
func (word *Word) UnmarshalJSON(raw []byte) error { return fixed(word[:], raw) }

// Address is 20 bytes that JSON writes as 0x-hex.
type Address encoding.Address

// UnmarshalJSON reads 0x-hex.
func (address *Address) UnmarshalJSON(raw []byte) error { return fixed(address[:], raw) }

// String writes 0x-hex.
func (address Address) String() string { return encoding.Hex(address[:]) }

func fixed(into, raw []byte) error {
	var data Bytes
	if err := data.UnmarshalJSON(raw); err != nil {
		return err
	}
	if len(data) != len(into) {
		return errors.New("bytes of another number than expected")
	}
	copy(into, data)
	return nil
}

// Sum is the sum of a root, 64 bytes. A chain, unlike a board, may say what is no point.
type Sum [curve.PointSize]byte

// UnmarshalJSON reads 0x-hex.
func (sum *Sum) UnmarshalJSON(raw []byte) error { return fixed(sum[:], raw) }

// Read is something that an endpoint was asked for: a value, nothing, or the reason why it could not
// be read.
type Read[T any] struct {
	Value   T
	Present bool
	Err     error
}

// Got is a value that was read.
func Got[T any](value T) Read[T] { return Read[T]{Value: value, Present: true} }

// Missing is a value that could not be read.
func Missing[T any](err error) Read[T] { return Read[T]{Err: err} }

// Unread is the reason why an endpoint did not show something. It counts against nobody.
type Unread struct{ Reason string }

func (err *Unread) Error() string { return err.Reason }

// UnmarshalJSON reads a value, null or {"error": reason, "item": item}. With an item, what a
// contract answered is invalid; without one, nothing could be read.
func (read *Read[T]) UnmarshalJSON(raw []byte) error {
	*read = Read[T]{}
	if string(raw) == "null" {
		return nil
	}
	var failed struct{ Error, Item *string }
	if json.Unmarshal(raw, &failed) == nil && failed.Error != nil {
		read.Err = &Unread{*failed.Error}
		if failed.Item != nil {
			read.Err = encoding.OutOfBounds(*failed.Item, "%s", *failed.Error)
		}
		return nil
	}
	read.Present = true
	return json.Unmarshal(raw, &read.Value)
}

// Root is a root as the chain has it (§10.4).
type Root struct {
	Hash  Word   `json:"hash"`
	Sum   Sum    `json:"sum"`
	Count uint32 `json:"count"`
}

// Anchored is a root as its event shows it.
type Anchored struct {
	Round uint32 `json:"round"`
	Root  Root   `json:"root"`
}

// Tally is the tally as its event shows it.
type Tally struct {
	Values   []*big.Int `json:"values"`
	Blinding *big.Int   `json:"blinding"`
}

// Code is a contract's address and runtime code.
type Code struct {
	Address Address `json:"address"`
	Code    Bytes   `json:"code"`
}

// Disputes is the contract that may reject roots (§18.8). BallotCheck is nil where it cannot be read.
type Disputes struct {
	Contract    Code  `json:"contract"`
	BallotCheck *Code `json:"ballot_check"`
}

// Deployment is the code of the registry and its parts (§18.3).
type Deployment struct {
	Registry       Bytes     `json:"registry"`
	GeneratorTable Address   `json:"generator_table"`
	VotingKeys     Code      `json:"voting_keys"`
	PollRules      Code      `json:"poll_rules"`
	PeriodFloor    uint64    `json:"period_floor"`
	Disputes       *Disputes `json:"disputes"`
}

// Electorate is who votes in a round (§17.4).
type Electorate struct {
	Kind   int      `json:"kind"`
	Root   Word     `json:"root"`
	Voters uint64   `json:"voters"`
	Weight *big.Int `json:"weight"`
	Source Bytes    `json:"source"`
}

// Proposal is a proposal of a round, in order of submission.
type Proposal struct {
	ID        Word     `json:"id"`
	Recipient Address  `json:"recipient"`
	Amount    *big.Int `json:"amount"`
	Category  int      `json:"category"`
	Withdrawn bool     `json:"withdrawn"`
	Funded    bool     `json:"funded"`
	Paid      bool     `json:"paid"`
	Title     string   `json:"title"`
}

// Payout is an event PayoutClaimed with its place on the chain.
type Payout struct {
	ProposalID  Word     `json:"proposal_id"`
	Recipient   Address  `json:"recipient"`
	Amount      *big.Int `json:"amount"`
	Block       uint64   `json:"block"`
	Transaction Word     `json:"transaction"`
}

// Movement is an event Transfer of the round's token in the transaction of a payout; or, where the
// round pays in the chain's coin, a recipient's balance before and after a block.
type Movement struct {
	Recipient   Address  `json:"recipient"`
	Transaction Word     `json:"transaction"`
	Amount      *big.Int `json:"amount"`
	Block       uint64   `json:"block"`
	Before      *big.Int `json:"before"`
	After       *big.Int `json:"after"`
	// Spent says that the recipient has code, or sent a transaction in that block.
	Spent bool `json:"spent"`
}

// Round is a round of a treasury (§17, §18.6).
type Round struct {
	Registry   Address          `json:"registry"`
	Code       Bytes            `json:"code"`
	Rules      Code             `json:"rules"`
	Status     int              `json:"status"`
	PollID     *big.Int         `json:"poll_id"`
	Budget     *big.Int         `json:"budget"`
	Deposited  *big.Int         `json:"deposited"`
	Committed  *big.Int         `json:"committed"`
	PaidOut    *big.Int         `json:"paid_out"`
	Electorate Electorate       `json:"electorate"`
	Title      string           `json:"title"`
	Text       string           `json:"text"`
	MemberRoot Word             `json:"member_root"`
	Secret     bool             `json:"secret"`
	Token      Address          `json:"token"`
	Proposals  []Proposal       `json:"proposals"`
	Payouts    []Payout         `json:"payouts"`
	Moved      Read[[]Movement] `json:"moved"`
}

// Voter is an entry of a census that was read from its source.
type Voter struct {
	Account    Address  `json:"account"`
	SigningKey Address  `json:"signing_key"`
	Weight     *big.Int `json:"weight"`
}

// Census is a census that was read from its source.
type Census struct {
	Entries []Voter `json:"entries"`
}

// Outcome is the outcome of opened ballots by the word of nodes (§18.11).
type Outcome struct {
	State       uint64     `json:"state"`
	BallotsHash Word       `json:"ballots_hash"`
	Awards      []*big.Int `json:"awards"`
}

// Chain is what an audit takes from the chain at one block.
type Chain struct {
	ChainID        *big.Int         `json:"chain_id"`
	Block          uint64           `json:"block"`
	Status         string           `json:"status"`
	PollContext    Word             `json:"poll_context"`
	Committee      Word             `json:"committee"`
	PollKeys       Word             `json:"poll_keys_digest"`
	Root           Root             `json:"root"`
	TallyDigest    Word             `json:"tally_digest"`
	RejectedRounds uint64           `json:"rejected_rounds"`
	RejectedAt     uint64           `json:"rejected_at"`
	AnchoredAt     uint64           `json:"anchored_at"`
	ReleasableAt   uint64           `json:"dispute_window_ends_at"`
	TallyDeadline  uint64           `json:"tally_deadline"`
	Generators     Bytes            `json:"generators"`
	NodeKeys       []Word           `json:"node_keys"`
	Anchored       *Anchored        `json:"anchored"`
	Tally          *Tally           `json:"tally"`
	TalliedAt      uint64           `json:"tallied_at"`
	Awards         Read[[]*big.Int] `json:"awards"`
	Outcome        Read[Outcome]    `json:"outcome"`
	Creator        Address          `json:"creator"`
	// CreatorIsContract and CreatorIsTreasury say what created the poll.
	CreatorIsContract bool             `json:"creator_is_contract"`
	CreatorIsTreasury bool             `json:"creator_is_treasury"`
	Round             Read[Round]      `json:"round"`
	Deployment        Read[Deployment] `json:"deployment"`
	Census            Read[Census]     `json:"census"`
	CensusCode        Bytes            `json:"census_code"`
	// CensusTimes has the timestamps of the source's block and of the block after it.
	CensusTimes Read[[2]uint64] `json:"census_times"`
}
