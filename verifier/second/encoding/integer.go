package encoding

import (
	"math/big"
	"strings"
)

// MaxDigits is the longest decimal string that counts as an integer (§5.8).
const MaxDigits = 40

// Integer reads an integer of JSON: a number below 2^53 in magnitude without decimal point or
// exponent, or a decimal string (§5.8).
func Integer(item string, value any) (*big.Int, error) {
	switch written := value.(type) {
	case Number:
		if !strings.ContainsAny(string(written), ".eE") {
			number, _ := new(big.Int).SetString(string(written), 10)
			if number.BitLen() <= 53 {
				return number, nil
			}
		}
	case string:
		if isDecimal(written) {
			number, _ := new(big.Int).SetString(written, 10)
			return number, nil
		}
	}
	return nil, Undecodable(item, "not an integer below 2^53, nor a decimal string")
}

func isDecimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > MaxDigits || text == "-0" || digits[0] == '0' && digits != "0" {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}
