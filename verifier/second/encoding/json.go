package encoding

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is the number of levels to which JSON may be nested (§4.4).
const MaxDepth = 32

// Number is a JSON number as it was written.
type Number string

// Object is a JSON object. No name occurs twice in it.
type Object map[string]any

// ParseJSON reads one JSON value: nil, bool, Number, string, []any or Object.
//
// It refuses what §4.4 refuses and RFC 8259 does not require to refuse: a name that occurs twice,
// a lone surrogate, bytes that are not UTF-8, a byte order mark, and deeper nesting.
func ParseJSON(item string, data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, Undecodable(item, "not UTF-8")
	}
	parser := &jsonParser{data: data}
	value, ok := parser.value(0)
	if ok {
		parser.space()
	}
	if !ok || parser.at != len(data) {
		return nil, Undecodable(item, "not JSON as §4.4 wants it, at byte %d", parser.at)
	}
	return value, nil
}

type jsonParser struct {
	data []byte
	at   int
}

func (parser *jsonParser) space() {
	for parser.at < len(parser.data) {
		switch parser.data[parser.at] {
		case ' ', '\t', '\n', '\r':
			parser.at++
		default:
			return
		}
	}
}

func (parser *jsonParser) peek() byte {
	if parser.at < len(parser.data) {
		return parser.data[parser.at]
	}
	return 0
}

func (parser *jsonParser) take(wanted byte) bool {
	if parser.at < len(parser.data) && parser.data[parser.at] == wanted {
		parser.at++
		return true
	}
	return false
}

func (parser *jsonParser) word(wanted string) bool {
	for index := range len(wanted) {
		if !parser.take(wanted[index]) {
			return false
		}
	}
	return true
}

func (parser *jsonParser) value(depth int) (any, bool) {
	parser.space()
	switch first := parser.peek(); {
	case first == '{' && depth < MaxDepth:
		return parser.object(depth + 1)
	case first == '[' && depth < MaxDepth:
		return parser.array(depth + 1)
	case first == '"':
		return parser.text()
	case first == 't':
		return true, parser.word("true")
	case first == 'f':
		return false, parser.word("false")
	case first == 'n':
		return nil, parser.word("null")
	case first == '-' || first >= '0' && first <= '9':
		return parser.number()
	}
	return nil, false
}

func (parser *jsonParser) object(depth int) (any, bool) {
	parser.at++
	object := Object{}
	parser.space()
	if parser.take('}') {
		return object, true
	}
	for {
		parser.space()
		if parser.peek() != '"' {
			return nil, false
		}
		name, ok := parser.text()
		if !ok {
			return nil, false
		}
		if _, twice := object[name]; twice {
			return nil, false
		}
		parser.space()
		if !parser.take(':') {
			return nil, false
		}
		value, ok := parser.value(depth)
		if !ok {
			return nil, false
		}
		object[name] = value
		parser.space()
		if parser.take('}') {
			return object, true
		}
		if !parser.take(',') {
			return nil, false
		}
	}
}

func (parser *jsonParser) array(depth int) (any, bool) {
	parser.at++
	list := []any{}
	parser.space()
	if parser.take(']') {
		return list, true
	}
	for {
		value, ok := parser.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, value)
		parser.space()
		if parser.take(']') {
			return list, true
		}
		if !parser.take(',') {
			return nil, false
		}
	}
}

func (parser *jsonParser) digits() bool {
	start := parser.at
	for parser.peek() >= '0' && parser.peek() <= '9' {
		parser.at++
	}
	return parser.at > start
}

func (parser *jsonParser) number() (any, bool) {
	start := parser.at
	parser.take('-')
	if !parser.take('0') && !parser.digits() {
		return nil, false
	}
	if parser.take('.') && !parser.digits() {
		return nil, false
	}
	if parser.take('e') || parser.take('E') {
		_ = parser.take('+') || parser.take('-')
		if !parser.digits() {
			return nil, false
		}
	}
	return Number(parser.data[start:parser.at]), true
}

// text reads a string. The bytes are valid UTF-8, so raw surrogates cannot occur.
func (parser *jsonParser) text() (string, bool) {
	parser.at++
	var text []byte
	for parser.at < len(parser.data) {
		character := parser.data[parser.at]
		parser.at++
		switch {
		case character == '"':
			return string(text), true
		case character < 0x20:
			return "", false
		case character != '\\':
			text = append(text, character)
		default:
			var ok bool
			if text, ok = parser.escape(text); !ok {
				return "", false
			}
		}
	}
	return "", false
}

var shortEscapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (parser *jsonParser) escape(text []byte) ([]byte, bool) {
	kind := parser.peek()
	parser.at++
	if short, known := shortEscapes[kind]; known {
		return append(text, short), true
	}
	if kind != 'u' {
		return nil, false
	}
	unit, ok := parser.unit()
	if !ok || !utf16.IsSurrogate(unit) {
		return utf8.AppendRune(text, unit), ok
	}
	if !parser.take('\\') || !parser.take('u') {
		return nil, false
	}
	low, ok := parser.unit()
	pair := utf16.DecodeRune(unit, low)
	return utf8.AppendRune(text, pair), ok && pair != utf8.RuneError
}

func (parser *jsonParser) unit() (rune, bool) {
	if parser.at+4 > len(parser.data) {
		return 0, false
	}
	digits := string(parser.data[parser.at : parser.at+4])
	for _, digit := range digits {
		if !(digit >= '0' && digit <= '9' || digit >= 'a' && digit <= 'f' || digit >= 'A' && digit <= 'F') {
			return 0, false
		}
	}
	value, err := strconv.ParseUint(digits, 16, 16)
	parser.at += 4
	return rune(value), err == nil
}
