package checks

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"ostraka/second/board"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/signature"
)

const (
	fileFormat     = "ostraka/votes/v2"
	largestFile    = 10_000
	signatureBytes = 65
	// leastBallot is the length of account and cast time, with which every ballot begins.
	leastBallot = 20 + 8
)

var integer = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// castBallot is a ballot of a voter's file (§9.5).
type castBallot struct {
	encoded  []byte
	voter    encoding.Address
	castAt   *big.Int
	digest   encoding.Word
	receipts []receipt
}

// receipt is a node's, by the file.
type receipt struct {
	node   *big.Int
	signed []byte
}

// RunFile checks a voter's file of receipts (V5 to V7) with the board of its poll.
func RunFile(claim Claim, chain *evidence.Chain, data, file []byte) []Finding {
	findings := []Finding{
		{Check: "V5", Claim: "every receipt is signed by its node for this ballot"},
		{Check: "V6", Claim: "the ballot is recorded: enough nodes gave receipts"},
		{Check: "V7", Claim: "the ballot is among those that were counted"},
	}
	audit := &Audit{claim: claim, chain: chain, found: map[string]*Finding{}}
	ballots, err := readVotes(file)
	if err != nil {
		findings[0].judge(failing("file", "%v", err))
		findings[1].judge(notChecked("needs V5"))
		findings[2].judge(notChecked("needs V5"))
		return findings
	}
	if err := audit.parts.split(data); err != nil {
		for index := range findings {
			findings[index].judge(notChecked("needs P1"))
		}
		return findings
	}
	newest := ballots[len(ballots)-1]
	good, wrong := audit.goodReceipts(newest)
	findings[0].judge(wrong)
	if wrong == nil {
		findings[0].Detail = "nodes " + strings.Join(good, ", ")
	}
	detail, err := audit.v6(len(good), findings[0].Verdict == Fails)
	findings[1].Detail = detail
	findings[1].judge(err)
	findings[2].judge(audit.v7(ballots))
	return findings
}

// readVotes reads the ballots of a file, the oldest first.
func readVotes(file []byte) ([]*castBallot, error) {
	value, err := encoding.ParseJSON("votes", file)
	if err != nil {
		return nil, err
	}
	content, isObject := value.(encoding.Object)
	if !isObject || content["format"] != fileFormat {
		return nil, encoding.Undecodable("votes.format", "not %s", fileFormat)
	}
	listed, isList := content["ballots"].([]any)
	if !isList || len(listed) == 0 || len(listed) > largestFile {
		return nil, encoding.Undecodable("votes.ballots", "not a list of ballots")
	}
	voter, err := hexMember(content, "voter")
	if err != nil {
		return nil, err
	}
	var ballots []*castBallot
	for _, one := range listed {
		read, err := readCast(one)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(read.voter[:], voter) {
			return nil, encoding.Undecodable("votes.ballots", "of a different voter than the file")
		}
		ballots = append(ballots, read)
	}
	slices.SortStableFunc(ballots, (*castBallot).compare)
	return ballots, nil
}

func readCast(value any) (*castBallot, error) {
	content, isObject := value.(encoding.Object)
	listed, isList := content["receipts"].([]any)
	if !isObject || !isList {
		return nil, encoding.Undecodable("votes.ballots", "not a ballot with receipts")
	}
	encoded, err := hexMember(content, "ballot")
	if err != nil {
		return nil, err
	}
	if len(encoded) < leastBallot {
		return nil, encoding.Undecodable("votes.ballots", "a ballot of %d bytes", len(encoded))
	}
	read := &castBallot{encoded: encoded, digest: encoding.Tagged("ballot", encoded)}
	copy(read.voter[:], encoded)
	read.castAt = new(big.Int).SetBytes(encoded[len(read.voter):leastBallot])
	for _, one := range listed {
		given, _ := one.(encoding.Object)
		number, isNumber := given["node"].(encoding.Number)
		if !isNumber || !integer.MatchString(string(number)) {
			return nil, encoding.Undecodable("votes.receipts", "not of a node")
		}
		node, _ := new(big.Int).SetString(string(number), 10)
		twice := func(other receipt) bool { return other.node.Cmp(node) == 0 }
		signed, err := hexMember(given, "signature")
		if err != nil || len(signed) != signatureBytes || slices.ContainsFunc(read.receipts, twice) {
			return nil, encoding.Undecodable("votes.receipts", "not one signature of each node")
		}
		read.receipts = append(read.receipts, receipt{node, signed})
	}
	slices.SortFunc(read.receipts, func(one, other receipt) int { return one.node.Cmp(other.node) })
	return read, nil
}

