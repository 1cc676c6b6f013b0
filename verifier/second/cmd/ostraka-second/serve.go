package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"runtime"
	"sync"

	"ostraka/second/checks"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
)

// request is a line of standard input. With Chain it sets the evidence of the lines that follow;
// otherwise it asks for an audit.
type request struct {
	Chain map[string]json.RawMessage `json:"chain"`
	// Board is a board's bytes, in base64.
	Board    []byte           `json:"board"`
	Registry evidence.Address `json:"registry"`
	Poll     *big.Int         `json:"poll"`
	// Receipts are a voter's file, in base64. Its checks are made instead of an audit.
	Receipts []byte `json:"receipts"`
	// Changes replace members of the evidence for this audit alone.
	Changes map[string]json.RawMessage `json:"changes"`
}

type answer struct {
	Verdict checks.Verdict   `json:"verdict"`
	Checks  []checks.Finding `json:"checks"`
}

// serve answers each request for an audit by one line, in the order of the requests. Audits of
// different boards are made side by side.
func serve(in io.Reader, out io.Writer) error {
	answers := make(chan chan answer, 2*runtime.GOMAXPROCS(0))
	written := make(chan error, 1)
	go func() { written <- writeAnswers(answers, out) }()
	err := readRequests(in, answers)
	close(answers)
	if failed := <-written; failed != nil {
		return failed
	}
	return err
}

func writeAnswers(answers <-chan chan answer, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	var failed error
	for next := range answers {
		if err := writeJSON(buffered, <-next); err != nil && failed == nil {
			failed = err
		}
		if err := buffered.Flush(); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

func readRequests(in io.Reader, answers chan<- chan answer) error {
	reader := bufio.NewReader(in)
	var members map[string]json.RawMessage
	var chain *evidence.Chain
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	defer group.Wait()
	for line := 1; ; line++ {
		raw, end := reader.ReadBytes('\n')
		if len(raw) > 0 {
			var asked request
			if err := json.Unmarshal(raw, &asked); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			if asked.Chain != nil {
				var err error
				if chain, err = chainOf(asked.Chain); err != nil {
					return fmt.Errorf("line %d: %w", line, err)
				}
				members = asked.Chain
				continue
			}
			audited := chain
			if len(asked.Changes) > 0 {
				changed := maps.Clone(members)
				maps.Copy(changed, asked.Changes)
				var err error
				if audited, err = chainOf(changed); err != nil {
					return fmt.Errorf("line %d: %w", line, err)
				}
			}
			if audited == nil || asked.Poll == nil {
				return fmt.Errorf("line %d: no evidence, or no poll", line)
			}
			reply := make(chan answer, 1)
			answers <- reply
			slots <- struct{}{}
			group.Go(func() {
				claim := checks.Claim{Registry: encoding.Address(asked.Registry), PollID: asked.Poll}
				found := checkAll(claim, audited, asked.Board, asked.Receipts)
				reply <- answer{checks.Overall(found), found}
				<-slots
			})
		}
		if end == io.EOF {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

func chainOf(members map[string]json.RawMessage) (*evidence.Chain, error) {
	raw, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	chain := &evidence.Chain{}
	return chain, json.Unmarshal(raw, chain)
}
