package poll

import (
	"fmt"
	"math/big"

	"ostraka/second/census"
	"ostraka/second/encoding"
)

// maxDescription is the most bytes of a description (§4.4).
const maxDescription = 65536

// Round is the round of a treasury that a poll decides (§17.4).
type Round struct {
	Treasury encoding.Address
	ID       *big.Int
}

// Description says what the slots of a poll stand for (§4.4).
type Description struct {
	Title      string
	Options    []string
	Round      *Round
	Census     *census.Source
	SharedKeys bool
	// Members are all members, those without a meaning included.
	Members encoding.Object
}

// DecodeDescription reads section 5 of a board.
func DecodeDescription(data []byte) (*Description, error) {
	if len(data) < 1 || len(data) > maxDescription {
		return nil, encoding.Undecodable("description", "%d bytes, not 1 to %d", len(data), maxDescription)
	}
	value, err := encoding.ParseJSON("description", data)
	if err != nil {
		return nil, err
	}
	object, isObject := value.(encoding.Object)
	if !isObject {
		return nil, encoding.Undecodable("description", "not an object")
	}
	description := &Description{Members: object}
	var isText, isList bool
	if description.Title, isText = object["title"].(string); !isText {
		return nil, encoding.Undecodable("description.title", "not a text")
	}
	options, isList := object["options"].([]any)
	if !isList {
		return nil, encoding.Undecodable("description.options", "not a list")
	}
	for index, option := range options {
		text, isText := option.(string)
		if !isText {
			return nil, encoding.Undecodable(fmt.Sprintf("description.options[%d]", index), "not a text")
		}
		description.Options = append(description.Options, text)
	}
	if value, present := object["shared_keys"]; present {
		var isFlag bool
		if description.SharedKeys, isFlag = value.(bool); !isFlag {
			return nil, encoding.Undecodable("description.shared_keys", "neither true nor false")
		}
	}
	return description, description.readPlaces(object)
}

func (description *Description) readPlaces(object encoding.Object) (err error) {
	if object["census"] != nil {
		if description.Census, err = census.ReadSource(object["census"]); err != nil {
			return encoding.Within("description", err)
		}
	}
	if object["round"] == nil {
		return nil
	}
	round, isObject := object["round"].(encoding.Object)
	if !isObject {
		return encoding.Undecodable("description.round", "not an object")
	}
	treasury, _ := round["treasury"].(string)
	address, err := encoding.LowerHex(treasury, 20)
	if err != nil {
		return encoding.Undecodable("description.round.treasury", "not an address in lower-case 0x-hex")
	}
	number, _ := round["id"].(encoding.Number)
	id, isInteger := new(big.Int).SetString(string(number), 10)
	if !isInteger || id.Sign() < 1 || id.BitLen() > 128 {
		return encoding.Undecodable("description.round.id", "not from 1 to below 2^128")
	}
	description.Round = &Round{encoding.Address(address), id}
	return nil
}
