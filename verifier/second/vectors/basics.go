package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/signature"
	"ostraka/second/transcript"
)

func jsons(outcome *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Name, Expect string
			Data         Data
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Cases {
		_, err := encoding.ParseJSON("json", one.Data)
		outcome.expect(one.Name, one.Expect, err)
	}
	return nil
}

func generators(outcome *Outcome, data []byte) error {
	var file struct{ Points []Data }
	if err := read(data, &file); err != nil {
		return err
	}
	outcome.note("count", same(len(file.Points), len(curve.Generators())))
	for index, point := range curve.Generators() {
		outcome.note(fmt.Sprintf("point(%d)", index), same(Data(curve.EncodePoint(&point)), file.Points[index]))
	}
	return nil
}

func scalarsOf(texts []string) []curve.Scalar {
	scalars := make([]curve.Scalar, len(texts))
	for index, text := range texts {
		number, _ := new(big.Int).SetString(text, 10)
		scalars[index].SetBigInt(number)
	}
	return scalars
}

func curves(outcome *Outcome, data []byte) error {
	var file struct {
		Decode []struct {
			Name, Expect, Reason string
			Data                 Data
			Identity             bool
		}
		Operations []struct {
			Operation, Name        string
			Points, Others, Result Data
			Scalars                []string
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for _, one := range file.Decode {
		_, err := curve.DecodePoints("points", one.Data, one.Identity)
		if err != nil && one.Reason != "" && err.Error() != one.Reason {
			err = errors.Join(err, fmt.Errorf("not %s", one.Reason))
		}
		outcome.expect(one.Name, one.Expect, err)
	}
	for _, one := range file.Operations {
		points, err := curve.DecodePoints("points", one.Points, true)
		if err != nil {
			return err
		}
		others, err := curve.DecodePoints("others", one.Others, true)
		if err != nil {
			return err
		}
		result := operate(one.Operation, points, others, scalarsOf(one.Scalars))
		var encoded Data
		for index := range result {
			encoded = append(encoded, curve.EncodePoint(&result[index])...)
		}
		outcome.note(one.Operation+" "+one.Name, same(encoded, one.Result))
	}
	return nil
}

func operate(operation string, points, others []curve.Point, scalars []curve.Scalar) []curve.Point {
	result := make([]curve.Point, len(points))
	var one curve.Scalar
	one.SetOne()
	switch operation {
	case "add":
		for index := range points {
			result[index].Add(&points[index], &others[index])
		}
	case "negate":
		for index := range points {
			result[index].Neg(&points[index])
		}
	case "scale":
		for index := range points {
			result[index].ScalarMultiplication(&points[index], scalars[index].BigInt(new(big.Int)))
		}
	case "sum":
		ones := make([]curve.Scalar, len(points))
		for index := range ones {
			ones[index] = one
		}
		return []curve.Point{curve.Sum(points, ones)}
	case "msm":
		return []curve.Point{curve.Sum(points, scalars)}
	default:
		panic("unknown operation " + operation)
	}
	return result
}

func transcripts(outcome *Outcome, data []byte) error {
	var file struct {
		Cases []struct {
			Purpose     string
			PollContext Data `json:"poll_context"`
			Messages    [][2]string
			Challenge   string
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for index, one := range file.Cases {
		running := transcript.New(one.Purpose, one.PollContext)
		for _, message := range one.Messages {
			content, err := encoding.Unhex(message[1])
			if err != nil {
				return err
			}
			running.Absorb(message[0], content)
		}
		challenge := running.Challenge()
		outcome.note(fmt.Sprint(index), same(challenge.BigInt(new(big.Int)), one.Challenge))
	}
	return nil
}

func typedData(outcome *Outcome, data []byte) error {
	var file struct {
		ChainID   int64 `json:"chain_id"`
		Registry  Data
		Signer    Data
		Separator Data
		Cases     []struct {
			Type              string
			Values            []json.RawMessage
			Digest, Signature Data
		}
		Refused []struct {
			Name, Expect      string
			Digest, Signature Data
		}
	}
	if err := read(data, &file); err != nil {
		return err
	}
	domain := signature.Domain{ChainID: big.NewInt(file.ChainID), Contract: encoding.Address(file.Registry)}
	separator := domain.Separator()
	outcome.note("separator", same(Data(separator[:]), file.Separator))
	for _, one := range file.Cases {
		words, err := typedWords(one.Type, one.Values)
		if err != nil {
			return err
		}
		digest := domain.Digest(one.Type, words...)
		outcome.note(one.Type, same(Data(digest[:]), one.Digest))
		signer, err := signature.Recover(digest, one.Signature)
		if err == nil {
			err = same(Data(signer[:]), file.Signer)
		}
		outcome.note(one.Type+": signature", err)
	}
	for _, one := range file.Refused {
		_, err := signature.Recover(encoding.Word(one.Digest), one.Signature)
		outcome.expect(one.Name, one.Expect, err)
	}
	return nil
}

func typedWords(statement string, values []json.RawMessage) ([][]byte, error) {
	var words [][]byte
	for index, kind := range signature.MemberTypes(statement) {
		raw := values[index]
		if strings.HasPrefix(kind, "uint") {
			number, ok := new(big.Int).SetString(string(raw), 10)
			if !ok {
				return nil, fmt.Errorf("%s is no number", raw)
			}
			words = append(words, encoding.WordOf(number))
			continue
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
		if kind == "string" {
			words = append(words, signature.Text(text))
			continue
		}
		content, err := encoding.Unhex(text)
		if err != nil {
			return nil, err
		}
		words = append(words, append(bytes.Repeat([]byte{0}, 32-len(content)), content...))
	}
	return words, nil
}

// sealings compares the info strings of §7.3. This verifier opens no box.
func sealings(outcome *Outcome, data []byte) error {
	var file struct {
		PollContext Data `json:"poll_context"`
		RepairHash  Data `json:"repair_hash"`
		PollKeys    Data `json:"poll_keys"`
		Low         Data `json:"node_key_low"`
		High        Data `json:"node_key_high"`
		Info        map[string]Data
	}
	if err := read(data, &file); err != nil {
		return err
	}
	for name, wanted := range file.Info {
		var purpose string
		var suffix []byte
		var one, two byte
		switch {
		case scan(name, "ballot for node %d", &one):
			purpose, suffix = "ballot", []byte{one}
		case scan(name, "seed of nodes %d and %d", &one, &two):
			purpose = "seed"
			suffix = bytes.Join([][]byte{file.RepairHash, {one, two}, file.Low, file.High}, nil)
		case scan(name, "contribution of node %d for node %d", &one, &two):
			purpose, suffix = "contribution", append(bytes.Clone(file.RepairHash), one, two)
		case scan(name, "challenge of node %d for node %d", &one, &two):
			purpose, suffix = "challenge", append(bytes.Clone(file.PollKeys), one, two)
		}
		info := append([]byte("ostraka/v2/seal/"+purpose+"\x00"), file.PollContext...)
		outcome.note(name, same(Data(append(info, suffix...)), wanted))
	}
	return nil
}

func scan(text, format string, values ...any) bool {
	count, err := fmt.Sscanf(text, format, values...)
	return err == nil && count == len(values)
}
