package chain

import (
	"errors"
	"math/big"
	"strings"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/outcome"
	"ostraka/second/poll"
	"ostraka/second/release"
)

const (
	rootType       = "(uint32,bytes32,uint256,uint256,uint32)"
	pollOpened     = "PollOpened(uint256,bytes32[],bytes[])"
	rootAnchored   = "RootAnchored(uint256," + rootType + ",(uint8,bytes)[])"
	tallyAccepted  = "TallyAccepted(uint256,uint256[],uint256)"
	outcomeMissed  = 5
	awardsFunction = "awards(uint256,uint256[],bytes,uint16[])"
	pollViewWords  = 27
)

// statuses of a poll (§18.4).
var statuses = []string{"none", "created", "open", "closed", "anchored", "releasable", "tallied", "void"}

// Board is what of a board the reader needs to know which questions to ask.
type Board struct {
	// Outcome is the outcome rule with its bytes; nil where it cannot be read.
	Outcome      outcome.Rule
	OutcomeBytes []byte
	// Description is nil where it cannot be read.
	Description *poll.Description
}

// Reader reads a registry at one block.
type Reader struct {
	client   *Client
	registry encoding.Address
	from     uint64
	block    uint64
	chainID  *big.Int
}

// NewReader connects to an endpoint. No event before the block from is asked for.
func NewReader(url string, registry encoding.Address, from uint64) (*Reader, error) {
	client := NewClient(url)
	chainID, err := client.quantity("eth_chainId")
	if err != nil {
		return nil, err
	}
	block, err := client.quantity("eth_blockNumber")
	return &Reader{client, registry, from, block, new(big.Int).SetUint64(chainID)}, err
}

// ChainID is what the endpoint says of its chain.
func (reader *Reader) ChainID() *big.Int { return reader.chainID }

