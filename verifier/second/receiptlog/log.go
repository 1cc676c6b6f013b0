// Package receiptlog has the logs of receipts and the checkpoints of them.
//
// Source: docs/protocol.md §9.6; RFC 6962, section 2.1. Vectors: receipt_log.json.
package receiptlog

import (
	"math/bits"
	"slices"

	"ostraka/second/encoding"
)

// Root gives the root of a log of ballots by their digests.
func Root(digests []encoding.Word) encoding.Word {
	switch len(digests) {
	case 0:
		return encoding.Word{}
	case 1:
		return encoding.Tagged("log-leaf", digests[0][:])
	}
	split := splitOf(len(digests))
	return node(Root(digests[:split]), Root(digests[split:]))
}

func node(left, right encoding.Word) encoding.Word {
	return encoding.Tagged("log-node", left[:], right[:])
}

// splitOf gives the largest power of two below a count of at least 2.
func splitOf(count int) int { return 1 << (bits.Len(uint(count-1)) - 1) }

// Inclusion gives the proof that a log has a ballot at an index (RFC 6962, section 2.1.1).
func Inclusion(digests []encoding.Word, index int) []encoding.Word {
	if len(digests) == 1 {
		return nil
	}
	split := splitOf(len(digests))
	if index < split {
		return append(Inclusion(digests[:split], index), Root(digests[split:]))
	}
	return append(Inclusion(digests[split:], index-split), Root(digests[:split]))
}

// Consistency gives the proof that a log began with its first ballots (RFC 6962, section 2.1.2).
func Consistency(digests []encoding.Word, first int) []encoding.Word {
	if first == 0 || first == len(digests) {
		return nil
	}
	return consistency(digests, first, true)
}

func consistency(digests []encoding.Word, first int, whole bool) []encoding.Word {
	if first == len(digests) {
		if whole {
			return nil
		}
		return []encoding.Word{Root(digests)}
	}
	split := splitOf(len(digests))
	if first <= split {
		return append(consistency(digests[:split], first, whole), Root(digests[split:]))
	}
	return append(consistency(digests[split:], first-split, false), Root(digests[:split]))
}

// Checkpoint is what a node signs of its log.
type Checkpoint struct {
	Node          int
	Number, Count uint32
	Root          encoding.Word
	Previous      encoding.Word
	SignedAt      uint64
	encoded       []byte
}

// DecodeCheckpoint reads the 81 bytes of a checkpoint.
func DecodeCheckpoint(data []byte) (*Checkpoint, error) {
	reader := encoding.NewReader("checkpoint", data)
	decoded := &Checkpoint{
		reader.U8("node"), reader.U32("number"), reader.U32("count"), reader.Word("root"),
		reader.Word("previous"), reader.U64("signed_at"), data,
	}
	return decoded, reader.End()
}

// Hash gives checkpointHash.
func (checkpoint *Checkpoint) Hash(pollContext []byte) encoding.Word {
	return encoding.Tagged("checkpoint", pollContext, checkpoint.encoded)
}

// shortest is the time between two checkpoints of a node, in seconds.
const shortest = 10

// First says whether a node may sign the checkpoint as its first one.
func (checkpoint *Checkpoint) First(opensAt, freezesAt uint64) bool {
	if checkpoint.Number != 1 || checkpoint.Previous != (encoding.Word{}) ||
		checkpoint.SignedAt < opensAt || checkpoint.SignedAt > freezesAt {
		return false
	}
	return checkpoint.Count > 0 || checkpoint.SignedAt == freezesAt
}

// Follows says whether a node may sign the checkpoint after another one of its own.
func (checkpoint *Checkpoint) Follows(before *Checkpoint, pollContext []byte, freezesAt uint64) bool {
	if checkpoint.Node != before.Node || checkpoint.Number != before.Number+1 ||
		checkpoint.Previous != before.Hash(pollContext) {
		return false
	}
	if checkpoint.SignedAt == freezesAt {
		// The last one may follow at once, and without a new ballot.
		sameLog := checkpoint.Count > before.Count || checkpoint.Root == before.Root
		return checkpoint.Count >= before.Count && sameLog && before.SignedAt < freezesAt
	}
	return checkpoint.Count > before.Count && checkpoint.SignedAt >= before.SignedAt+shortest &&
		checkpoint.SignedAt < freezesAt
}

// Contradicts says whether two checkpoints of one node prove that it forked its log.
func (checkpoint *Checkpoint) Contradicts(other *Checkpoint, pollContext []byte) bool {
	if checkpoint.Node != other.Node || slices.Equal(checkpoint.encoded, other.encoded) {
		return false
	}
	low, high := checkpoint, other
	if low.Number > high.Number {
		low, high = high, low
	}
	switch {
	case low.Number == high.Number:
		return true
	case high.Count < low.Count, high.Count == low.Count && high.Root != low.Root, high.SignedAt <= low.SignedAt:
		return true
	}
	return high.Number == low.Number+1 && high.Previous != low.Hash(pollContext)
}
