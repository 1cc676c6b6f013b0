package checks

import (
	"errors"

	"ostraka/second/ballot"
	"ostraka/second/board"
	"ostraka/second/census"
	"ostraka/second/encoding"
	"ostraka/second/outcome"
	"ostraka/second/poll"
	"ostraka/second/rule"
)

// memo is a part of the board that is decoded once.
type memo[T any] struct {
	done  bool
	value T
	err   error
}

// get decodes the part when it is first asked for. A fault belongs to a check.
func (part *memo[T]) get(check string, decode func() (T, error)) (T, error) {
	if !part.done {
		part.done = true
		part.value, part.err = decode()
		var before *owned
		if part.err != nil && !errors.As(part.err, &before) {
			part.err = &owned{check, part.err}
		}
	}
	return part.value, part.err
}

// parts are the sections of a board, each decoded when a check first needs it.
type parts struct {
	sections    *board.Sections
	identity    memo[*poll.Identity]
	parameters  memo[*poll.Parameters]
	rule        memo[*rule.Rule]
	outcome     memo[outcome.Rule]
	description memo[*poll.Description]
	committee   memo[*poll.Committee]
	keys        memo[[]poll.Announcement]
	census      memo[*census.Census]
	shape       memo[*ballot.Shape]
	leaves      memo[[]board.Leaf]
	root        memo[*board.AnchoredRoot]
	shares      memo[[]board.SignedShare]
	redemptions memo[*census.Redemptions]
	opened      memo[*board.OpenedBallots]
	run         memo[*shuffledRun]
}

func (parts *parts) split(data []byte) (err error) {
	parts.sections, err = board.Split(data)
	return err
}

func (parts *parts) has(section int) bool {
	_, present := parts.sections.Contents[section]
	return present
}

func (audit *Audit) identity() (*poll.Identity, error) {
	parts := &audit.parts
	return parts.identity.get("P1", func() (*poll.Identity, error) {
		return poll.DecodeIdentity(parts.sections.Contents[board.Poll])
	})
}

func (audit *Audit) parameters() (*poll.Parameters, error) {
	parts := &audit.parts
	return parts.parameters.get("P1", func() (*poll.Parameters, error) {
		return poll.DecodeParameters(parts.sections.Contents[board.Parameters])
	})
}

func (audit *Audit) rule() (*rule.Rule, error) {
	parts := &audit.parts
	return parts.rule.get("P2", func() (*rule.Rule, error) {
		return rule.Decode(parts.sections.Contents[board.Rule])
	})
}

func (audit *Audit) outcome() (outcome.Rule, error) {
	parts := &audit.parts
	return parts.outcome.get("P2", func() (outcome.Rule, error) {
		return outcome.Decode(parts.sections.Contents[board.OutcomeRule])
	})
}

func (audit *Audit) description() (*poll.Description, error) {
	parts := &audit.parts
	return parts.description.get("P2", func() (*poll.Description, error) {
		return poll.DecodeDescription(parts.sections.Contents[board.Description])
	})
}

func (audit *Audit) committee() (*poll.Committee, error) {
	parts := &audit.parts
	return parts.committee.get("P3", func() (*poll.Committee, error) {
		return poll.DecodeCommittee(parts.sections.Contents[board.Committee])
	})
}

func (audit *Audit) keys() ([]poll.Announcement, error) {
	parts := &audit.parts
	return parts.keys.get("P4", func() ([]poll.Announcement, error) {
		return poll.DecodeKeys(parts.sections.Contents[board.PollKeys])
	})
}

func (audit *Audit) census() (*census.Census, error) {
	parts := &audit.parts
	return parts.census.get("C1", func() (*census.Census, error) {
		return census.Decode(parts.sections.Contents[board.Census])
	})
}

func (audit *Audit) shape() (*ballot.Shape, error) {
	return audit.parts.shape.get("P2", func() (*ballot.Shape, error) {
		ballotRule, err := audit.rule()
		if err != nil {
			return nil, err
		}
		committee, err := audit.committee()
		if err != nil {
			return nil, err
		}
		return ballot.NewShape(ballotRule, committee.Threshold), nil
	})
}

func (audit *Audit) leaves() ([]board.Leaf, error) {
	parts := &audit.parts
	return parts.leaves.get("B1", func() ([]board.Leaf, error) {
		shape, err := audit.shape()
		if err != nil {
			return nil, err
		}
		return board.DecodeLeaves(parts.sections.Contents[board.Leaves], shape)
	})
}

// root is section 10, which must be there where the chain has a root.
func (audit *Audit) root() (*board.AnchoredRoot, error) {
	parts := &audit.parts
	return parts.root.get("T2", func() (*board.AnchoredRoot, error) {
		if !parts.has(board.Root) {
			return nil, encoding.Undecodable("board.root", "missing")
		}
		return board.DecodeRoot(parts.sections.Contents[board.Root])
	})
}

// shares is section 11; nil where there is none.
func (audit *Audit) shares() ([]board.SignedShare, error) {
	parts := &audit.parts
	return parts.shares.get("S1", func() ([]board.SignedShare, error) {
		ballotRule, err := audit.rule()
		if err != nil || !parts.has(board.Shares) {
			return nil, err
		}
		return board.DecodeShares(parts.sections.Contents[board.Shares], len(ballotRule.Slots))
	})
}

func (audit *Audit) redemptions(entries int) (*census.Redemptions, error) {
	parts := &audit.parts
	return parts.redemptions.get("C4", func() (*census.Redemptions, error) {
		if !parts.has(board.Redemptions) {
			return nil, encoding.Undecodable("board.redemptions", "missing")
		}
		return census.DecodeRedemptions(parts.sections.Contents[board.Redemptions], entries)
	})
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return number(count) + " " + noun + "s"
}
