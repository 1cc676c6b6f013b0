package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"ostraka/second/board"
	"ostraka/second/chain"
	"ostraka/second/checks"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/outcome"
	"ostraka/second/poll"
)

const (
	boardPatience = 10 * time.Minute
	largestBoard  = 4 << 30
)

// report is what audit --json prints, with the members of ostraka-verify's that name checks.
type report struct {
	Schema  string           `json:"schema"`
	Verdict checks.Verdict   `json:"verdict"`
	Assumes []string         `json:"assumes"`
	Block   *uint64          `json:"block"`
	Status  string           `json:"status"`
	Checks  []checks.Finding `json:"checks"`
}

// options of an audit.
type options struct {
	rpc, board string
	// receipts is the name of a voter's file, or "".
	receipts string
	registry encoding.Address
	poll     *big.Int
	from     uint64
	json     bool
}

func parse(arguments []string, problems io.Writer) (options, error) {
	var given options
	var registry, number string
	flags := flag.NewFlagSet("ostraka-second", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.StringVar(&given.rpc, "rpc", "", "JSON-RPC endpoint of the chain, ideally a node you run")
	flags.StringVar(&registry, "registry", "", "address of the PollRegistry, 0x-hex")
	flags.StringVar(&number, "poll", "", "number of the poll in that registry")
	flags.StringVar(&given.board, "board", "", "the poll's board: a file, or a URL of any node")
	flags.StringVar(&given.receipts, "receipts", "", "a voter's file of receipts, to be checked instead")
	flags.Uint64Var(&given.from, "from-block", 0, "block in which the contracts were deployed")
	flags.BoolVar(&given.json, "json", false, "print the report as JSON")
	if err := flags.Parse(arguments); err != nil {
		return given, err
	}
	address, err := encoding.Unhex(registry)
	if err != nil || len(address) != len(given.registry) {
		return given, errors.New("--registry: not an address")
	}
	copy(given.registry[:], address)
	var isNumber bool
	given.poll, isNumber = new(big.Int).SetString(number, 10)
	if !isNumber || given.poll.Sign() < 1 || given.poll.BitLen() > 256 {
		return given, errors.New("--poll: not a number from 1")
	}
	if !strings.HasPrefix(given.rpc, "http://") && !strings.HasPrefix(given.rpc, "https://") {
		return given, errors.New("--rpc: not an HTTP URL")
	}
	if given.board == "" || flags.NArg() > 0 {
		return given, errors.New("--board: missing, or something beside the options")
	}
	return given, nil
}

func audit(arguments []string, out, problems io.Writer) int {
	given, err := parse(arguments, problems)
	if err != nil {
		fmt.Fprintln(problems, err)
		return exitUsage
	}
	made := perform(given)
	if given.json {
		err = writeJSON(out, made)
	} else {
		err = print(made, out)
	}
	if err != nil {
		fmt.Fprintln(problems, err)
		return exitUsage
	}
	return exitCode(made.Verdict)
}

func perform(given options) report {
	made := report{Schema: "ostraka-audit/1", Status: "unknown", Assumes: []string{}}
	data, err := readBoard(given.board)
	var shown *evidence.Chain
	var receipts []byte
	if err == nil && given.receipts != "" {
		receipts, err = os.ReadFile(given.receipts)
	}
	if err == nil {
		shown, err = read(given, data)
	}
	if err != nil {
		made.Checks = checks.Unmade(err)
	} else {
		made.Block, made.Status = &shown.Block, shown.Status
		claim := checks.Claim{Registry: given.registry, PollID: given.poll}
		made.Checks = checkAll(claim, shown, data, receipts)
	}
	made.Verdict = checks.Overall(made.Checks)
	for _, finding := range made.Checks {
		if finding.Assumes != "" {
			made.Assumes = append(made.Assumes, finding.Assumes)
		}
	}
	return made
}

// checkAll audits a poll, or checks a voter's file where there is one.
func checkAll(claim checks.Claim, chain *evidence.Chain, data, receipts []byte) []checks.Finding {
	if receipts != nil {
		return checks.RunFile(claim, chain, data, receipts)
	}
	return checks.Run(claim, chain, data)
}

// read reads the chain. What the board says of outcome, round and census decides what is asked for.
func read(given options, data []byte) (*evidence.Chain, error) {
	reader, err := chain.NewReader(given.rpc, given.registry, given.from)
	if err != nil {
		return nil, err
	}
	var asked chain.Board
	if sections, err := board.Split(data); err == nil {
		identity, err := poll.DecodeIdentity(sections.Contents[board.Poll])
		if err == nil && identity.ChainID.Cmp(reader.ChainID()) != 0 {
			return nil, fmt.Errorf("the endpoint serves chain %s, the board is of chain %s", reader.ChainID(), identity.ChainID)
		}
		asked.OutcomeBytes = sections.Contents[board.OutcomeRule]
		if asked.Outcome, err = outcome.Decode(asked.OutcomeBytes); err != nil {
			asked.Outcome = nil
		}
		if asked.Description, err = poll.DecodeDescription(sections.Contents[board.Description]); err != nil {
			asked.Description = nil
		}
	}
	return reader.Read(given.poll, asked)
}

// readBoard reads a file, or the first of several URLs that answers.
func readBoard(source string) ([]byte, error) {
	if !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "https://") {
		data, err := os.ReadFile(source)
		if err != nil {
			return nil, fmt.Errorf("the board cannot be read: %w", err)
		}
		return data, nil
	}
	var failures []string
	for _, url := range strings.Split(source, ",") {
		data, err := fetch(strings.TrimSpace(url))
		if err == nil {
			return data, nil
		}
		failures = append(failures, fmt.Sprintf("%s: %v", url, err))
	}
	return nil, errors.New(strings.Join(failures, "; "))
}

func fetch(url string) ([]byte, error) {
	client := &http.Client{Timeout: boardPatience}
	answer, err := client.Get(url)
	if err != nil {
		return nil, errors.New("no answer")
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, largestBoard+1))
	if err != nil || len(data) > largestBoard {
		return nil, errors.New("no whole answer")
	}
	return data, nil
}

// print writes a report for people. Texts of strangers cannot move the cursor.
func print(made report, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, finding := range made.Checks {
		verdict := string(finding.Verdict)
		if finding.Assumes != "" {
			verdict += ", assuming " + finding.Assumes
		}
		said := strings.TrimPrefix(finding.Item+": "+finding.Detail, ": ")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", finding.Check, finding.Claim, printable(verdict), printable(said))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nVerdict: %s\n", made.Verdict)
	return err
}

func printable(text string) string {
	return strings.Map(func(character rune) rune {
		if character < 0x20 || character == 0x7f || character >= 0x80 && character < 0xa0 ||
			character >= 0x200b && character <= 0x202e || character >= 0x2060 && character <= 0x2069 {
			return '�'
		}
		return character
	}, text)
}
