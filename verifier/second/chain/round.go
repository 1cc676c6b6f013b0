package chain

import (
	"math/big"
	"strings"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/poll"
)

const (
	itemType       = "(address,uint128,uint16,string,string,bytes32)"
	roundType      = "(address,uint128,uint128,uint128,uint16,uint16,bytes32,uint64,uint64,uint32,uint32,address,bytes,bytes,bytes32,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32,uint32,uint32,bool)"
	electorateType = "(uint8,bytes32,uint128,uint32,bytes)"

	roundCreated      = "RoundCreated(uint256,address," + roundType + "," + electorateType + ",string,string)"
	proposalSubmitted = "ProposalSubmitted(uint256,bytes32,address,uint16," + itemType + ")"
	proposalRevised   = "ProposalRevised(uint256,bytes32," + itemType + ")"
	payoutClaimed     = "PayoutClaimed(uint256,bytes32,address,uint256)"
	transferred       = "Transfer(address,address,uint256)"

	proposalWords = 8
	// lastStatus of a round (§18.6).
	lastStatus = 9
)

// round reads the round that a description names.
func (reader *Reader) round(named *poll.Round) evidence.Read[evidence.Round] {
	return got(reader.readRound(named))
}

func (reader *Reader) readRound(named *poll.Round) (read evidence.Round, err error) {
	treasury, id := named.Treasury, encoding.WordOf(named.ID)
	if read.Code, err = reader.client.code(treasury, reader.block); err != nil {
		return read, err
	}
	if len(read.Code) == 0 {
		return read, unread("no contract at %s on chain %s", encoding.Hex(treasury[:]), reader.chainID)
	}
	registry, err := reader.getAddress(treasury, "registry()")
	if err != nil {
		return read, err
	}
	read.Registry = evidence.Address(registry)
	if read.Rules, err = reader.part(treasury, "rules()"); err != nil {
		return read, err
	}
	view, err := reader.call(treasury, "round(uint256)", id)
	if err != nil {
		return read, err
	}
	if err := fillRound(&read, view.at(0)); err != nil {
		return read, err
	}
	for _, step := range []func(*evidence.Round, encoding.Address, encoding.Word) error{
		reader.readCreated, reader.readProposals, reader.readPayouts,
	} {
		if err := step(&read, treasury, encoding.Word(id)); err != nil {
			return read, err
		}
	}
	read.Moved = reader.moved(&read, treasury)
	return read, nil
}

// fillRound reads a RoundView (§18.6).
func fillRound(read *evidence.Round, view *words) error {
	read.Status, read.PollID = int(view.number(0, 8)), view.big(2, 256)
	read.Deposited, read.Committed, read.PaidOut = view.big(3, 256), view.big(4, 256), view.big(5, 256)
	read.Electorate = evidence.Electorate{
		Kind: int(view.number(10, 8)), Root: evidence.Word(view.word(11)),
		Voters: view.number(12, 32), Weight: view.big(13, 128),
	}
	parameters := view.at(14)
	read.Token, read.Budget = evidence.Address(parameters.address(0)), parameters.big(1, 128)
	read.MemberRoot, read.Secret = evidence.Word(parameters.word(6)), parameters.flag(25)
	if *view.err == nil && (read.Status == 0 || read.Status > lastStatus) {
		return unread("the treasury has no such round")
	}
	return *view.err
}

func (reader *Reader) readCreated(read *evidence.Round, treasury encoding.Address, id encoding.Word) error {
	created, err := reader.logs(treasury, topic(roundCreated), id)
	if err != nil {
		return err
	}
	if len(created) == 0 {
		return unread("the endpoint shows no event RoundCreated")
	}
	event := wordsOf(roundCreated, created[0].data)
	read.Electorate.Source = event.at(1).at(4).bytes()
	read.Title, read.Text = text(event.at(2).bytes()), text(event.at(3).bytes())
	return *event.err
}

// text shows bytes that are not UTF-8 as U+FFFD (§17.2).
func text(data []byte) string { return strings.ToValidUTF8(string(data), "\uFFFD") }

func (reader *Reader) readProposals(read *evidence.Round, treasury encoding.Address, id encoding.Word) error {
	answer, err := reader.call(treasury, "proposals(uint256)", id[:])
	if err != nil {
		return err
	}
	list := answer.at(0)
	count := list.count(proposalWords)
	for index := range count {
		at := 1 + proposalWords*index
		read.Proposals = append(read.Proposals, evidence.Proposal{
			ID: evidence.Word(list.word(at)), Recipient: evidence.Address(list.address(at + 2)),
			Amount: list.big(at+3, 128), Category: int(list.number(at+4, 16)),
			Withdrawn: list.flag(at + 5), Funded: list.flag(at + 6), Paid: list.flag(at + 7),
		})
	}
	if *answer.err != nil {
		return *answer.err
	}
	titles := map[encoding.Word]string{}
	for _, kind := range []struct {
		signature string
		item      int
	}{{proposalSubmitted, 1}, {proposalRevised, 0}} {
		events, err := reader.logs(treasury, topic(kind.signature), id)
		if err != nil {
			return err
		}
		for _, one := range events {
			if len(one.topics) < 3 {
				return unread("an event of proposals without its proposal")
			}
			content := wordsOf(kind.signature, one.data)
			titles[one.topics[2]] = text(content.at(kind.item).at(3).bytes())
			if *content.err != nil {
				return *content.err
			}
		}
	}
	for index := range read.Proposals {
		title, shown := titles[encoding.Word(read.Proposals[index].ID)]
		if !shown {
			return unread("the endpoint shows no event of a proposal that the treasury has")
		}
		read.Proposals[index].Title = title
	}
	return nil
}

