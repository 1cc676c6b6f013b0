package chain

import (
	"math/big"

	"ostraka/second/census"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
)

const (
	memberSet           = "MemberSet(address,uint128)"
	votingKeyRegistered = "VotingKeyRegistered(address,address)"
	votesChanged        = "DelegateVotesChanged(address,uint256,uint256)"
)

// readSource reads the census that a source on chain gives, and what C4 asks about its block (§6.5).
func (reader *Reader) readSource(chain *evidence.Chain, source *census.Source) {
	chain.Census = got(reader.sourced(source))
	code, err := reader.client.code(source.Contract, reader.block)
	if err != nil {
		chain.Census = evidence.Missing[evidence.Census](unreadOf(err))
	}
	chain.CensusCode = code
	chain.CensusTimes = got(reader.sourceTimes(source.Block))
}

// sourceTimes gives the times of a block and of the one after it.
func (reader *Reader) sourceTimes(block uint64) (times [2]uint64, err error) {
	if block >= reader.block {
		return times, unread("block %d is not in the past", block)
	}
	if times[0], err = reader.client.timestamp(block); err != nil {
		return times, err
	}
	times[1], err = reader.client.timestamp(block + 1)
	return times, err
}

func (reader *Reader) sourced(source *census.Source) (evidence.Census, error) {
	if source.Block >= reader.block {
		return evidence.Census{}, unread("block %d is not in the past", source.Block)
	}
	weights, err := reader.members(source)
	if source.Kind == "votes" {
		weights, err = reader.votes(source)
	}
	if err != nil {
		return evidence.Census{}, err
	}
	if len(weights) == 0 {
		return evidence.Census{}, unread("the endpoint shows nobody in the source")
	}
	keys, err := reader.votingKeys(source)
	if err != nil {
		return evidence.Census{}, err
	}
	var entries []census.Entry
	for account, weight := range weights {
		key, registered := keys[account]
		if !registered || key == (encoding.Address{}) {
			key = account
		}
		entries = append(entries, census.Entry{Account: account, Key: key, Weight: weight})
	}
	list, err := census.New(entries)
	if err != nil {
		return evidence.Census{}, err
	}
	weighed, err := census.Weigh(list.Entries, source.Classes)
	if err != nil {
		return evidence.Census{}, err
	}
	var read evidence.Census
	for _, entry := range weighed {
		read.Entries = append(read.Entries, evidence.Voter{
			Account: evidence.Address(entry.Account), SigningKey: evidence.Address(entry.Key), Weight: entry.Weight,
		})
	}
	return read, nil
}

// upTo gives a contract's events up to the source's block.
func (reader *Reader) upTo(source *census.Source, address encoding.Address, signature string) ([]event, error) {
	if reader.from > source.Block {
		return nil, nil
	}
	events, err := reader.client.logs(address, reader.from, source.Block, topic(signature))
	for _, one := range events {
		if len(one.topics) < 2 {
			return nil, unread("an event %s without its account", signature)
		}
	}
	return events, err
}

// members gives the members of a MemberRegistry by their latest events.
func (reader *Reader) members(source *census.Source) (map[encoding.Address]*big.Int, error) {
	weights := map[encoding.Address]*big.Int{}
	if source.Kind != "members" {
		return weights, nil
	}
	events, err := reader.upTo(source, source.Contract, memberSet)
	if err != nil {
		return nil, err
	}
	for _, one := range events {
		content := wordsOf(memberSet, one.data)
		account, weight := encoding.Address(one.topics[1][12:]), content.big(0, 128)
		if *content.err != nil {
			return nil, *content.err
		}
		if delete(weights, account); weight.Sign() > 0 {
			weights[account] = weight
		}
	}
	return weights, nil
}

// votes gives the past votes of every account that the token names.
func (reader *Reader) votes(source *census.Source) (map[encoding.Address]*big.Int, error) {
	events, err := reader.upTo(source, source.Contract, votesChanged)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, nil
	}
	timepoint, err := reader.timepoint(source)
	if err != nil {
		return nil, err
	}
	unit := source.Unit
	if unit == nil {
		unit = big.NewInt(1)
	}
	weights, asked := map[encoding.Address]*big.Int{}, map[encoding.Address]bool{}
	for _, one := range events {
		account := encoding.Address(one.topics[1][12:])
		if asked[account] {
			continue
		}
		asked[account] = true
		answer, err := reader.call(source.Contract, "getPastVotes(address,uint256)",
			encoding.WordOfAddress(account), encoding.WordOfInt(timepoint))
		if err != nil {
			return nil, err
		}
		// Of an answer that is longer than a word, the first word counts.
		votes := answer.big(0, 256)
		if *answer.err != nil {
			return nil, *answer.err
		}
		if weight := votes.Div(votes, unit); weight.Sign() > 0 {
			weights[account] = weight
		}
	}
	return weights, nil
}

// timepoint gives the source's block by the token's clock (§18.7).
func (reader *Reader) timepoint(source *census.Source) (uint64, error) {
	answer, err := reader.call(source.Contract, "CLOCK_MODE()")
	if executionFailed(err) || err == nil && len(answer.data) == 0 {
		return source.Block, nil
	}
	if err != nil {
		return 0, err
	}
	mode := string(answer.at(0).bytes())
	switch {
	case *answer.err != nil:
		return 0, *answer.err
	case mode == "mode=timestamp":
		return reader.client.timestamp(source.Block)
	case mode == "mode=blocknumber&from=default":
		return source.Block, nil
	}
	return 0, unread("the token counts by the unknown clock %q", mode)
}

func (reader *Reader) votingKeys(source *census.Source) (map[encoding.Address]encoding.Address, error) {
	keys := map[encoding.Address]encoding.Address{}
	if source.Keys == nil {
		return keys, nil
	}
	events, err := reader.upTo(source, *source.Keys, votingKeyRegistered)
	if err != nil {
		return nil, err
	}
	for _, one := range events {
		if len(one.topics) < 3 {
			return nil, unread("an event %s without its key", votingKeyRegistered)
		}
		keys[encoding.Address(one.topics[1][12:])] = encoding.Address(one.topics[2][12:])
	}
	return keys, nil
}
