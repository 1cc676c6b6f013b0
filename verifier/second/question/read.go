package question

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
)

// members of each kind besides kind and title: required ones, then optional ones (§5.8).
var members = map[string][2][]string{
	"single_choice":    {{"options"}, {"abstain"}},
	"approval":         {{"options", "at_least", "at_most"}, {"caps", "costs"}},
	"knapsack":         {{"options", "costs", "budget"}, {"caps"}},
	"score":            {{"options", "max_score"}, nil},
	"points":           {{"options", "credits"}, {"at_least", "max_per_option"}},
	"split":            {{"options"}, {"total"}},
	"quadratic":        {{"options", "credits"}, nil},
	"ranking":          {{"options", "scores"}, {"at_least"}},
	"histogram":        {{"options"}, {"bounds"}},
	"cross_tabulation": {{"rows", "columns"}, nil},
	"number":           {{"low", "high", "unit"}, {"groups", "statistics"}},
	"pairwise":         {{"options"}, {"at_least"}},
}

// Read reads a list of questions as ParseJSON gives it, and checks each (§5.8).
func Read(value any) ([]*Question, error) {
	list, isList := value.([]any)
	if !isList || len(list) == 0 {
		return nil, encoding.Undecodable("questions", "not a list of questions")
	}
	var questions []*Question
	for index, entry := range list {
		item := fmt.Sprintf("questions[%d]", index)
		question, err := readOne(item, entry)
		if err == nil {
			err = question.check(item)
		}
		if err != nil {
			return nil, err
		}
		questions = append(questions, question)
	}
	return questions, nil
}

func readOne(item string, value any) (*Question, error) {
	object, isObject := value.(encoding.Object)
	if !isObject {
		return nil, encoding.Undecodable(item, "not an object")
	}
	fields := &fields{item: item, object: object}
	question := &Question{Kind: fields.text("kind"), Title: fields.text("title")}
	known, exists := members[question.Kind]
	if fields.err == nil && !exists {
		return nil, encoding.Undecodable(item+".kind", "%q is unknown", question.Kind)
	}
	allowed := map[string]bool{"kind": true, "title": true}
	for _, name := range known[0] {
		allowed[name] = true
		fields.need(name)
	}
	for _, name := range known[1] {
		allowed[name] = true
	}
	for name := range object {
		if !allowed[name] {
			fields.fail(name, "unknown member")
		}
	}
	fields.fill(question, allowed)
	return question, fields.err
}

// fill reads the members that a kind has; absent ones get their defaults.
func (fields *fields) fill(question *Question, allowed map[string]bool) {
	for _, name := range []string{"budget", "max_score", "credits", "total"} {
		if allowed[name] {
			question.Amount = fields.integer(name, big.NewInt(100))
		}
	}
	if allowed["options"] {
		question.Options = fields.names("options")
	}
	if allowed["scores"] {
		question.Scores = fields.integers("scores")
	}
	switch question.Kind {
	case "single_choice":
		question.Abstain = fields.flag("abstain")
	case "approval":
		question.AtLeast, question.AtMost = fields.integer("at_least", nil), fields.integer("at_most", nil)
	case "points":
		question.AtLeast = fields.integer("at_least", new(big.Int))
		question.MaxPerOption = fields.integer("max_per_option", question.Amount)
	case "ranking":
		question.AtLeast = fields.integer("at_least", big.NewInt(int64(len(question.Scores))))
	case "pairwise":
		question.AtLeast = fields.integer("at_least", big.NewInt(int64(len(question.Options))))
	case "histogram":
		question.Bounds = fields.integers("bounds")
	case "cross_tabulation":
		question.Rows, question.Columns = fields.names("rows"), fields.names("columns")
	case "number":
		question.Low, question.High = fields.integer("low", nil), fields.integer("high", nil)
		question.Unit, question.Groups = fields.text("unit"), fields.names("groups")
		question.Statistics = []string{"mean"}
		if _, present := fields.object["statistics"]; present {
			question.Statistics = fields.names("statistics")
		}
	}
	if allowed["costs"] {
		question.Costs = fields.integers("costs")
		question.Caps = fields.caps()
	}
}

// fields reads the members of an object. The first error stays.
type fields struct {
	item   string
	object encoding.Object
	err    error
}

func (fields *fields) fail(name, format string, values ...any) {
	if fields.err == nil {
		fields.err = encoding.Undecodable(fields.item+"."+name, format, values...)
	}
}

func (fields *fields) need(name string) {
	if _, present := fields.object[name]; !present {
		fields.fail(name, "missing")
	}
}

func (fields *fields) text(name string) string {
	text, isText := fields.object[name].(string)
	if !isText || text == "" {
		fields.fail(name, "not a text, or empty")
	}
	return text
}

func (fields *fields) flag(name string) bool {
	value, present := fields.object[name]
	flag, isFlag := value.(bool)
	if present && !isFlag {
		fields.fail(name, "neither true nor false")
	}
	return flag
}

func (fields *fields) integer(name string, absent *big.Int) *big.Int {
	value, present := fields.object[name]
	if !present && absent != nil {
		return absent
	}
	number, err := encoding.Integer(fields.item+"."+name, value)
	if err != nil {
		if fields.err == nil {
			fields.err = err
		}
		return new(big.Int)
	}
	return number
}

// list gives a member that is a list, or nil where it is absent.
func (fields *fields) list(name string) []any {
	value, present := fields.object[name]
	list, isList := value.([]any)
	if present && (!isList || len(list) > maxEntries) {
		fields.fail(name, "not a list of at most %d entries", maxEntries)
	}
	return list
}

func (fields *fields) names(name string) []string {
	var names []string
	for _, entry := range fields.list(name) {
		text, isText := entry.(string)
		if !isText || text == "" {
			fields.fail(name, "an entry that is not a text, or empty")
		}
		names = append(names, text)
	}
	return names
}

func (fields *fields) integers(name string) []*big.Int {
	list := fields.list(name)
	if list == nil {
		return nil
	}
	numbers := make([]*big.Int, len(list))
	for index, entry := range list {
		number, err := encoding.Integer(fmt.Sprintf("%s.%s[%d]", fields.item, name, index), entry)
		if err != nil && fields.err == nil {
			fields.err = err
		}
		numbers[index] = number
	}
	return numbers
}

func (outer *fields) caps() []Cap {
	var caps []Cap
	for index, entry := range outer.list("caps") {
		name := fmt.Sprintf("caps[%d]", index)
		object, isObject := entry.(encoding.Object)
		if !isObject {
			outer.fail(name, "not an object")
			return nil
		}
		inner := &fields{item: outer.item + "." + name, object: object}
		_, atMost := object["at_most"]
		_, budget := object["budget"]
		inner.need("options")
		if len(object) != 2 || atMost == budget {
			inner.fail("options", "a cap has options and either at_most or budget")
		}
		limit := Cap{ByCosts: budget}
		for _, option := range inner.integers("options") {
			if inner.err == nil {
				limit.Options = append(limit.Options, smallOf(option))
			}
		}
		if budget {
			limit.Bound = inner.integer("budget", nil)
		} else {
			limit.Bound = inner.integer("at_most", nil)
		}
		if inner.err != nil && outer.err == nil {
			outer.err = inner.err
		}
		caps = append(caps, limit)
	}
	return caps
}

// smallOf gives an index; any that is far out of range becomes −1, which no list has.
func smallOf(number *big.Int) int {
	if number.Sign() < 0 || number.BitLen() > 31 {
		return -1
	}
	return int(number.Int64())
}