// Read gives the evidence about a poll. Parts that an audit can do without are errors of their own.
func (reader *Reader) Read(pollID *big.Int, board Board) (*evidence.Chain, error) {
	code, err := reader.client.code(reader.registry, reader.block)
	if err != nil {
		return nil, err
	}
	if len(code) == 0 {
		return nil, unread("no contract at %s on chain %s", encoding.Hex(reader.registry[:]), reader.chainID)
	}
	chain := &evidence.Chain{ChainID: reader.chainID, Block: reader.block}
	for _, step := range []func() error{
		func() error { return reader.readPoll(chain, pollID) },
		func() error { return reader.readGenerators(chain) },
		func() error { return reader.readEvents(chain, pollID) },
		func() error { return reader.readCreator(chain) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	chain.Deployment = reader.deployment(code)
	chain.Awards = reader.awards(chain, pollID, board)
	chain.Outcome = reader.outcome(chain, pollID, board)
	if description := board.Description; description != nil {
		if description.Round != nil {
			chain.Round = reader.round(description.Round)
		}
		if source := description.Census; source != nil && source.Kind != "invitations" {
			reader.readSource(chain, source)
		}
	}
	return chain, nil
}

func (reader *Reader) call(to encoding.Address, function string, arguments ...[]byte) (*words, error) {
	data, err := reader.client.call(to, function, reader.block, arguments...)
	return wordsOf(function, data), err
}

func (reader *Reader) logs(address encoding.Address, topics ...encoding.Word) ([]event, error) {
	return reader.client.logs(address, reader.from, reader.block, topics...)
}

func (reader *Reader) readPoll(chain *evidence.Chain, pollID *big.Int) error {
	view, err := reader.call(reader.registry, "poll(uint256)", encoding.WordOf(pollID))
	if err != nil {
		return err
	}
	if len(view.data) != 32*pollViewWords {
		view.fail()
	}
	status := view.number(0, 8)
	if *view.err == nil && status >= uint64(len(statuses)) {
		view.fail()
	}
	if *view.err != nil {
		return *view.err
	}
	if status == 0 {
		return unread("the registry has no poll %s", pollID)
	}
	chain.Status = statuses[status]
	chain.PollContext, chain.Committee = evidence.Word(view.word(1)), evidence.Word(view.word(2))
	chain.Creator = evidence.Address(view.address(3))
	chain.AnchoredAt, chain.ReleasableAt = view.number(13, 64), view.number(14, 64)
	chain.TallyDeadline, chain.PollKeys = view.number(15, 64), evidence.Word(view.word(17))
	chain.Root = readRoot(view, 18).Root
	chain.TallyDigest = evidence.Word(view.word(23))
	chain.RejectedRounds, chain.RejectedAt = view.number(24, 32), view.number(25, 64)
	view.flag(26)
	return *view.err
}

// readRoot reads the five words of a Root.
func readRoot(read *words, position int) evidence.Anchored {
	x, y := read.word(position+2), read.word(position+3)
	return evidence.Anchored{Round: uint32(read.number(position, 32)), Root: evidence.Root{
		Hash: evidence.Word(read.word(position + 1)), Sum: evidence.Sum(append(x[:], y[:]...)),
		Count: uint32(read.number(position+4, 32)),
	}}
}

func (reader *Reader) readGenerators(chain *evidence.Chain) error {
	table, err := reader.getAddress(reader.registry, "generatorTable()")
	if err != nil {
		return err
	}
	chain.Generators, err = reader.client.code(table, reader.block)
	if err == nil && len(chain.Generators) == 0 {
		err = unread("no contract at %s on chain %s", encoding.Hex(table[:]), reader.chainID)
	}
	return err
}

func (reader *Reader) getAddress(of encoding.Address, getter string) (encoding.Address, error) {
	answer, err := reader.call(of, getter)
	if err != nil {
		return encoding.Address{}, err
	}
	address := answer.address(0)
	if len(answer.data) != 32 {
		answer.fail()
	}
	return address, *answer.err
}

func (reader *Reader) readEvents(chain *evidence.Chain, pollID *big.Int) error {
	id := encoding.Word(encoding.WordOf(pollID))
	opened, err := reader.logs(reader.registry, topic(pollOpened), id)
	if err != nil {
		return err
	}
	if len(opened) > 0 {
		read := wordsOf(pollOpened, opened[len(opened)-1].data)
		for _, key := range read.at(0).list() {
			chain.NodeKeys = append(chain.NodeKeys, evidence.Word(key))
		}
		if *read.err != nil {
			return *read.err
		}
	}
	anchored, err := reader.logs(reader.registry, topic(rootAnchored), id)
	if err != nil {
		return err
	}
	// After a rejection there are several: the last one stands, or none.
	if len(anchored) > 0 && chain.AnchoredAt > 0 {
		read := wordsOf(rootAnchored, anchored[len(anchored)-1].data)
		root := readRoot(read, 0)
		if *read.err != nil {
			return *read.err
		}
		chain.Anchored = &root
	}
	accepted, err := reader.logs(reader.registry, topic(tallyAccepted), id)
	if err != nil || len(accepted) == 0 {
		return err
	}
	last := accepted[len(accepted)-1]
	read := wordsOf(tallyAccepted, last.data)
	tally := &evidence.Tally{Blinding: read.big(1, 256)}
	for _, value := range read.at(0).list() {
		tally.Values = append(tally.Values, new(big.Int).SetBytes(value[:]))
	}
	if *read.err != nil {
		return *read.err
	}
	chain.Tally = tally
	chain.TalliedAt, err = reader.client.timestamp(last.block)
	return err
}

// readCreator finds out whether a contract made the poll, and whether it is a treasury of this
// registry: a contract that names the registry as its own.
func (reader *Reader) readCreator(chain *evidence.Chain) error {
	creator := encoding.Address(chain.Creator)
	code, err := reader.client.code(creator, reader.block)
	if err != nil || len(code) == 0 {
		return err
	}
	chain.CreatorIsContract = true
	answer, err := reader.call(creator, "registry()")
	if executionFailed(err) {
		return nil
	}
	if err != nil {
		return err
	}
	named := encoding.WordOfAddress(reader.registry)
	chain.CreatorIsTreasury = len(answer.data) >= 32 && string(answer.data[:32]) == string(named)
	return nil
}

// executionFailed says whether a contract itself refused a call. Other refusals say nothing of it.
func executionFailed(err error) bool {
	var refused *refusal
	if !errors.As(err, &refused) {
		return false
	}
	message := strings.ToLower(refused.message)
	for _, sign := range []string{"revert", "invalid opcode", "out of gas", "stack", "invalid jump"} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}

// got makes a value of two results: what an endpoint does not show is no evidence.
func got[T any](value T, err error) evidence.Read[T] {
	if err != nil {
		return evidence.Missing[T](unreadOf(err))
	}
	return evidence.Got(value)
}

// unreadOf keeps faults of what contracts answered; everything else was not read.
func unreadOf(err error) error {
	var fault *encoding.Fault
	var known *evidence.Unread
	if errors.As(err, &fault) || errors.As(err, &known) {
		return err
	}
	return unread("%v", err)
}

func (reader *Reader) deployment(code []byte) evidence.Read[evidence.Deployment] {
	return got(reader.readDeployment(code))
}

func (reader *Reader) readDeployment(code []byte) (read evidence.Deployment, err error) {
	read.Registry = code
	table, err := reader.getAddress(reader.registry, "generatorTable()")
	if err != nil {
		return read, err
	}
	read.GeneratorTable = evidence.Address(table)
	if read.VotingKeys, err = reader.part(reader.registry, "votingKeys()"); err != nil {
		return read, err
	}
	if read.PollRules, err = reader.part(reader.registry, "pollRules()"); err != nil {
		return read, err
	}
	floor, err := reader.call(reader.registry, "periodFloor()")
	if err != nil {
		return read, err
	}
	if read.PeriodFloor = floor.number(0, 32); *floor.err != nil {
		return read, *floor.err
	}
	disputes, err := reader.part(reader.registry, "disputes()")
	if err != nil || disputes.Address == (evidence.Address{}) {
		return read, err
	}
	read.Disputes = &evidence.Disputes{Contract: disputes}
	// A contract of disputes that nobody knows may answer anything, or nothing.
	if _, known := release.Find("Disputes", disputes.Code, ""); !known {
		return read, nil
	}
	check, err := reader.part(encoding.Address(disputes.Address), "ballotCheck()")
	read.Disputes.BallotCheck = &check
	return read, err
}

// part gives the contract that a getter names, with its code.
func (reader *Reader) part(of encoding.Address, getter string) (evidence.Code, error) {
	address, err := reader.getAddress(of, getter)
	if err != nil || address == (encoding.Address{}) {
		return evidence.Code{}, err
	}
	code, err := reader.client.code(address, reader.block)
	return evidence.Code{Address: evidence.Address(address), Code: code}, err
}

// awards asks the contract for the awards of the tally, with the order that it wants (§14.1).
func (reader *Reader) awards(chain *evidence.Chain, pollID *big.Int, board Board) (none evidence.Read[[]*big.Int]) {
	if chain.Tally == nil || board.Outcome == nil || board.Outcome.CheckSlots(len(chain.Tally.Values)) != nil {
		return none
	}
	switch board.Outcome.(type) {
	case outcome.None, outcome.OnBallots:
		return none
	}
	var order []*big.Int
	for _, slot := range board.Outcome.Order(chain.Tally.Values) {
		order = append(order, big.NewInt(int64(slot)))
	}
	answer, err := reader.call(reader.registry, awardsFunction, encodeCall(
		argument{data: encoding.WordOf(pollID)}, argument{true, encodeList(chain.Tally.Values)},
		argument{true, encodeBytes(board.OutcomeBytes)}, argument{true, encodeList(order)}))
	if err != nil {
		return evidence.Missing[[]*big.Int](unreadOf(err))
	}
	awards := []*big.Int{}
	for _, award := range answer.at(0).list() {
		awards = append(awards, new(big.Int).SetBytes(award[:]))
	}
	return got(awards, *answer.err)
}

// outcome asks the contract for what nodes attested, where opened ballots decide (§18.11).
func (reader *Reader) outcome(chain *evidence.Chain, pollID *big.Int, board Board) (none evidence.Read[evidence.Outcome]) {
	if _, onBallots := board.Outcome.(outcome.OnBallots); !onBallots || chain.Tally == nil {
		return none
	}
	answer, err := reader.call(reader.registry, "outcome(uint256)", encoding.WordOf(pollID))
	if err != nil {
		return evidence.Missing[evidence.Outcome](unreadOf(err))
	}
	view := answer.at(0)
	attested := evidence.Outcome{State: view.number(0, 8), BallotsHash: evidence.Word(view.word(5))}
	for _, award := range view.at(6).list() {
		attested.Awards = append(attested.Awards, new(big.Int).SetBytes(award[:]))
	}
	if *answer.err == nil && attested.State > outcomeMissed {
		answer.fail()
	}
	return got(attested, *answer.err)
}
