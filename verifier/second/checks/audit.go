// Package checks performs the numbered checks of an audit.
//
// Source: docs/protocol.md §13.
package checks

import (
	"errors"
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/signature"
)

// Verdict is what a check found.
type Verdict string

// The verdicts of §13.
const (
	Holds      Verdict = "holds"
	Fails      Verdict = "fails"
	NotChecked Verdict = "not checked"
)

// Finding is the result of one check.
type Finding struct {
	Check   string  `json:"check"`
	Claim   string  `json:"claim"`
	Verdict Verdict `json:"verdict"`
	Item    string  `json:"item"`
	Detail  string  `json:"detail"`
	Assumes string  `json:"assumes"`
}

// unmade is the reason why a check cannot be made.
type unmade struct{ reason string }

func (err *unmade) Error() string { return err.reason }

func notChecked(format string, values ...any) error { return &unmade{fmt.Sprintf(format, values...)} }

// failing is the reason why a check fails.
func failing(item, format string, values ...any) error {
	return encoding.OutOfBounds(item, format, values...)
}

// owned is a fault of a part of the board. It fails the check that owns the part, and keeps others
// from being made.
type owned struct {
	check string
	fault error
}

func (err *owned) Error() string { return err.fault.Error() }

// Claim is the poll that somebody asked about.
type Claim struct {
	Registry encoding.Address
	PollID   *big.Int
}

// Audit is one audit of one poll.
type Audit struct {
	claim Claim
	chain *evidence.Chain
	parts parts
	found map[string]*Finding
}

// result is what a check that holds says.
type result struct{ detail, assumes string }

type check struct {
	number, claim string
	run           func(*Audit) (result, error)
}

var all []check

func init() {
	all = []check{
		{"P1", "the board is of this poll, with its context on chain", (*Audit).p1},
		{"P2", "rules and description are those that the poll fixes", (*Audit).p2},
		{"P3", "the committee obeys its bounds", (*Audit).p3},
		{"P4", "poll keys are valid, signed by every node, and pinned on chain", (*Audit).p4},
		{"P5", "the questions make the ballot rule", (*Audit).p5},
		{"P6", "the parameters are within their bounds", (*Audit).p6},
		{"G1", "the contract's generators are derived as specified", (*Audit).g1},
		{"G2", "the registry is of a known release", (*Audit).g2},
		{"C1", "the census is sorted and has its root", (*Audit).c1},
		{"C2", "voters and weights add up", (*Audit).c2},
		{"C3", "no weight in a secret poll identifies a voter", (*Audit).c3},
		{"C4", "the census matches its source", (*Audit).c4},
		{"B1", "every ballot is canonical", (*Audit).b1},
		{"B2", "no voter is counted twice", (*Audit).b2},
		{"B3", "every voter is in the census", (*Audit).b3},
		{"B4", "every ballot is signed by its voter", (*Audit).b4},
		{"B5", "every ballot was cast in time", (*Audit).b5},
		{"B6", "every ballot obeys the rule", (*Audit).b6},
		{"T1", "the root is computed from the ballots", (*Audit).t1},
		{"T2", "the root is anchored on chain", (*Audit).t2},
		{"T3", "enough nodes signed the root", (*Audit).t3},
		{"T4", "the root was anchored in time", (*Audit).t4},
		{"S1", "every aggregate share is good", (*Audit).s1},
		{"S2", "the shares give the tally", (*Audit).s2},
		{"R1", "the tally opens the anchored sum", (*Audit).r1},
		{"R2", "no option has more votes than possible", (*Audit).r2},
		{"R3", "nothing was opened before the dispute window ended", (*Audit).r3},
		{"A1", "the run of the shuffle and the opened ballots can be read", (*Audit).a1},
		{"A2", "fewer nodes than the threshold do not know whose ballot is whose", whereOpened((*Audit).a2)},
		{"A3", "every step only shuffles the ballots", whereOpened((*Audit).a3)},
		{"A4", "enough nodes signed the shuffled ballots", whereOpened((*Audit).a4)},
		{"A5", "every opened ballot is one of the shuffled ones", whereOpened((*Audit).a5)},
		{"A6", "the opened ballots add up to the tally", whereOpened((*Audit).a6)},
		{"O1", "the outcome follows from the tally or the opened ballots", (*Audit).o1},
		{"D1", "the poll decides about the round's proposals", (*Audit).d1},
		{"D2", "the treasury funds the winners", (*Audit).d2},
		{"D3", "payouts went to the winners, once", (*Audit).d3},
		{"D4", "the treasury is of a known release", (*Audit).d4},
	}
}

