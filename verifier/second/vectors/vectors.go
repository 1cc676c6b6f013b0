// Package vectors compares this verifier with the test vectors that all of Ostraka shares.
//
// Source: docs/protocol.md, introduction; tests/vectors/*.json.
package vectors

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"ostraka/second/encoding"
)

// Outcome says how many items of a file agree, and describes those that do not.
type Outcome struct {
	File     string   `json:"file"`
	Items    int      `json:"items"`
	Agreeing int      `json:"agreeing"`
	Differ   []string `json:"differ"`
}

// note counts one item; it differs where err is not nil.
func (outcome *Outcome) note(name string, err error) {
	outcome.Items++
	if err == nil {
		outcome.Agreeing++
		return
	}
	outcome.Differ = append(outcome.Differ, fmt.Sprintf("%s: %v", name, err))
}

// expect counts an item that a vector calls "valid", "Malformed" or "Rejected", or leaves valid.
func (outcome *Outcome) expect(name, expected string, err error) {
	class := encoding.ClassOf(err)
	switch {
	case expected == "" || expected == "valid":
		outcome.note(name, err)
	case err == nil:
		outcome.note(name, fmt.Errorf("accepted, not %s", expected))
	case string(class) != expected:
		outcome.note(name, fmt.Errorf("%s, not %s: %w", class, expected, err))
	default:
		outcome.note(name, nil)
	}
}

func same(got, wanted any) error {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		return fmt.Errorf("%v, not %v", got, wanted)
	}
	return nil
}

// Data is bytes that a vector writes as 0x-hex.
type Data []byte

// UnmarshalJSON reads 0x-hex.
func (data *Data) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	read, err := encoding.Unhex(text)
	*data = read
	return err
}

func (data Data) String() string { return encoding.Hex(data) }

var files = map[string]func(*Outcome, []byte) error{
	"ballot":           ballots,
	"ballot_outcomes":  ballotOutcomes,
	"board":            boards,
	"census":           censuses,
	"constructors":     constructors,
	"curve":            curves,
	"generators":       generators,
	"json":             jsons,
	"merkle_sum":       merkleSums,
	"opened":           opened,
	"openings":         openings,
	"outcome":          outcomes,
	"poll_keys":        pollKeys,
	"question_ballots": questionBallots,
	"questions":        questions,
	"receipt_log":      receiptLogs,
	"redemptions":      redemptions,
	"rule":             rules,
	"sealing":          sealings,
	"shuffle":          shuffles,
	"signatures":       signatures,
	"slack":            slacks,
	"transcript":       transcripts,
	"typed_data":       typedData,
	"votes":            votes,
	"weight_classes":   weightClasses,
}

// Check compares every vector file of a folder. A file that this program does not know is an error.
func Check(folder string) ([]Outcome, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no vectors in %s", folder)
	}
	sort.Strings(paths)
	var checked []Outcome
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		compare, known := files[name]
		if !known {
			return nil, fmt.Errorf("%s: no vectors that this program knows", path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		outcome := Outcome{File: name, Differ: []string{}}
		if err := compare(&outcome, data); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		checked = append(checked, outcome)
	}
	return checked, nil
}

// read decodes a file.
func read(data []byte, into any) error { return json.Unmarshal(data, into) }
