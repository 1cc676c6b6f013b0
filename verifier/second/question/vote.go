package question

import (
	"math/big"

	"ostraka/second/encoding"
)

// answer is a vote on one question, with indices from 0.
type answer struct {
	chosen []bool
	values []*big.Int
	ranked []int
	group  int
}

// nothing is the answer that chooses nothing, for building a rule.
func (question *Question) nothing() *answer {
	vote := &answer{chosen: make([]bool, question.choices()), group: -1}
	for range question.Options {
		vote.values = append(vote.values, new(big.Int))
	}
	return vote
}

func (question *Question) choices() int {
	if question.Kind == "cross_tabulation" {
		return len(question.Rows) * len(question.Columns)
	}
	return len(question.Options)
}

// Bits gives the bits of a vote on the questions in the form of §5.9, and refuses any other vote.
func Bits(questions []*Question, vote any) ([]*big.Int, error) {
	votes := []any{vote}
	if len(questions) > 1 {
		var isList bool
		if votes, isList = vote.([]any); !isList || len(votes) != len(questions) {
			return nil, encoding.OutOfBounds("vote", "not one for each question")
		}
	}
	made := &builder{}
	for index, question := range questions {
		read, err := question.read(votes[index])
		if err != nil {
			return nil, err
		}
		question.build(made, read)
	}
	if made.err != nil {
		return nil, made.err
	}
	return made.bits, made.rule.Obeys(made.bits)
}

func (question *Question) read(vote any) (*answer, error) {
	read := question.nothing()
	switch question.Kind {
	case "single_choice", "histogram":
		option, err := index(vote, len(read.chosen))
		if err != nil {
			return nil, err
		}
		read.chosen[option] = true
	case "number":
		return question.readNumber(read, vote)
	case "cross_tabulation":
		list, isList := vote.([]any)
		if !isList || len(list) != 2 {
			return nil, encoding.OutOfBounds("vote", "not a row and a column")
		}
		row, err := index(list[0], len(question.Rows))
		if err != nil {
			return nil, err
		}
		column, err := index(list[1], len(question.Columns))
		if err != nil {
			return nil, err
		}
		read.chosen[row*len(question.Columns)+column] = true
	default:
		list, isList := vote.([]any)
		if !isList {
			return nil, encoding.OutOfBounds("vote", "not a list")
		}
		return question.readList(read, list)
	}
	return read, nil
}

func (question *Question) readList(read *answer, list []any) (*answer, error) {
	switch question.Kind {
	case "approval", "knapsack", "ranking", "pairwise":
		if question.Kind == "ranking" && len(list) > len(question.Scores) {
			return nil, encoding.OutOfBounds("vote", "more options than places")
		}
		if question.Kind == "pairwise" && int64(len(list)) < question.AtLeast.Int64() {
			return nil, encoding.OutOfBounds("vote", "fewer options than must be ranked")
		}
		for _, entry := range list {
			option, err := index(entry, len(read.chosen))
			if err != nil {
				return nil, err
			}
			if read.chosen[option] {
				return nil, encoding.OutOfBounds("vote", "option %d twice", option)
			}
			read.chosen[option] = true
			read.ranked = append(read.ranked, option)
		}
	default:
		if len(list) != len(question.Options) {
			return nil, encoding.OutOfBounds("vote", "not one value for each option")
		}
		for index, entry := range list {
			value, err := encoding.Integer("vote", entry)
			if err != nil {
				return nil, err
			}
			read.values[index] = value
		}
	}
	return read, nil
}

func (question *Question) readNumber(read *answer, vote any) (*answer, error) {
	object, isObject := vote.(encoding.Object)
	if !isObject {
		return nil, encoding.OutOfBounds("vote", "not an object")
	}
	for name := range object {
		if name != "value" && name != "group" {
			return nil, encoding.OutOfBounds("vote", "unknown member %q", name)
		}
	}
	value, err := encoding.Integer("vote.value", object["value"])
	if err != nil {
		return nil, err
	}
	group, named := object["group"]
	read.group = 0
	if named || len(question.Groups) > 1 {
		if read.group, err = index(group, max(1, len(question.Groups))); err != nil {
			return nil, err
		}
	}
	read.values = []*big.Int{value.Sub(value, question.Low)}
	return read, nil
}

// index reads an index from 0, which is never written as a string (§5.9).
func index(value any, count int) (int, error) {
	if _, isNumber := value.(encoding.Number); !isNumber {
		return 0, encoding.OutOfBounds("vote", "an index that is not a number")
	}
	number, err := encoding.Integer("vote", value)
	if err != nil {
		return 0, err
	}
	found := smallOf(number)
	if found < 0 || found >= count {
		return 0, encoding.OutOfBounds("vote", "%s is not an index below %d", number, count)
	}
	return found, nil
}