func hexMember(content encoding.Object, name string) ([]byte, error) {
	text, isText := content[name].(string)
	if !isText {
		return nil, encoding.Undecodable("votes."+name, "not a text")
	}
	return encoding.Unhex(text)
}

// compare orders a voter's ballots: the greatest counts (§8.7).
func (cast *castBallot) compare(other *castBallot) int {
	return cmp.Or(cast.castAt.Cmp(other.castAt), slices.Compare(cast.digest[:], other.digest[:]))
}

// goodReceipts gives the nodes whose receipts of a ballot hold, and what is wrong with the others
// (V5).
func (audit *Audit) goodReceipts(cast *castBallot) ([]string, error) {
	if err := audit.need("P2", "P3"); err != nil {
		return nil, err
	}
	committee, err := audit.committee()
	if err != nil {
		return nil, err
	}
	shape, err := audit.shape()
	if err != nil {
		return nil, err
	}
	if len(cast.encoded) != shape.Size() {
		return nil, failing("ballot", "%d bytes, expected %d", len(cast.encoded), shape.Size())
	}
	context := audit.context()
	digest := audit.domain().Digest(signature.ReceiptType, context[:], encoding.WordOfAddress(cast.voter),
		encoding.WordOf(cast.castAt), cast.digest[:])
	var good []string
	var wrong error
	for _, one := range cast.receipts {
		item := fmt.Sprintf("receipt of node %s", one.node)
		fault := failing(item, "not in the committee")
		if one.node.Sign() > 0 && one.node.Cmp(big.NewInt(int64(len(committee.Members)))) <= 0 {
			fault = signedBy(item, digest, one.signed, committee.Members[one.node.Int64()-1].Address)
		}
		if fault == nil {
			good = append(good, one.node.String())
		} else if wrong == nil {
			wrong = fault
		}
	}
	if wrong == nil && len(good) == 0 {
		wrong = notChecked("the file has no receipt of the newest ballot")
	}
	return good, wrong
}

func (audit *Audit) v6(good int, isWrong bool) (string, error) {
	if isWrong {
		return "", notChecked("needs V5")
	}
	if err := audit.need("P2", "P3"); err != nil {
		return "", err
	}
	committee, err := audit.committee()
	if err != nil {
		return "", err
	}
	found := fmt.Sprintf("%s, %d needed", plural(good, "receipt"), committee.Quorum)
	if good < committee.Quorum {
		return "", notChecked("%s", found)
	}
	return found, nil
}

// v7 demands that the voter's ballot under the root is in the file and not outdated.
func (audit *Audit) v7(ballots []*castBallot) error {
	if audit.chain.Status == "void" {
		return notChecked("the poll is void: nothing was counted")
	}
	if err := audit.need("P1", "P2", "P3", "C1", "B1", "B2", "B3", "T1", "T2"); err != nil {
		return err
	}
	committee, err := audit.committee()
	if err != nil {
		return err
	}
	var recorded *castBallot
	for _, one := range ballots {
		// A false receipt more makes no ballot unrecorded.
		if good, _ := audit.goodReceipts(one); len(good) >= committee.Quorum {
			recorded = one
		}
	}
	if recorded == nil {
		return notChecked("needs V6")
	}
	leaves, err := audit.leaves()
	if err != nil {
		return err
	}
	ofVoter := func(leaf board.Leaf) bool { return leaf.Ballot.Voter == recorded.voter }
	at := slices.IndexFunc(leaves, ofVoter)
	if at < 0 {
		return failing("ballot", "no ballot of this voter was counted")
	}
	made := leaves[at].Ballot
	counted := &castBallot{castAt: new(big.Int).SetUint64(made.CastAt), digest: made.Digest}
	if counted.compare(recorded) < 0 {
		return failing("ballot", "an older ballot of this voter was counted instead")
	}
	isCounted := func(one *castBallot) bool { return one.compare(counted) == 0 }
	if !slices.ContainsFunc(ballots, isCounted) {
		return failing("ballot", "a newer ballot of this voter was counted instead")
	}
	return nil
}
