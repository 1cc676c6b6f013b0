// Package chain reads the evidence of an audit from a chain, over JSON-RPC.
//
// Source: docs/protocol.md §13, §18.
package chain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
)

const (
	// patience is how long one answer may take.
	patience = 30 * time.Second
	// largest is the most bytes of an answer.
	largest = 64 << 20
	// attempts is how often a request is made that fails for a reason that passes.
	attempts = 5
	// longestPause is the most that an endpoint may ask to wait.
	longestPause = 10 * time.Second
	// smallestRange of blocks is the last for which logs are asked after refusals.
	smallestRange = 1
)

// refusal is an error that an endpoint answers: of a contract, or of its own.
type refusal struct{ method, message string }

func (err *refusal) Error() string {
	return fmt.Sprintf("%s: the endpoint refuses: %s", err.method, err.message)
}

// unread says that nothing was read. It counts against nobody.
func unread(format string, values ...any) error {
	return &evidence.Unread{Reason: fmt.Sprintf(format, values...)}
}

// Client asks one endpoint.
type Client struct {
	url  string
	http *http.Client
	// step is the largest range of blocks that the endpoint did not refuse.
	step uint64
	// pause is the first pause between attempts; each further one is twice as long.
	pause time.Duration
}

// NewClient asks the endpoint at a URL.
func NewClient(url string) *Client {
	return &Client{url, &http.Client{Timeout: patience}, 1 << 62, 500 * time.Millisecond}
}

// ask makes a request and gives its result.
func (client *Client) ask(method string, parameters ...any) (json.RawMessage, error) {
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
	if err != nil {
		return nil, err
	}
	pause := client.pause
	for attempt := 1; ; attempt++ {
		raw, wait, err := client.post(request)
		if err == nil {
			return result(method, raw)
		}
		var passing *passing
		if !errors.As(err, &passing) || attempt == attempts {
			return nil, unread("%s: %v", method, err)
		}
		time.Sleep(max(pause, min(wait, longestPause)))
		pause *= 2
	}
}

// passing is a failure after which a request is made again.
type passing struct{ cause string }

func (err *passing) Error() string { return err.cause }

func (client *Client) post(request []byte) (raw []byte, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	posted, err := http.NewRequestWithContext(ctx, http.MethodPost, client.url, bytes.NewReader(request))
	if err != nil {
		return nil, 0, err
	}
	posted.Header.Set("Content-Type", "application/json")
	answer, err := client.http.Do(posted)
	if err != nil {
		return nil, 0, &passing{"no connection, or no answer in time"}
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500 {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return nil, time.Duration(seconds) * time.Second, &passing{fmt.Sprintf("status %d", answer.StatusCode)}
	}
	raw, err = readAll(answer.Body, largest)
	return raw, 0, err
}

func readAll(body io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, errors.New("no whole answer in time")
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("an answer of more than %d bytes", limit)
	}
	return raw, nil
}

func result(method string, raw []byte) (json.RawMessage, error) {
	var answer struct {
		ID     json.RawMessage
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, unread("%s: the answer is no JSON-RPC", method)
	}
	if answer.Error != nil {
		return nil, &refusal{method, answer.Error.Message}
	}
	if string(answer.ID) != "1" || answer.Result == nil {
		return nil, unread("%s: an answer without a result", method)
	}
	return answer.Result, nil
}

// data asks for bytes.
func (client *Client) data(method string, parameters ...any) ([]byte, error) {
	raw, err := client.ask(method, parameters...)
	if err != nil {
		return nil, err
	}
	return hexData(method, raw)
}

func hexData(what string, raw json.RawMessage) ([]byte, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, unread("%s: not bytes", what)
	}
	data, err := encoding.Unhex(text)
	if err != nil {
		return nil, unread("%s: not bytes", what)
	}
	return data, nil
}

// quantity asks for an integer below 2^64.
func (client *Client) quantity(method string, parameters ...any) (uint64, error) {
	raw, err := client.ask(method, parameters...)
	if err != nil {
		return 0, err
	}
	return hexQuantity(method, raw)
}