// Run audits a poll: a board's bytes against what the chain says.
func Run(claim Claim, chain *evidence.Chain, data []byte) []Finding {
	audit := &Audit{claim: claim, chain: chain, found: map[string]*Finding{}}
	if err := audit.parts.split(data); err != nil {
		return unsplit(err)
	}
	findings := make([]Finding, len(all))
	for index, one := range all {
		findings[index] = *audit.finding(one.number)
	}
	return findings
}

// unsplit is the audit of bytes that are no board: P1 fails, nothing else is checked.
func unsplit(err error) []Finding {
	findings := make([]Finding, len(all))
	for index, one := range all {
		findings[index] = Finding{Check: one.number, Claim: one.claim, Verdict: NotChecked, Detail: "needs P1"}
	}
	findings[0].judge(err)
	return findings
}

// finding gives the result of a check, which is made when it is first asked for.
func (audit *Audit) finding(number string) *Finding {
	if known := audit.found[number]; known != nil {
		return known
	}
	for _, one := range all {
		if one.number == number {
			found := &Finding{Check: number, Claim: one.claim}
			said, err := one.run(audit)
			found.Detail, found.Assumes = said.detail, said.assumes
			found.judge(err)
			audit.found[number] = found
			return found
		}
	}
	panic("no check " + number)
}

// judge sets verdict, item and detail by the error that a check gave.
func (finding *Finding) judge(err error) {
	var part *owned
	if errors.As(err, &part) {
		if part.check != finding.Check {
			err = notChecked("needs %s", part.check)
		} else {
			err = part.fault
		}
	}
	var unread *evidence.Unread
	if errors.As(err, &unread) {
		err = notChecked("%s", unread.Reason)
	}
	var cannot *unmade
	var fault *encoding.Fault
	switch {
	case err == nil:
		finding.Verdict = Holds
	case errors.As(err, &cannot):
		finding.Verdict, finding.Detail = NotChecked, cannot.reason
	case errors.As(err, &fault):
		finding.Verdict, finding.Item, finding.Detail = Fails, fault.Item, fault.Reason
	default:
		finding.Verdict, finding.Detail = Fails, err.Error()
	}
}

// need demands that another check holds.
func (audit *Audit) need(numbers ...string) error {
	for _, number := range numbers {
		if audit.finding(number).Verdict != Holds {
			return notChecked("needs %s", number)
		}
	}
	return nil
}

func (audit *Audit) domain() signature.Domain {
	return signature.Domain{ChainID: audit.chain.ChainID, Contract: audit.claim.Registry}
}

func (audit *Audit) context() encoding.Word { return encoding.Word(audit.chain.PollContext) }

// Overall gives the verdict of an audit.
func Overall(findings []Finding) Verdict {
	overall := Holds
	for _, finding := range findings {
		switch finding.Verdict {
		case Fails:
			return Fails
		case NotChecked:
			overall = NotChecked
		}
	}
	return overall
}

// Unmade is the audit of a poll of which board or chain could not be read.
func Unmade(err error) []Finding {
	findings := make([]Finding, len(all))
	for index, one := range all {
		findings[index] = Finding{Check: one.number, Claim: one.claim, Verdict: NotChecked, Detail: err.Error()}
	}
	return findings
}
