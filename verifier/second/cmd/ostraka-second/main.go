// Command ostraka-second audits polls of Ostraka independently of ostraka-verify.
//
// It was written from docs/protocol.md alone and shares no code with any other part of Ostraka.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"ostraka/second/checks"
	"ostraka/second/vectors"
)

// Exit codes, as those of ostraka-verify.
const (
	exitHolds      = 0
	exitFails      = 1
	exitUsage      = 2
	exitNotChecked = 3
)

const usage = `ostraka-second: an independent verifier of polls of Ostraka

  ostraka-second audit --rpc URL --registry 0x… --poll N --board FILE|URL [--from-block N] [--json]
      Check everything about one poll, by numbered checks. With --receipts FILE, check a voter's
      file of ballots and receipts instead (V5 to V7).
  ostraka-second vectors FOLDER
      Compare this program with the test vectors in a folder.
  ostraka-second serve
      Audit boards from JSON lines on standard input; verifier/second/README.md describes them.

Exit codes: 0 all checks hold, 1 a check fails, 2 wrong usage, 3 a check could not be made.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(arguments []string, in io.Reader, out, problems io.Writer) int {
	if len(arguments) == 0 {
		fmt.Fprint(problems, usage)
		return exitUsage
	}
	switch command, rest := arguments[0], arguments[1:]; command {
	case "audit":
		return audit(rest, out, problems)
	case "vectors":
		return compare(rest, out, problems)
	case "serve":
		if err := serve(in, out); err != nil {
			fmt.Fprintln(problems, err)
			return exitUsage
		}
		return exitHolds
	case "help", "--help", "-h":
		fmt.Fprint(out, usage)
		return exitHolds
	}
	fmt.Fprint(problems, usage)
	return exitUsage
}

func exitCode(verdict checks.Verdict) int {
	switch verdict {
	case checks.Holds:
		return exitHolds
	case checks.Fails:
		return exitFails
	}
	return exitNotChecked
}

// compare prints how many items of each vector file agree.
func compare(arguments []string, out, problems io.Writer) int {
	if len(arguments) != 1 {
		fmt.Fprint(problems, usage)
		return exitUsage
	}
	outcomes, err := vectors.Check(arguments[0])
	if err != nil {
		fmt.Fprintln(problems, err)
		return exitUsage
	}
	all := vectors.Outcome{File: "all"}
	for _, one := range outcomes {
		fmt.Fprintf(out, "%-17s %4d of %4d agree\n", one.File, one.Agreeing, one.Items)
		for _, difference := range one.Differ {
			fmt.Fprintln(out, "    "+difference)
		}
		all.Items, all.Agreeing = all.Items+one.Items, all.Agreeing+one.Agreeing
	}
	fmt.Fprintf(out, "%-17s %4d of %4d agree\n", all.File, all.Agreeing, all.Items)
	if all.Agreeing < all.Items {
		return exitFails
	}
	return exitHolds
}

// writeJSON writes one line of JSON.
func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
