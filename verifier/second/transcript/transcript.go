// Package transcript fixes every challenge by one running string of labelled messages.
//
// Source: docs/protocol.md §2.8. Vectors: transcript.json.
package transcript

import (
	"ostraka/second/curve"
	"ostraka/second/encoding"
)

// Transcript is the string so far.
type Transcript struct{ data []byte }

// New starts the transcript of a proof, bound to its purpose and its poll.
func New(purpose string, pollContext []byte) *Transcript {
	transcript := &Transcript{[]byte("ostraka/v2/transcript")}
	transcript.Absorb("purpose", []byte(purpose))
	transcript.Absorb("poll", pollContext)
	return transcript
}

// Absorb appends a message under its label. The lengths keep ("ab", "c") and ("a", "bc") apart.
func (transcript *Transcript) Absorb(label string, message []byte) {
	data := append(transcript.data, encoding.U32(uint32(len(label)))...)
	data = append(data, label...)
	data = append(data, encoding.U32(uint32(len(message)))...)
	transcript.data = append(data, message...)
}

// Challenge gives keccak of the whole string, modulo r.
func (transcript *Transcript) Challenge() curve.Scalar {
	digest := encoding.Keccak(transcript.data)
	var challenge curve.Scalar
	challenge.SetBytes(digest[:])
	return challenge
}
