package census

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"ostraka/second/encoding"
)

// Source says where a census comes from (§6.5, §6.7).
type Source struct {
	// Kind is "members", "votes" or "invitations".
	Kind     string
	Contract encoding.Address
	Block    uint64
	// Unit of votes; nil where the description has none.
	Unit *big.Int
	// Keys is nil where accounts sign themselves.
	Keys *encoding.Address
	// Classes is nil, an int, or a word.
	Classes any
	// Root and Nonce of invitations; Nonce is nil in a round.
	Root  encoding.Word
	Nonce *encoding.Word
}

// optional members may be null, which is the same as absent, whatever the kind.
const optional = " unit keys classes nonce "

// ReadSource reads the member "census" of a description. Null for an optional member is the same as
// an absent one.
func ReadSource(value any) (*Source, error) {
	object, isObject := value.(encoding.Object)
	if !isObject {
		return nil, encoding.Undecodable("census", "not an object")
	}
	kind, _ := object["kind"].(string)
	source := &Source{Kind: kind}
	allowed := "kind contract block keys classes"
	switch kind {
	case "invitations":
		allowed = "kind root nonce"
	case "votes":
		allowed += " unit"
	case "members":
	default:
		return nil, encoding.Undecodable("census.kind", "unknown")
	}
	for name, member := range object {
		if member == nil && strings.Contains(optional, " "+name+" ") {
			continue
		}
		if !strings.Contains(" "+allowed+" ", " "+name+" ") {
			return nil, encoding.Undecodable("census", "unknown member %q", name)
		}
	}
	if kind == "invitations" {
		return source, source.readInvitations(object)
	}
	return source, source.readContract(object)
}

func (source *Source) readInvitations(object encoding.Object) error {
	if err := readBytes("census.root", object["root"], source.Root[:]); err != nil {
		return err
	}
	if object["nonce"] == nil {
		return nil
	}
	source.Nonce = &encoding.Word{}
	return readBytes("census.nonce", object["nonce"], source.Nonce[:])
}

func (source *Source) readContract(object encoding.Object) error {
	if err := readBytes("census.contract", object["contract"], source.Contract[:]); err != nil {
		return err
	}
	number, isNumber := object["block"].(encoding.Number)
	block, err := strconv.ParseUint(string(number), 10, 63)
	if !isNumber || err != nil {
		return encoding.Undecodable("census.block", "not a number below 2^63")
	}
	source.Block = block
	if object["keys"] != nil {
		source.Keys = &encoding.Address{}
		if err := readBytes("census.keys", object["keys"], source.Keys[:]); err != nil {
			return err
		}
	}
	if object["unit"] != nil {
		text, _ := object["unit"].(string)
		if text == "" || len(text) > 39 || text[0] == '0' || strings.Trim(text, "0123456789") != "" {
			return encoding.Undecodable("census.unit", "not a decimal string of 1 to 39 digits, at least 1")
		}
		source.Unit, _ = new(big.Int).SetString(text, 10)
	}
	return source.readClasses(object["classes"])
}

func (source *Source) readClasses(value any) error {
	switch rule := value.(type) {
	case nil:
		return nil
	case string:
		if rule == "powers_of_two" || rule == "equal" {
			source.Classes = rule
			return nil
		}
	case encoding.Number:
		count, err := strconv.Atoi(string(rule))
		if err == nil && count >= 1 && count <= 320 && strconv.Itoa(count) == string(rule) {
			source.Classes = count
			return nil
		}
	}
	return encoding.Undecodable("census.classes", "not 1 … 320, powers_of_two or equal")
}

func readBytes(item string, value any, into []byte) error {
	text, _ := value.(string)
	data, err := encoding.LowerHex(text, len(into))
	if err != nil {
		return encoding.Undecodable(item, "not 0x-hex of %d bytes in lower case", len(into))
	}
	copy(into, data)
	return nil
}

// FixedAt gives canonical JSON of the source with a time in place of the block (§17.4).
func (source *Source) FixedAt(unixSeconds uint64) []byte {
	members := map[string]any{"kind": source.Kind, "contract": encoding.Hex(source.Contract[:]), "at": unixSeconds}
	if source.Unit != nil {
		members["unit"] = source.Unit.String()
	}
	if source.Keys != nil {
		members["keys"] = encoding.Hex(source.Keys[:])
	}
	if source.Classes != nil {
		members["classes"] = source.Classes
	}
	data, err := json.Marshal(members)
	if err != nil {
		panic(err) // Only numbers and plain words are written.
	}
	return data
}

// TimeOf reads the member "at" of a source that a round fixed.
func TimeOf(fixed []byte) (uint64, error) {
	value, err := encoding.ParseJSON("electorate", fixed)
	if err != nil {
		return 0, err
	}
	object, _ := value.(encoding.Object)
	number, _ := object["at"].(encoding.Number)
	at, err := strconv.ParseUint(string(number), 10, 63)
	if err != nil {
		return 0, encoding.Undecodable("electorate.at", "not a time")
	}
	return at, nil
}