func (reader *Reader) readPayouts(read *evidence.Round, treasury encoding.Address, id encoding.Word) error {
	events, err := reader.logs(treasury, topic(payoutClaimed), id)
	if err != nil {
		return err
	}
	for _, one := range events {
		content := wordsOf(payoutClaimed, one.data)
		if len(one.topics) < 4 {
			content.fail()
		}
		amount := content.big(0, 256)
		if *content.err != nil {
			return *content.err
		}
		read.Payouts = append(read.Payouts, evidence.Payout{
			ProposalID: evidence.Word(one.topics[2]), Recipient: evidence.Address(one.topics[3][12:]),
			Amount: amount, Block: one.block, Transaction: evidence.Word(one.transaction),
		})
	}
	paid := false
	for _, proposal := range read.Proposals {
		paid = paid || proposal.Paid
	}
	if paid && len(read.Payouts) == 0 {
		return unread("the endpoint shows no event of payouts that the treasury has")
	}
	return nil
}

// moved reads what the payouts moved: transfers of the token, or balances of the recipients.
func (reader *Reader) moved(read *evidence.Round, treasury encoding.Address) evidence.Read[[]evidence.Movement] {
	if read.Token == (evidence.Address{}) {
		return got(reader.balances(read.Payouts))
	}
	return got(reader.transfers(read, treasury))
}

func (reader *Reader) transfers(read *evidence.Round, treasury encoding.Address) ([]evidence.Movement, error) {
	moved := []evidence.Movement{}
	if len(read.Payouts) == 0 {
		return moved, nil
	}
	first, last := read.Payouts[0].Block, read.Payouts[0].Block
	wanted := map[evidence.Word]bool{}
	for _, payout := range read.Payouts {
		first, last = min(first, payout.Block), max(last, payout.Block)
		wanted[payout.Transaction] = true
	}
	sender := encoding.Word(encoding.WordOfAddress(treasury))
	events, err := reader.client.logs(encoding.Address(read.Token), first, last, topic(transferred), sender)
	if err != nil {
		return nil, err
	}
	for _, one := range events {
		// Tokens of other standards have further topics; a recipient is always the third.
		if !wanted[evidence.Word(one.transaction)] || len(one.topics) < 3 || len(one.data) < 32 {
			continue
		}
		moved = append(moved, evidence.Movement{
			Recipient: evidence.Address(one.topics[2][12:]), Transaction: evidence.Word(one.transaction),
			Amount: new(big.Int).SetBytes(one.data[:32]), Block: one.block,
		})
	}
	return moved, nil
}

// balances reads each recipient's balance in the block before a payout and in its block.
func (reader *Reader) balances(payouts []evidence.Payout) ([]evidence.Movement, error) {
	moved := []evidence.Movement{}
	for index, payout := range payouts {
		seen := false
		for _, before := range payouts[:index] {
			seen = seen || before.Recipient == payout.Recipient && before.Block == payout.Block
		}
		if seen {
			continue
		}
		one, err := reader.receipt(payout)
		if err != nil {
			return nil, err
		}
		moved = append(moved, one)
	}
	return moved, nil
}

func (reader *Reader) receipt(payout evidence.Payout) (evidence.Movement, error) {
	read := evidence.Movement{Recipient: payout.Recipient, Block: payout.Block}
	var balances [2]*big.Int
	var sent [2]uint64
	for index, block := range []uint64{payout.Block - 1, payout.Block} {
		raw, err := reader.client.ask("eth_getBalance", payout.Recipient.String(), blockTag(block))
		if err != nil {
			return read, err
		}
		if balances[index], err = hexBig(raw); err != nil {
			return read, err
		}
		sent[index], err = reader.client.quantity("eth_getTransactionCount", payout.Recipient.String(), blockTag(block))
		if err != nil {
			return read, err
		}
	}
	code, err := reader.client.code(encoding.Address(payout.Recipient), payout.Block)
	read.Before, read.After = balances[0], balances[1]
	read.Spent = len(code) > 0 || sent[0] != sent[1]
	return read, err
}

func hexBig(raw []byte) (*big.Int, error) {
	text := strings.Trim(string(raw), `"`)
	number, isNumber := new(big.Int).SetString(strings.TrimPrefix(text, "0x"), 16)
	if !isNumber || !strings.HasPrefix(text, "0x") || number.Sign() < 0 || number.BitLen() > 256 {
		return nil, unread("eth_getBalance: not a number")
	}
	return number, nil
}