func hexQuantity(what string, raw json.RawMessage) (uint64, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || !strings.HasPrefix(text, "0x") || len(text) > len("0x")+16 {
		return 0, unread("%s: not a number", what)
	}
	number, err := strconv.ParseUint(text[2:], 16, 64)
	if err != nil {
		return 0, unread("%s: not a number", what)
	}
	return number, nil
}

func blockTag(block uint64) string { return "0x" + strconv.FormatUint(block, 16) }

// code gives a contract's runtime code at a block.
func (client *Client) code(address encoding.Address, block uint64) ([]byte, error) {
	return client.data("eth_getCode", encoding.Hex(address[:]), blockTag(block))
}

// call calls a function of a contract at a block; words are its encoded arguments.
func (client *Client) call(to encoding.Address, function string, block uint64, words ...[]byte) ([]byte, error) {
	selector := encoding.Keccak([]byte(function))
	input := bytes.Join(append([][]byte{selector[:4]}, words...), nil)
	return client.data("eth_call", map[string]string{"to": encoding.Hex(to[:]), "data": encoding.Hex(input)}, blockTag(block))
}

// timestamp gives the time of a block, in Unix seconds.
func (client *Client) timestamp(block uint64) (uint64, error) {
	raw, err := client.ask("eth_getBlockByNumber", blockTag(block), false)
	if err != nil {
		return 0, err
	}
	var header struct{ Timestamp json.RawMessage }
	if json.Unmarshal(raw, &header) != nil || header.Timestamp == nil {
		return 0, unread("no block %d", block)
	}
	return hexQuantity("timestamp", header.Timestamp)
}

// event is a log with its place on the chain.
type event struct {
	topics      []encoding.Word
	data        []byte
	block       uint64
	transaction encoding.Word
}

// logs gives a contract's events with certain topics, from a block to a block. Where the endpoint
// refuses a range, a smaller one is asked for.
func (client *Client) logs(address encoding.Address, from, to uint64, topics ...encoding.Word) ([]event, error) {
	var asked []string
	for _, topic := range topics {
		asked = append(asked, encoding.Hex(topic[:]))
	}
	var events []event
	for first := from; first <= to; {
		last := to
		if client.step <= to-first {
			last = first + client.step - 1
		}
		raw, err := client.ask("eth_getLogs", map[string]any{
			"address": encoding.Hex(address[:]), "topics": asked, "fromBlock": blockTag(first), "toBlock": blockTag(last),
		})
		var refused *refusal
		if errors.As(err, &refused) && last-first >= smallestRange {
			client.step = (last - first + 1) / 2
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := readEvents(raw, address, first, last, topics)
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
		first = last + 1
	}
	return events, nil
}

func readEvents(raw json.RawMessage, address encoding.Address, first, last uint64, topics []encoding.Word) ([]event, error) {
	var logs []struct {
		Address         evidence.Address
		Topics          []evidence.Word
		Data            evidence.Bytes
		BlockNumber     json.RawMessage
		TransactionHash evidence.Word
	}
	if err := json.Unmarshal(raw, &logs); err != nil || logs == nil {
		return nil, unread("eth_getLogs: not a list of events")
	}
	var events []event
	for _, log := range logs {
		block, err := hexQuantity("eth_getLogs", log.BlockNumber)
		if err != nil || encoding.Address(log.Address) != address || block < first || block > last || len(log.Topics) < len(topics) {
			return nil, unread("eth_getLogs: an event that was not asked for")
		}
		one := event{nil, log.Data, block, encoding.Word(log.TransactionHash)}
		for index, topic := range log.Topics {
			if index < len(topics) && encoding.Word(topic) != topics[index] {
				return nil, unread("eth_getLogs: an event that was not asked for")
			}
			one.topics = append(one.topics, encoding.Word(topic))
		}
		events = append(events, one)
	}
	return events, nil
}

// topic gives the first topic of an event.
func topic(signature string) encoding.Word { return encoding.Keccak([]byte(signature)) }
