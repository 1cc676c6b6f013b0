// Package poll has what is fixed of a poll before ballots are cast: identity, parameters,
// committee, poll keys and description.
//
// Source: docs/protocol.md §3, §4. Vectors: board.json, poll_keys.json, json.json.
package poll

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/rule"
	"ostraka/second/shuffle"
)

// Identity names a poll (section 1 of §16).
type Identity struct {
	ChainID  *big.Int
	Registry encoding.Address
	ID       *big.Int
}

// DecodeIdentity reads section 1 of a board.
func DecodeIdentity(data []byte) (*Identity, error) {
	reader := encoding.NewReader("poll", data)
	identity := &Identity{
		new(big.Int).SetBytes(reader.Bytes("chain_id", 32)),
		reader.Address("registry"),
		new(big.Int).SetBytes(reader.Bytes("poll_id", 32)),
	}
	return identity, reader.End()
}

// names of the parameters in their order, with the width of their type in bits (§4.1).
var names = []struct {
	name string
	bits int
}{
	{"committee", 256}, {"rule", 256}, {"outcome_rule", 256}, {"description", 256},
	{"census_root", 256}, {"voters", 32}, {"total_weight", 128}, {"secret", 1}, {"opens_at", 64},
	{"closes_at", 64}, {"freeze_delay", 32}, {"round_duration", 32}, {"max_rounds", 32},
	{"dispute_window", 32}, {"tally_period", 32}, {"minimum_ballots", 32}, {"counting", 8},
	{"casting", 8}, {"identity", 8}, {"open_minimum", 32}, {"shuffle_period", 32},
	{"response_time", 32}, {"max_dispute_delay", 32}, {"extension", 256},
}

// Parameters of a poll.
type Parameters struct {
	encoded []byte
	words   map[string][]byte
}

// DecodeParameters reads section 2 of a board: 24 words, each within its type.
func DecodeParameters(data []byte) (*Parameters, error) {
	reader := encoding.NewReader("parameters", data)
	parameters := &Parameters{data, map[string][]byte{}}
	for _, one := range names {
		word := reader.Bytes(one.name, 32)
		if reader.Err() == nil && new(big.Int).SetBytes(word).BitLen() > one.bits {
			reader.Fail(encoding.Undecodable("parameters."+one.name, "more than %d bits", one.bits))
		}
		parameters.words[one.name] = word
	}
	return parameters, reader.End()
}

// Word gives a parameter's word.
func (parameters *Parameters) Word(name string) encoding.Word {
	return encoding.Word(parameters.words[name])
}

// Int gives a parameter of at most 64 bits.
func (parameters *Parameters) Int(name string) uint64 { return parameters.Big(name).Uint64() }

// Big gives a parameter as an integer.
func (parameters *Parameters) Big(name string) *big.Int {
	return new(big.Int).SetBytes(parameters.words[name])
}

// Secret says whether the poll is called secret.
func (parameters *Parameters) Secret() bool { return parameters.Int("secret") == 1 }

// Shuffled says whether every ballot is opened, without its voter's name (§19).
func (parameters *Parameters) Shuffled() bool { return parameters.Int("counting") == 1 }

// CheckKind refuses a kind of poll that this program does not know (P1).
func (parameters *Parameters) CheckKind() error {
	for _, name := range []string{"counting", "casting", "identity", "extension"} {
		known := name == "counting" && parameters.Shuffled()
		if parameters.Big(name).Sign() != 0 && !known {
			return encoding.OutOfBounds("parameters."+name, "%s is of an unknown kind of poll", parameters.Big(name))
		}
	}
	return nil
}

const latest = 1 << 40

// CheckBounds refuses parameters out of the bounds of §4.1 (P6).
func (parameters *Parameters) CheckBounds() error {
	number := parameters.Int
	refuse := func(name, format string, values ...any) error {
		return encoding.OutOfBounds("parameters."+name, format, values...)
	}
	for _, name := range []string{"voters", "round_duration", "max_rounds", "dispute_window", "tally_period", "minimum_ballots"} {
		if number(name) == 0 {
			return refuse(name, "0, at least 1")
		}
	}
	if number("minimum_ballots") > number("voters") {
		return refuse("minimum_ballots", "above the %d voters", number("voters"))
	}
	if parameters.Big("total_weight").Cmp(parameters.Big("voters")) < 0 {
		return refuse("total_weight", "below the number of voters")
	}
	if number("opens_at") >= number("closes_at") || number("closes_at") > latest {
		return refuse("closes_at", "not after opens_at, or after 2^40")
	}
	if number("round_duration")*number("max_rounds") > latest {
		return refuse("max_rounds", "all rounds take longer than 2^40 seconds")
	}
	response, delay := number("response_time"), number("max_dispute_delay")
	if delay < 4*response || (response == 0) != (delay == 0) {
		return refuse("max_dispute_delay", "%d with a response time of %d", delay, response)
	}
	return parameters.checkShuffle()
}

// minimumOpened is the lowest openMinimum.
const minimumOpened = 5

// checkShuffle refuses words 19 and 20 out of their bounds, and a total that equal weights cannot
// give (§4.1, §19.1).
func (parameters *Parameters) checkShuffle() error {
	number := parameters.Int
	if !parameters.Shuffled() {
		for _, name := range []string{"open_minimum", "shuffle_period"} {
			if number(name) != 0 {
				return encoding.OutOfBounds("parameters."+name, "%d, although ballots are only summed", number(name))
			}
		}
		return nil
	}
	if least := number("open_minimum"); least < minimumOpened || least > number("voters") {
		return encoding.OutOfBounds("parameters.open_minimum", "%d not in %d … voters", least, minimumOpened)
	}
	if period, half := number("shuffle_period"), number("tally_period")/2; period < 1 || period > half {
		return encoding.OutOfBounds("parameters.shuffle_period", "%d not in 1 … %d", period, half)
	}
	if new(big.Int).Rem(parameters.Big("total_weight"), parameters.Big("voters")).Sign() != 0 {
		return encoding.OutOfBounds("parameters.total_weight", "no multiple of the number of voters")
	}
	return nil
}

// CheckCommittee refuses a committee that cannot shuffle the ballots of a shuffled poll (P6).
func (parameters *Parameters) CheckCommittee(committee *Committee) error {
	nodes, threshold, faults := len(committee.Members), committee.Threshold, committee.Faults
	if !parameters.Shuffled() || shuffle.MayShuffle(nodes, threshold, faults) {
		return nil
	}
	return encoding.OutOfBounds("parameters.committee", "(%d, %d, %d) cannot shuffle ballots", nodes, threshold, faults)
}

// FreezesAt gives the second from which nodes are frozen (§10.1).
func (parameters *Parameters) FreezesAt() uint64 {
	return parameters.Int("closes_at") + parameters.Int("freeze_delay")
}

// Context gives the poll context of §4.2.
func (parameters *Parameters) Context(identity *Identity, ballotRule *rule.Rule) encoding.Word {
	return encoding.Tagged("poll", encoding.WordOf(identity.ChainID),
		encoding.WordOfAddress(identity.Registry), encoding.WordOf(identity.ID), parameters.encoded,
		encoding.WordOfInt(uint64(len(ballotRule.Slots))), encoding.WordOf(ballotRule.MaxSlotValue()))
}

// String names the parameters that matter to a reader.
func (parameters *Parameters) String() string {
	return fmt.Sprintf("dispute window %d s, then %d s for the tally",
		parameters.Int("dispute_window"), parameters.Int("tally_period"))
}
